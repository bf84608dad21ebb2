/**
 * Which requests are the control plane's, and the replaced system's spellings of them (contracts.md §2.16). Pure and light: a gateway asks it
 * without loading the control plane.
 */

const UNPREFIXED: ReadonlyArray<readonly [string, string]> = [
  ["/login", "/api/auth/login"],
  ["/logout", "/api/auth/logout"],
  ["/register", "/api/register"]
]

/** What is asked about one server stands behind its path, which may have several segments; a route's wildcard has to be last. */
const BEHIND = /^\/api\/servers\/(.+)\/connect-config\/?$/

const UNPREFIXED_SERVERS: ReadonlyArray<string> = ["/toggle/", "/edit/"]

/** What is asked of a server's collaborators is answered at a path of its own: a server's path may have any number of segments. */
const COLLABORATORS = /^\/api\/servers\/(.+)\/collaborators\/?$/

/**
 * The path under `/api` an old spelling stands for; undefined when it is none. `GET` of one that is for forms is no page here: the route says
 * so, and what it takes (405).
 */
const aliasOf = (method: string, pathname: string): string | undefined => {
  const behind = method === "GET" || method === "POST" ? BEHIND.exec(pathname)?.[1] : undefined
  if (behind !== undefined) return `/api/connect-config/${behind}`
  if (method === "GET" && pathname === "/ws/health_status") return "/api/health/ws/health_status"
  const [, server] = method === "POST" ? [] : (COLLABORATORS.exec(pathname) ?? [])
  if (server !== undefined) return `/api/collaborators/${server}`
  if (method !== "POST" && pathname === "/login") return undefined
  const fixed = UNPREFIXED.find(([alias]) => alias === pathname)
  if (fixed !== undefined) return fixed[1]
  return UNPREFIXED_SERVERS.some((prefix) => pathname.startsWith(prefix)) ? `/api${pathname}` : undefined
}

/** What a server has under its own path. The router knows no pattern for that: inside, the part stands first and the server's path last. */
const SERVER_PARTS: ReadonlySet<string> = new Set(["rate", "rating"])

const SERVERS = "/api/servers/"

/** Prefix of the contract's own spelling of `/api/servers/{path}/{part}`. */
export const PARTS = "/api/server-parts/"

/** `/api/servers/team/search/rate` as the router knows it. A server whose own path ends so is named with `%2F` before its last segment. */
const partOf = (pathname: string): string | undefined => {
  if (!pathname.startsWith(SERVERS)) return undefined
  const path = pathname.slice(SERVERS.length).replace(/^\/+|\/+$/g, "")
  const cut = path.lastIndexOf("/")
  const part = path.slice(cut + 1)
  return cut > 0 && SERVER_PARTS.has(part) ? `${PARTS}${part}/${path.slice(0, cut)}` : undefined
}

/** Pages for people; `AccountPages` answers them. */
const PAGES: ReadonlySet<string> = new Set(["/login", "/login/password", "/account"])

const PROTOCOL = /^\/v0(?:\.1)?\//

/** Is it the official registry protocol's? */
export const isProtocol = (pathname: string): boolean => PROTOCOL.test(pathname)

/**
 * The protocol under `/v0.1`, the name of a server as one segment whether its slash came encoded or not (R-11). Undefined when there is
 * nothing to change.
 */
const protocolPath = (pathname: string): string | undefined => {
  if (!isProtocol(pathname)) return undefined
  const rest = pathname.replace(PROTOCOL, "")
  const [, name, tail] = /^servers\/(.+?)\/((?:versions(?:\/[^/]+(?:\/status)?)?|status)\/?)$/.exec(rest) ?? []
  const path = `/v0.1/${name === undefined ? rest : `servers/${name.replaceAll("/", "%2F")}/${tail}`}`
  return path === pathname ? undefined : path
}

/** Is it the control plane that answers this? */
export const serves = (method: string, pathname: string): boolean =>
  pathname.startsWith("/api/") ||
  pathname.startsWith("/oauth2/") ||
  isProtocol(pathname) ||
  PAGES.has(pathname) ||
  pathname === "/internal/tokens" ||
  pathname === "/internal/reload-scopes" ||
  pathname === "/health" ||
  pathname === "/.well-known/jwks.json" ||
  pathname === "/.well-known/mcp-servers" ||
  pathname === "/openapi.json" ||
  pathname === "/docs" ||
  aliasOf(method, pathname) !== undefined

/** The same request under its first spelling, `/api` or `/v0.1`; the same object when it has that already. */
export const canonical = (request: Request): Request => {
  const url = new URL(request.url)
  const alias = protocolPath(url.pathname) ?? aliasOf(request.method, url.pathname) ?? partOf(url.pathname)
  if (alias === undefined) return request
  url.pathname = alias
  return new Request(url.href, request)
}

/** Longest body of an import, in bytes: thousands of server files. It is read from administrators only. */
export const MAX_IMPORT_BYTES = 32 * 1024 * 1024

/** Longest body, in bytes, that has a way to the control plane; `usual` where there is no reason for another. */
export const bodyLimit = (pathname: string, usual: number): number =>
  pathname === "/api/import/servers" ? Math.max(usual, MAX_IMPORT_BYTES) : usual
