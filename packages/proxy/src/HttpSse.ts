/**
 * 2024-11-05's HTTP+SSE transport: a stream whose first event names where messages are posted. What the server names is sealed
 * into an address of the gateway's, bound to the caller (W-30…W-33, S-07); it names one and no other. Nothing else of the stream is changed.
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

const LINE_END = /\r\n|\r|\n/

/** The type a client reads: the last one named counts, and no other line ends than these. */
export const typeOf = (raw: string): string => {
  const named = raw.split(LINE_END).findLast((line) => line === "event" || line.startsWith("event:"))
  const type = named?.slice("event:".length).replace(/^ /, "") ?? ""
  return type === "" ? "message" : type
}

export const isEndpointEvent = (raw: string): boolean => typeOf(raw) === "endpoint"

export interface Opening {
  /** Path and query of the server's message endpoint. */
  readonly path: string
  /** The whole events read so far, the endpoint replaced. */
  readonly withEndpoint: (endpoint: string) => Uint8Array<ArrayBuffer>
  /** The beginning of an event, read with them. */
  readonly rest: Uint8Array<ArrayBuffer> | undefined
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
    // Without data it is no event for a client.
    const at = events.findIndex(({ raw, data }) => data !== undefined && data !== "" && isEndpointEvent(raw))
    const event = events[at]
    if (event === undefined) {
      before += raws(events)
      if (before.length > MAX_OPENING) break
      continue
    }
    const path = messagePathOf(sseEndpointOf(server.record), event.data ?? "")
    if (path === undefined) return failure("unreadable", "the message endpoint lies at another origin")
    const rest = splitter.rest()
    const head = before + raws(events.slice(0, at))
    const tail = raws(events.slice(at + 1))
    return {
      path,
      withEndpoint: (endpoint) => encoder.encode(head + replaceData(event, endpoint) + tail),
      rest: rest === undefined ? undefined : new Uint8Array(rest)
    }
  }
  return failure("unreadable", "the stream names no message endpoint")
}

/** An endpoint is named once, and that one is replaced: a client would post its messages, meant for this server, to any other (W-32). */
const raws = (events: ReadonlyArray<{ readonly raw: string }>): string =>
  events.map(({ raw }) => (isEndpointEvent(raw) ? "" : raw)).join("")

/** The rest of a stream, whole event by whole event, without what would name another endpoint. */
export const withoutEndpoints = (body: Body, maxEventBytes: number): Body => {
  const splitter = new EventSplitter(maxEventBytes)
  const read: Body["read"] = async () => {
    for (let part = await body.read(); part !== undefined; part = await body.read()) {
      const block = splitter.push(part)
      if (block === undefined) continue
      const kept = mayName(block) ? encoder.encode(raws(readEvents(utf8.decode(block)))) : new Uint8Array(block)
      if (kept.length > 0) return kept
    }
    // What was begun and not ended is nothing to a client.
    return undefined
  }
  // Every part goes through `read`.
  return { read, take: () => undefined, cancel: () => body.cancel() }
}

const mayName = (block: Uint8Array): boolean =>
  Buffer.from(block.buffer, block.byteOffset, block.byteLength).includes("endpoint")

const utf8 = new TextDecoder()
const encoder = new TextEncoder()
