/**
 * Who is calling the registry API. Contract only: the layer of `Authentication` is the application's. There is no anonymous principal; a
 * handler behind this middleware always has a caller.
 */
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import type { Principal } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import { Forbidden, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"

/** The admitted caller of this request. */
export class CurrentPrincipal extends Context.Tag("@mcpgw/api/CurrentPrincipal")<CurrentPrincipal, Principal>() {}

/**
 * Bearer token or session cookie, in that order; an explicit credential that fails is not followed by the cookie, so the two are one
 * middleware and not two security schemes tried in turn. 403 is for a cookie used from another origin.
 */
export class Authentication extends HttpApiMiddleware.Tag<Authentication>()("@mcpgw/api/Authentication", {
  provides: CurrentPrincipal,
  failure: Schema.Union(Unauthorized.schema, Forbidden.schema, TooManyRequests.schema, Unavailable.schema)
}) {}
