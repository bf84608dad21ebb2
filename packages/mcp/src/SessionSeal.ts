/**
 * Legacy session ids towards clients: a sealed envelope instead of the server's own id, so that any replica can serve any
 * request and nobody can use another's session (design.md §6; S-07, S-08). AES-256-GCM; no store, no affinity.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"

/** Who a session is bound to. */
export interface SessionOwner {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
}

export interface BoundSession {
  readonly owner: SessionOwner
  /** Server path and registration, so that a server registered anew at the same path is another server. */
  readonly server: string
  /** Protocol version negotiated at `initialize`; empty when the server did not say. */
  readonly version: string
  /** The server's own session id. */
  readonly upstreamId: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Structural twin of the key ring's sealing key. */
export interface SealKey {
  readonly id: string
  readonly bytes: Uint8Array
}

const PREFIX = "v1"
const NONCE = 12
const TAG = 16
const MAX_LENGTH = 8192

/** Seals with `key`. The result is visible ASCII. */
export const seal = (key: SealKey, session: BoundSession): string => {
  const head = `${PREFIX}.${key.id}.`
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce)
  cipher.setAAD(Buffer.from(head))
  const { owner, server, version, upstreamId, expiresAt } = session
  const plain = JSON.stringify([owner.issuer, owner.subject, owner.clientId, server, version, upstreamId, expiresAt])
  const sealed = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()])
  return head + sealed.toString("base64url")
}

/** Opens with whichever of `keys` sealed it; undefined for anything altered, unreadable or sealed by an unknown key. */
export const open = (keys: ReadonlyArray<SealKey>, sealed: string): BoundSession | undefined => {
  if (sealed.length > MAX_LENGTH) return undefined
  const parts = sealed.split(".")
  const [prefix, id, body] = parts
  if (parts.length !== 3 || prefix !== PREFIX || body === undefined) return undefined
  const key = keys.find((candidate) => candidate.id === id)
  if (key === undefined) return undefined
  const bytes = Buffer.from(body, "base64url")
  // A lenient decoder would let several spellings name one session; there is exactly one.
  if (bytes.length < NONCE + TAG || bytes.toString("base64url") !== body) return undefined
  try {
    const decipher = createDecipheriv("aes-256-gcm", key.bytes, bytes.subarray(0, NONCE))
    decipher.setAAD(Buffer.from(`${prefix}.${id}.`))
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
    const plain = decipher.update(bytes.subarray(NONCE, bytes.length - TAG), undefined, "utf8") + decipher.final("utf8")
    return fromPlain(plain)
  } catch {
    return undefined
  }
}

const fromPlain = (plain: string): BoundSession | undefined => {
  const fields: unknown = JSON.parse(plain)
  if (!Array.isArray(fields) || fields.length !== 7) return undefined
  const [issuer, subject, clientId, server, version, upstreamId, expiresAt] = fields as ReadonlyArray<unknown>
  return typeof issuer === "string" &&
    typeof subject === "string" &&
    typeof clientId === "string" &&
    typeof server === "string" &&
    typeof version === "string" &&
    typeof upstreamId === "string" &&
    typeof expiresAt === "number"
    ? { owner: { issuer, subject, clientId }, server, version, upstreamId, expiresAt }
    : undefined
}

/** May this caller use the session at this server now? `now` in epoch seconds. */
export const belongsTo = (session: BoundSession, owner: SessionOwner, server: string, now: number): boolean =>
  session.server === server &&
  session.expiresAt > now &&
  session.owner.subject === owner.subject &&
  session.owner.issuer === owner.issuer &&
  session.owner.clientId === owner.clientId
