/**
 * Making and revoking tokens (contracts.md §2.7). A caller who comes with a token can make no stronger and no longer-lived one. Tokens are
 * handed out once and kept nowhere.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, fieldProblem, Forbidden, problem, Unavailable } from "@mcpgw/api/ApiError"
import { type AdminTokenAnswer, type GenerateAnswer, GenerateRequest, RevokeRequest } from "@mcpgw/api/Tokens"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { describe } from "@mcpgw/auth/AuthError"
import { Revocations } from "@mcpgw/auth/Revocations"
import type { Claims } from "@mcpgw/domain/Principal"
import { ApiKeys } from "@mcpgw/identity/ApiKeys"
import { endAccess } from "@mcpgw/identity/endAccess"
import { MachineTokens } from "@mcpgw/identity/MachineTokens"
import { CLIENT_ID, type IssuedToken, madeHereBy, Tokens } from "@mcpgw/identity/Tokens"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { caller } from "./access.ts"
import { notStored, unreachable } from "./accountFailures.ts"
import { decodeOnly, fieldsOf, unknownFields } from "./body.ts"
import { ownOriginOnly } from "./headers.ts"
import { namesOf } from "./leaver.ts"
import { RequestTrail } from "./RequestTrail.ts"
import {
  type Asked,
  asked,
  bad,
  mayMint,
  notAfterOf,
  refusalOf,
  shown,
  shownIssued,
  tooManyTokens
} from "./tokenRequests.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Seconds a revocation by id is kept: longer than any token lives here. */
const KEEP_REVOKED_SECONDS = 30 * 86_400

/** Above all here: a misspelt `requested_scopes` would ask for everything. */
const GENERATE_FIELDS = Object.keys(GenerateRequest.fields)

const answer = (issued: IssuedToken, wanted: Asked, userScopes: ReadonlyArray<string>): GenerateAnswer => {
  const tokens = shownIssued(issued)
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
    const fields = yield* fieldsOf(request)
    const wanted = yield* asked(fields, tokens.bounds.maxHours, unknownFields(fields, GENERATE_FIELDS))
    const ownerScopes = policy.scopesOf(claims)
    const issued = yield* Effect.catchAll(
      tokens.issue({ owner: claims, ownerScopes, ...wanted, notAfter: notAfterOf(claims) }),
      refusalOf
    )
    trail.decision = "allow"
    return answer(issued, wanted, ownerScopes)
  })

const adminsOnly = new Forbidden(problem("This endpoint is only available to admin users"))

const forMachines = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const machines = yield* MachineTokens
    trail.rule = "api:admin_token"
    const { claims, isAdmin, policy } = yield* caller
    if (!isAdmin) return yield* adminsOnly
    yield* mayMint(claims)
    // A GET that makes something: another site's link must not.
    if (claims.method === "session_cookie") yield* ownOriginOnly(request)
    const scopes = policy.scopesOf(claims)
    const made = yield* machines.vend(claims, scopes, notAfterOf(claims)).pipe(
      Effect.catchTags({
        InvalidTokenRequest: Effect.die,
        ScopesExceeded: Effect.die,
        TooManyTokens: tooManyTokens,
        MachineTokensUnavailable: ({ problem: why }) => new Unavailable(problem("No machine token can be had now", why))
      })
    )
    trail.decision = "allow"
    const answer: AdminTokenAnswer = {
      success: true,
      tokens: shown(made.accessToken, made.expiresIn, made.scopes),
      keycloak_url: made.keycloakUrl,
      realm: made.realm,
      client_id: made.clientId,
      user_scopes: scopes,
      requested_scopes: made.scopes
    }
    return answer
  })

const decodeRevoke = decodeOnly(RevokeRequest, ["token_id", "token", "subject", "issuer"])

/** Is it the caller's own? A token made by someone of another issuer carries that issuer's name in its subject. */
const owns = (who: Claims, token: Claims, ownIssuer: string): boolean =>
  (token.issuer === who.issuer && token.subject === who.subject) ||
  (token.issuer === ownIssuer && token.subject === madeHereBy(who))

