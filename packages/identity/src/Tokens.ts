/**
 * **Tokens** — mints the gateway's own access tokens (EdDSA JWT, `at+jwt`) and publishes their keys; contracts.md §2.5, §2.7.
 * A token carries scopes and never groups, so it never holds more than its owner had when it was made. Never stores a token.
 */
import { KeyRing } from "@mcpgw/domain/KeyRing"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { SignJWT } from "jose/jwt/sign"
import { importJWK } from "jose/key/import"
import { publicKeySet } from "./internal/publicKeySet.ts"

/** contracts.md §2.7: `Requested scopes exceed user permissions. Invalid scopes: […]`. */
export class ScopesExceeded extends Schema.TaggedError<ScopesExceeded>()("ScopesExceeded", {
  invalid: Schema.Array(Schema.String),
  /** Those the owner has. */
  held: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Requested scopes exceed user permissions. Invalid scopes: ${JSON.stringify(this.invalid)}`
  }
}

/** contracts.md §2.7, answered 400, such as `expires_in_hours must be an integer between 1 and 24`. */
export class InvalidTokenRequest extends Schema.TaggedError<InvalidTokenRequest>()("InvalidTokenRequest", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** contracts.md §2.7, answered 429: the owner has made all the tokens of this clock hour. */
export class TooManyTokens extends Schema.TaggedError<TooManyTokens>()("TooManyTokens", {
  limit: Schema.Number,
  retryAfterSeconds: Schema.Number
}) {}

/** The key ring holds no usable signing key; the start stops. */
export class SigningKeyUnusable extends Schema.TaggedError<SigningKeyUnusable>()("SigningKeyUnusable", {
  problem: Schema.String
}) {}

export interface TokenRequest {
  readonly owner: Pick<Claims, "issuer" | "subject" | "username">
  /** The owner's effective scopes; the token never exceeds them. */
  readonly ownerScopes: ReadonlyArray<string>
  /** Undefined or empty: all of the owner's. */
  readonly scopes: ReadonlyArray<string> | undefined
  /** Undefined: `TokenBounds.defaultHours`. */
  readonly hours: number | undefined
  readonly description: string | undefined
  /** Epoch seconds the token can not outlive: the expiry of the credential its maker came with. */
  readonly notAfter?: number | undefined
  /** `client_id`: what the token is for. `CLIENT_ID` when absent. */
  readonly clientId?: string | undefined
  /** Who had it made for the owner (RFC 8693 §4.1 `act`); absent when it was the owner. */
  readonly actor?: Pick<Claims, "issuer" | "subject"> | undefined
}

export interface TokenBounds {
  readonly maxHours: number
  /** When a request says nothing. */
  readonly defaultHours: number
  /** Tokens per owner, purpose and clock hour. */
  readonly perHour: number
}

/** contracts.md §2.7; the replaced system allowed 10 tokens an hour, too few for a CI job per token. */
export const TOKEN_BOUNDS: TokenBounds = { maxHours: 24, defaultHours: 8, perHour: 100 }

export interface IssuedToken {
  readonly token: string
  readonly claims: Claims
  /** Epoch seconds. */
  readonly issuedAt: number
}

export type TokenRefused = ScopesExceeded | InvalidTokenRequest | TooManyTokens

export interface TokensApi {
  readonly issue: (request: TokenRequest) => Effect.Effect<IssuedToken, TokenRefused>
  /** RFC 7517 key set of the public keys. */
  readonly jwks: () => { readonly keys: ReadonlyArray<Readonly<Record<string, unknown>>> }
  /** `iss` of our tokens. */
  readonly issuer: string
  readonly bounds: TokenBounds
}

/** What is not given is that of `TOKEN_BOUNDS`. */
export interface TokensOptions extends Partial<TokenBounds> {
  readonly issuer: string
  /** The gateway's public URL: `aud`. */
  readonly audience: string
}

export class Tokens extends Context.Tag("@mcpgw/identity/Tokens")<Tokens, TokensApi>() {
  /** Signs with the newest key of the ring. */
  static layer(options: TokensOptions): Layer.Layer<Tokens, SigningKeyUnusable, KeyRing> {
    return Layer.effect(Tokens, make(options))
  }
}

/** `client_id` of tokens people make for themselves, contracts.md §2.5. */
export const CLIENT_ID = "user-generated"
/** Longest description, in characters: it travels in every request. */
export const MAX_DESCRIPTION_LENGTH = 256
const HOUR_MILLIS = 3_600_000

const make = (options: TokensOptions): Effect.Effect<TokensApi, SigningKeyUnusable, KeyRing> =>
  Effect.gen(function* () {
    const { signing } = yield* KeyRing
    const [newest] = signing
    if (newest === undefined) return yield* new SigningKeyUnusable({ problem: "the key ring has no signing key" })
    const key = yield* Effect.tryPromise({
      try: () => importJWK({ ...newest.privateJwk, kty: "OKP" }, newest.algorithm),
      catch: () => new SigningKeyUnusable({ problem: `signing key ${newest.id} is not an Ed25519 JWK` })
    })
    const keySet = publicKeySet(signing)
    const bounds: TokenBounds = { ...TOKEN_BOUNDS, ...options }
    const count = makeCounter(bounds.perHour)
    return {
      issuer: options.issuer,
      bounds,
      jwks: () => keySet,
      issue: (request) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const hours = request.hours ?? bounds.defaultHours
          const scopes = yield* scopesFor(request, hours, bounds.maxHours)
          const { clientId = CLIENT_ID, owner } = request
          // Each purpose counts for itself: what a service has made for someone does not use up what they may make.
          const refused = count(JSON.stringify([clientId, owner.issuer, owner.subject]), now)
          if (refused !== undefined) return yield* refused
          const issuedAt = Math.floor(now / 1000)
          const expiresAt = Math.min(issuedAt + hours * 3_600, Math.floor(request.notAfter ?? Infinity))
          const claims = claimsFor(options, { ...request, clientId }, scopes, issuedAt, expiresAt)
          // A valid key and a plain payload: signing has no failure a caller could act on.
          const token = yield* Effect.promise(() =>
            new SignJWT(payloadOf(claims, request))
              .setProtectedHeader({ alg: newest.algorithm, typ: "at+jwt", kid: newest.id })
              .setIssuedAt(issuedAt)
              .sign(key)
          )
          return { token, claims, issuedAt }
        })
    }
  })

const problemOf = (description: string, hours: number, maxHours: number): string | undefined => {
  if (!Number.isInteger(hours) || hours < 1 || hours > maxHours) {
    return `expires_in_hours must be an integer between 1 and ${maxHours}`
  }
  if (description.length > MAX_DESCRIPTION_LENGTH) {
    return `description must not exceed ${MAX_DESCRIPTION_LENGTH} characters`
  }
  // It is shown in lists and may come to stand in a log: one line of text, and nothing that turns it around.
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(description)
    ? "description must not hold control characters"
    : undefined
}

const scopesFor = (
  { description = "", ownerScopes, scopes = [] }: TokenRequest,
  hours: number,
  maxHours: number
): Effect.Effect<ReadonlyArray<string>, TokenRefused> => {
  const problem = problemOf(description, hours, maxHours)
  if (problem !== undefined) return Effect.fail(new InvalidTokenRequest({ problem }))
  // The claim is separated by spaces: a name that holds one would come back as other scopes.
  const grantable = new Set(ownerScopes.filter((scope) => /^\S+$/.test(scope)))
  const invalid = scopes.filter((scope) => !grantable.has(scope))
  if (invalid.length > 0) return Effect.fail(new ScopesExceeded({ invalid, held: [...grantable] }))
  return Effect.succeed(scopes.length === 0 ? [...grantable] : [...new Set(scopes)])
}

/** Subject of what is made here by someone of another issuer: without its name, its `alice` would be our `alice`. */
export const madeHereBy = ({ issuer, subject }: Pick<Claims, "issuer" | "subject">): string => `${issuer}|${subject}`

const claimsFor = (
  options: TokensOptions,
  { clientId, owner }: TokenRequest & { readonly clientId: string },
  scopes: ReadonlyArray<string>,
  issuedAt: number,
  expiresAt: number
): Claims => ({
  issuer: options.issuer,
  subject: owner.issuer === options.issuer ? owner.subject : madeHereBy(owner),
  username: owner.username,
  clientId,
  groups: [],
  scopes,
  audience: [options.audience],
  expiresAt,
  issuedAt,
  tokenId: crypto.randomUUID(),
  method: "gateway_token"
})

const payloadOf = (claims: Claims, { actor, description }: TokenRequest): Record<string, unknown> => ({
  iss: claims.issuer,
  aud: claims.audience[0],
  sub: claims.subject,
  scope: claims.scopes.join(" "),
  exp: claims.expiresAt,
  jti: claims.tokenId,
  client_id: claims.clientId,
  preferred_username: claims.username,
  token_use: "access",
  token_type: "user_generated",
  ...(actor === undefined ? {} : { act: { iss: actor.issuer, sub: actor.subject } }),
  ...(description === undefined ? {} : { description })
})

/** Counts per clock hour, in memory; bounded, because a new hour forgets the last one. */
const makeCounter = (limit: number) => {
  let hour = 0
  let counts = new Map<string, number>()
  return (owner: string, now: number): TooManyTokens | undefined => {
    const current = Math.floor(now / HOUR_MILLIS)
    if (current !== hour) {
      hour = current
      counts = new Map()
    }
    const made = counts.get(owner) ?? 0
    if (made >= limit) {
      return new TooManyTokens({ limit, retryAfterSeconds: Math.ceil(((hour + 1) * HOUR_MILLIS - now) / 1000) })
    }
    counts.set(owner, made + 1)
    return undefined
  }
}
