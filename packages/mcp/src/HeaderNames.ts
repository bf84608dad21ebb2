/** Header names of MCP's HTTP transports and of our own contract, and which of them may cross the gateway. */

export const SESSION_ID = "mcp-session-id"
export const PROTOCOL_VERSION = "mcp-protocol-version"
export const MCP_METHOD = "mcp-method"
export const MCP_NAME = "mcp-name"
export const LAST_EVENT_ID = "last-event-id"
/** The gateway's own credential in the dual-token contract, contracts.md §2.2. */
export const X_AUTHORIZATION = "x-authorization"

/** Hop-by-hop (RFC 9110 §7.6.1) and what `fetch` sets itself. */
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
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-internal-token",
  "forwarded"
])

/** Never sent on: our credentials, and what describes this hop's body. */
export const NEVER_FORWARDED: ReadonlySet<string> = new Set([
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
  SESSION_ID
])
