/** Where a request for a server goes: the rest of the path replaces the prefix on the server's URL (contracts.md §2.4). */

export interface EndpointSource {
  readonly proxy_pass_url: string
  readonly mcp_endpoint?: string
}

const isEndpoint = (pathname: string): boolean => /\/(?:mcp|sse)\/?$/.test(pathname)

/**
 * The upstream URL for `rest`, the request's path after the server's own (`""`, `/`, `/mcp`, `/mcp/` all mean the MCP endpoint).
 * An explicit `mcp_endpoint` is the endpoint; a URL ending in `/mcp` or `/sse` is; otherwise `{url}/mcp` is.
 * `search` is the query with its `?`, appended to the URL's own.
 */
export const endpointOf = (server: EndpointSource, rest: string, search = ""): string => {
  const toEndpoint = rest === "" || rest === "/" || rest === "/mcp" || rest === "/mcp/"
  if (toEndpoint && server.mcp_endpoint !== undefined) return withSearch(server.mcp_endpoint, search)
  const url = new URL(server.proxy_pass_url)
  if (!(toEndpoint && isEndpoint(url.pathname))) {
    url.pathname = url.pathname.replace(/\/+$/, "") + (toEndpoint ? "/mcp" : rest)
  }
  return withSearch(url.href, search)
}

const withSearch = (href: string, search: string): string =>
  search === "" || search === "?" ? href : href.includes("?") ? `${href}&${search.slice(1)}` : href + search
