/**
 * 2024-11-05's HTTP+SSE transport: a stream whose first event names where messages are posted. What the server names is sealed
 * into an address of the gateway's, bound to the caller (W-30…W-33, S-07); nothing else of the stream is changed.
 */
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { messagePathOf, sseEndpointOf } from "@mcpgw/egress/Endpoint"
import { EventSplitter, readEvents, replaceData } from "@mcpgw/mcp/Sse"
import type { Body } from "./Answer.ts"
import { type ForwardFailure, failure } from "./Forward.ts"

export const HTTP_SSE_VERSION = "2024-11-05"

/** Query parameter that holds the seal. */
export const SESSION_PARAMETER = "sessionId"

/** Where a client posts its messages: relative to the origin, as servers name it themselves. */
export const messagesPath = ({ record }: RegisteredServer, sealed: string): string =>
  `${record.path}/messages?${SESSION_PARAMETER}=${encodeURIComponent(sealed)}`

export const isEndpointEvent = (raw: string): boolean => /^event: ?endpoint\r?$/m.test(raw)

export interface Opening {
  /** Path and query of the server's message endpoint. */
  readonly path: string
  /** Everything read so far, the endpoint replaced. */
  readonly withEndpoint: (endpoint: string) => Uint8Array<ArrayBuffer>
}

/** Bytes a server may send before it names the endpoint. */
const MAX_OPENING = 64 * 1024

/** Reads up to and including the event that names the message endpoint. */
export const readOpening = async (body: Body, server: RegisteredServer): Promise<Opening | ForwardFailure> => {
  const splitter = new EventSplitter(MAX_OPENING)
  let before = ""
  for (let part = await body.read(); part !== undefined; part = await body.read()) {
    const block = splitter.push(part)
    if (block === undefined) continue
    const events = readEvents(utf8.decode(block))
    const at = events.findIndex(({ raw }) => isEndpointEvent(raw))
    const event = events[at]
    if (event === undefined) {
      before += events.map(({ raw }) => raw).join("")
      if (before.length > MAX_OPENING) break
      continue
    }
    const path = messagePathOf(sseEndpointOf(server.record), event.data ?? "")
    if (path === undefined) return failure("unreadable", "the message endpoint lies at another origin")
    const rest = splitter.rest() ?? new Uint8Array()
    const head = before + raws(events.slice(0, at))
    const tail = raws(events.slice(at + 1))
    return {
      path,
      withEndpoint: (endpoint) => Buffer.concat([encoder.encode(head + replaceData(event, endpoint) + tail), rest])
    }
  }
  return failure("unreadable", "the stream names no message endpoint")
}

const raws = (events: ReadonlyArray<{ readonly raw: string }>): string => events.map(({ raw }) => raw).join("")

const utf8 = new TextDecoder()
const encoder = new TextEncoder()
