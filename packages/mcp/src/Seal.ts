/**
 * The one way in which something is sealed before a client keeps it: AES-256-GCM under a key of the ring, `{prefix}.{key id}.{sealed}`,
 * visible ASCII. The prefix says what for, so that nothing sealed for one purpose opens for another. Knows nothing of what it seals.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"

/** Structural twin of the key ring's sealing key. */
export interface SealKey {
  readonly id: string
  readonly bytes: Uint8Array
}

const NONCE = 12
const TAG = 16

/** What it is bound to: a seal opens only under the very same words. Empty: to the key alone. */
export type SealContext = string

/** Seals `plain`, which must be well-formed. */
export const sealText = (key: SealKey, prefix: string, plain: string, context: SealContext = ""): string => {
  const head = `${prefix}.${key.id}.`
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce)
  cipher.setAAD(Buffer.from(head + context))
  const sealed = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()])
  return head + sealed.toString("base64url")
}

/**
 * Opens with whichever of `keys` sealed it; undefined for anything altered, unreadable, sealed by an unknown key, for another
 * purpose or under another context.
 */
export const openText = (
  keys: ReadonlyArray<SealKey>,
  prefix: string,
  sealed: string,
  context: SealContext = ""
): string | undefined => {
  const parts = sealed.split(".", 4)
  const [named, id, body] = parts
  if (parts.length !== 3 || named !== prefix || body === undefined) return undefined
  const key = keys.find((candidate) => candidate.id === id)
  if (key === undefined) return undefined
  const bytes = Buffer.from(body, "base64url")
  // A lenient decoder would let several spellings name one thing; there is exactly one.
  if (bytes.length < NONCE + TAG || bytes.toString("base64url") !== body) return undefined
  try {
    const decipher = createDecipheriv("aes-256-gcm", key.bytes, bytes.subarray(0, NONCE))
    decipher.setAAD(Buffer.from(`${prefix}.${id}.${context}`))
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
    return decipher.update(bytes.subarray(NONCE, bytes.length - TAG), undefined, "utf8") + decipher.final("utf8")
  } catch {
    return undefined
  }
}
