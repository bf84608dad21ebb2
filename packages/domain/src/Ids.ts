/** Brands for the identifiers every package passes around. Holds no logic beyond their syntax. */
import * as Schema from "effect/Schema"

/**
 * A server's place on the gateway: `/` followed by one or more plain segments, never a trailing slash.
 * `/currenttime`, `/team/search`. Contract: contracts.md §1.1, §2.4.
 */
export const ServerPath = Schema.String.pipe(
  Schema.pattern(/^(?:\/[A-Za-z0-9](?:[A-Za-z0-9._~-]*[A-Za-z0-9_~-])?){1,8}$/, {
    message: () =>
      "must be 1 to 8 segments of letters, digits, '.', '_', '~' or '-', such as /currenttime or /team/search"
  }),
  Schema.maxLength(200),
  Schema.brand("ServerPath")
)
export type ServerPath = typeof ServerPath.Type

/** First path segments the gateway serves itself; a server can not be registered there (design.md §7). */
export const RESERVED_SEGMENTS: ReadonlySet<string> = new Set([
  "api",
  "v0",
  "v0.1",
  "oauth",
  "oauth2",
  "health",
  "ready",
  "metrics",
  "mcpgw",
  "virtual",
  "ws",
  "console",
  "assets",
  "login",
  "logout",
  "register",
  "toggle",
  "edit",
  "openapi.json",
  "docs"
])

/** Adds the leading slash and drops trailing ones, so `currenttime/` and `/currenttime` name the same server. */
export const normalizePath = (path: string): string => {
  let end = path.length
  while (end > 0 && path.charCodeAt(end - 1) === 47) end--
  let start = 0
  while (start < end && path.charCodeAt(start) === 47) start++
  return "/" + path.slice(start, end)
}

/** Endings the gateway appends to a server's path, so a nested path ending in one would hide its parent's endpoint. */
const ENDPOINT_SEGMENTS: ReadonlySet<string> = new Set(["mcp", "sse", "messages"])

/** Endings of what the API serves below a server's path: a server called so would be taken for its parent's. */
const API_SEGMENTS: ReadonlySet<string> = new Set(["collaborators", "connect-config", "rate", "rating"])

/** Why no server can be registered at this path (normalised) although its syntax is right; undefined when one can. */
export const placeProblem = (path: string): string | undefined => {
  const segments = path.slice(1).toLowerCase().split("/")
  const first = segments[0] ?? ""
  const last = segments.at(-1) ?? ""
  if (RESERVED_SEGMENTS.has(first)) return `the gateway serves /${first} itself; choose another first segment`
  return segments.length > 1 && (ENDPOINT_SEGMENTS.has(last) || API_SEGMENTS.has(last))
    ? `the gateway appends /${last} to server paths itself; choose another last segment`
    : undefined
}
