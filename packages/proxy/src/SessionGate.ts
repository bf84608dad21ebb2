/** Opens the session id a client presents: it is theirs and this server's, or it does not exist (design.md §6; S-07). */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import type { Claims } from "@mcpgw/domain/Principal"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { belongsTo, type BoundSession, open, seal } from "@mcpgw/mcp/SessionSeal"
import type { PresentedSession } from "./Forward.ts"

/** A server registered anew at the same path is another server: its sessions are not the old one's. */
export const serverBinding = (server: RegisteredServer): string =>
  `${server.record.path} ${server.record.registered_at}`

/**
 * What a sealed id stands for; none is good for another use. `session`: a session of Streamable HTTP. `messages`: the message
 * endpoint of a 2024-11-05 server. `bridge`: a 2024-11-05 stream the gateway itself keeps.
 */
export type SealUse = "session" | "messages" | "bridge"

const bindingOf = (server: RegisteredServer, use: SealUse): string =>
  use === "session" ? serverBinding(server) : `${serverBinding(server)} ${use}`

export interface Sealing {
  readonly use: SealUse
  readonly claims: Claims
  readonly server: RegisteredServer
  readonly version: string
  readonly upstreamId: string
  readonly lifeSeconds: number
}

/** The id to show the client; undefined when there is no key to seal with. */
export const sealFor = (keys: KeyRingApi, { use, claims, server, version, upstreamId, lifeSeconds }: Sealing) => {
  const key = keys.sealing[0]
  if (key === undefined) return undefined
  const { issuer, subject, clientId } = claims
  return seal(key, {
    owner: { issuer, subject, clientId },
    server: bindingOf(server, use),
    version,
    upstreamId,
    expiresAt: Math.floor(Date.now() / 1000) + lifeSeconds
  })
}

const MAX_CACHED = 10_000

/** Opened seals by their text; whose they are is checked on every request. */
export class SessionGate {
  private readonly opened = new Map<string, BoundSession>()
  private readonly keys: KeyRingApi

  constructor(keys: KeyRingApi) {
    this.keys = keys
  }

  /** `now` in epoch milliseconds. Undefined: answer 404, whatever the cause. */
  open(
    sealed: string,
    claims: Claims,
    server: RegisteredServer,
    now: number,
    use: SealUse = "session"
  ): PresentedSession | undefined {
    let bound = this.opened.get(sealed)
    if (bound === undefined) {
      bound = open(this.keys.sealing, sealed)
      if (bound === undefined) return undefined
      if (this.opened.size >= MAX_CACHED) this.opened.clear()
      this.opened.set(sealed, bound)
    }
    return belongsTo(bound, claims, bindingOf(server, use), Math.floor(now / 1000)) ? { sealed, bound } : undefined
  }
}
