/**
 * Seals rows of the vault: AES-256-GCM under a key made of one of the ring's for this purpose alone (HKDF, RFC 5869), bound to the row's
 * name and its server. `{version}.{key id}.{sealed}`. Never hands out a key.
 */
import type { SealingKey } from "@mcpgw/domain/KeyRing"
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto"

const VERSION = "v1"
const PURPOSE = "mcpgw/vault/server-credential/1"
const NONCE = 12
const TAG = 16

/** What a seal is bound to; it opens under the very same alone. */
export interface Binding {
  readonly id: string
  readonly path: string
}

const derived = new WeakMap<SealingKey, Uint8Array>()

const keyOf = (key: SealingKey): Uint8Array => {
  const known = derived.get(key)
  if (known !== undefined) return known
  const made = new Uint8Array(hkdfSync("sha256", key.bytes, new Uint8Array(0), PURPOSE, 32))
  derived.set(key, made)
  return made
}

const context = (keyId: string, { id, path }: Binding): Buffer =>
  Buffer.from(JSON.stringify([VERSION, keyId, id, path]), "utf8")

export const seal = (key: SealingKey, binding: Binding, plain: string): string => {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv("aes-256-gcm", keyOf(key), nonce)
  cipher.setAAD(context(key.id, binding))
  const sealed = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()])
  return `${VERSION}.${key.id}.${sealed.toString("base64url")}`
}

/** Undefined: altered, of another row or server, or sealed with a key that is none of these. */
export const open = (keys: ReadonlyArray<SealingKey>, binding: Binding, sealed: string): string | undefined => {
  const [version, id, body, ...more] = sealed.split(".")
  const key = keys.find((candidate) => candidate.id === id)
  if (version !== VERSION || body === undefined || more.length > 0 || key === undefined) return undefined
  const bytes = Buffer.from(body, "base64url")
  if (bytes.length < NONCE + TAG) return undefined
  try {
    const decipher = createDecipheriv("aes-256-gcm", keyOf(key), bytes.subarray(0, NONCE))
    decipher.setAAD(context(key.id, binding))
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
    return decipher.update(bytes.subarray(NONCE, bytes.length - TAG), undefined, "utf8") + decipher.final("utf8")
  } catch {
    return undefined
  }
}

/** Was it sealed with this key? */
export const isSealedWith = (key: SealingKey, sealed: string): boolean => sealed.startsWith(`${VERSION}.${key.id}.`)