interface Victim {
  readonly tokenId: string
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Was the token itself seen? */
  readonly known: boolean
}

const unreadable = new BadRequest(
  fieldProblem("token", "(hidden)", "it may hold a token or an API key, whole and without Bearer")
)
const uncheckable = new Unavailable(problem("The token can not be checked now", "Try again later"))

const byToken = (token: string) =>
  Effect.gen(function* () {
    const auth = yield* AuthLayer
    const tokens = yield* Tokens
    const who = yield* caller
    const claims = yield* auth.authenticate({ kind: "bearer", value: token, header: "authorization" }).pipe(
      Effect.catchTags({
        Unauthenticated: ({ reason }) => (reason === "malformed" ? unreadable : bad(describe[reason])),
        AuthBusy: () => uncheckable,
        AuthUnavailable: () => uncheckable
      })
    )
    if (!who.isAdmin && !owns(who.claims, claims, tokens.issuer)) return yield* notYours
    const { expiresAt, tokenId } = claims
    if (tokenId === undefined) return yield* bad("This token has no id and can not be revoked one by one")
    if (claims.method === "api_key") return yield* byKey(claims.subject, tokenId)
    return { tokenId, expiresAt, known: true } satisfies Victim
  })

/** A key is taken out of its store, too: there it would live on for other processes. */
const byKey = (owner: string, tokenId: string) =>
  Effect.gen(function* () {
    const keys = yield* ApiKeys
    yield* Effect.catchTag(keys.revoke(owner, tokenId), "AccountsUnavailable", unreachable)
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    return { tokenId, expiresAt: now + KEEP_REVOKED_SECONDS, known: true } satisfies Victim
  })

const notYours = new Forbidden(
  problem("You may revoke your own tokens only", "Send the token itself; only administrators revoke others', or by id")
)

const byId = (tokenId: string) =>
  Effect.gen(function* () {
    const { claims, isAdmin } = yield* caller
    if (!isAdmin && claims.tokenId !== tokenId) return yield* notYours
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const known = claims.tokenId === tokenId
    return { tokenId, expiresAt: now + KEEP_REVOKED_SECONDS, known } satisfies Victim
  })

/** All a person has had until now, here and in what was made here for them. */
const bySubject = (subject: string, given: string | undefined) =>
  Effect.gen(function* () {
    const { isAdmin } = yield* caller
    if (!isAdmin) return yield* notYours
    const own = (yield* Tokens).issuer
    const issuer = given ?? own
    const ended = yield* namesOf(own, issuer, subject)
    yield* Effect.catchTags(Effect.forEach(ended, endAccess, { discard: true }), {
      RevocationNotStored: notStored,
      AccountsUnavailable: unreachable
    })
    return { success: true, subject, issuer } as const
  })

const UNSEEN =
  "No list of tokens is kept, so it is not known whether one has this id; any that has it is refused from now on"

const one = (victim: Victim) =>
  Effect.gen(function* () {
    const revocations = yield* Revocations
    yield* Effect.catchTag(revocations.revoke(victim.tokenId, victim.expiresAt), "RevocationNotStored", notStored)
    const { known, tokenId: token_id } = victim
    return { success: true, token_id, known, ...(known ? {} : { detail: UNSEEN }) } as const
  })

const revoke = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = "api:revoke_token"
    const { issuer, subject, token, token_id = "" } = yield* Effect.flatMap(fieldsOf(request), decodeRevoke)
    if (subject !== undefined) trail.rule = "api:revoke_subject"
    const answer =
      subject === undefined
        ? yield* one(yield* token === undefined ? byId(token_id) : byToken(token))
        : yield* bySubject(subject, issuer)
    trail.decision = "allow"
    return answer
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "tokens", (handlers) =>
  handlers
    .handleRaw("generate", ({ request }) => readmitted(request, generate(request)), whole)
    .handle("admin", ({ request }) => forMachines(request), whole)
    .handleRaw("revoke", ({ request }) => readmitted(request, revoke(request)), whole)
)
