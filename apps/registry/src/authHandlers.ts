/** Signing in and out, and who one is (contracts.md §2.6). Passwords and session values go nowhere but to `Accounts` and `Sessions`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { problem, TooManyRequests, Unauthorized, Unavailable } from "@mcpgw/api/ApiError"
import { Credentials, type Me } from "@mcpgw/api/Auth"
import { Accounts, type AccountsUnavailable } from "@mcpgw/identity/Accounts"
import { clearCookies, sessionValues, setCookie } from "@mcpgw/identity/SessionCookie"
import { SESSION_SECONDS, Sessions } from "@mcpgw/identity/Sessions"
import * as Effect from "effect/Effect"
import { caller } from "./access.ts"
import { decodeWith, fieldsOf } from "./body.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { acceptsJson, answerCookies, answerHeader, ownOriginOnly } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

const decodeCredentials = decodeWith(Credentials)

const unreachable = ({ cause }: AccountsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(
    Effect.logError("Accounts can not be reached", cause),
    new Unavailable(problem("Accounts can not be reached now", "Try again later"))
  )

const tooMany = (seconds: number): Effect.Effect<never, TooManyRequests> =>
  Effect.zipRight(
    answerHeader("retry-after", String(seconds)),
    new TooManyRequests(problem("Too many login attempts", `Too many login attempts: try again in ${seconds} seconds`))
  )

/** 303 to the console for a browser, JSON for who asks for it. */
const done = (
  request: Request,
  message: string
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, ControlPlaneConfig> =>
  Effect.map(ControlPlaneConfig, ({ loginRedirect }) =>
    acceptsJson(request)
      ? HttpServerResponse.unsafeJson({ success: true, message })
      : HttpServerResponse.redirect(loginRedirect, { status: 303 })
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
    const { password, username } = yield* Effect.flatMap(fieldsOf(request), decodeCredentials)
    trail.username = USERNAME.test(username) ? username : null
    const account = yield* accounts.verify(username, password, trail.remote).pipe(
      Effect.catchTags({
        InvalidCredentials: () => Effect.succeed(undefined),
        TooManyAttempts: ({ retryAfterSeconds }) => tooMany(retryAfterSeconds),
        AccountsUnavailable: unreachable
      })
    )
    if (account === undefined) {
      if (acceptsJson(request)) return yield* new Unauthorized(problem(WRONG))
      return HttpServerResponse.text(WRONG, { status: 401 })
    }
    trail.decision = "allow"
    const value = yield* Effect.catchTag(sessions.create(account), "AccountsUnavailable", unreachable)
    trail.claims = yield* Effect.catchTag(sessions.find(value), "AccountsUnavailable", unreachable)
    yield* answerCookies([setCookie(publicUrl, value, SESSION_SECONDS)])
    return yield* done(request, "Login successful")
  })

/** Needs no living session: signing out twice is fine. */
const logout = (request: Request) =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const trail = yield* RequestTrail
    const { publicUrl } = yield* ControlPlaneConfig
    trail.rule = "api:logout"
    yield* ownOriginOnly(request)
    for (const value of sessionValues(request.headers["cookie"])) {
      const claims = yield* Effect.catchTag(sessions.find(value), "AccountsUnavailable", unreachable)
      trail.claims ??= claims
      yield* Effect.catchTag(sessions.end(value), "AccountsUnavailable", unreachable)
    }
    trail.decision = "allow"
    yield* answerCookies(clearCookies(publicUrl))
    return yield* done(request, "Logout successful")
  })

const me = Effect.map(caller, ({ claims, isAdmin, policy }): Me => ({
  username: claims.username,
  auth_method: claims.method === "session_cookie" ? "traditional" : claims.method,
  provider: claims.method === "oidc" ? claims.issuer : "local",
  scopes: policy.scopesOf(claims),
  groups: claims.groups,
  can_modify_servers: policy.canModifyServers(claims),
  is_admin: isAdmin
}))

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "auth", (handlers) =>
  handlers
    .handleRaw("login", ({ request }) => login(request), whole)
    .handle("logout", ({ request }) => logout(request), whole)
    .handle("logoutLink", ({ request }) => logout(request), whole)
    .handle("me", () => me)
    .handle("providers", () => Effect.succeed({ providers: [] }))
)
