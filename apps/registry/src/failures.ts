/** Gives what no handler answered the shape of the other refusals: undecodable parameters, unknown routes, defects. */
import type * as HttpApp from "@effect/platform/HttpApp"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import * as HttpServerError from "@effect/platform/HttpServerError"
import { BadRequest, fieldProblem, InternalError, NotFound, problem } from "@mcpgw/api/ApiError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { expectation } from "./body.ts"

const undecodable = ({ issues }: HttpApiDecodeError): BadRequest => {
  const [issue] = issues
  const field = issue?.path.map(String).join(".") ?? ""
  const expected = expectation(issue?.message ?? "it can not be read")
  return new BadRequest(fieldProblem(field === "" ? "request" : field, "something else", expected))
}

const isRouteNotFound = (failure: unknown): failure is HttpServerError.RouteNotFound =>
  HttpServerError.isServerError(failure) && failure._tag === "RouteNotFound"

const unknownRoute = new NotFound(problem("Not found", "There is no such route; /openapi.json lists them"))
const internal = new InternalError(problem("Internal server error", "The registry's log says more"))

/** What stands for a failure that has no shape of ours yet; undefined for one that has. */
const shapeOf = (failure: unknown): BadRequest | NotFound | undefined => {
  if (failure instanceof HttpApiDecodeError) return undecodable(failure)
  return isRouteNotFound(failure) ? unknownRoute : undefined
}

/** Middleware of the whole API. */
export const failures = (app: HttpApp.Default): HttpApp.Default<BadRequest | NotFound | InternalError> =>
  Effect.catchAllCause(app, (cause): Effect.Effect<never, BadRequest | NotFound | InternalError> => {
    const failure = Cause.failureOption(cause)
    if (Option.isSome(failure)) return shapeOf(failure.value) ?? Effect.failCause(cause)
    if (Cause.isInterrupted(cause)) return Effect.failCause(cause)
    return Effect.zipRight(Effect.logError("A handler of the registry API died", cause), internal)
  })
