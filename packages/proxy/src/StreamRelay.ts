/**
 * Relays a body as it comes: server-sent events through the list filter, other bodies untouched. What ends a relay, and when, is
 * `Relay`'s affair.
 */
import { Code, errorBody, type JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import { EventSplitter } from "@mcpgw/mcp/Sse"
import type { Body } from "./Answer.ts"
import { filterEvents, type Seen, type Viewer } from "./ListFilter.ts"
import { settles } from "./ListSigns.ts"
import { Relay, type RelayOptions } from "./Relay.ts"

const encoder = new TextEncoder()
const GREETING = encoder.encode(":\n\n")
const HEARTBEAT = encoder.encode(": keepalive\n\n")
const CLOSING = encoder.encode(": the server broke off\n\n")
const REVOKED = encoder.encode(": your access has been taken back\n\n")

/** Server-sent events through the list filter. `id` is the request whose answer is awaited on the stream. */
export const relayEvents = (
  body: Body,
  viewer: Viewer,
  id: JsonRpcId | undefined,
  maxEventBytes: number,
  options: RelayOptions
): ReadableStream<Uint8Array> => {
  const splitter = new EventSplitter(maxEventBytes)
  const seen: Seen = { failure: undefined, answered: id === undefined }
  const filter = (block: Uint8Array | undefined): Uint8Array | undefined =>
    block === undefined ? undefined : filterEvents(viewer, block, seen)
  const relay = new Relay(
    body,
    {
      take: (chunk) => filter(splitter.push(chunk)),
      rest: () => filter(splitter.rest()),
      missing: () =>
        seen.answered === false && !mayAnswer(splitter.rest(), viewer) ? "ended without an answer" : undefined,
      failure: () => seen.failure,
      greeting: GREETING,
      heartbeat: HEARTBEAT,
      farewell: (code, words) => (id === undefined ? comment(code) : farewell(id, code, words))
    },
    options
  )
  return new ReadableStream(relay, { highWaterMark: 0 })
}

/** An event that is not ended: lenient clients take it, others never see it. */
const mayAnswer = (rest: Uint8Array | undefined, { modern = false }: Viewer): boolean =>
  rest !== undefined && settles(rest, modern)

const comment = (code: number): Uint8Array => (code === Code.unauthenticated ? REVOKED : CLOSING)

const farewell = (id: JsonRpcId, code: number, words: string): Uint8Array =>
  encoder.encode(`event: message\ndata: ${errorBody(id, code, words)}\n\n`)

const same = (chunk: Uint8Array): Uint8Array => chunk
const nothing = (): undefined => undefined

/** Any other body, untouched. */
export const relayBytes = (body: Body, options: RelayOptions): ReadableStream<Uint8Array> => {
  const tap = {
    take: same,
    rest: nothing,
    missing: nothing,
    failure: nothing,
    greeting: undefined,
    heartbeat: undefined,
    farewell: nothing
  }
  return new ReadableStream(new Relay(body, tap, options), { highWaterMark: 0 })
}
