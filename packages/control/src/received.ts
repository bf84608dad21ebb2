/**
 * The body first, then the judgement: a body may take half a minute to come, and what its sender may do is what holds when it is there. Without
 * this who was signed out, or lost a right, meanwhile would still be served by what held before.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { CurrentPrincipal } from "@mcpgw/api/Authentication"
import * as Effect from "effect/Effect"
import { authenticate } from "./authentication.ts"
import { bytesOf, MAX_BODY_BYTES } from "./body.ts"

type Request = HttpServerRequest.HttpServerRequest

const comesWithNothing = ({ headers }: Request): boolean =>
  headers["authorization"] === undefined && headers["x-authorization"] === undefined && headers["cookie"] === undefined

/**
 * Waits for the body, then runs a handler that finds out itself who calls. A body that can not be read is the handler's to tell, after it has
 * judged; of who shows no credential none is waited for.
 */
export const received = <A, E, R>(request: Request, handler: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  comesWithNothing(request) ? handler : Effect.zipRight(Effect.either(bytesOf(request, MAX_BODY_BYTES)), handler)

/** The same for a handler whose caller was admitted before the body came: they are admitted again. */
export const readmitted = <A, E, R>(request: Request, handler: Effect.Effect<A, E, R>) =>
  received(
    request,
    Effect.flatMap(authenticate, (principal) => Effect.provideService(handler, CurrentPrincipal, principal))
  )
