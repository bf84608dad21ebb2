/** From a request path to a server: longest prefix by whole segments, health included. Knows nothing of callers. */
import { isRoutable, type RegisteredServer } from "@mcpgw/domain/Server"
import type { Snapshot } from "@mcpgw/registry/Registry"

export interface Target {
  readonly _tag: "Target"
  readonly server: RegisteredServer
  /** The path after the server's own: `""`, `/mcp`, … */
  readonly rest: string
}

export interface Unavailable {
  readonly _tag: "Unavailable"
  readonly server: RegisteredServer
  /** Why, in words a caller may read. */
  readonly reason: string
}

export interface NotFound {
  readonly _tag: "NotFound"
}

export type Resolution = Target | Unavailable | NotFound

const NOT_FOUND: NotFound = { _tag: "NotFound" }
const MAX_SEGMENTS = 16

/** Resolves `pathname`, as the HTTP server normalised it. Exact and case-sensitive; `%` never matches. */
export const resolve = (snapshot: Snapshot, pathname: string): Resolution => {
  let end = pathname.length
  for (let i = 0; i < MAX_SEGMENTS && end > 0; i++) {
    const server = snapshot.servers.get(end === pathname.length ? pathname : pathname.slice(0, end))
    if (server !== undefined) return available(server, pathname.slice(end))
    end = pathname.lastIndexOf("/", end - 1)
  }
  return NOT_FOUND
}

const available = (server: RegisteredServer, rest: string): Target | Unavailable => {
  if (!server.record.is_enabled) return { _tag: "Unavailable", server, reason: "disabled" }
  return isRoutable(server.health)
    ? { _tag: "Target", server, rest }
    : { _tag: "Unavailable", server, reason: server.health.status }
}
