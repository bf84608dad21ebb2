/** What `keys.json` looks like. Says what is wrong with a file without repeating what is in it. */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { createPrivateKey, createPublicKey } from "node:crypto"

const KeyId = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/))
const Base64Url32 = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9_-]{43}$/))

const Ed25519Jwk = Schema.Struct({
  kty: Schema.Literal("OKP"),
  crv: Schema.Literal("Ed25519"),
  x: Base64Url32,
  d: Base64Url32
})

/** Newest first, at least one of each. */
const KeyFile = Schema.parseJson(
  Schema.Struct({
    version: Schema.Literal(1),
    sealing: Schema.NonEmptyArray(Schema.Struct({ id: KeyId, key: Base64Url32 })),
    signing: Schema.NonEmptyArray(Schema.Struct({ id: KeyId, jwk: Ed25519Jwk })),
    retired: Schema.optionalWith(Schema.Array(KeyId), { exact: true })
  })
)
type KeyFile = typeof KeyFile.Type

const decode = Schema.decodeUnknownEither(KeyFile)

const fits = (jwk: typeof Ed25519Jwk.Type): boolean => {
  try {
    const derived = createPublicKey(createPrivateKey({ key: { ...jwk }, format: "jwk" })).export({ format: "jwk" })
    return derived.x === jwk.x
  } catch {
    return false
  }
}

const toRing = (file: KeyFile): KeyRingApi => ({
  sealing: file.sealing.map(({ id, key }) => ({ id, bytes: new Uint8Array(Buffer.from(key, "base64url")) })),
  signing: file.signing.map(({ id, jwk }) => {
    const publicJwk = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, kid: id, alg: "EdDSA", use: "sig" }
    return { id, algorithm: "EdDSA" as const, privateJwk: { ...publicJwk, d: jwk.d }, publicJwk }
  }),
  ...(file.retired === undefined ? {} : { retired: file.retired })
})

/** The keys in `text`, or what is wrong with it, fit to follow the file's name. */
export const decodeKeys = (text: string): KeyRingApi | string => {
  const decoded = decode(text)
  // The schema's own message would repeat key material, so it stays here.
  if (Either.isLeft(decoded)) return "is not a key file of version 1"
  const { sealing, signing } = decoded.right
  const ids = [...sealing.map((key) => key.id), ...signing.map((key) => key.id)]
  if (new Set(ids).size !== ids.length) return "holds two keys with one id"
  const broken = signing.find((key) => !fits(key.jwk))
  if (broken !== undefined) return `holds a signing key (${broken.id}) whose halves do not belong together`
  return toRing(decoded.right)
}

/** The text of a key file. */
export const encodeKeys = (keys: KeyRingApi): string =>
  JSON.stringify(
    {
      version: 1,
      sealing: keys.sealing.map(({ id, bytes }) => ({ id, key: Buffer.from(bytes).toString("base64url") })),
      signing: keys.signing.map(({ id, privateJwk: { kty, crv, x, d } }) => ({ id, jwk: { kty, crv, x, d } })),
      retired: keys.retired
    },
    null,
    2
  ) + "\n"
