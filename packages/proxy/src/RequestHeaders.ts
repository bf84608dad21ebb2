/** Headers towards the server: the client's own untouched, ours set and never forgeable (contracts.md §2.2, S-01). */
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims } from "@mcpgw/domain/Principal"
import { type HeaderFields, isNeverForwarded, SESSION_ID } from "@mcpgw/mcp/HeaderNames"

/** What the gateway tells the server about the call. */
export interface Identity {
  readonly claims: Claims
  /** Effective scope names, space separated. */
  readonly scopes: string
  /** Server path without outer slashes. */
  readonly serverName: string
  /** The tool called, otherwise the JSON-RPC method. */
  readonly toolName: string
  /** The URL the client used, without query. */
  readonly originalUrl: string
  readonly remote: string
  readonly proto: "http" | "https"
}

/**
 * Header values are visible ASCII with spaces inside; anything else is percent-encoded, so that it can neither break nor fake a
 * header, and no two names become one.
 */
export const headerSafe = (value: string): string => (SAFE.test(value) ? value : value.replace(UNSAFE, encoded))

// Spaces at either end are trimmed on the way: " root" would arrive as somebody else.
const SAFE = /^(?! )[\x20-\x24\x26-\x7e]*(?<! )$/
const UNSAFE = /%|^ | $|[^\x20-\x7e]/gu

/** As `encodeURIComponent`; half a surrogate pair, which that refuses, by the bytes its code point would have. */
const encoded = (char: string): string => {
  if (char.isWellFormed()) return encodeURIComponent(char)
  const unit = char.charCodeAt(0)
  return [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]
    .map((byte) => `%${byte.toString(16).toUpperCase()}`)
    .join("")
}

/** Characters of a tool's name that fit a header everywhere; names have 128 at most (W-54). */
const MAX_TOOL_NAME = 256

/** Finished headers kept per caller, one set for each tool or method, and in all. Clients send the same few over and over. */
const MAX_KEPT = 32
const MAX_KEPT_IN_ALL = 4_096
/** Characters of names and values in a set worth keeping; callers choose what they send. */
const MAX_KEPT_SIZE = 4_096

interface Inputs {
  readonly client: HeaderFields
  readonly identity: Identity
  readonly credentials: HeaderFields
  readonly upstreamSession: string | undefined
}

interface Kept {
  readonly inputs: Inputs
  readonly headers: HeaderFields
}

interface Caller {
  /** Of what is kept in all; what was kept in an earlier one counts no more. */
  readonly generation: number
  readonly kept: Map<string, Kept>
}

/**
 * Outgoing headers; finished ones are kept, as what is sent of an object known to the connection costs next to nothing. Of a caller's first
 * call nothing is kept: many never come again.
 */
export class RequestHeaders {
  private readonly callers = new Memo<Claims, Caller>()
  private generation = 0
  private inAll = 0

  /**
   * The headers to send; not to be changed, as the next call may get the same object. `credentials` are added last,
   * `upstreamSession` is the server's own session id.
   */
  build(
    client: HeaderFields,
    identity: Identity,
    credentials: HeaderFields,
    upstreamSession: string | undefined
  ): HeaderFields {
    const inputs = { client, identity, credentials, upstreamSession }
    const caller = this.callers.get(identity.claims)
    if (caller?.generation !== this.generation) {
      this.callers.set(identity.claims, { generation: this.generation, kept: new Map() })
      return make(inputs)
    }
    const { kept } = caller
    const before = kept.get(identity.toolName)
    if (before !== undefined && same(before.inputs, inputs)) return before.headers
    const headers = make(inputs)
    this.keep(kept, { inputs: { ...inputs, client: sentOn(client) }, headers })
    return headers
  }

  private keep(kept: Map<string, Kept>, entry: Kept): void {
    const { toolName } = entry.inputs.identity
    if (toolName.length > MAX_TOOL_NAME || sizeOf(entry.headers) > MAX_KEPT_SIZE) return
    if (kept.size >= MAX_KEPT) kept.clear()
    if (!kept.has(toolName) && ++this.inAll > MAX_KEPT_IN_ALL) {
      this.generation++
      this.inAll = 0
    }
    kept.set(toolName, entry)
  }
}

/** What of a client's headers is sent on; of the others, credentials among them, nothing is kept. */
const sentOn = (client: HeaderFields): HeaderFields =>
  Object.fromEntries(Object.entries(client).filter(([name]) => !isNeverForwarded(name)))

const sizeOf = (headers: HeaderFields): number => {
  let size = 0
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0)
  return size
}

/** Would the same headers be made of both? Comparing costs less than making a key of them. */
const same = (one: Inputs, other: Inputs): boolean => {
  const [a, b] = [one.identity, other.identity]
  return (
    a.serverName === b.serverName &&
    a.scopes === b.scopes &&
    a.originalUrl === b.originalUrl &&
    a.remote === b.remote &&
    a.proto === b.proto &&
    one.upstreamSession === other.upstreamSession &&
    within(one.client, other.client, isNeverForwarded) &&
    within(other.client, one.client, isNeverForwarded) &&
    within(one.credentials, other.credentials, nothing) &&
    within(other.credentials, one.credentials, nothing)
  )
}

/** Is all of `some` in `all` too, with the same value? `exempt`: names that do not matter. */
const within = (some: HeaderFields, all: HeaderFields, exempt: (name: string) => boolean): boolean => {
  for (const name in some) if (some[name] !== all[name] && !exempt(name)) return false
  return true
}

const nothing = (): boolean => false

/** Is it one of these in another spelling? CGI and WSGI servers take `x_api_key` for `x-api-key` (S-01). */
const isSpelling = (name: string, credentials: HeaderFields): boolean => {
  if (!name.includes("_") && !name.includes(".")) return false
  const dashed = name.replaceAll(/[_.]/g, "-")
  for (const credential in credentials) if (credential.toLowerCase().replaceAll(/[_.]/g, "-") === dashed) return true
  return false
}

const make = ({ client, identity, credentials, upstreamSession }: Inputs): HeaderFields => {
  const out: Record<string, string> = {}
  for (const name in client) {
    const value = client[name]
    const lower = name.toLowerCase()
    if (value === undefined || lower === "__proto__" || isNeverForwarded(lower)) continue
    if (!isSpelling(lower, credentials)) out[lower] = value
  }
  const { claims } = identity
  const user = headerSafe(claims.username)
  out["x-user"] = user
  out["x-username"] = user
  out["x-client-id-auth"] = headerSafe(claims.clientId)
  out["x-scopes"] = headerSafe(identity.scopes)
  out["x-auth-method"] = claims.method
  out["x-server-name"] = identity.serverName
  out["x-tool-name"] = headerSafe(identity.toolName.slice(0, MAX_TOOL_NAME))
  out["x-original-url"] = headerSafe(identity.originalUrl)
  out["x-real-ip"] = identity.remote
  out["x-forwarded-for"] = identity.remote
  out["x-forwarded-proto"] = identity.proto
  // Lists inside an encoded body could not be read; everything is asked for plain.
  out["accept-encoding"] = "identity"
  for (const name in credentials) out[name.toLowerCase()] = credentials[name] ?? ""
  if (upstreamSession !== undefined) out[SESSION_ID] = upstreamSession
  return out
}
