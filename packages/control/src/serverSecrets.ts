/** What the API answers when a secret can not be kept. Repeats none. */
import { BadRequest, fieldProblem, problem, Unavailable } from "@mcpgw/api/ApiError"
import type { InvalidSecret, VaultUnavailable } from "@mcpgw/vault/VaultError"
import * as Effect from "effect/Effect"

export const invalidSecret = ({ expected, field }: InvalidSecret): BadRequest =>
  new BadRequest(fieldProblem(field, "(hidden)", expected))

export const vaultDown = (failure: VaultUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(Effect.logError(failure.message, failure.cause), new Unavailable(problem(failure.message)))
