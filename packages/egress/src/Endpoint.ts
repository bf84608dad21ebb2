/** Where a request for a server goes: the rest of the path replaces the prefix on the server's URL (contracts.md §2.4). */

export interface EndpointSource {
  readonly proxy_pass_url: string
  readonly mcp_endpoint?: string
  readonly sse_endpoint?: string
}

const isEndpoint = (pathname: string): boolean => /\/(?:mcp|sse)\/?$/.test(pathname)

/**
 * The upstream URL for `rest`, the request's path after the server's own (`""`, `/`, `/mcp`, `/mcp/` all mean the MCP endpoint).
 * An explicit `mcp_endpoint` is the endpoint; a URL ending in `/mcp` or `/sse` is; otherwise `{url}/mcp` is.
 * `search` is the query with its `?`, appended to the URL's own. The origin is always the server's.
 * @throws RangeError when `rest` leads outside the server's own path.
 */
export const endpointOf = (server: EndpointSource, rest: string, search = ""): string => {
  const toEndpoint = rest === "" || rest === "/" || rest === "/mcp" || rest === "/mcp/"
  return withSearch(toEndpoint ? mainEndpoint(server) : below(server, rest), search)
}

/** Where a 2024-11-05 server opens its event stream: named in the record, or the URL ending in `/sse`, or `{url}/sse`. */
export const sseEndpointOf = (server: EndpointSource): string => {
  if (server.sse_endpoint !== undefined) return new URL(server.sse_endpoint).href
  const url = new URL(server.proxy_pass_url)
  return /\/sse\/?$/.test(url.pathname) ? url.href : below(server, "/sse")
}

/**
 * What a 2024-11-05 server named as its message endpoint, as path and query; undefined when it lies at another origin (W-32).
 * `sse`: the URL the name is relative to.
 */
export const messagePathOf = (sse: string, named: string): string | undefined => {
  const url = URL.parse(named, sse)
  return url === null || url.origin !== new URL(sse).origin ? undefined : url.pathname + url.search
}

const mainEndpoint = (server: EndpointSource): string => {
  // Parsed even when it is taken as it is: what has no path yet would let a query run on into the host.
  if (server.mcp_endpoint !== undefined) return new URL(server.mcp_endpoint).href
  const url = new URL(server.proxy_pass_url)
  return isEndpoint(url.pathname) ? url.href : below(server, "/mcp")
}

const below = (server: EndpointSource, rest: string): string => {
  const url = new URL(server.proxy_pass_url)
  const base = url.pathname.replace(/\/+$/, "")
  url.pathname = base + rest
  // Dot segments, plain or encoded, are resolved by the setter: another tenant's path is not this server's (S-06).
  if (!url.pathname.startsWith(`${base}/`)) throw new RangeError("the path leads outside the server's own")
  return url.href
}

const withSearch = (href: string, search: string): string => {
  if (search === "" || search === "?") return href
  const query = search.startsWith("?") ? search.slice(1) : search
  return `${href}${href.includes("?") ? "&" : "?"}${query}`
}
