/**
 * What is checked before anyone is asked who they are: path, host, origin, query, upgrade (W-10, A-05, S-11). Built once from the
 * configuration; each check is a look-up.
 */
import {
  badPath,
  foreignHost,
  foreignOrigin,
  methodNotAllowed,
  type Refusal,
  tokenInQuery,
  upgradeRefused
} from "./refusals.ts"
import type { RequestContext } from "./RequestContext.ts"

export interface EdgeOptions {
  readonly publicUrl: string
  readonly host: string
  readonly port: number
}

export type EdgeCheck = (ctx: RequestContext) => Refusal | undefined

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"])

/** Host names served; undefined when bound beyond loopback, where names are the operator's affair. */
const hostsOf = ({ publicUrl, host, port }: EdgeOptions): ReadonlySet<string> | undefined => {
  if (!LOOPBACK.has(host)) return undefined
  const names = ["127.0.0.1", "[::1]", "localhost"].flatMap((name) => [`${name}:${port}`, name])
  return new Set([...names, new URL(publicUrl).host])
}

const originsOf = ({ publicUrl, host, port }: EdgeOptions): ReadonlySet<string> => {
  const own = new URL(publicUrl)
  const local = LOOPBACK.has(host)
    ? ["127.0.0.1", "[::1]", "localhost"].map((name) => `${own.protocol}//${name}:${port}`)
    : []
  return new Set([own.origin, ...local])
}

const QUERY_TOKENS: ReadonlySet<string> = new Set(["access_token", "token", "api_key", "mcp_gateway_session"])

/** Names are compared decoded, as a server would read them. */
const holdsToken = (search: string): boolean => {
  for (const name of new URLSearchParams(search).keys()) if (QUERY_TOKENS.has(name.toLowerCase())) return true
  return false
}

/** Host and upgrade: for every route. */
export const makeHostCheck = (options: EdgeOptions): EdgeCheck => {
  const hosts = hostsOf(options)
  return (ctx) => {
    if (ctx.pathname === "") return foreignHost()
    if (hosts !== undefined && !hosts.has((ctx.headers.get("host") ?? "").toLowerCase())) return foreignHost()
    return undefined
  }
}

/** For MCP routes. */
export const makeMcpCheck = (options: EdgeOptions): EdgeCheck => {
  const origins = originsOf(options)
  return ({ method, pathname, search, headers }) => {
    if (method !== "POST" && method !== "GET" && method !== "DELETE") return methodNotAllowed()
    if (pathname.includes("%") || pathname.includes("\\") || pathname.includes("//")) return badPath()
    const origin = headers.get("origin")
    if (origin !== null && !origins.has(origin)) return foreignOrigin()
    if (search !== "" && holdsToken(search)) return tokenInQuery()
    if (headers.get("upgrade") !== null) return upgradeRefused()
    return undefined
  }
}
