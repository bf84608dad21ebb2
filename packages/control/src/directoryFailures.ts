/** What an identity provider that is administered from here fails with, as answers; which half is done stands in its words. */
import { BadGateway, BadRequest, Conflict, fieldProblem, problem, Unavailable } from "@mcpgw/api/ApiError"
import type { DirectoryFailure, DirectoryRefused } from "@mcpgw/identity/DirectoryError"
import * as Effect from "effect/Effect"

const failed = ({ away, directory, message }: DirectoryFailure): Effect.Effect<never, BadGateway | Unavailable> =>
  Effect.zipRight(
    Effect.logWarning(`${directory} was asked to change an account: ${message}`),
    Effect.fail(
      away
        ? new Unavailable(problem(`${directory} can not be reached now`, message))
        : new BadGateway(problem(`${directory} did not do it`, message))
    )
  )

const refused = ({ field, message, reason }: DirectoryRefused): BadRequest | Conflict =>
  reason === "invalid" ? new BadRequest({ ...problem(message), field }) : new Conflict(problem(message))

export const noDirectory = new BadRequest(
  fieldProblem("create_in_keycloak", "true", "no identity provider with an admin API is configured")
)

export const directoryFailures = { DirectoryFailure: failed, DirectoryRefused: refused }
