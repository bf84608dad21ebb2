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

/**
 * Header values are visible ASCII with spaces inside; anything else is percent-encoded, so that it can neither break nor fake a
 * header, and no two names become one.
 */
export const headerSafe = (value: string): string => (SAFE.test(value) ? value : value.replace(UNSAFE, encoded))

// Spaces at either end are trimmed on the way: " root" would arrive as somebody else.
const SAFE = /^(?! )[\x20-\x24\x26-\x7e]*(?<! )$/
const UNSAFE = /%|^ | $|[^\x20-\x7e]/gu

/** As `encodeURIComponent`; half a surrogate pair, which that refuses, by the bytes its code point would have. */
const encoded = (char: string): string => {
  if (char.isWellFormed()) return encodeURIComponent(char)
  const unit = char.charCodeAt(0)
  return [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]
    .map((byte) => `%${byte.toString(16).toUpperCase()}`)
    .join("")
}

/** May the client's header not pass? CGI and WSGI servers take `x_user` for `x-user`. */
const isDropped = (name: string): boolean => {
  const lower = name.toLowerCase()
  return NEVER_FORWARDED.has(lower) || (lower.includes("_") && NEVER_FORWARDED.has(lower.replaceAll("_", "-")))
}

/** What a caller is told about at one server does not change from call to call: built once, copied for each. */
const base = (claims: Claims, scopes: string, serverName: string, proto: Identity["proto"]): Headers => {
  const user = headerSafe(claims.username)
  return new Headers({
    "x-user": user,
    "x-username": user,
    "x-client-id-auth": headerSafe(claims.clientId),
    "x-scopes": headerSafe(scopes),
    "x-auth-method": claims.method,
    "x-server-name": serverName,
    "x-forwarded-proto": proto,
    // Lists inside an encoded body could not be read; everything is asked for plain.
    "accept-encoding": "identity"
  })
}

interface Known {
  readonly scopes: string
  readonly headers: Headers
}

/** Outgoing headers, with the part that belongs to a caller at a server kept for as long as the caller's claims live. */
export class RequestHeaders {
  private readonly known = new WeakMap<Claims, Map<string, Known>>()

  /**
   * A `Headers` object: `fetch` takes it as it is, where a plain object costs more than the policy decision. `credentials` are
   * added last, `upstreamSession` is the server's own session id.
   */
  build(
    client: Readonly<Record<string, string>>,
    identity: Identity,
    credentials: Readonly<Record<string, string>>,
    upstreamSession: string | undefined
  ): Headers {
    const out = new Headers(this.baseOf(identity))
    for (const name in client) {
      const value = client[name]
      if (value !== undefined && !isDropped(name)) out.set(name, value)
    }
    out.set("x-tool-name", headerSafe(identity.toolName))
    out.set("x-original-url", headerSafe(identity.originalUrl))
    out.set("x-real-ip", identity.remote)
    out.set("x-forwarded-for", identity.remote)
    for (const name in credentials) out.set(name, credentials[name] ?? "")
    if (upstreamSession !== undefined) out.set(SESSION_ID, upstreamSession)
    return out
  }

  private baseOf({ claims, scopes, serverName, proto }: Identity): Headers {
    let servers = this.known.get(claims)
    if (servers === undefined) {
      servers = new Map()
      this.known.set(claims, servers)
    }
    const known = servers.get(serverName)
    if (known !== undefined && known.scopes === scopes) return known.headers
    const headers = base(claims, scopes, serverName, proto)
    servers.set(serverName, { scopes, headers })
    return headers
  }
}
