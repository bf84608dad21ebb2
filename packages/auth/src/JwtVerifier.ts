/**
 * A `Verifier` for the JWTs of one issuer (protocol.md ): pinned asymmetric algorithms, exact issuer, required `exp` and `sub`,
 * a configured audience, keys from a `KeySource`. Never passes a token when keys can not be had (503), never reads an encrypted or nested
 * one, never puts any part of a token into an error.
 */
import type { AuthMethod, Claims } from "@mcpgw/domain/Principal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { JWTHeaderParameters, JWTPayload, JWTVerifyOptions } from "jose"
import { jwtVerify } from "jose/jwt/verify"
import { refusal } from "./Admission.ts"
import type { AuthUnavailable, Unauthenticated, UnauthenticatedReason } from "./AuthError.ts"
import { type ClaimsMapping, gatewayClaims, oidcClaims } from "./ClaimsMapping.ts"
import { joseFailure } from "./internal/joseFailure.ts"
import { inTurn } from "./internal/signatureTurns.ts"
import { type KeyResolver, type KeySource, makeResolver } from "./KeySource.ts"
import { decode, issuerOf } from "./UnverifiedJwt.ts"
import type { Verifier } from "./Verifiers.ts"

/** Signature algorithms that may be pinned. No HMAC: a public key must never serve as a shared secret. */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA"
] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** Seconds granted to `nbf` and `iat` for the clocks of issuer and gateway; none to `exp`. */
export const SKEW_SECONDS = 30

/** The configuration of an issuer can not be used; the start stops (design.md §6). */
export class IssuerMisconfigured extends Schema.TaggedError<IssuerMisconfigured>()("IssuerMisconfigured", {
  issuer: Schema.String,
  problem: Schema.String
}) {}

export interface JwtVerifierOptions {
  /** Shown in logs and `/ready`. */
  readonly name: string
  /** Exact `iss`; also what `Claims.issuer` says. */
  readonly issuer: string
  /** Other spellings of the same issuer, such as a host name inside the cluster. */
  readonly aliases?: ReadonlyArray<string>
  /** Values of `aud` that mean this gateway. At least one. */
  readonly audiences: ReadonlyArray<string>
  /** The gateway's public URL: what a token with one of `audiences` may be used at. */
  readonly resource: string
  readonly keys: KeySource
  readonly algorithms: ReadonlyArray<Algorithm>
  readonly method: AuthMethod
  /** `"at+jwt"`: RFC 9068 header required. `"jwt"`: `JWT`, `at+jwt` or none. */
  readonly type: "at+jwt" | "jwt"
  readonly claims: ClaimsMapping
  /** Cognito access tokens have no `aud`; then `client_id` stands for it. */
  readonly audienceFallback?: "client_id"
}

/** Validates the options. Fetches nothing: keys are asked for by the first token. */
export const make = (options: JwtVerifierOptions): Effect.Effect<Verifier, IssuerMisconfigured> =>
  Effect.suspend(() => {
    const problem = problemOf(options)
    if (problem !== undefined) return Effect.fail(new IssuerMisconfigured({ issuer: options.issuer, problem }))
    const issuers = [options.issuer, ...(options.aliases ?? [])]
    const resolve = makeResolver(options.keys)
    const verifier: Verifier = {
      name: options.name,
      recognises: (credential) => {
        if (credential.kind !== "bearer") return false
        const issuer = issuerOf(credential.value)
        return issuer !== undefined && issuers.includes(issuer)
      },
      verify: (credential) =>
        credential.kind === "bearer"
          ? verifyToken(options, issuers, resolve, credential.value)
          : Effect.fail(refusal("malformed"))
    }
    return Effect.succeed(verifier)
  })

/** Tokens this gateway minted: EdDSA, `at+jwt`; what they carry: `gatewayClaims`. */
export const gateway = (options: {
  readonly issuer: string
  /** The gateway's public URL: `aud` of its tokens. */
  readonly audience: string
  readonly keys: KeySource
}): Effect.Effect<Verifier, IssuerMisconfigured> =>
  make({
    name: "gateway tokens",
    issuer: options.issuer,
    audiences: [options.audience],
    resource: options.audience,
    keys: options.keys,
    algorithms: ["EdDSA"],
    method: "gateway_token",
    type: "at+jwt",
    claims: gatewayClaims
  })

/** Access tokens of an OIDC provider, with the usual claim names unless given. `algorithms` defaults to RS256, PS256, ES256 and EdDSA. */
export const oidc = (
  options: Omit<JwtVerifierOptions, "algorithms" | "method" | "type" | "claims"> & {
    readonly algorithms?: ReadonlyArray<Algorithm>
    readonly claims?: ClaimsMapping
  }
): Effect.Effect<Verifier, IssuerMisconfigured> =>
  make({
    algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
    claims: oidcClaims,
    ...options,
    method: "oidc",
    type: "jwt"
  })

