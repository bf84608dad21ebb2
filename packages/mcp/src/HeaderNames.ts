/** Header names of MCP's HTTP transports and of our own contract, and which of them may cross the gateway. */

/** A message's headers by their names in lower case; repeated ones joined by `, `. */
export type HeaderFields = Readonly<Record<string, string>>

export const SESSION_ID = "mcp-session-id"
export const PROTOCOL_VERSION = "mcp-protocol-version"
export const MCP_METHOD = "mcp-method"
export const MCP_NAME = "mcp-name"
export const LAST_EVENT_ID = "last-event-id"
/** The gateway's own credential in the dual-token contract, contracts.md §2.2. */
export const X_AUTHORIZATION = "x-authorization"

/** Hop-by-hop (RFC 9110 §7.6.1) and what a connection says of itself. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect"
])

/** Identity headers the gateway sets for the server (contracts.md §2.2); a client's own are dropped. */
export const IDENTITY: ReadonlySet<string> = new Set([
  "x-user",
  "x-username",
  "x-client-id-auth",
  "x-scopes",
  "x-groups",
  "x-auth-method",
  "x-server-name",
  "x-tool-name",
  "x-original-url",
  "x-original-uri",
  "x-original-method",
  "x-body",
  "x-real-ip",
  "x-internal-token",
  // What other proxies tell servers about who calls, and from where: nobody but the gateway may say it here.
  "x-remote-user",
  "remote-user",
  "x-authenticated-user",
  "true-client-ip",
  "cf-connecting-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  // They would have the server take the request for another than was judged.
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-rewrite-url",
  "forwarded"
])

/** The same, by how their names begin. */
const IDENTITY_PREFIXES = ["x-forwarded-", "x-auth-request-"] as const

/** Never sent on: our credentials, and what describes this hop's body. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...IDENTITY,
  X_AUTHORIZATION,
  "authorization",
  "cookie",
  "cookie2",
  "dpop",
  // They speak of the browser and this origin; servers check them against their own (W-10).
  "origin",
  "referer",
  "host",
  "content-length",
  "accept-encoding",
  // Of answers; in a request it means nothing.
  "set-cookie",
  SESSION_ID
])

/** May a client's header of this name, in lower case, not be sent on? CGI and WSGI servers take `x_user` for `x-user`. */
export const isNeverForwarded = (name: string): boolean => {
  let never = judged.get(name)
  if (never === undefined) {
    never = judge(name)
    if (judged.size >= MAX_JUDGED) judged.clear()
    judged.set(name, never)
  }
  return never
}

/** Clients send the same few names over and over. */
const judged = new Map<string, boolean>()
const MAX_JUDGED = 1_000

const judge = (name: string): boolean => {
  if (NEVER_FORWARDED.has(name)) return true
  const dashed = name.includes("_") ? name.replaceAll("_", "-") : name
  return NEVER_FORWARDED.has(dashed) || IDENTITY_PREFIXES.some((prefix) => dashed.startsWith(prefix))
}
