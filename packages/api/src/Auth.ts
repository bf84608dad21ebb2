/** Browser sign-in and out, and who one is (contracts.md §2.6). Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, NotFound, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { EVERY_ERROR } from "./everyError.ts"

export const Credentials = Schema.Struct({
  username: Schema.String.pipe(Schema.nonEmptyString(), Schema.maxLength(256)),
  password: Schema.String.pipe(Schema.nonEmptyString(), Schema.maxLength(4096))
})

/** Answer to `Accept: application/json`; a browser form is answered 303 instead. */
export const Done = Schema.Struct({ success: Schema.Literal(true), message: Schema.String })

const LoggedOut = Schema.Struct({
  ...Done.fields,
  /** Where the browser goes to end the session at the identity provider too; absent when there is no such place. */
  logout_url: Schema.optionalWith(Schema.String, { exact: true })
})

/** What a client needs to know before it signs in; `/config` of the replaced system's authorization server (contracts.md §2.5), and bounds. */
export const AuthConfig = Schema.Struct({
  auth_type: Schema.Literal("mcpgw"),
  description: Schema.String,
  required_headers: Schema.Array(Schema.String),
  optional_headers: Schema.Array(Schema.String),
  provider_info: Schema.Struct({
    provider_type: Schema.Literal("mcpgw"),
    issuer: Schema.String,
    jwks_uri: Schema.String
  }),
  session: Schema.Struct({ cookie_name: Schema.String, max_age_seconds: Schema.Int }),
  tokens: Schema.Struct({ max_hours: Schema.Int, default_hours: Schema.Int, per_hour: Schema.Int })
})
export type AuthConfig = typeof AuthConfig.Type

export const Me = Schema.Struct({
  username: Schema.String,
  /** `traditional` (a session begun with a password here), `oauth2` (one begun at a provider), `gateway_token`, `oauth` (a client's token), `api_key` or `oidc`. */
  auth_method: Schema.Literal("traditional", "oauth2", "gateway_token", "oauth", "api_key", "oidc"),
  /** `local`, the name of the provider a session was begun at, or the issuer of an OIDC token. */
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

/** Provider's name in a path. */
const provider = HttpApiSchema.param("provider", Schema.String.pipe(Schema.maxLength(64)))

const ReturnTo = Schema.Struct({ return_to: Schema.optional(Schema.String) })

const federatedLogin = HttpApiEndpoint.get("federatedLogin")`/oauth2/login/${provider}`
  .setUrlParams(ReturnTo.annotations(EVERY_ERROR))
  .addSuccess(Schema.Void, { status: 302 })
  .addError(BadRequest.schema)
  .addError(NotFound.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Sign in at an identity provider")
  .annotate(
    OpenApi.Description,
    "Sends the browser to an identity provider. `return_to`: a path of this gateway to come back to. A page instead of JSON for who does not ask for JSON."
  )

const federatedCallback = HttpApiEndpoint.get("federatedCallback")`/oauth2/callback/${provider}`
  .addSuccess(Schema.Void, { status: 303 })
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Come back from an identity provider")
  .annotate(
    OpenApi.Description,
    "Where an identity provider sends the browser back. Sets the session cookie, then leads to where the person wanted to go."
  )

const federatedAlias = HttpApiEndpoint.get("federatedAlias")`/api/auth/auth/${provider}`
  .setUrlParams(ReturnTo.annotations(EVERY_ERROR))
  .addSuccess(Schema.Void, { status: 302 })
  .annotate(OpenApi.Summary, "Sign in at an identity provider, by the older path")
  .annotate(OpenApi.Description, "The replaced system's spelling of `/oauth2/login/{provider}`.")

const federatedLogout = HttpApiEndpoint.get("federatedLogout")`/oauth2/logout/${provider}`
  .addSuccess(LoggedOut)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Sign out, by the older path")
  .annotate(
    OpenApi.Description,
    "The replaced system's spelling of `/api/auth/logout`; the session says at which provider."
  )

const redirects = " Without `Accept: application/json`: 303 to `/`."

const login = HttpApiEndpoint.post("login", "/api/auth/login")
  .setPayload(Credentials)
  .addSuccess(Done)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Sign in with a name and password")
  .annotate(OpenApi.Description, `Form or JSON. Sets the session cookie.${redirects}`)

const describeLogout =
  "Ends the session everywhere at once and clears the cookie. Without `Accept: application/json`: 303 to the logout page of the provider the session was begun at, or to `/`."

const logout = HttpApiEndpoint.post("logout", "/api/auth/logout")
  .addSuccess(LoggedOut)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Sign out")
  .annotate(OpenApi.Description, describeLogout)

const logoutLink = HttpApiEndpoint.get("logoutLink", "/api/auth/logout")
  .addSuccess(LoggedOut)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Sign out by following a link")
  .annotate(OpenApi.Description, describeLogout)

const me = HttpApiEndpoint.get("me", "/api/auth/me")
  .addSuccess(Me)
  .middleware(Authentication)
  .annotate(OpenApi.Summary, "Who am I, and what may I do")
  .annotate(OpenApi.Description, "Who the caller is, and what they may do.")

const providers = HttpApiEndpoint.get("providers", "/api/auth/providers")
  .addSuccess(Providers)
  .annotate(OpenApi.Summary, "List the identity providers to sign in at")
  .annotate(OpenApi.Description, "Identity providers people can sign in at, by `/oauth2/login/{name}`.")

const config = HttpApiEndpoint.get("config", "/api/auth/config")
  .addSuccess(AuthConfig)
  .annotate(OpenApi.Summary, "What to know before signing in")
  .annotate(
    OpenApi.Description,
    "What a client needs to know before it signs in: headers, issuer, the cookie's name, limits of tokens."
  )

export class AuthGroup extends HttpApiGroup.make("auth")
  .add(login)
  .add(logout)
  .add(logoutLink)
  .add(me)
  .add(providers)
  .add(config)
  .add(federatedLogin)
  .add(federatedCallback)
  .add(federatedAlias)
  .add(federatedLogout) {}
