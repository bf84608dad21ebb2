/** Resources a token can be for (RFC 8707): one server's route, or the gateway as a whole. */

export type Resource =
  | { readonly kind: "gateway" }
  /** `path`: the route without its last segment, such as `/current-time`. */
  | { readonly kind: "route"; readonly path: string }

const ROUTE = /^((?:\/[A-Za-z0-9._~-]+)+)\/(?:mcp|sse)$/

/** Undefined: not a resource of this gateway. Well-formed routes of servers that do not exist are: a stranger can not tell them apart. */
export const parseResource = (publicUrl: string, resource: string): Resource | undefined => {
  if (resource === publicUrl || resource === `${publicUrl}/`) return { kind: "gateway" }
  if (!resource.startsWith(`${publicUrl}/`)) return undefined
  const path = ROUTE.exec(resource.slice(publicUrl.length))?.[1]
  if (path === undefined || /\/\.{1,2}(?:\/|$)/.test(path)) return undefined
  return { kind: "route", path }
}

/** What a consent is for: a server, whichever of its transports the client speaks. */
export const consentResource = (resource: string): string => resource.replace(/\/sse$/, "/mcp")

/** The audience of tokens for it. */
export const audienceOf = (publicUrl: string, resource: string): string =>
  resource === `${publicUrl}/` ? publicUrl : resource
