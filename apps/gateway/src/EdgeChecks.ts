/**
 * What is checked before anyone is asked who they are: address, host, size of the head, path, origin, query, protocol (W-10, A-05, S-11,
 * S-16). Built once from the configuration; each check is a look-up.
 */
import { type AddressSet, ITSELF } from "./AddressSet.ts"
import {
  badPath,
  foreignClient,
  foreignHost,
  foreignOrigin,
  grpcRefused,
  headTooLarge,
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
  /** Origins besides the gateway's own whose pages may call MCP routes. */
  readonly corsOrigins: ReadonlyArray<string>
  /** Who may connect at all; undefined: everybody. */
  readonly allowedClients: AddressSet | undefined
}

/** Largest path with query, header names and values, in bytes. `start.ts` has the HTTP server take more, so that the refusal has words. */
const MAX_HEAD = 16_384

export type EdgeCheck = (ctx: RequestContext) => Refusal | undefined

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"])

/** Host names served; undefined when bound beyond loopback, where names are the operator's affair. */
const hostsOf = ({ publicUrl, host, port }: EdgeOptions): ReadonlySet<string> | undefined => {
  if (!LOOPBACK.has(host)) return undefined
  const names = ["127.0.0.1", "[::1]", "localhost"].flatMap((name) => [`${name}:${port}`, name])
  return new Set([...names, new URL(publicUrl).host])
}

export interface Origins {
  /** The gateway's: public, and on loopback the local names. */
  readonly own: ReadonlySet<string>
  /** Every origin whose pages may call MCP routes. */
  readonly all: ReadonlySet<string>
}

export const originsOf = ({ publicUrl, host, port, corsOrigins }: EdgeOptions): Origins => {
  const { origin, protocol } = new URL(publicUrl)
  const local = LOOPBACK.has(host) ? ["127.0.0.1", "[::1]", "localhost"] : []
  const own = [origin, ...local.map((name) => `${protocol}//${name}:${port}`)]
  return { own: new Set(own), all: new Set([...own, ...corsOrigins]) }
}

const QUERY_TOKENS: ReadonlySet<string> = new Set([
  "access_token",
  "token",
  "api_key",
  "mcp_gateway_session",
  "__host-mcp_gateway_session"
])

/** Names are compared decoded, as a server would read them. */
const holdsToken = (search: string): boolean => {
  for (const name of new URLSearchParams(search).keys()) if (QUERY_TOKENS.has(name.toLowerCase())) return true
  return false
}

/** Address, host and size of the head: for every route. */
export const makeEntryCheck = (options: EdgeOptions): EdgeCheck => {
  const hosts = hostsOf(options)
  const { allowedClients } = options
  return (ctx) => {
    if (allowedClients !== undefined && !allowedClients.has(ctx.remote) && !isProbe(ctx)) return foreignClient()
    if (ctx.pathname === "") return foreignHost()
    if (hosts !== undefined && !hosts.has(hostOf(ctx))) return foreignHost()
    return headSize(ctx) > MAX_HEAD ? headTooLarge(MAX_HEAD) : undefined
  }
}

/** The machine's own question whether the process lives; whatever watches it there must not need a rule. */
export const isProbe = ({ pathname, remote }: RequestContext): boolean =>
  (pathname === "/health" || pathname === "/ready") && ITSELF.has(remote)

/** What the client asked for: its word to us, or to the trusted proxy that asks us by another name. */
export const hostOf = ({ forwarded, headers }: RequestContext): string =>
  forwarded?.host ?? (headers["host"] ?? "").toLowerCase()

const headSize = ({ pathname, search, headers }: RequestContext): number => {
  let size = pathname.length + search.length
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0)
  return size
}

/** For MCP routes. */
export const makeMcpCheck = (options: EdgeOptions): EdgeCheck => {
  const origins = originsOf(options).all
  return ({ method, pathname, search, headers }) => {
    const origin = headers["origin"]
    if (origin !== undefined && !origins.has(origin)) return foreignOrigin()
    if (method !== "POST" && method !== "GET" && method !== "DELETE") return methodNotAllowed()
    if (pathname.includes("%") || pathname.includes("\\") || pathname.includes("//")) return badPath()
    if (search !== "" && holdsToken(search)) return tokenInQuery()
    if (headers["upgrade"] !== undefined) return upgradeRefused()
    if (headers["content-type"]?.startsWith("application/grpc") === true) return grpcRefused()
    return undefined
  }
}
