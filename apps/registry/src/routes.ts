/**
 * Which requests are the control plane's, and the replaced system's spellings of them (contracts.md §2.16). Pure and light: a gateway asks it
 * without loading the control plane.
 */

const UNPREFIXED: ReadonlyArray<readonly [string, string]> = [
  ["/login", "/api/auth/login"],
  ["/logout", "/api/auth/logout"],
  ["/register", "/api/register"]
]

const UNPREFIXED_SERVERS: ReadonlyArray<string> = ["/toggle/", "/edit/"]

/** What is asked of a server's collaborators is answered at a path of its own: a server's path may have any number of segments. */
const COLLABORATORS = /^\/api\/servers\/(.+)\/collaborators\/?$/

/** The path under `/api` an old spelling stands for; undefined when it is none. GET of a form's page is the console's. */
const aliasOf = (method: string, pathname: string): string | undefined => {
  const [, server] = method === "POST" ? [] : (COLLABORATORS.exec(pathname) ?? [])
  if (server !== undefined) return `/api/collaborators/${server}`
  if (method !== "POST" && !(method === "GET" && pathname === "/logout")) return undefined
  const fixed = UNPREFIXED.find(([alias]) => alias === pathname)
  if (fixed !== undefined) return fixed[1]
  return UNPREFIXED_SERVERS.some((prefix) => pathname.startsWith(prefix)) ? `/api${pathname}` : undefined
}

/** Pages for people; `AccountPages` answers them. */
const PAGES: ReadonlySet<string> = new Set(["/login", "/login/password", "/account"])

/** Is it the control plane that answers this? */
export const serves = (method: string, pathname: string): boolean =>
  pathname.startsWith("/api/") ||
  pathname.startsWith("/oauth2/") ||
  PAGES.has(pathname) ||
  pathname === "/internal/tokens" ||
  pathname === "/internal/reload-scopes" ||
  pathname === "/health" ||
  pathname === "/.well-known/jwks.json" ||
  pathname === "/openapi.json" ||
  aliasOf(method, pathname) !== undefined

/** The same request under its `/api` spelling; the same object when it has that already. */
export const canonical = (request: Request): Request => {
  const url = new URL(request.url)
  const alias = aliasOf(request.method, url.pathname)
  if (alias === undefined) return request
  url.pathname = alias
  return new Request(url.href, request)
}
