/**
 * Making and revoking tokens (contracts.md §2.7). A caller who comes with a token can make no stronger and no longer-lived one. Tokens are
 * handed out once and kept nowhere.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, Forbidden, problem, TooManyRequests, Unavailable } from "@mcpgw/api/ApiError"
import { type GenerateAnswer, GenerateRequest, RevokeRequest } from "@mcpgw/api/Tokens"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { describe } from "@mcpgw/auth/AuthError"
import { Revocations } from "@mcpgw/auth/Revocations"
import type { Claims } from "@mcpgw/domain/Principal"
import { CLIENT_ID, type IssuedToken, type TokenRefused, Tokens } from "@mcpgw/identity/Tokens"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { caller } from "./access.ts"
import { decodeWith, type Fields, fieldsOf, onlyFields } from "./body.ts"
import { answerHeader } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

const DEFAULT_HOURS = 8

/** Seconds a revocation by id is kept: longer than any token lives here. */
const KEEP_REVOKED_SECONDS = 30 * 86_400

/** Above all here: a misspelt `requested_scopes` would ask for everything. */
const generateFields = onlyFields(...Object.keys(GenerateRequest.fields))
const revokeFields = onlyFields("token_id", "token")

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string")

const isHours = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 24

interface Asked {
  readonly scopes: ReadonlyArray<string> | undefined
  readonly hours: number | undefined
  readonly description: string | undefined
}

/** By hand and not by schema: the contract's own sentences. */
const asked = (fields: Fields): Effect.Effect<Asked, BadRequest> => {
  const { description, expires_in_hours: hours, requested_scopes: scopes } = fields
  if (hours !== undefined && !isHours(hours)) return bad("expires_in_hours must be an integer between 1 and 24")
  if (scopes !== undefined && !isTexts(scopes)) return bad("requested_scopes must be a list of strings")
  if (description !== undefined && typeof description !== "string") return bad("description must be a string")
  return Effect.succeed({ scopes, hours, description })
}

const bad = (sentence: string): Effect.Effect<never, BadRequest> => Effect.fail(new BadRequest(problem(sentence)))

/** A stolen token must die with its revocation: it can not have made others. */
const mayMint = (claims: Claims): Effect.Effect<void, Forbidden> =>
  claims.method === "gateway_token" || claims.method === "oauth"
    ? new Forbidden(
        problem("A token can not make tokens", "Sign in, at /api/auth/login or your identity provider, and use that")
      )
    : Effect.void

const refusalOf = (refused: TokenRefused): Effect.Effect<never, BadRequest | Forbidden | TooManyRequests> => {
  if (refused._tag === "ScopesExceeded") return new Forbidden(problem(refused.message))
  if (refused._tag === "InvalidTokenRequest") return bad(refused.message)
  const sentence = `Token generation limit reached: ${refused.limit} tokens per hour`
  return Effect.zipRight(
    answerHeader("retry-after", String(refused.retryAfterSeconds)),
    new TooManyRequests(problem(sentence))
  )
}

const answer = (issued: IssuedToken, wanted: Asked, userScopes: ReadonlyArray<string>): GenerateAnswer => {
  const tokens = {
    access_token: issued.token,
    refresh_token: null,
    expires_in: issued.claims.expiresAt - issued.issuedAt,
    refresh_expires_in: 0,
    token_type: "Bearer",
    scope: issued.claims.scopes.join(" ")
  } as const
  const requested = wanted.scopes ?? []
  return {
    success: true,
    tokens,
    keycloak_url: null,
    realm: null,
    client_id: CLIENT_ID,
    token_data: {
      ...tokens,
      token_id: issued.claims.tokenId ?? "",
      issued_at: issued.issuedAt,
      description: wanted.description ?? null
    },
    user_scopes: userScopes,
    requested_scopes: requested.length === 0 ? userScopes : requested
  }
}

const generate = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const tokens = yield* Tokens
    trail.rule = "api:generate_token"
    const { claims, policy } = yield* caller
    yield* mayMint(claims)
    const wanted = yield* fieldsOf(request).pipe(Effect.flatMap(generateFields), Effect.flatMap(asked))
    const ownerScopes = policy.scopesOf(claims)
    const { description, hours = DEFAULT_HOURS, scopes } = wanted
    const issued = yield* Effect.catchAll(
      tokens.issue({ owner: claims, ownerScopes, scopes, hours, description }),
      refusalOf
    )
    trail.decision = "allow"
    return answer(issued, wanted, ownerScopes)
  })

const decodeRevoke = decodeWith(RevokeRequest)

/** Is it the caller's own? A token made by someone of another issuer carries that issuer's name in its subject. */
const owns = (who: Claims, token: Claims, ownIssuer: string): boolean =>
  (token.issuer === who.issuer && token.subject === who.subject) ||
  (token.issuer === ownIssuer && token.subject === `${who.issuer}|${who.subject}`)

interface Victim {
  readonly tokenId: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

const byToken = (token: string) =>
  Effect.gen(function* () {
    const auth = yield* AuthLayer
    const tokens = yield* Tokens
    const who = yield* caller
    const claims = yield* auth.authenticate({ kind: "bearer", value: token, header: "authorization" }).pipe(
      Effect.catchTags({
        Unauthenticated: ({ reason }) => bad(describe[reason]),
        AuthUnavailable: () => new Unavailable(problem("The token can not be checked now", "Try again later"))
      })
    )
    if (!who.isAdmin && !owns(who.claims, claims, tokens.issuer)) return yield* notYours
    const { expiresAt, tokenId } = claims
    if (tokenId === undefined) return yield* bad("This token has no id and can not be revoked one by one")
    return { tokenId, expiresAt } satisfies Victim
  })

const notYours = new Forbidden(
  problem("You may revoke your own tokens only", "Send the token itself; only administrators revoke others', or by id")
)

const byId = (tokenId: string) =>
  Effect.gen(function* () {
    const { claims, isAdmin } = yield* caller
    if (!isAdmin && claims.tokenId !== tokenId) return yield* notYours
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    return { tokenId, expiresAt: now + KEEP_REVOKED_SECONDS } satisfies Victim
  })

const revoke = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const revocations = yield* Revocations
    trail.rule = "api:revoke_token"
    const fields = yield* Effect.flatMap(fieldsOf(request), revokeFields)
    const { token, token_id = "" } = yield* decodeRevoke(fields)
    const victim = yield* token === undefined ? byId(token_id) : byToken(token)
    trail.decision = "allow"
    yield* Effect.catchTag(revocations.revoke(victim.tokenId, victim.expiresAt), "RevocationNotStored", ({ cause }) =>
      Effect.zipRight(
        Effect.logError("A revocation holds, but could not be stored", cause),
        new Unavailable(problem("The revocation holds now, but could not be stored", "Send it again before a restart"))
      )
    )
    return { success: true, token_id: victim.tokenId } as const
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "tokens", (handlers) =>
  handlers
    .handleRaw("generate", ({ request }) => generate(request), whole)
    .handleRaw("revoke", ({ request }) => revoke(request), whole)
)
