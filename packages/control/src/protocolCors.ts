/**
 * Pages of any origin may read the official registry protocol with a token they hold. No cookie is good for that: nothing here allows
 * credentials, and nothing may be changed from elsewhere.
 */
import { isProtocol } from "./routes.ts"

const ANY = "access-control-allow-origin"

/** Before a read. */
const PREFLIGHT = {
  [ANY]: "*",
  "access-control-allow-methods": "GET",
  "access-control-allow-headers": "authorization, x-authorization, mcp-protocol-version",
  "access-control-max-age": "7200"
}

/** The answer to a preflight of the protocol; undefined for everything else. */
export const preflight = (method: string, pathname: string): Response | undefined =>
  method === "OPTIONS" && isProtocol(pathname) ? new Response(null, { status: 204, headers: PREFLIGHT }) : undefined

/** Lets any page read an answer to a read. */
export const readable = (method: string, pathname: string, { headers }: Response): void => {
  if ((method !== "GET" && method !== "HEAD") || !isProtocol(pathname)) return
  headers.set(ANY, "*")
  headers.set("access-control-expose-headers", "www-authenticate, retry-after")
}
