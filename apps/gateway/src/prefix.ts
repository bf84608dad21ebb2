/**
 * A public URL with a path, such as `https://example.org/mcp-gw`: the one place where the path is taken off what arrives and put on what
 * leaves. Everything behind it knows the routes as they are without one. Nothing else is served but `/health` and `/ready`, for whoever
 * watches the process itself.
 *
 * Two kinds of proxies: those that keep the path, and those that take it off and say so in `X-Forwarded-Prefix`, which is read from
 * trusted ones alone.
 */
import { isControl } from "./routes.ts"
import type { RequestContext } from "./RequestContext.ts"

export interface Prefix {
  /** The request without the path; undefined: it does not belong here. */
  readonly inward: (ctx: RequestContext) => RequestContext | undefined
  /** Where a browser is sent, what its cookies are for and where pages lead, with the path. */
  readonly outward: (response: Response) => Promise<Response>
}

/** Documents whose place is made by putting the path behind the well-known one (RFC 8414 §3.1, RFC 9728 §3.1). */
const INSERTED = ["oauth-protected-resource", "oauth-authorization-server", "openid-configuration"].map(
  (name) => `/.well-known/${name}`
)

const PROBES: ReadonlySet<string> = new Set(["/health", "/ready"])

/** What is left of `pathname` after `base`; undefined: it is not below it. */
const below = (base: string, pathname: string): string | undefined => {
  if (pathname === base) return "/"
  return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : undefined
}

const withinOf = (base: string, { forwarded, headers, pathname }: RequestContext): string | undefined => {
  const rest = below(base, pathname)
  if (rest !== undefined) return rest
  for (const document of INSERTED) {
    const inserted = pathname.startsWith(document) ? below(base, pathname.slice(document.length)) : undefined
    if (inserted !== undefined) return inserted === "/" ? document : document + inserted
  }
  const isTakenOff = forwarded !== undefined && headers["x-forwarded-prefix"]?.replace(/\/+$/, "") === base
  return isTakenOff || PROBES.has(pathname) ? pathname : undefined
}

/** An own path, with `base` unless it has it. */
const outOf = (base: string, path: string): string =>
  !path.startsWith("/") || path.startsWith("//") || below(base, path) !== undefined ? path : base + path

/** `__Host-` demands `/`: that no sibling host can plant a cookie is worth more than that the origin's other pages are not sent it. */
const cookieOf = (base: string, cookie: string): string =>
  cookie.startsWith("__Host-")
    ? cookie
    : cookie.replace(/(;\s*path=)([^;]*)/i, (_, name: string, path: string) =>
        path === "/" ? `${name}${base}` : name + outOf(base, path)
      )

const LINK = /( (?:href|action)=")(\/[^"]*)/g

/** Undefined: the public URL has no path. */
export const prefixOf = (publicUrl: string): Prefix | undefined => {
  const base = new URL(publicUrl).pathname.replace(/\/+$/, "")
  if (base === "") return undefined
  return {
    inward: (ctx) => {
      const pathname = withinOf(base, ctx)
      if (pathname === undefined || pathname === ctx.pathname) return pathname === undefined ? undefined : ctx
      if (!isControl(pathname)) return { ...ctx, pathname }
      const url = new URL(ctx.request.url)
      url.pathname = pathname
      return { ...ctx, pathname, request: new Request(url.href, ctx.request) }
    },
    outward: async (response) => {
      const headers = new Headers(response.headers)
      const location = headers.get("location")
      if (location !== null) headers.set("location", outOf(base, location))
      const cookies = headers.getSetCookie()
      headers.delete("set-cookie")
      for (const cookie of cookies) headers.append("set-cookie", cookieOf(base, cookie))
      const isPage = headers.get("content-type")?.startsWith("text/html") === true
      if (!isPage || response.body === null) return new Response(response.body, { status: response.status, headers })
      const page = (await response.text()).replace(LINK, (_, name: string, path: string) => name + outOf(base, path))
      headers.delete("content-length")
      return new Response(page, { status: response.status, headers })
    }
  }
}
