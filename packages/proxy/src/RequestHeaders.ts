/** Headers towards the server: the client's own untouched, ours set and never forgeable (contracts.md §2.2, S-01). */
import type { Claims } from "@mcpgw/domain/Principal"
import { isNeverForwarded, SESSION_ID } from "@mcpgw/mcp/HeaderNames"

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

/** Characters of a tool's name that fit a header everywhere; names have 128 at most (W-54). */
const MAX_TOOL_NAME = 256

/** Finished headers kept per caller. Clients send the same few sets over and over. */
const MAX_KEPT = 32

/** Outgoing headers; finished ones are kept, as what is sent of an object known to the connection costs next to nothing. */
export class RequestHeaders {
  private readonly kept = new WeakMap<Claims, Map<string, Readonly<Record<string, string>>>>()

  /**
   * The headers to send; not to be changed, as the next call may get the same object. `credentials` are added last,
   * `upstreamSession` is the server's own session id.
   */
  build(
    client: Readonly<Record<string, string>>,
    identity: Identity,
    credentials: Readonly<Record<string, string>>,
    upstreamSession: string | undefined
  ): Readonly<Record<string, string>> {
    const { serverName, originalUrl, remote, proto } = identity
    const scopes = headerSafe(identity.scopes)
    const toolName = headerSafe(identity.toolName.slice(0, MAX_TOOL_NAME))
    // No part holds a line end: names were made safe, and the rest can not have one.
    let key = `${serverName}\n${toolName}\n${originalUrl}\n${remote}\n${proto}\n${scopes}\n${upstreamSession ?? ""}`
    for (const name in client) if (!isNeverForwarded(name.toLowerCase())) key += `\n${name}:${client[name]}`
    for (const name in credentials) key += `\n\n${name}:${credentials[name]}`
    let kept = this.kept.get(identity.claims)
    if (kept === undefined) {
      kept = new Map()
      this.kept.set(identity.claims, kept)
    }
    let headers = kept.get(key)
    if (headers === undefined) {
      headers = make(client, identity, credentials, upstreamSession)
      if (kept.size >= MAX_KEPT) kept.clear()
      kept.set(key, headers)
    }
    return headers
  }
}

const make = (
  client: Readonly<Record<string, string>>,
  identity: Identity,
  credentials: Readonly<Record<string, string>>,
  upstreamSession: string | undefined
): Readonly<Record<string, string>> => {
  const out: Record<string, string> = {}
  for (const name in client) {
    const value = client[name]
    const lower = name.toLowerCase()
    if (value !== undefined && lower !== "__proto__" && !isNeverForwarded(lower)) out[lower] = value
  }
  const { claims } = identity
  const user = headerSafe(claims.username)
  out["x-user"] = user
  out["x-username"] = user
  out["x-client-id-auth"] = headerSafe(claims.clientId)
  out["x-scopes"] = headerSafe(identity.scopes)
  out["x-auth-method"] = claims.method
  out["x-server-name"] = identity.serverName
  out["x-tool-name"] = headerSafe(identity.toolName.slice(0, MAX_TOOL_NAME))
  out["x-original-url"] = headerSafe(identity.originalUrl)
  out["x-real-ip"] = identity.remote
  out["x-forwarded-for"] = identity.remote
  out["x-forwarded-proto"] = identity.proto
  // Lists inside an encoded body could not be read; everything is asked for plain.
  out["accept-encoding"] = "identity"
  for (const name in credentials) out[name.toLowerCase()] = credentials[name] ?? ""
  if (upstreamSession !== undefined) out[SESSION_ID] = upstreamSession
  return out
}
