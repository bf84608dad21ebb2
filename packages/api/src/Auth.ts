/** Browser sign-in and out, and who one is (contracts.md §2.6). Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"

export const Credentials = Schema.Struct({
  username: Schema.String.pipe(Schema.nonEmptyString(), Schema.maxLength(256)),
  password: Schema.String.pipe(Schema.nonEmptyString(), Schema.maxLength(4096))
})

/** Answer to `Accept: application/json`; a browser form is answered 303 instead. */
export const Done = Schema.Struct({ success: Schema.Literal(true), message: Schema.String })

export const Me = Schema.Struct({
  username: Schema.String,
  /** `traditional` (a browser session), `gateway_token`, `oauth` (a client's token) or `oidc`. */
  auth_method: Schema.Literal("traditional", "gateway_token", "oauth", "oidc"),
  /** `local`, or the issuer of an OIDC token. */
  provider: Schema.String,
  /** Effective scopes: mapped from groups, then own. */
  scopes: Schema.Array(Schema.String),
  groups: Schema.Array(Schema.String),
  can_modify_servers: Schema.Boolean,
  is_admin: Schema.Boolean
})
export type Me = typeof Me.Type

export const Providers = Schema.Struct({
  providers: Schema.Array(Schema.Struct({ name: Schema.String, display_name: Schema.String }))
})

const redirects = " Without `Accept: application/json`: 303 to the console."

const login = HttpApiEndpoint.post("login", "/api/auth/login")
  .setPayload(Credentials)
  .addSuccess(Done)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Description, `Form or JSON. Sets the session cookie.${redirects}`)

const describeLogout = `Ends the session everywhere at once and clears the cookie.${redirects}`

const logout = HttpApiEndpoint.post("logout", "/api/auth/logout")
  .addSuccess(Done)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Description, describeLogout)

const logoutLink = HttpApiEndpoint.get("logoutLink", "/api/auth/logout")
  .addSuccess(Done)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Description, describeLogout)

const me = HttpApiEndpoint.get("me", "/api/auth/me").addSuccess(Me).middleware(Authentication)

const providers = HttpApiEndpoint.get("providers", "/api/auth/providers").addSuccess(Providers)

export class AuthGroup extends HttpApiGroup.make("auth")
  .add(login)
  .add(logout)
  .add(logoutLink)
  .add(me)
  .add(providers) {}
