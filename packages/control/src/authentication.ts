/**
 * The layer of `Authentication`: credential, then claims, then admission to this gateway, on every request. A cookie is good for changes only
 * from our own origin. Never logs a credential, and never falls back from one that failed to another.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Authentication } from "@mcpgw/api/Authentication"
import { type Forbidden, problem, TooManyRequests, Unauthorized, Unavailable } from "@mcpgw/api/ApiError"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { refusal } from "@mcpgw/auth/Admission"
import { describe, type Unauthenticated } from "@mcpgw/auth/AuthError"
import { unauthorized } from "@mcpgw/auth/Challenge"
import { presented } from "@mcpgw/auth/Credential"
import { Principal } from "@mcpgw/domain/Principal"
import { cookieNames } from "@mcpgw/identity/SessionCookie"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { answerHeader, ownOriginOnly, webHeaders } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

const refuse = (failure: Unauthenticated): Effect.Effect<never, Unauthorized> =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = `auth:${failure.reason}`
    yield* answerHeader("www-authenticate", unauthorized(failure))
    return yield* new Unauthorized(problem("Authentication required", describe[failure.reason]))
  })

const unavailable = new Unavailable(
  problem("The credential can not be checked now", "What proves it can not be reached; try again later")
)

const busy = (seconds: number): Effect.Effect<never, TooManyRequests> =>
  Effect.zipRight(
    answerHeader("retry-after", String(seconds)),
    new TooManyRequests(problem("Too many new credentials wait to be checked", `Try again in ${seconds} seconds`))
  )

type Refused = Unauthorized | Forbidden | TooManyRequests | Unavailable

/** The admitted caller of this request. */
export const authenticate: Effect.Effect<
  Principal,
  Refused,
  AuthLayer | ControlPlaneConfig | HttpServerRequest.HttpServerRequest
> = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const auth = yield* AuthLayer
  const { publicUrl } = yield* ControlPlaneConfig
  const credential = presented(webHeaders(request).toJSON(), cookieNames(publicUrl))
  if (credential === undefined) return yield* refuse(refusal("missing"))
  if (credential === "malformed") return yield* refuse(refusal("malformed"))
  const claims =
    auth.cached(credential) ??
    (yield* auth.authenticate(credential).pipe(
      Effect.catchTags({
        Unauthenticated: refuse,
        AuthBusy: ({ retryAfterSeconds }) => busy(retryAfterSeconds),
        AuthUnavailable: ({ issuer, problem: why }) =>
          Effect.zipRight(Effect.logWarning(`Credential of ${issuer} could not be checked: ${why}`), unavailable)
      })
    ))
  const principal = auth.admit(claims, [publicUrl], yield* Clock.currentTimeMillis)
  if (!(principal instanceof Principal)) return yield* refuse(principal)
  const trail = yield* RequestTrail
  trail.claims = claims
  if (claims.method === "session_cookie" && !SAFE.has(request.method)) yield* ownOriginOnly(request)
  return principal
})

export const layer: Layer.Layer<Authentication, never, AuthLayer | ControlPlaneConfig> = Layer.effect(
  Authentication,
  Effect.map(Effect.context<AuthLayer | ControlPlaneConfig>(), (services) =>
    Effect.mapInputContext(authenticate, (request: Context.Context<HttpServerRequest.HttpServerRequest>) =>
      Context.merge(services, request)
    )
  )
)
