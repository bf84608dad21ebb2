/**
 * Relays a server's answer by its kind: streams flow through the list filter, JSON that may hold a list is read whole and
 * filtered, an `initialize` answer is read until its version is known, everything else passes as it came.
 */
import { eraOf } from "@mcpgw/mcp/HeaderClaims"
import { errorBody, Code, type JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import {
  type Answer,
  awaitsStatusOnly,
  type Body,
  inParts,
  mayHoldList,
  negotiatedInEvents,
  negotiatedVersion,
  opensSession,
  readBounded,
  replay,
  speaksJsonRpc
} from "./Answer.ts"
import { EventSplitter } from "@mcpgw/mcp/Sse"
import type { Dispatcher } from "./Dispatcher.ts"
import { failure, type ForwardFailure, type ForwardResult, type Outbound } from "./Forward.ts"
import { BodyTooLarge, guardedRead } from "./GuardedRead.ts"
import { filterText, looksWhole, noteFailure, type Seen, type Viewer } from "./ListFilter.ts"
import type { OnEnd } from "./Outcome.ts"
import { HTTP_SSE_VERSION, messagesPath, readOpening, withoutEndpoints } from "./HttpSse.ts"
import { finishedHeaders, responseHeaders, streamHeaders } from "./ResponseHeaders.ts"
import { sealFor } from "./SessionGate.ts"
import type { RelayOptions } from "./Relay.ts"
import type { StateSealer } from "./StateSealer.ts"
import { relayBytes, relayEvents } from "./StreamRelay.ts"

export interface Exchange {
  readonly outbound: Outbound
  readonly answer: Answer
  readonly onEnd: OnEnd
  /** Seals what the answer hands to the caller and wants back; undefined: it can hold nothing of the kind. */
  readonly sealer: StateSealer | undefined
}

/** Answers up to this size are read at once and passed whole, larger ones are streamed. */
const WHOLE_BYTES = 64 * 1024
/** The same for those that may hold something to seal: what comes back unsealed is refused. */
const SEALED_BYTES = 1024 * 1024

const wholeBytes = ({ sealer }: Exchange): number => (sealer === undefined ? WHOLE_BYTES : SEALED_BYTES)

const utf8 = new TextDecoder()

/** The answer to send the client. Tells `onEnd` when a relayed answer ends, never for a failure. */
export const relayAnswer = (dispatcher: Dispatcher, exchange: Exchange): Promise<ForwardResult> | ForwardResult => {
  const { outbound, answer } = exchange
  const { kind, length } = answer
  const { status } = answer.upstream
  if (status >= 400 && kind !== "json" && kind !== "events") return worded(dispatcher, exchange)
  if (kind === "empty" || (kind === "other" && awaitsStatusOnly(outbound))) return empty(dispatcher, exchange)
  if (outbound.target.leg === "sse") return openStream(dispatcher, exchange)
  const opening = opensSession(outbound, answer)
  if (kind === "events") {
    return opening
      ? openingEvents(dispatcher, exchange)
      : events(dispatcher, exchange, answer.upstream, dispatcher.sessionFor(outbound, answer, undefined))
  }
  const list = kind === "json" && outbound.calls.some((call) => mayHoldList(call.access.method))
  if (list || opening || length <= wholeBytes(exchange) || status >= 400)
    return whole(dispatcher, exchange, list, opening)
  return kind === "json" && Number.isNaN(length)
    ? unmeasured(dispatcher, exchange)
    : streamed(dispatcher, exchange, answer.upstream)
}

/** Every 4xx on an MCP route carries a JSON-RPC body (design.md §6, W-13); a server's bare one is given words. */
const worded = (dispatcher: Dispatcher, { outbound, answer, onEnd }: Exchange): Response => {
  const { upstream } = answer
  const session = dispatcher.sessionFor(outbound, answer, undefined)
  const headers = responseHeaders(upstream.headers, session)
  headers["content-type"] = "application/json"
  upstream.cancel()
  onEnd({ kind: "finished", failure: Code.upstreamFailed }, { status: upstream.status, session })
  const words = `The server answered ${upstream.status}`
  return new Response(errorBody(awaited(outbound) ?? null, Code.upstreamFailed, words), {
    status: upstream.status,
    headers
  })
}

const empty = (dispatcher: Dispatcher, { outbound, answer, onEnd }: Exchange): Response => {
  const session = dispatcher.sessionFor(outbound, answer, undefined)
  answer.upstream.cancel()
  onEnd({ kind: "finished", failure: undefined }, { status: answer.upstream.status, session })
  return new Response(null, {
    status: answer.upstream.status,
    headers: responseHeaders(answer.upstream.headers, session)
  })
}

/** Large and known to hold no list: as it comes. */
const streamed = (dispatcher: Dispatcher, exchange: Exchange, body: Body): Response => {
  const { outbound, answer } = exchange
  const session = dispatcher.sessionFor(outbound, answer, undefined)
  const stream = relayBytes(body, relayOptions(dispatcher, exchange, session))
  return new Response(stream, {
    status: answer.upstream.status,
    headers: responseHeaders(answer.upstream.headers, session)
  })
}

/** Read whole: filtered when it may hold a list, sealed when it opens a session, otherwise as it came. */
const whole = (
  dispatcher: Dispatcher,
  exchange: Exchange,
  list: boolean,
  opening: boolean
): Promise<ForwardResult> | ForwardResult => {
  const { whole } = exchange.answer.upstream
  // The usual case: it came with its head.
  if (whole !== undefined) return judged(dispatcher, exchange, whole, list, opening)
  return readWhole(dispatcher, exchange).then((bytes) =>
    "_tag" in bytes ? bytes : judged(dispatcher, exchange, bytes, list, opening)
  )
}

const judged = (
  dispatcher: Dispatcher,
  exchange: Exchange,
  bytes: Uint8Array<ArrayBuffer>,
  list: boolean,
  opening: boolean
): ForwardResult => {
  const { outbound, answer, onEnd, sealer } = exchange
  if (answer.upstream.status >= 400 && !speaksJsonRpc(utf8.decode(bytes))) {
    const missing = answer.upstream.status === 404 && outbound.session === undefined
    return missing ? failure("no_endpoint", "the server answered 404 without JSON-RPC") : worded(dispatcher, exchange)
  }
  const seen: Seen = { failure: undefined }
  let body: Uint8Array<ArrayBuffer> | string = bytes
  let version: string | undefined
  if (list) {
    const filtered = filterText(viewerOf(dispatcher, outbound), utf8.decode(bytes), seen)
    if (filtered?._tag === "Unreadable") return failure("unreadable", "the answer is not JSON")
    if (filtered !== undefined) body = filtered.text
  } else if (answer.upstream.status < 300 && !awaitsStatusOnly(outbound) && !looksWhole(bytes)) {
    return failure("unreadable", "the answer is not JSON, or not all of it")
  } else noteFailure(bytes, seen)
  body = sealer?.seal(body) ?? body
  if (opening) version = negotiatedVersion(utf8.decode(bytes))
  const session = dispatcher.sessionFor(outbound, answer, version)
  const headers = finishedHeaders(answer.upstream.headers, session)
  const { status } = answer.upstream
  if (body.length > WHOLE_BYTES)
    return new Response(taken(dispatcher, exchange, body, seen, session), { status, headers })
  onEnd({ kind: "finished", failure: seen.failure }, { status, session })
  return new Response(body, { status, headers })
}

/** A large body that is all here: sent as the client takes it, and the call goes on until it has (S-16). */
const taken = (
  dispatcher: Dispatcher,
  exchange: Exchange,
  body: Uint8Array<ArrayBuffer> | string,
  { failure }: Seen,
  session: string | undefined
): ReadableStream<Uint8Array> => {
  const options = relayOptions(dispatcher, exchange, session)
  const { status } = exchange.answer.upstream
  const onEnd: RelayOptions["onEnd"] = (ending) =>
    exchange.onEnd(ending.kind === "finished" ? { kind: "finished", failure } : ending, { status, session })
  return relayBytes(inParts(typeof body === "string" ? Buffer.from(body) : body, WHOLE_BYTES), { ...options, onEnd })
}

const readWhole = (dispatcher: Dispatcher, exchange: Exchange): Promise<ForwardFailure | Uint8Array<ArrayBuffer>> => {
  const { answer } = exchange
  return guardedRead(dispatcher, exchange, (progress) =>
    readBounded(answer.upstream, dispatcher.parts.options.maxListBytes, progress)
  )
}

/** No length was given: read on until it has ended, and is looked through like any small one, or is known to be large. */
const unmeasured = async (dispatcher: Dispatcher, exchange: Exchange): Promise<ForwardResult> => {
  const { upstream } = exchange.answer
  const held: Array<Uint8Array<ArrayBuffer>> = []
  const bytes = await guardedRead(dispatcher, exchange, async (progress) => {
    let size = 0
    while (size <= wholeBytes(exchange)) {
      const part = await upstream.read()
      if (part === undefined) return Buffer.concat(held)
      held.push(part)
      size += part.length
      progress()
    }
    return undefined
  })
  if (bytes === undefined) return streamed(dispatcher, exchange, replay(held, upstream))
  return "_tag" in bytes ? bytes : judged(dispatcher, exchange, bytes, false, false)
}

const events = (dispatcher: Dispatcher, exchange: Exchange, body: Body, session: string | undefined): Response => {
  const { outbound, answer } = exchange
  const stream = relayEvents(
    body,
    { ...viewerOf(dispatcher, outbound), sealer: exchange.sealer },
    awaited(outbound),
    dispatcher.parts.options.maxEventBytes,
    relayOptions(dispatcher, exchange, session)
  )
  return new Response(stream, {
    status: answer.upstream.status,
    headers: streamHeaders(responseHeaders(answer.upstream.headers, session))
  })
}

/** An `initialize` answered by a stream: held until the answer is seen, because the session's seal names its version. */
const openingEvents = async (dispatcher: Dispatcher, exchange: Exchange): Promise<ForwardResult> => {
  const { outbound, answer } = exchange
  const { maxEventBytes, maxListBytes } = dispatcher.parts.options
  const { upstream } = answer
  const splitter = new EventSplitter(maxEventBytes)
  const held: Array<Uint8Array<ArrayBuffer>> = []
  const read = await guardedRead(dispatcher, exchange, async () => {
    let size = 0
    let version: string | undefined
    while (version === undefined) {
      const part = await upstream.read()
      if (part === undefined) break
      held.push(part)
      size += part.length
      if (size > maxListBytes) throw new BodyTooLarge(`larger than ${maxListBytes} bytes`)
      // Each event is looked at once, when it is whole.
      const block = splitter.push(part)
      if (block !== undefined) version = negotiatedInEvents(utf8.decode(block))
    }
    return { version }
  })
  if ("_tag" in read) return read
  return events(dispatcher, exchange, replay(held, upstream), dispatcher.sessionFor(outbound, answer, read.version))
}

/** A 2024-11-05 stream: held until the server has named its message endpoint, which the client gets as one of ours (W-30). */
const openStream = async (dispatcher: Dispatcher, exchange: Exchange): Promise<ForwardResult> => {
  const { outbound, answer } = exchange
  if (answer.kind !== "events") return failure("unreadable", "the answer is no event stream")
  const opened = await guardedRead(dispatcher, exchange, () => readOpening(answer.upstream, outbound.target.server))
  if ("_tag" in opened) return opened
  const { principal, target } = outbound
  const sealed = sealFor(dispatcher.parts.keys, {
    use: "messages",
    claims: principal.claims,
    server: target.server,
    version: HTTP_SSE_VERSION,
    upstreamId: opened.path,
    lifeSeconds: dispatcher.parts.options.sessionSeconds
  })
  if (sealed === undefined) return failure("broken", "there is no key to seal with")
  const first = opened.withEndpoint(messagesPath(target.server, sealed))
  const unread = opened.rest === undefined ? answer.upstream : replay([opened.rest], answer.upstream)
  const rest = withoutEndpoints(unread, dispatcher.parts.options.maxEventBytes)
  return events(dispatcher, exchange, replay([first], rest), undefined)
}

/** Id of the request whose answer is awaited. */
const awaited = (outbound: Outbound): JsonRpcId | undefined =>
  outbound.envelope?.messages.find((message) => message.kind === "request")?.id

const viewerOf = ({ parts: { policy } }: Dispatcher, { envelope, principal, target }: Outbound): Viewer => ({
  policy: () => policy.current(),
  subject: principal.claims,
  server: target.server.record.path,
  modern: eraOf(envelope?.messages[0].version) === "modern"
})

const relayOptions = (
  { parts }: Dispatcher,
  { outbound, answer, onEnd }: Exchange,
  session: string | undefined
): RelayOptions => {
  const quiet =
    outbound.method === "GET" || outbound.calls.some((call) => call.access.method === "subscriptions/listen")
  const { deadlines, streams, options } = parts
  return {
    deadlines,
    streams,
    claims: outbound.principal.claims,
    signal: outbound.signal,
    onEnd: (ending) => onEnd(ending, { status: answer.upstream.status, session }),
    idleMs: quiet ? undefined : options.idleTimeoutMs,
    until: quiet ? undefined : outbound.started + options.totalTimeoutMs,
    stallMs: options.idleTimeoutMs,
    heartbeatMs: options.heartbeatMs
  }
}
