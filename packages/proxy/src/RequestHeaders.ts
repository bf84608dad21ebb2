/** Headers towards the server: the client's own untouched, ours set and never forgeable (contracts.md §2.2, S-01). */
import type { Claims } from "@mcpgw/domain/Principal"
import { NEVER_FORWARDED, SESSION_ID } from "@mcpgw/mcp/HeaderNames"

/** What the gateway tells the server about the call. */
export interface Identity {
  readonly claims: Claims
  /** Effective scope names, space separated. */
  readonly scopes: string
  /** Server path without outer slashes. */
  readonly serverName: string
  /** The tool called, otherwise the JSON-RPC method. */
  readonly toolName: string
  /** The URL the client used, without query. */
  readonly originalUrl: string
  readonly remote: string
  readonly proto: "http" | "https"
}

/** Header values are visible ASCII; anything else is percent-encoded so that it can neither break nor fake a header. */
export const headerSafe = (value: string): string =>
  SAFE.test(value) ? value : value.replace(UNSAFE, (char) => encodeURIComponent(char.isWellFormed() ? char : "\uFFFD"))

const SAFE = /^[\x20-\x24\x26-\x7e]*$/
const UNSAFE = /%|[^\x20-\x7e]+/gu

/** Builds the outgoing headers. `credentials` are added last, `upstreamSession` is the server's own session id. */
export const requestHeaders = (
  client: Readonly<Record<string, string>>,
  identity: Identity,
  credentials: Readonly<Record<string, string>>,
  upstreamSession: string | undefined
): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const name in client) {
    const value = client[name]
    if (value !== undefined && !NEVER_FORWARDED.has(name)) out[name] = value
  }
  const { claims } = identity
  const user = headerSafe(claims.username)
  out["x-user"] = user
  out["x-username"] = user
  out["x-client-id-auth"] = headerSafe(claims.clientId)
  out["x-scopes"] = headerSafe(identity.scopes)
  out["x-auth-method"] = claims.method
  out["x-server-name"] = identity.serverName
  out["x-tool-name"] = headerSafe(identity.toolName)
  out["x-original-url"] = headerSafe(identity.originalUrl)
  out["x-real-ip"] = identity.remote
  out["x-forwarded-for"] = identity.remote
  out["x-forwarded-proto"] = identity.proto
  // Lists inside an encoded body could not be read; everything is asked for plain.
  out["accept-encoding"] = "identity"
  for (const name in credentials) out[name] = credentials[name] ?? ""
  if (upstreamSession !== undefined) out[SESSION_ID] = upstreamSession
  return out
}