const problemOf = (options: JwtVerifierOptions): string | undefined => {
  if ([options.issuer, ...(options.aliases ?? [])].includes("")) return "the issuer is empty"
  if (options.audiences.length === 0 || options.audiences.includes("")) return "no audience is configured"
  if (!URL.canParse(options.resource)) return "the resource is not a URL"
  if (options.algorithms.length === 0) return "no algorithm is configured"
  const algorithm = options.algorithms.find((name) => !ALGORITHMS.includes(name))
  if (algorithm !== undefined) return `algorithm ${algorithm} is not one of ${ALGORITHMS.join(", ")}`
  if (options.keys.kind !== "remote") return undefined
  const url = URL.parse(options.keys.url)
  return url?.protocol === "https:" || url?.protocol === "http:" ? undefined : "the key set is not at an http(s) URL"
}

const verifyToken = (
  options: JwtVerifierOptions,
  issuers: Array<string>,
  resolve: KeyResolver,
  token: string
): Effect.Effect<Claims, Unauthenticated | AuthUnavailable> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.tryPromise({
      try: (signal) => prove(options, issuers, resolve, token, now, signal),
      catch: (cause) => joseFailure(options.issuer, cause)
    })
  ).pipe(
    Effect.flatMap((proved) => (typeof proved === "string" ? Effect.fail(refusal(proved)) : Effect.succeed(proved)))
  )

/** One promise from token to claims: with an effect for each step, a flood's tokens made half of the garbage there was. Rejects as jose does. */
const prove = async (
  options: JwtVerifierOptions,
  issuers: Array<string>,
  resolve: KeyResolver,
  token: string,
  now: number,
  signal: AbortSignal
): Promise<Claims | UnauthenticatedReason> => {
  const unverified = decode(token)
  // Critical extensions are none of ours; jose would report them as an unsupported algorithm.
  if (unverified === undefined || "crit" in unverified.header) return "malformed"
  const { alg, kid } = unverified.header
  // An algorithm that is not pinned leads to no key, and to no fetch of one.
  const algorithm = options.algorithms.find((name) => name === alg)
  if (algorithm === undefined) return typeof alg === "string" ? "bad_algorithm" : "malformed"
  if (kid !== undefined && typeof kid !== "string") return "malformed"
  const key = await resolve(kid === undefined ? { alg: algorithm } : { alg: algorithm, kid })
  const checks: JWTVerifyOptions = {
    algorithms: [...options.algorithms],
    issuer: issuers,
    requiredClaims: ["exp", "sub"],
    clockTolerance: SKEW_SECONDS,
    currentDate: new Date(now)
  }
  const { payload, protectedHeader } = await inTurn(() => jwtVerify(token, key, checks), signal)
  return claimsOf(options, payload, protectedHeader, now)
}

type ClaimsProblem = "bad_claims" | "token_expired" | "token_not_yet_valid" | "wrong_audience"

const claimsOf = (
  options: JwtVerifierOptions,
  payload: JWTPayload,
  header: JWTHeaderParameters,
  now: number
): Claims | ClaimsProblem => {
  const { exp, iat, jti, sub } = payload
  if (!hasType(header.typ, options.type) || typeof exp !== "number" || typeof sub !== "string" || sub === "") {
    return "bad_claims"
  }
  if (exp * 1000 <= now) return "token_expired"
  if (typeof iat === "number" && iat * 1000 > now + SKEW_SECONDS * 1000) return "token_not_yet_valid"
  const audience = audienceOf(options, payload)
  if (audience === undefined) return "wrong_audience"
  const mapped = options.claims(payload, sub)
  if (mapped === undefined) return "bad_claims"
  return {
    issuer: options.issuer,
    subject: sub,
    ...mapped,
    audience,
    expiresAt: exp,
    issuedAt: typeof iat === "number" ? iat : undefined,
    tokenId: typeof jti === "string" && jti !== "" ? jti : undefined,
    method: mapped.method ?? options.method
  }
}

const hasType = (typ: string | undefined, wanted: "at+jwt" | "jwt"): boolean => {
  if (typ === undefined) return wanted === "jwt"
  const name = typ.toLowerCase().replace(/^application\//, "")
  return name === "at+jwt" || (wanted === "jwt" && name === "jwt")
}

/**
 * Where the token may be used: its own `aud` entries, and the gateway itself when one of them is a configured audience. A token issued for
 * one route only (RFC 8707: an `aud` at or below the gateway's URL) verifies too, and stays bound to that route by `admit`.
 */
const audienceOf = (options: JwtVerifierOptions, payload: JWTPayload): ReadonlyArray<string> | undefined => {
  const claim = payload.aud ?? (options.audienceFallback === undefined ? undefined : payload[options.audienceFallback])
  const entries: ReadonlyArray<unknown> = Array.isArray(claim) ? claim : [claim]
  const audience = entries.filter((entry): entry is string => typeof entry === "string" && entry !== "")
  if (audience.length !== entries.length) return undefined
  if (audience.some((entry) => options.audiences.includes(entry))) return [...new Set([...audience, options.resource])]
  const below = options.resource.endsWith("/") ? options.resource : `${options.resource}/`
  return audience.some((entry) => entry === options.resource || entry.startsWith(below)) ? audience : undefined
}
