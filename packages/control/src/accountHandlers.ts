/** A person's own sessions and password. Answers browser sessions alone: a stolen token must not sign its owner out, or lock them out. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { ChangePassword } from "@mcpgw/api/Account"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import { Revocations } from "@mcpgw/auth/Revocations"
import { changePassword } from "@mcpgw/identity/accountChanges"
import { clearCookies } from "@mcpgw/identity/SessionCookie"
import { LOCAL, sessionIdOf, Sessions, type SessionInfo } from "@mcpgw/identity/Sessions"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { caller } from "./access.ts"
import { notStored, tooManyAttempts, unavailable, unreachable } from "./accountFailures.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { answerCookies } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const noSession = new Forbidden(
  problem("Sign in to see to your account", "Only a browser session may: sign in at /api/auth/login and use its cookie")
)

/** The claims of the session this request came with. */
const person = (rule: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = rule
    const { claims } = yield* caller
    if (claims.method !== "session_cookie") return yield* noSession
    return { claims, digest: claims.tokenId ?? "" }
  })

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()

const item = (current: string) => (session: SessionInfo) => ({
  id: session.id,
  current: session.id === current,
  created_at: session.createdAt === undefined ? null : iso(session.createdAt),
  expires_at: iso(session.expiresAt),
  provider: session.provider,
  browser: session.browser ?? null,
  remote: session.remote ?? null
})

const list = Effect.gen(function* () {
  const { claims, digest } = yield* person("api:sessions")
  const sessions = yield* Sessions
  const living = yield* Effect.catchTag(sessions.list(claims.username), "AccountsUnavailable", unreachable)
  return { sessions: living.map(item(sessionIdOf(digest))) }
})

const clear = Effect.flatMap(ControlPlaneConfig, ({ publicUrl }) => answerCookies(clearCookies(publicUrl)))

const endOne = (id: string) =>
  Effect.gen(function* () {
    const { claims, digest } = yield* person("api:end_session")
    const sessions = yield* Sessions
    const trail = yield* RequestTrail
    const found = yield* Effect.catchTag(sessions.endOne(claims.username, id), "AccountsUnavailable", unreachable)
    if (!found) return yield* new NotFound(problem("You have no session of that id", "It may have ended already"))
    trail.decision = "allow"
    if (id === sessionIdOf(digest)) yield* clear
    return { success: true, message: "Session ended" } as const
  })

const endAll = (tokens: boolean) =>
  Effect.gen(function* () {
    const { claims } = yield* person(tokens ? "api:end_sessions_and_tokens" : "api:end_sessions")
    const sessions = yield* Sessions
    const revocations = yield* Revocations
    const trail = yield* RequestTrail
    if (tokens) {
      const now = (yield* Clock.currentTimeMillis) / 1000
      const revoked = revocations.revokeSubject(claims.issuer, claims.subject, now)
      yield* Effect.catchTag(revoked, "RevocationNotStored", notStored)
    }
    yield* Effect.catchTag(sessions.endAll(claims.username), "AccountsUnavailable", unreachable)
    trail.decision = "allow"
    yield* clear
    return { success: true, message: tokens ? "Signed out everywhere, tokens ended" : "Signed out everywhere" } as const
  })

const decodePasswords = decodeOnly(ChangePassword, Object.keys(ChangePassword.fields))

const wrongPassword = new Forbidden(problem("The old password is not right"))

const DONE = "Password changed; your other sessions, and what you had allowed clients, have ended"

const changeOwn = (request: Request) =>
  Effect.gen(function* () {
    const { claims, digest } = yield* person("api:change_password")
    const trail = yield* RequestTrail
    const { provider = LOCAL } = claims
    if (provider !== LOCAL)
      return yield* new Forbidden(problem(`Your password is kept by ${provider}: change it there`))
    const fields = yield* fieldsOf(request).pipe(Effect.flatMap(decodePasswords))
    yield* changePassword({
      username: claims.username,
      old: fields.old_password,
      new: fields.new_password,
      remote: trail.remote,
      session: digest
    }).pipe(
      Effect.catchTags({
        InvalidAccount: ({ message }) => new BadRequest({ ...problem(message), field: "new_password" }),
        InvalidCredentials: () => wrongPassword,
        TooManyAttempts: ({ retryAfterSeconds }) => tooManyAttempts(retryAfterSeconds),
        AccountsUnavailable: unreachable,
        GrantsUnavailable: unavailable
      })
    )
    trail.decision = "allow"
    return { success: true, message: DONE } as const
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "account", (handlers) =>
  handlers
    .handle("sessions", () => list)
    .handle("endSession", ({ path }) => endOne(path.id), whole)
    .handle("endSessions", ({ urlParams }) => endAll(urlParams.tokens ?? false), whole)
    .handleRaw("changePassword", ({ request }) => readmitted(request, changeOwn(request)), whole)
)
