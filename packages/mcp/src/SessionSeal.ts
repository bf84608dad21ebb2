/**
 * Legacy session ids towards clients: a sealed envelope instead of the server's own id, so that any replica can serve any
 * request and nobody can use another's session (design.md §6; S-07, S-08). AES-256-GCM; no store, no affinity.
 */
import { openText, type SealKey, sealText } from "./Seal.ts"

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

const PREFIX = "v1"
const MAX_LENGTH = 8192

/** Seals with `key`. The result is visible ASCII. */
export const seal = (key: SealKey, session: BoundSession): string => {
  const { owner, server, version, upstreamId, expiresAt } = session
  const fields = [owner.issuer, owner.subject, owner.clientId, server, version, upstreamId, expiresAt]
  return sealText(key, PREFIX, JSON.stringify(fields))
}

/** Opens with whichever of `keys` sealed it; undefined for anything altered, unreadable or sealed by an unknown key. */
export const open = (keys: ReadonlyArray<SealKey>, sealed: string): BoundSession | undefined => {
  if (sealed.length > MAX_LENGTH) return undefined
  const plain = openText(keys, PREFIX, sealed)
  return plain === undefined ? undefined : fromPlain(plain)
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
