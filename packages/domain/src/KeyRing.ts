/**
 * **KeyRing** port: signing and sealing keys by purpose. Layers live in `@mcpgw/store` (files) and beside this tag (fixed keys).
 * Never hands out a key for a purpose it was not made for.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { generateKeyPairSync } from "node:crypto"

/** A 256-bit sealing key. */
export interface SealingKey {
  /** Short, URL-safe, public. */
  readonly id: string
  readonly bytes: Uint8Array
}

/** Ed25519 key pair for signing tokens, as JWKs (RFC 8037). */
export interface SigningKey {
  readonly id: string
  readonly algorithm: "EdDSA"
  readonly privateJwk: Readonly<Record<string, unknown>>
  readonly publicJwk: Readonly<Record<string, unknown>>
}

export interface KeyRingApi {
  /** Newest first: seal with the first, open with any. */
  readonly sealing: ReadonlyArray<SealingKey>
  /** Newest first: sign with the first, publish all. */
  readonly signing: ReadonlyArray<SigningKey>
  /** Ids of keys of either purpose that were let go, and that nobody has to look for. */
  readonly retired?: ReadonlyArray<string>
}

export class KeyRing extends Context.Tag("@mcpgw/domain/KeyRing")<KeyRing, KeyRingApi>() {
  /** Keys given by the caller; for tests and for embedding. */
  static layerOf(keys: KeyRingApi): Layer.Layer<KeyRing> {
    return Layer.succeed(KeyRing, keys)
  }

  /** Fresh keys that die with the process; for tests. */
  static get layerEphemeral(): Layer.Layer<KeyRing> {
    return ephemeral
  }
}

/** Makes a fresh sealing key. */
export const makeSealingKey = (): SealingKey => {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return { id: randomId(), bytes }
}

/** Makes a fresh Ed25519 signing key. */
export const makeSigningKey: Effect.Effect<SigningKey> = Effect.sync(() => {
  const { d, x, kty, crv } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })
  const id = randomId()
  const common = { kty, crv, x, kid: id, alg: "EdDSA", use: "sig" }
  return { id, algorithm: "EdDSA" as const, privateJwk: { ...common, d }, publicJwk: common }
})

const randomId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("base64url")

const ephemeral: Layer.Layer<KeyRing> = Layer.effect(
  KeyRing,
  Effect.map(makeSigningKey, (signing) => ({ sealing: [makeSealingKey()], signing: [signing] }))
)
