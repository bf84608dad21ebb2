/**
 * Calls from web pages (W-17): answers the browser's preflight and says, on every answer to an origin that is served, that its page may
 * read it. Names the exact origin, never `*`, and never allows credentials: the session cookie counts for the gateway's own pages
 * alone (design.md §6). Asked only about requests that carry an `Origin`.
 */
import { type EdgeOptions, hostOf, originsOf } from "./EdgeChecks.ts"
import type { RequestContext } from "./RequestContext.ts"

export interface Cors {
  /** Answers a request on an MCP route: the preflight here, all else by `next`. */
  readonly serve: (
    ctx: RequestContext,
    origin: string,
    next: (ctx: RequestContext) => Promise<Response>
  ) => Promise<Response> | Response
  /** The same response, readable for the page when its origin is served. */
  readonly mark: (origin: string | undefined, response: Response) => Response
}

/** What pages may read besides the body. */
const EXPOSED = "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate"

const METHODS = "POST, GET, DELETE"

const HEADERS = [
  "Authorization",
  "X-Authorization",
  "Accept",
  "Content-Type",
  "Mcp-Session-Id",
  "Last-Event-ID",
  "MCP-Protocol-Version",
  "Mcp-Method",
  "Mcp-Name"
]

/** Which there are depends on the tool (W-40): so those that are asked for. */
const PARAMETER = /^mcp-param-[a-z0-9-]+$/i

/** Seconds a browser may remember a preflight's answer; calls themselves are judged each time. */
const MAX_AGE = "7200"

export const makeCors = (options: EdgeOptions): Cors => {
  const { own, all } = originsOf(options)
  const publicOrigin = new URL(options.publicUrl).origin

  const mark: Cors["mark"] = (origin, response) => {
    if (origin === undefined || !all.has(origin)) return response
    response.headers.set("access-control-allow-origin", origin)
    response.headers.set("access-control-expose-headers", EXPOSED)
    response.headers.append("vary", "Origin")
    return response
  }

  /** A page of the gateway's: at its public origin, or at the local name that this very request asks for. */
  const isOwn = (ctx: RequestContext, origin: string): boolean =>
    own.has(origin) && (origin === publicOrigin || origin.endsWith(`//${hostOf(ctx)}`))

  return {
    mark,
    serve: (ctx, origin, next) => {
      const asked = ctx.headers["access-control-request-method"]
      if (ctx.method === "OPTIONS" && asked !== undefined && all.has(origin)) {
        return mark(origin, preflight(ctx.headers["access-control-request-headers"] ?? ""))
      }
      const seen = ctx.headers["cookie"] === undefined || isOwn(ctx, origin) ? ctx : withoutCookie(ctx)
      return next(seen).then((response) => mark(origin, response))
    }
  }
}

const preflight = (requested: string): Response => {
  const parameters = requested
    .split(",")
    .map((name) => name.trim())
    .filter((name) => PARAMETER.test(name))
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": [...HEADERS, ...parameters].join(", "),
      "access-control-max-age": MAX_AGE,
      vary: "Access-Control-Request-Headers"
    }
  })
}

/** Another origin's page speaks with tokens or not at all: what the browser adds on its own proves nothing (CSRF). */
const withoutCookie = (ctx: RequestContext): RequestContext => ({
  ...ctx,
  headers: Object.fromEntries(Object.entries(ctx.headers).filter(([name]) => name !== "cookie"))
})
