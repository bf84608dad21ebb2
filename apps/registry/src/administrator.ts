/**
 * An administrator by Basic credentials, as the replaced system's internal routes take them (contracts.md §2.7), or by what every other route
 * takes. Passwords go nowhere but to `Accounts`, under the limits of a login.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Forbidden, problem, Unauthorized } from "@mcpgw/api/ApiError"
import { Accounts } from "@mcpgw/identity/Accounts"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import * as Effect from "effect/Effect"
import type { Actor } from "./access.ts"
import { tooManyAttempts, unreachable } from "./accountFailures.ts"
import { authenticate } from "./authentication.ts"
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
    const policy = (yield* ScopePolicy).current()
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
    const claims = { username: account.username, groups: account.groups, scopes: [] }
    if (!policy.isAdmin(claims)) return yield* notAdmin
    const actor: Actor = { claims, policy, isAdmin: true }
    return actor
  })

/** The administrator who asks; refuses everyone else. */
export const administratorOf = (request: Request) =>
  Effect.gen(function* () {
    const { authorization, cookie, "x-authorization": own } = request.headers
    if (own === undefined && authorization === undefined && cookie === undefined) {
      return yield* challenge("Authentication required")
    }
    if (own === undefined && authorization !== undefined && /^basic\b/i.test(authorization)) {
      return yield* byPassword(request, authorization)
    }
    const { claims } = yield* authenticate
    const policy = (yield* ScopePolicy).current()
    if (!policy.isAdmin(claims)) return yield* notAdmin
    const actor: Actor = { claims, policy, isAdmin: true }
    return actor
  })
