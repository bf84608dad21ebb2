/**
 * Who calls, when proxies stand between: `X-Forwarded-For`, `-Proto` and `-Host`, read from nobody but the proxies that
 * `MCPGW_TRUSTED_PROXIES` names. Anybody else can write there what they like. `Forwarded` (RFC 7239) and `X-Real-IP` are not read.
 */
import { addressOf, type AddressSet } from "./AddressSet.ts"

/** What trusted proxies say of a request. */
export interface Forwarded {
  /** The client's address, in one spelling. */
  readonly remote: string
  /** How the client came; undefined when not said, or not in words that are known. */
  readonly scheme: "http" | "https" | undefined
  /** The `host[:port]` the client asked for, in lower case; undefined when not said, or no host. */
  readonly host: string | undefined
}

/** Undefined: whoever connected is no trusted proxy, and what they say counts for nothing. */
export const forwardedBy = (trusted: AddressSet, peer: string, headers: Headers): Forwarded | undefined => {
  const address = addressOf(peer)
  if (address === undefined || !trusted.has(address)) return undefined
  return {
    remote: clientOf(trusted, address, headers.get("x-forwarded-for")),
    scheme: schemeOf(lastOf(headers.get("x-forwarded-proto"))),
    host: hostOf(lastOf(headers.get("x-forwarded-host")))
  }
}

/**
 * Every proxy adds, at the right end, whom it was called by. So from right to left each entry is true as long as who wrote it is
 * trusted, and the first that is not trusted is the client; what stands left of it the client may have made up. At an entry that is no
 * address nothing further is known: the trusted proxy that wrote it stands for whoever is behind it.
 */
const clientOf = (trusted: AddressSet, peer: string, list: string | null): string => {
  let nearest = peer
  if (list === null) return nearest
  for (let end = list.length; end >= 0;) {
    const comma = end === 0 ? -1 : list.lastIndexOf(",", end - 1)
    const address = hopOf(list.slice(comma + 1, end).trim())
    if (address === undefined) return nearest
    if (!trusted.has(address)) return address
    nearest = address
    end = comma
  }
  return nearest
}

/** `[2001:db8::1]`, `[2001:db8::1]:443` or `192.0.2.1:443`. */
const DECORATED = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/

const hopOf = (entry: string): string | undefined => {
  const bare = addressOf(entry)
  if (bare !== undefined) return bare
  const found = DECORATED.exec(entry)
  const written = found?.[1] ?? found?.[2]
  // Brackets are for IPv6 alone, and without them a port can not be told from it.
  return written === undefined || (found?.[1] !== undefined && !written.includes(":")) ? undefined : addressOf(written)
}

/** Of a list the last: the proxy that called us wrote it, the others may come from anywhere. */
const lastOf = (list: string | null): string =>
  list === null
    ? ""
    : list
        .slice(list.lastIndexOf(",") + 1)
        .trim()
        .toLowerCase()

const schemeOf = (value: string): "http" | "https" | undefined =>
  value === "http" || value === "https" ? value : undefined

const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

const hostOf = (value: string): string | undefined => (HOST.test(value) ? value : undefined)
