/** What the registry may refuse, as refusals of the API. */
import { BadRequest, fieldProblems, NotFound, problem, Unavailable } from "@mcpgw/api/ApiError"
import type { InvalidServer, WrongField } from "@mcpgw/registry/RegistryError"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryStore"
import * as Effect from "effect/Effect"

const told = ({ field, held, problem: expected }: WrongField) => ({ field, held, expected })

/** Names every field that is wrong. */
export const invalid = (failure: InvalidServer): BadRequest =>
  new BadRequest(fieldProblems(told(failure), ...failure.more.map(told)))

export const storeDown = (failure: StoreUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(Effect.logError(failure.message, failure.cause), new Unavailable(problem(failure.message)))

export const gone = (): NotFound => new NotFound(problem("Service path not registered"))

/** Of a change of one server. */
export const failures = { StoreUnavailable: storeDown, ServerNotFound: gone }
