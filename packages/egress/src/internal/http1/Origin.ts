/** What the dialler knows of a URL: where it leads, and what it found out on the way there before. */
import type { Circuit } from "../../Breaker.ts"
import type { Pool } from "./Pool.ts"
import { requestLine } from "./RequestHead.ts"

/** A parsed URL, kept because URLs repeat. */
export interface Origin {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** By address: may it be dialled, without and with an administrator's word for it. */
  readonly judged: Map<string, boolean>
  readonly judgedTrusted: Map<string, boolean>
  /** By method: the request's first lines. */
  readonly lines: Map<string, string>
  /** By address; more than one origin may lead to a pool. */
  readonly pools: Map<string, Pool>
  /** By address; URLs of the same origin share them. */
  readonly circuits: Map<string, Circuit>
}

/** Whoever answers for a name may name ever new addresses: what is known of them is forgotten when there are so many. */
export const MAX_ADDRESSES = 100

/** Throws when `href` is no URL. */
export const parseOrigin = (href: string): Origin => {
  const url = new URL(href)
  const secure = url.protocol === "https:"
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port)
  return {
    url,
    host,
    port,
    secure,
    judged: new Map(),
    judgedTrusted: new Map(),
    lines: new Map(),
    pools: new Map(),
    circuits: new Map()
  }
}

/** The request's first lines. */
export const lineOf = ({ lines, url }: Origin, method: string): string => {
  let line = lines.get(method)
  if (line === undefined) {
    line = requestLine(method, url)
    lines.set(method, line)
  }
  return line
}
