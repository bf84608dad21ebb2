/**
 * What relaying a chunk of an event stream costs: pulled through a bare stream, and through the relay as shipped with deadlines, event
 * splitter and list filter. Both read the same chunks out of the same kind of body, in this process: no socket is measured.
 */
import { Deadlines } from "@mcpgw/egress/Deadlines"
import type { Body } from "@mcpgw/proxy/Answer"
import { OpenStreams } from "@mcpgw/proxy/OpenStreams"
import { relayEvents } from "@mcpgw/proxy/StreamRelay"
import { half, viewerOf } from "./cases.ts"
import type { StreamGroup } from "./measure.ts"
import { ANSWER_EVENT, EVENT } from "./messages.ts"

/** Nanoseconds a chunk may cost above the bare stream. */
const RELAY_BAR = 250

/** Chunks of one stream before its answer. */
const CHUNKS = 2_000
const TOTAL_MS = 600_000
const IDLE_MS = 300_000
const STALL_MS = 300_000
const HEARTBEAT_MS = 15_000

type Part = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()
const ANSWER = encoder.encode(ANSWER_EVENT)

/** A body whose parts wait to be read, as they do behind a fast server. */
class Waiting implements Body {
  private next = 0
  private readonly parts: ReadonlyArray<Part>
  constructor(parts: ReadonlyArray<Part>) {
    this.parts = parts
  }
  take(): Part | undefined {
    return this.parts[this.next++]
  }
  read(): Promise<Part | undefined> {
    return Promise.resolve(this.take())
  }
  cancel(): void {
    this.next = this.parts.length
  }
}

/** A body whose parts come only after they are asked for, as they do from a slow server. */
class Coming implements Body {
  private next = 0
  private readonly parts: ReadonlyArray<Part>
  constructor(parts: ReadonlyArray<Part>) {
    this.parts = parts
  }
  take(): undefined {
    return undefined
  }
  read(): Promise<Part | undefined> {
    const { promise, resolve } = Promise.withResolvers<Part | undefined>()
    queueMicrotask(() => resolve(this.parts[this.next++]))
    return promise
  }
  cancel(): void {
    this.next = this.parts.length
  }
}

const bare = (body: Body): ReadableStream<Uint8Array> =>
  new ReadableStream(
    {
      async pull(controller) {
        const part = await body.read()
        if (part === undefined) controller.close()
        else controller.enqueue(part)
      },
      cancel: () => body.cancel()
    },
    { highWaterMark: 0 }
  )

const deadlines = new Deadlines()
const streams = new OpenStreams()
const { signal } = new AbortController()
const claims = {
  issuer: "bench",
  subject: "bench",
  username: "bench",
  clientId: "bench",
  groups: [],
  scopes: [],
  audience: [],
  expiresAt: 0,
  tokenId: undefined,
  method: "gateway_token"
} as const

/** With every limit a call has. */
const shipped = (body: Body, modern: boolean): ReadableStream<Uint8Array> =>
  relayEvents(body, { ...viewerOf(half), modern }, 1, 1 << 24, {
    deadlines,
    streams,
    claims,
    signal,
    idleMs: IDLE_MS,
    until: performance.now() + TOTAL_MS,
    stallMs: STALL_MS,
    heartbeatMs: HEARTBEAT_MS,
    onEnd: () => undefined
  })

const group = (name: string, parts: ReadonlyArray<Part>, bodyOf: (parts: ReadonlyArray<Part>) => Body): StreamGroup => {
  const stream = [...parts, ANSWER]
  return {
    name: `relayed, per chunk: ${name}`,
    chunks: stream.length,
    cases: [
      { name: "a bare pull-through stream", open: () => bare(bodyOf(stream)) },
      { name: "the relay, a call before 2026-07-28", over: RELAY_BAR, open: () => shipped(bodyOf(stream), false) },
      { name: "the relay, a call of 2026-07-28", over: RELAY_BAR, open: () => shipped(bodyOf(stream), true) }
    ]
  }
}

const times = (parts: ReadonlyArray<Part>): ReadonlyArray<Part> =>
  Array.from({ length: CHUNKS / parts.length }, () => parts).flat()

const event = encoder.encode(EVENT)
const four = encoder.encode(EVENT.repeat(4))
const CUT = 90

const waiting = (parts: ReadonlyArray<Part>): Body => new Waiting(parts)
const coming = (parts: ReadonlyArray<Part>): Body => new Coming(parts)

export const relayGroups: ReadonlyArray<StreamGroup> = [
  group(`an event of ${event.length} B`, times([event]), waiting),
  group("four such events", times([four]), waiting),
  group("half of such an event", times([event.subarray(0, CUT), event.subarray(CUT)]), waiting),
  group("an event that comes once it is asked for", times([event]), coming)
]
