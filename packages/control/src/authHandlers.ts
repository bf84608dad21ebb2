/** Signing in and out, and who one is (contracts.md §2.6). Passwords and session values go nowhere but to `Accounts` and `Sessions`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { problem, Unauthorized } from "@mcpgw/api/ApiError"
import { type AuthConfig, Credentials, type Me } from "@mcpgw/api/Auth"
import type { Claims } from "@mcpgw/domain/Principal"
import { Accounts } from "@mcpgw/identity/Accounts"
import { beginSession } from "@mcpgw/identity/beginSession"
import { ProviderLogout } from "@mcpgw/identity/ProviderLogout"
import { clearCookies, cookieName, sessionValues } from "@mcpgw/identity/SessionCookie"
import { type ProviderSession, LOCAL, Sessions } from "@mcpgw/identity/Sessions"
import { Tokens } from "@mcpgw/identity/Tokens"
import * as Effect from "effect/Effect"
import { caller } from "./access.ts"
import { tooManyAttempts, unreachable } from "./accountFailures.ts"
import { decodeWith, formFieldsOf } from "./body.ts"
import * as federation from "./federationHandlers.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { acceptsJson, answerCookies, ownOriginOnly } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

const decodeCredentials = decodeWith(Credentials)

/** 303 for a browser, to `loginRedirect` or to `logoutUrl`; JSON for who asks for it. */
const done = (
  request: Request,
  message: string,
  logoutUrl?: string
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, ControlPlaneConfig> =>
  Effect.map(ControlPlaneConfig, ({ loginRedirect }) =>
    acceptsJson(request)
      ? HttpServerResponse.unsafeJson({
          success: true,
          message,
          ...(logoutUrl === undefined ? {} : { logout_url: logoutUrl })
        })
      : HttpServerResponse.redirect(logoutUrl ?? loginRedirect, { status: 303 })
  )

/** What the audit record shows of a name that signed nobody in: only what could be one. */
const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/

const WRONG = "Invalid username or password"

const login = (request: Request) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const sessions = yield* Sessions
    const trail = yield* RequestTrail
    const { publicUrl } = yield* ControlPlaneConfig
    trail.rule = "api:login"
    yield* ownOriginOnly(request)
    const { password, username } = yield* Effect.flatMap(formFieldsOf(request), decodeCredentials)
    trail.username = USERNAME.test(username) ? username : null
    const origin = { provider: LOCAL, browser: request.headers["user-agent"], remote: trail.remote }
    const cookieHeader = request.headers["cookie"]
    const begun = yield* accounts.verify(username, password, trail.remote).pipe(
      Effect.flatMap((account) => beginSession({ account, origin, publicUrl, cookieHeader })),
      Effect.catchTags({
        InvalidCredentials: () => Effect.succeed(undefined),
        AccountDisabled: () => Effect.succeed(undefined),
        TooManyAttempts: ({ retryAfterSeconds }) => tooManyAttempts(retryAfterSeconds),
        AccountsUnavailable: unreachable
      })
    )
    if (begun === undefined) {
      if (acceptsJson(request)) return yield* new Unauthorized(problem(WRONG))
      return HttpServerResponse.text(WRONG, { status: 401 })
    }
    trail.decision = "allow"
    trail.claims = yield* Effect.catchTag(sessions.find(begun.value), "AccountsUnavailable", unreachable)
    yield* answerCookies([begun.cookie])
    return yield* done(request, "Login successful")
  })

/** Where the browser goes to be signed out at the provider of the session too. */
const providerPage = (ended: ReadonlyArray<ProviderSession>) =>
  Effect.gen(function* () {
    const { loginRedirect } = yield* ControlPlaneConfig
    const federated = ended.find(({ provider }) => provider !== LOCAL)
    if (federated === undefined) return undefined
    return yield* (yield* ProviderLogout).urlFor(federated, loginRedirect)
  })

/** Needs no living session: signing out twice is fine. */
const logout = (request: Request) =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const trail = yield* RequestTrail
    const { publicUrl } = yield* ControlPlaneConfig
    trail.rule = "api:logout"
    yield* ownOriginOnly(request)
    const ended: Array<ProviderSession> = []
    for (const value of sessionValues(request.headers["cookie"])) {
      const claims = yield* Effect.catchTag(sessions.find(value), "AccountsUnavailable", unreachable)
      trail.claims ??= claims
      const one = yield* Effect.catchTag(sessions.end(value), "AccountsUnavailable", unreachable)
      if (one !== undefined) ended.push(one)
    }
    trail.decision = "allow"
    yield* answerCookies(clearCookies(publicUrl))
    return yield* done(request, "Logout successful", yield* providerPage(ended))
  })

const methodOf = ({ method, provider = LOCAL }: Claims): Me["auth_method"] => {
  if (method !== "session_cookie") return method
  return provider === LOCAL ? "traditional" : "oauth2"
}

const providerOf = ({ issuer, method, provider = LOCAL }: Claims): string => (method === "oidc" ? issuer : provider)

const me = Effect.map(caller, ({ claims, isAdmin, policy }): Me => ({
  username: claims.username,
  auth_method: methodOf(claims),
  provider: providerOf(claims),
  scopes: policy.scopesOf(claims),
  groups: claims.groups,
  can_modify_servers: policy.canModifyServers(claims),
  is_admin: isAdmin
}))

const config = Effect.gen(function* () {
  const { publicUrl } = yield* ControlPlaneConfig
  const { bounds, issuer } = yield* Tokens
  const { seconds } = yield* Sessions
  const answer: AuthConfig = {
    auth_type: "mcpgw",
    description: "Tokens of this gateway (EdDSA, at+jwt); sessions by cookie",
    required_headers: ["Authorization: Bearer <token>"],
    optional_headers: ["X-Authorization: Bearer <token>, when Authorization is for the server"],
    provider_info: { provider_type: "mcpgw", issuer, jwks_uri: `${publicUrl}/.well-known/jwks.json` },
    session: { cookie_name: cookieName(publicUrl), max_age_seconds: seconds },
    tokens: { max_hours: bounds.maxHours, default_hours: bounds.defaultHours, per_hour: bounds.perHour }
  }
  return answer
})

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "auth", (handlers) =>
  handlers
    .handleRaw("login", ({ request }) => login(request), whole)
    .handle("logout", ({ request }) => logout(request), whole)
    .handle("logoutLink", ({ request }) => logout(request), whole)
    .handle("me", () => me)
    .handle("config", () => config)
    .handle("providers", () => federation.providers)
    .handleRaw("federatedLogin", ({ path, request }) => federation.login(path.provider, request))
    .handleRaw("federatedCallback", ({ path, request }) => federation.callback(path.provider, request), whole)
    .handle("federatedLogout", ({ request }) => logout(request), whole)
    .handleRaw("federatedAlias", ({ path, request }) => Effect.succeed(federation.alias(path.provider, request)))
)
