/**
 * Where an issuer's public keys come from, as a key resolver for jose. Remote sets are fetched once at a time, at most every 30 s for an
 * unknown `kid`, and at most every 5 s while fetching fails (protocol.md A-07); keys that are known go on verifying meanwhile. Never holds
 * a private or shared key.
 */
import { createLocalJWKSet } from "jose/jwks/local"
import { createRemoteJWKSet, customFetch, type FetchImplementation } from "jose/jwks/remote"
import { JOSEError, JWKSInvalid, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors"
import type { JSONWebKeySet, JWSHeaderParameters } from "jose"

export type KeySource =
  | {
      readonly kind: "local"
      /** Asked at every verification, so that rotated keys count at once. Return the same object while nothing changed. */
      readonly keys: () => JSONWebKeySet
    }
  | {
      readonly kind: "remote"
      /** The issuer's `jwks_uri`. */
      readonly url: string
      /** How to reach it; the runtime's `fetch` when absent. Redirects are not followed. */
      readonly fetch?: FetchImplementation | undefined
    }
  | {
      readonly kind: "discovered"
      /** The issuer's `jwks_uri`, asked for at every verification: remembers it, and rejects when it can not be had. */
      readonly url: () => Promise<string>
      readonly fetch?: FetchImplementation | undefined
    }

/** Finds the key a protected header names. */
export type KeyResolver = (header: JWSHeaderParameters) => Promise<CryptoKey>

/** The keys could not be had: a matter of the issuer's or of the network, not of the token. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable"
}

/** After a successful fetch an unknown `kid` leads to another one only when this has passed. */
export const COOLDOWN_MILLIS = 30_000
/** After a failed fetch the next is tried only when this has passed. */
export const RETRY_MILLIS = 5_000
const TIMEOUT_MILLIS = 5_000
/** Keys an issuer withdraws are forgotten after this, when it can be reached. */
const MAX_AGE_MILLIS = 600_000
/** While it can not be reached, known keys verify for so long after they were last seen. */
export const MAX_OUTAGE_MILLIS = 86_400_000
/** Characters; a key takes about two thousand. */
const MAX_SET_LENGTH = 1_048_576

/** Builds the resolver. Its promise rejects with jose's error for a token's fault and with `KeysUnavailable` for any other. */
export const makeResolver = (source: KeySource): KeyResolver => {
  const resolve = resolverOf(source)
  return async (header) => {
    try {
      return await resolve(header)
    } catch (cause) {
      if (isTokensFault(cause)) throw cause
      throw new KeysUnavailable(problemOf(cause), { cause })
    }
  }
}

const resolverOf = (source: KeySource): KeyResolver => {
  switch (source.kind) {
    case "local":
      return local(source.keys)
    case "remote":
      return remote(source.url, source.fetch)
    case "discovered":
      return discovered(source.url, source.fetch)
  }
}

/** A key set that moved is another key set. */
const discovered = (find: () => Promise<string>, fetchImplementation?: FetchImplementation): KeyResolver => {
  let current: { readonly url: string; readonly resolve: KeyResolver } | undefined
  return async (header) => {
    const url = await find()
    if (current?.url !== url) current = { url, resolve: remote(url, fetchImplementation) }
    return current.resolve(header)
  }
}

const local = (keys: () => JSONWebKeySet): KeyResolver => {
  let current: JSONWebKeySet | undefined
  let resolve: KeyResolver | undefined
  return (header) => {
    const next = keys()
    if (resolve === undefined || next !== current) {
      current = next
      resolve = createLocalJWKSet(next)
    }
    return resolve(header)
  }
}

const remote = (url: string, fetchImplementation: FetchImplementation = fetch): KeyResolver => {
  let last: { readonly resolve: KeyResolver; readonly until: number } | undefined
  const keep = (keys: JSONWebKeySet): void => {
    last = { resolve: createLocalJWKSet(keys), until: Date.now() + MAX_OUTAGE_MILLIS }
  }
  const resolve = createRemoteJWKSet(new URL(url), {
    cooldownDuration: COOLDOWN_MILLIS,
    timeoutDuration: TIMEOUT_MILLIS,
    cacheMaxAge: MAX_AGE_MILLIS,
    [customFetch]: backOff(fetchImplementation, keep)
  })
  return async (header) => {
    try {
      return await resolve(header)
    } catch (cause) {
      if (isTokensFault(cause) || last === undefined || last.until <= Date.now()) throw cause
      // A key it does not know may be a new one: that stays the issuer's matter, not the token's.
      return last.resolve(header).catch(() => Promise.reject(cause))
    }
  }
}

/** jose counts its cooldown from the last success only; without this, every request would knock at an issuer that is down. */
const backOff = (inner: FetchImplementation, keep: (keys: JSONWebKeySet) => void): FetchImplementation => {
  let failedAt = Number.NEGATIVE_INFINITY
  return async (url, init) => {
    if (Date.now() - failedAt < RETRY_MILLIS) throw new JOSEError("key set could not be fetched a moment ago")
    try {
      const body = await readKeySet(await inner(url, init))
      keep(JSON.parse(body))
      failedAt = Number.NEGATIVE_INFINITY
      return new Response(body)
    } catch (cause) {
      failedAt = Date.now()
      throw cause
    }
  }
}

const readKeySet = async (response: Response): Promise<string> => {
  if (response.status !== 200) throw new JOSEError("key set answered with another status than 200")
  const body = await response.text()
  if (body.length > MAX_SET_LENGTH) throw new JWKSInvalid("key set too large")
  return body
}

const isTokensFault = (cause: unknown): boolean =>
  cause instanceof JWKSNoMatchingKey || cause instanceof JWKSMultipleMatchingKeys

const problemOf = (cause: unknown): string => {
  const code = cause instanceof JOSEError ? cause.code : ""
  if (code === "ERR_JWKS_TIMEOUT") return "key set timed out"
  if (code === "ERR_JWKS_INVALID" || code === "ERR_JWK_INVALID" || cause instanceof SyntaxError)
    return "key set not readable"
  return "key set not reachable"
}
