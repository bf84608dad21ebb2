/**
 * Callers by Basic credentials, as the replaced system's internal routes take them (contracts.md §2.7), or by what every other route takes.
 * Passwords go nowhere but to `Accounts`, under the limits of a login.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Forbidden, problem, Unauthorized } from "@mcpgw/api/ApiError"
import { Accounts } from "@mcpgw/identity/Accounts"
import { LOCAL } from "@mcpgw/identity/Sessions"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { callerWith } from "./access.ts"
import { tooManyAttempts, unreachable } from "./accountFailures.ts"
import { authenticate } from "./authentication.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { answerHeader, ownOriginOnly } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

const challenge = (sentence: string): Effect.Effect<never, Unauthorized> =>
  Effect.zipRight(
    answerHeader("www-authenticate", 'Basic realm="mcpgw", charset="UTF-8"'),
    new Unauthorized(problem(sentence))
  )

const notAdmin = new Forbidden(problem("This endpoint is only available to admin users"))

/** Name and password of a `Basic` header (RFC 7617); undefined when it holds none. */
const basicOf = (header: string): readonly [username: string, password: string] | undefined => {
  const [, encoded] = /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(header) ?? []
  if (encoded === undefined || encoded.length > 8_192) return undefined
  const text = Buffer.from(encoded, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

const byPassword = (request: Request, header: string) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const trail = yield* RequestTrail
    const basic = basicOf(header)
    if (basic === undefined) return yield* challenge("Invalid authentication format")
    // A browser that was once asked for a password sends it along with whatever another site makes it send.
    yield* ownOriginOnly(request)
    const account = yield* accounts.verify(basic[0], basic[1], trail.remote).pipe(
      Effect.catchTags({
        InvalidCredentials: () => challenge("Invalid admin credentials"),
        TooManyAttempts: ({ retryAfterSeconds }) => tooManyAttempts(retryAfterSeconds),
        AccountsUnavailable: unreachable
      })
    )
    trail.username = account.username
    return account
  })

/** Whoever calls, by what every route takes or by name and password; the latter have signed in as much as a person can. */
export const knownCaller = (request: Request) =>
  Effect.gen(function* () {
    const { authorization, cookie, "x-authorization": own } = request.headers
    if (own === undefined && authorization === undefined && cookie === undefined) {
      return yield* challenge("Authentication required")
    }
    if (own !== undefined || authorization === undefined || !/^basic\b/i.test(authorization)) {
      return yield* Effect.flatMap(authenticate, ({ claims }) => callerWith(claims))
    }
    const { publicUrl } = yield* ControlPlaneConfig
    const { groups, username } = yield* byPassword(request, authorization)
    // For this one request: what a session of theirs would say.
    return yield* callerWith({
      issuer: publicUrl,
      subject: username,
      username,
      clientId: "basic",
      groups,
      scopes: [],
      audience: [publicUrl],
      expiresAt: (yield* Clock.currentTimeMillis) / 1000,
      tokenId: undefined,
      method: "session_cookie",
      provider: LOCAL
    })
  })

/** Passes administrators, refuses everyone else. */
export const administratorOf = (request: Request) =>
  Effect.filterOrFail(
    knownCaller(request),
    ({ isAdmin }) => isAdmin,
    () => notAdmin
  )
