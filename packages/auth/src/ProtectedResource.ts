/**
 * RFC 9728 documents: which authorization server a route's tokens come from (protocol.md ). Made of the path alone, so that a
 * server that does not exist answers as one that does: nobody learns by it what there is.
 */
import { MCP_SCOPE } from "./ClaimsMapping.ts"

export const WELL_KNOWN = "/.well-known/oauth-protected-resource"

/** The scope a client is told to ask for. */
export const ADVERTISED: ReadonlyArray<string> = [MCP_SCOPE]

const SEGMENT = /^[A-Za-z0-9._~-]+$/

/** A route as clients name it: without a trailing slash; what is posted to an event stream of HTTP+SSE belongs to that stream. */
export const routeOf = (pathname: string): string => {
  const plain = pathname.endsWith("/") ? pathname.slice(0, -1) : pathname
  return plain.endsWith("/messages") ? `${plain.slice(0, -"messages".length)}sse` : plain
}

/** Where the document of the route at `pathname` is. `publicUrl`: as the client calls it, without a trailing slash. */
export const metadataUrl = (publicUrl: string, pathname: string): string => publicUrl + WELL_KNOWN + routeOf(pathname)

export interface ProtectedResource {
  readonly resource: string
  readonly authorization_servers: ReadonlyArray<string>
  readonly scopes_supported: ReadonlyArray<string>
  readonly bearer_methods_supported: ReadonlyArray<string>
}

/**
 * The document at `pathname`; undefined: that is none of these paths, or names no well-formed route. `seen`: the public URL as the client
 * calls it (`seenAs`).
 */
export const documentAt = (publicUrl: string, pathname: string, seen = publicUrl): ProtectedResource | undefined => {
  if (pathname !== WELL_KNOWN && !pathname.startsWith(`${WELL_KNOWN}/`)) return undefined
  const route = routeOf(pathname.slice(WELL_KNOWN.length))
  const segments = route.split("/").slice(1)
  if (segments.some((segment) => !SEGMENT.test(segment) || segment === "." || segment === "..")) return undefined
  return {
    resource: seen + route,
    authorization_servers: [publicUrl],
    scopes_supported: ADVERTISED,
    bearer_methods_supported: ["header"]
  }
}
