/** Headers towards the client: the server's own, less what belongs to its hop or would speak for the gateway's origin. */
import { canonicalType } from "./Answer.ts"
import { type HeaderFields, HOP_BY_HOP, SESSION_ID } from "@mcpgw/mcp/HeaderNames"

const DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  SESSION_ID,
  // Cookies, challenges and browser policy of the server must not be taken for the gateway's.
  "set-cookie",
  "set-cookie2",
  "www-authenticate",
  "authentication-info",
  "strict-transport-security",
  "public-key-pins",
  "alt-svc",
  "clear-site-data",
  "service-worker-allowed",
  "refresh",
  "nel",
  "report-to",
  "reporting-endpoints",
  "content-length",
  // What follows is spoken to proxies and caches on the way: they obey whoever is behind them, and that is the gateway.
  "location",
  "content-location",
  "link",
  "expires",
  "pragma",
  "cdn-cache-control",
  "surrogate-control",
  "surrogate-key",
  "cache-tag",
  "x-sendfile",
  "x-sendfile-type",
  "x-lighttpd-send-file",
  "x-lighttpd-send-tempfile",
  "x-litespeed-location",
  "x-reproxy-url",
  "x-content-type-options",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-expose-headers",
  "access-control-max-age",
  "access-control-allow-private-network"
])

const mayPass = (name: string, nominated: string): boolean =>
  !DROPPED.has(name) && !name.startsWith("x-accel-") && !nominated.includes(`,${name},`)

/**
 * Copies what may pass. `session` is the id to show the client. Answers are one caller's: nobody on the way may keep them, or take
 * them for anything but the type they have.
 */
export const responseHeaders = (upstream: HeaderFields, session: string | undefined): Record<string, string> => {
  const out: Record<string, string> = {}
  const connection = upstream["connection"]
  const nominated = connection === undefined ? "" : `,${connection.toLowerCase().replaceAll(/\s/g, "")},`
  for (const name in upstream) {
    const value = upstream[name]
    if (value !== undefined && mayPass(name, nominated)) out[name] = value
  }
  const type = out["content-type"]
  if (type !== undefined) out["content-type"] = canonicalType(type)
  out["cache-control"] = "no-store"
  out["x-content-type-options"] = "nosniff"
  if (session !== undefined) out[SESSION_ID] = session
  return out
}

interface Kept {
  readonly session: string | undefined
  readonly headers: Headers
}

const kept = new WeakMap<HeaderFields, Kept>()

/** The same, finished, and kept while the server sends the same head; not to be changed. */
export const finishedHeaders = (upstream: HeaderFields, session: string | undefined): Headers => {
  let known = kept.get(upstream)
  if (known === undefined || known.session !== session) {
    known = { session, headers: new Headers(responseHeaders(upstream, session)) }
    kept.set(upstream, known)
  }
  return known.headers
}

/** For streams: nobody on the way may buffer, transform or cache them (W-20). */
export const streamHeaders = (headers: Record<string, string>): Record<string, string> => {
  headers["cache-control"] = "no-cache, no-transform"
  headers["x-accel-buffering"] = "no"
  return headers
}
