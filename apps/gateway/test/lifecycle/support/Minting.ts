/** Tokens good and bad, signed by hand so that each is wrong in exactly one way. For tests only. */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  type KeyObject,
  createPrivateKey
} from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"

export interface SigningKey {
  readonly kid: string
  readonly private: KeyObject
  /** The public half as a JWK. */
  readonly jwk: Readonly<Record<string, string>>
}

export type Claims = Readonly<Record<string, unknown>>

interface KeyFile {
  readonly signing: ReadonlyArray<{ readonly id: string; readonly jwk: Readonly<Record<string, string>> }>
}

/** The gateway's own signing key, out of its data folder. */
export const gatewayKey = (dataDir: string): SigningKey => {
  const file: KeyFile = JSON.parse(readFileSync(join(dataDir, "keys", "keys.json"), "utf8"))
  const key = file.signing[0]
  if (key === undefined) throw new Error("the gateway has no signing key")
  return { kid: key.id, ...halves(createPrivateKey({ key: { ...key.jwk }, format: "jwk" })) }
}

/** A key nobody trusts yet. */
export const freshKey = (kid: string): SigningKey => ({ kid, ...halves(generateKeyPairSync("ed25519").privateKey) })

const halves = (key: KeyObject): { readonly private: KeyObject; readonly jwk: Readonly<Record<string, string>> } => {
  const {
    kty = "",
    crv = "",
    x = ""
  } = createPublicKey(key.export({ format: "pem", type: "pkcs8" }) as string).export({ format: "jwk" })
  return { private: key, jwk: { kty, crv, x } }
}

const now = (): number => Math.floor(Date.now() / 1000)

/** What `/api/tokens/generate` puts into a token; overrides win, `undefined` takes a claim away. */
export const claimsFor = (url: string, scopes: ReadonlyArray<string>, more: Claims = {}): Claims => ({
  iss: url,
  aud: url,
  sub: "tester",
  preferred_username: "tester",
  client_id: "user-generated",
  token_use: "access",
  token_type: "user_generated",
  scope: scopes.join(" "),
  jti: crypto.randomUUID(),
  iat: now(),
  exp: now() + 3600,
  ...more
})

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const signingInput = (header: Claims, claims: Claims): string => `${encode(header)}.${encode(claims)}`

/** A JWT signed with Ed25519; `header` overrides. */
export const mint = (key: SigningKey, claims: Claims, header: Claims = {}): string => {
  const input = signingInput({ alg: "EdDSA", typ: "at+jwt", kid: key.kid, ...header }, claims)
  return `${input}.${signBytes(null, Buffer.from(input), key.private).toString("base64url")}`
}

/** An unsigned one. `alg` may be spelled in any case. */
export const mintUnsigned = (claims: Claims, alg = "none"): string => `${signingInput({ alg, typ: "at+jwt" }, claims)}.`

/** HMAC with a public key as the secret: the algorithm confusion of RFC 8725 §2.1. */
export const mintHmac = (key: SigningKey, claims: Claims, secret: Uint8Array): string => {
  const input = signingInput({ alg: "HS256", typ: "at+jwt", kid: key.kid }, claims)
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`
}

/** Good, but for one bit in the middle of the signature. */
export const tampered = (token: string): string => {
  const [header = "", payload = "", signature = ""] = token.split(".")
  const bytes = Buffer.from(signature, "base64url")
  bytes[10] = (bytes[10] ?? 0) ^ 1
  return `${header}.${payload}.${bytes.toString("base64url")}`
}
