/** From a request path to a server: longest prefix by whole segments, health included. Knows nothing of callers. */
import { isRoutable, type RegisteredServer } from "@mcpgw/domain/Server"
import type { Snapshot } from "@mcpgw/registry/Registry"

/**
 * Which endpoint of the server is meant: the one of Streamable HTTP, or one of the two of 2024-11-05's HTTP+SSE, the event stream
 * and where messages are posted.
 */
export type Leg = "mcp" | "sse" | "messages"

export interface Target {
  readonly _tag: "Target"
  readonly server: RegisteredServer
  readonly leg: Leg
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

const ENDPOINT: ReadonlySet<string> = new Set(["", "/", "/mcp", "/mcp/"])

/** Undefined: nothing is there. */
const legOf = (server: RegisteredServer, rest: string): Leg | undefined => {
  if (rest === "/sse" || rest === "/sse/") return "sse"
  if (rest === "/messages" || rest === "/messages/") return "messages"
  if (!speaksSse(server)) return "mcp"
  // Anywhere below such a server may be where it takes messages, for whatever stream the query names: that is asked for by our seal
  // alone (S-07). One that speaks nothing else has its stream where clients look for a server first.
  if (!ENDPOINT.has(rest)) return undefined
  return server.record.supported_transports.includes("streamable-http") ? "mcp" : "sse"
}

/** Does the server itself speak HTTP+SSE? Otherwise the gateway speaks it in its place. */
export const speaksSse = ({ record }: RegisteredServer): boolean => record.supported_transports.includes("sse")

const available = (server: RegisteredServer, rest: string): Resolution => {
  if (!server.record.is_enabled) return { _tag: "Unavailable", server, reason: "disabled" }
  if (!isRoutable(server.health)) return { _tag: "Unavailable", server, reason: server.health.status }
  const leg = legOf(server, rest)
  return leg === undefined ? NOT_FOUND : { _tag: "Target", server, leg, rest }
}
