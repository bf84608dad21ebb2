/** Reads a server's answer: which kind it is decides whether it is streamed, filtered, sealed or passed as it came. */
import { SESSION_ID } from "@mcpgw/mcp/HeaderNames"
import { isObject } from "@mcpgw/mcp/JsonRpc"
import { readEvents } from "@mcpgw/mcp/Sse"
import type { UpstreamAnswer } from "@mcpgw/egress/Upstream"
import { BodyTooLarge } from "./GuardedRead.ts"
import { failure, type ForwardFailure, type Outbound } from "./Forward.ts"

export type AnswerKind = "events" | "json" | "empty" | "other"

/** A server's answer and what its head says of the body. */
export interface Answer {
  readonly upstream: UpstreamAnswer
  readonly kind: AnswerKind
  /** Bytes of the body; NaN when nobody said. */
  readonly length: number
}

/** The part of an answer that is read: `UpstreamAnswer`, or something put before it. */
export type Body = Pick<UpstreamAnswer, "read" | "take" | "cancel">

export const readHead = (upstream: UpstreamAnswer): Answer => {
  const { status, headers, whole } = upstream
  const announced = headers["content-length"]
  const length = whole !== undefined ? whole.length : announced === undefined ? Number.NaN : Number(announced)
  return { upstream, length, kind: kindOf(status, headers["content-type"] ?? "", length) }
}

const kindOf = (status: number, type: string, length: number): AnswerKind => {
  if (status === 202 || status === 204 || length === 0) return "empty"
  if (type === "application/json") return "json"
  // Exactly these, in any case: a browser may make a page of what only begins like one of them.
  if (EVENT_STREAM.test(type)) return "events"
  return JSON_TYPE.test(type) ? "json" : "other"
}

/** The one spelling of a type that may be relayed: what a server adds to it is of no use, and could mean something to a browser. */
export const canonicalType = (type: string): string =>
  EVENT_STREAM.test(type) ? "text/event-stream" : JSON_TYPE.test(type) ? "application/json" : type

const EVENT_STREAM = /^text\/event-stream\s*(?:;[^,]*)?$/i
const JSON_TYPE = /^application\/json\s*(?:;[^,]*)?$/i

/** Methods whose result is known to be no list; every other JSON answer is looked through. */
const NO_LIST: ReadonlySet<string> = new Set([
  "tools/call",
  "initialize",
  "ping",
  "prompts/get",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "completion/complete",
  "logging/setLevel",
  "server/discover"
])

export const mayHoldList = (method: string): boolean => !NO_LIST.has(method)

/** Does this answer open a session? */
export const opensSession = (outbound: Outbound, { upstream }: Answer): boolean =>
  outbound.envelope?.messages[0].method === "initialize" && upstream.headers[SESSION_ID] !== undefined

/** DELETE, notifications and responses: nothing but the status is awaited (W-03). */
export const awaitsStatusOnly = ({ method, envelope }: Outbound): boolean =>
  method === "DELETE" || envelope?.messages.every((message) => message.kind !== "request") === true

/** Answers that are never relayed, and why. */
export const unusable = (outbound: Outbound, { upstream, kind }: Answer): ForwardFailure | undefined => {
  const { status, headers } = upstream
  // No answer of the protocol, and none that could be passed on.
  if (status < 200 || status > 599) return failure("unreadable", `the server answered ${status}`)
  if (status === 401) return failure("credential_refused", "the server answered 401")
  if (status >= 300 && status < 400) return failure("redirected", `the server answered ${status}`)
  const encoding = headers["content-encoding"]
  if (encoding !== undefined && encoding !== "identity") {
    return failure("unreadable", `the answer is encoded: ${encoding}`)
  }
  if (status === 404 && kind !== "json" && outbound.session === undefined) {
    return failure("no_endpoint", "the server answered 404 without a JSON-RPC body")
  }
  if (status < 300 && kind === "other" && !awaitsStatusOnly(outbound)) {
    return failure("unreadable", `the answer's type is ${headers["content-type"] ?? "not given"}`)
  }
  return undefined
}

/** Is this text a JSON-RPC message, or a batch of them? Other JSON is a framework's, or a proxy's on the way. */
export const speaksJsonRpc = (text: string): boolean => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  const speaks = (one: unknown): boolean => isObject(one) && one["jsonrpc"] === "2.0"
  return Array.isArray(value) ? value.length > 0 && value.every(speaks) : speaks(value)
}

/** `result.protocolVersion` of an `initialize` answer; undefined when the text is none. */
export const negotiatedVersion = (text: string): string | undefined => {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return undefined
  }
  const result = isObject(message) ? message["result"] : undefined
  const version = isObject(result) ? result["protocolVersion"] : undefined
  return typeof version === "string" ? version : undefined
}

/** The same, out of a block of server-sent events. */
export const negotiatedInEvents = (block: string): string | undefined => {
  for (const { data } of readEvents(block)) {
    const version = data === undefined ? undefined : negotiatedVersion(data)
    if (version !== undefined) return version
  }
  return undefined
}

/** Reads a whole body of at most `limit` bytes; calls `progress` with every part. */
export const readBounded = async (
  body: Body,
  limit: number,
  progress: () => void
): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Array<Uint8Array<ArrayBuffer>> = []
  let size = 0
  for (let part = await body.read(); part !== undefined; part = await body.read()) {
    size += part.length
    if (size > limit) throw new BodyTooLarge(`larger than ${limit} bytes`)
    parts.push(part)
    progress()
  }
  return Buffer.concat(parts)
}

/** Bytes that are all here, as a body of parts of at most `size`. */
export const inParts = (bytes: Uint8Array<ArrayBuffer>, size: number): Body => {
  let at = 0
  const take = (): Uint8Array<ArrayBuffer> | undefined => {
    const part = bytes.subarray(at, at + size)
    at += part.length
    return part.length === 0 ? undefined : part
  }
  return {
    take,
    read: () => Promise.resolve(take()),
    cancel: () => void (at = bytes.length)
  }
}

/** The parts already read, then the rest. */
export const replay = (held: ReadonlyArray<Uint8Array<ArrayBuffer>>, rest: Body): Body => {
  let next = 0
  const take = (): Uint8Array<ArrayBuffer> | undefined => {
    const part = held[next]
    if (part === undefined) return rest.take()
    next++
    return part
  }
  return {
    take,
    read: () => (next < held.length ? Promise.resolve(take()) : rest.read()),
    cancel: () => rest.cancel()
  }
}
