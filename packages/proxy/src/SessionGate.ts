/** Opens the session id a client presents: it is theirs and this server's, or it does not exist (design.md §6; S-07). */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import type { Claims } from "@mcpgw/domain/Principal"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { belongsTo, type BoundSession, open } from "@mcpgw/mcp/SessionSeal"
import type { PresentedSession } from "./Forward.ts"

/** A server registered anew at the same path is another server: its sessions are not the old one's. */
export const serverBinding = (server: RegisteredServer): string =>
  `${server.record.path} ${server.record.registered_at}`

const MAX_CACHED = 10_000

/** Opened seals by their text; whose they are is checked on every request. */
export class SessionGate {
  private readonly opened = new Map<string, BoundSession>()
  private readonly keys: KeyRingApi

  constructor(keys: KeyRingApi) {
    this.keys = keys
  }

  /** `now` in epoch milliseconds. Undefined: answer 404, whatever the cause. */
  open(sealed: string, claims: Claims, server: RegisteredServer, now: number): PresentedSession | undefined {
    let bound = this.opened.get(sealed)
    if (bound === undefined) {
      bound = open(this.keys.sealing, sealed)
      if (bound === undefined) return undefined
      if (this.opened.size >= MAX_CACHED) this.opened.clear()
      this.opened.set(sealed, bound)
    }
    return belongsTo(bound, claims, serverBinding(server), Math.floor(now / 1000)) ? { sealed, bound } : undefined
  }
}
