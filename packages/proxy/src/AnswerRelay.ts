/**
 * Relays a server's answer by its kind: streams flow through the list filter, JSON that may hold a list is read whole and
 * filtered, an `initialize` answer is read until its version is known, everything else passes as it came.
 */
import { errorBody, Code, type JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import {
  type AnswerKind,
  awaitsStatusOnly,
  BodyTooLarge,
  discard,
  kindOf,
  mayHoldList,
  negotiatedInEvents,
  negotiatedVersion,
  opensSession,
  readBounded,
  replay
} from "./Answer.ts"
import { readerOf } from "./BodyReader.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import { failure, type ForwardFailure, type ForwardResult, type Outbound } from "./Forward.ts"
import { filterText, noteFailure, type Seen, type Viewer } from "./ListFilter.ts"
import type { OnEnd } from "./Outcome.ts"
import { responseHeaders, streamHeaders } from "./ResponseHeaders.ts"
import { relayBytes, relayEvents, type RelayOptions } from "./StreamRelay.ts"

export interface Exchange {
  readonly outbound: Outbound
  readonly response: Response
  /** Aborting it closes the exchange with the server. */
  readonly controller: AbortController
  readonly onEnd: OnEnd
}

/** Answers up to this size are read at once and passed whole, larger ones are streamed. */
const WHOLE_BYTES = 64 * 1024

const utf8 = new TextDecoder()

/** Resolves with the answer to send the client. Tells `onEnd` when a relayed answer ends, never for a failure. */
export const relayAnswer = async (dispatcher: Dispatcher, exchange: Exchange): Promise<ForwardResult> => {
  const kind = kindOf(exchange.response)
  const { body, status } = exchange.response
  if (status >= 400 && kind !== "json" && kind !== "events") return worded(dispatcher, exchange)
  if (kind === "empty" || body === null) return empty(dispatcher, exchange)
  if (kind === "other" && awaitsStatusOnly(exchange.outbound)) {
    discard(exchange.response)
    return empty(dispatcher, exchange)
  }
  const opening = opensSession(exchange)
  if (kind === "events") {
    return opening
      ? openingEvents(dispatcher, exchange, body)
      : events(dispatcher, exchange, body, dispatcher.sessionFor(exchange.outbound, exchange.response, undefined))
  }
  return json(dispatcher, exchange, body, kind, opening)
}

/** Every 4xx on an MCP route carries a JSON-RPC body (design.md §6, W-13); a server's bare one is given words. */
const worded = (dispatcher: Dispatcher, exchange: Exchange): Response => {
  const { outbound, response, controller, onEnd } = exchange
  const headers = responseHeaders(response.headers, dispatcher.sessionFor(outbound, response, undefined))
  headers["content-type"] = "application/json"
  controller.abort()
  onEnd({ kind: "finished", failure: Code.upstreamFailed })
  const words = `The server answered ${response.status}`
  return new Response(errorBody(awaited(outbound) ?? null, Code.upstreamFailed, words), {
    status: response.status,
    headers
  })
}

const empty = (dispatcher: Dispatcher, { outbound, response, onEnd }: Exchange): Response => {
  const headers = responseHeaders(response.headers, dispatcher.sessionFor(outbound, response, undefined))
  onEnd({ kind: "finished", failure: undefined })
  return new Response(null, { status: response.status, headers })
}

const json = (
  dispatcher: Dispatcher,
  exchange: Exchange,
  body: ReadableStream<Uint8Array>,
  kind: AnswerKind,
  opening: boolean
): Promise<ForwardResult> | Response => {
  const { outbound, response, onEnd } = exchange
  const list = kind === "json" && outbound.calls.some((call) => mayHoldList(call.access.method))
  if (list || opening || contentLength(response) <= WHOLE_BYTES) return whole(dispatcher, exchange, body, list, opening)
  const headers = responseHeaders(response.headers, dispatcher.sessionFor(outbound, response, undefined))
  const stream = relayBytes(body, relayOptions(dispatcher, exchange, onEnd))
  return new Response(stream, { status: response.status, headers })
}

const contentLength = (response: Response): number => {
  const text = response.headers.get("content-length")
  return text === null ? Number.NaN : Number(text)
}

/** Read whole: filtered when it may hold a list, sealed when it opens a session, otherwise as it came. */
const whole = async (
  dispatcher: Dispatcher,
  exchange: Exchange,
  body: ReadableStream<Uint8Array>,
  list: boolean,
  opening: boolean
): Promise<ForwardResult> => {
  const { outbound, response, onEnd } = exchange
  const bytes = await readWhole(dispatcher, exchange, body)
  if ("_tag" in bytes) return bytes
  const seen: Seen = { failure: undefined }
  let answer: Uint8Array<ArrayBuffer> | string = bytes
  const text = utf8.decode(bytes)
  if (list) {
    const filtered = filterText(viewerOf(dispatcher, outbound), text, seen)
    if (filtered?._tag === "Unreadable") return failure("unreadable", "the answer is not JSON")
    if (filtered !== undefined) answer = filtered.text
  } else noteFailure(text, seen)
  const session = dispatcher.sessionFor(outbound, response, opening ? negotiatedVersion(text) : undefined)
  onEnd({ kind: "finished", failure: seen.failure })
  return new Response(answer, { status: response.status, headers: responseHeaders(response.headers, session) })
}

const readWhole = async (
  dispatcher: Dispatcher,
  { outbound, response, controller }: Exchange,
  body: ReadableStream<Uint8Array>
): Promise<ForwardFailure | Uint8Array<ArrayBuffer>> => {
  const { deadlines, options } = dispatcher.parts
  let late = false
  const deadline = deadlines.start(options.idleTimeoutMs, () => {
    late = true
    controller.abort()
  })
  try {
    return contentLength(response) <= WHOLE_BYTES
      ? new Uint8Array(await response.arrayBuffer())
      : await readBounded(body, options.maxListBytes, () => deadline.extend(options.idleTimeoutMs))
  } catch (error) {
    if (late) return failure("idle_timeout", "the answer's body stood still")
    if (outbound.signal.aborted) return failure("aborted", "the caller left")
    const detail = error instanceof Error ? error.message : String(error)
    return failure(error instanceof BodyTooLarge ? "unreadable" : "broken", detail)
  } finally {
    deadline.cancel()
  }
}

const events = (
  dispatcher: Dispatcher,
  exchange: Exchange,
  body: ReadableStream<Uint8Array>,
  session: string | undefined
): Response => {
  const { outbound, response, onEnd } = exchange
  const stream = relayEvents(
    body,
    viewerOf(dispatcher, outbound),
    awaited(outbound),
    dispatcher.parts.options.maxEventBytes,
    relayOptions(dispatcher, exchange, onEnd)
  )
  return new Response(stream, {
    status: response.status,
    headers: streamHeaders(responseHeaders(response.headers, session))
  })
}

/** An `initialize` answered by a stream: held until the answer is seen, because the session's seal names its version. */
const openingEvents = async (
  dispatcher: Dispatcher,
  exchange: Exchange,
  body: ReadableStream<Uint8Array>
): Promise<ForwardResult> => {
  const { outbound, response, controller } = exchange
  const { deadlines, options } = dispatcher.parts
  const reader = readerOf(body)
  const held: Array<Uint8Array> = []
  const decoder = new TextDecoder()
  let text = ""
  let version: string | undefined
  let late = false
  const deadline = deadlines.start(options.idleTimeoutMs, () => {
    late = true
    controller.abort()
  })
  try {
    while (version === undefined) {
      const { done, value } = await reader.read()
      if (done || value === undefined) break
      held.push(value)
      text += decoder.decode(value, { stream: true })
      if (text.length > options.maxListBytes) return failure("unreadable", "the opening answer is too large")
      version = negotiatedInEvents(text)
    }
  } catch (error) {
    if (late) return failure("idle_timeout", "the opening answer stood still")
    if (outbound.signal.aborted) return failure("aborted", "the caller left")
    return failure("broken", error instanceof Error ? error.message : String(error))
  } finally {
    deadline.cancel()
  }
  return events(dispatcher, exchange, replay(held, reader), dispatcher.sessionFor(outbound, response, version))
}

/** Id of the request whose answer is awaited. */
const awaited = (outbound: Outbound): JsonRpcId | undefined =>
  outbound.envelope?.messages.find((message) => message.kind === "request")?.id

const viewerOf = ({ parts: { policy } }: Dispatcher, { principal, target }: Outbound): Viewer => ({
  policy: () => policy.current(),
  subject: principal.claims,
  server: target.server.record.path
})

const relayOptions = ({ parts }: Dispatcher, { outbound }: Exchange, onEnd: OnEnd): RelayOptions => {
  const quiet =
    outbound.method === "GET" || outbound.calls.some((call) => call.access.method === "subscriptions/listen")
  const { deadlines, streams, options } = parts
  return { deadlines, streams, onEnd, idleMs: quiet ? undefined : options.idleTimeoutMs }
}
