/**
 * Relays a body as it comes, pull by pull so that a slow client slows the server: server-sent events through the list filter,
 * other bodies untouched. Tells how it ended, exactly once. Never an Effect `Stream` (design.md §4).
 */
import type { Deadline, Deadlines } from "@mcpgw/egress/Deadlines"
import { Code, errorBody, type JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import { EventSplitter } from "@mcpgw/mcp/Sse"
import type { Body } from "./Answer.ts"
import { filterEvents, type Seen, type Viewer } from "./ListFilter.ts"
import type { Ending } from "./Outcome.ts"
import type { OpenStream, OpenStreams } from "./OpenStreams.ts"

export interface RelayOptions {
  readonly deadlines: Deadlines
  readonly streams: OpenStreams
  /** Silence of the server that ends the relay, milliseconds; undefined for streams that may be quiet for ever. */
  readonly idleMs: number | undefined
  /** The client's: once it has left, whatever ends the relay is an abort. */
  readonly signal: AbortSignal
  readonly onEnd: (ending: Ending) => void
}

/** What turns chunks of the server into chunks for the client. */
interface Tap {
  /** Undefined: nothing to pass on yet. */
  readonly take: (chunk: Uint8Array) => Uint8Array | undefined
  /** What the server had begun when it ended; undefined when nothing. */
  readonly rest: () => Uint8Array | undefined
  readonly seen: Seen
  /** Said when the server says nothing at once: Bun holds the head of an answer back until its body begins. */
  readonly greeting: Uint8Array | undefined
  /** The last words to a client whose stream broke; undefined when the transport has none. */
  readonly farewell: (detail: string) => Uint8Array | undefined
}

class Relay implements OpenStream {
  readonly idle: boolean
  private readonly body: Body
  private readonly tap: Tap
  private readonly options: RelayOptions
  private readonly deadline: Deadline | undefined
  private silence: Deadline | undefined
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined
  private over = false

  constructor(body: Body, tap: Tap, options: RelayOptions) {
    this.body = body
    this.tap = tap
    this.options = options
    this.idle = options.idleMs === undefined
    this.deadline =
      options.idleMs === undefined
        ? undefined
        : options.deadlines.start(options.idleMs, () => this.fail("the server fell silent"))
    options.streams.add(this)
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.controller = controller
    const { greeting } = this.tap
    if (greeting !== undefined) this.silence = this.options.deadlines.start(0, () => controller.enqueue(greeting))
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const part = await this.body.read()
        if (this.over) return
        if (part === undefined) return this.finish(this.tap.rest())
        if (this.options.idleMs !== undefined) this.deadline?.extend(this.options.idleMs)
        const out = this.tap.take(part)
        if (out === undefined) continue
        this.silence?.cancel()
        controller.enqueue(out)
        return
      }
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error))
    }
  }

  cancel(): void {
    if (this.end()) this.options.onEnd({ kind: "aborted" })
    this.body.cancel()
  }

  /** Draining: the client sees a clean end. */
  close(): void {
    if (!this.end()) return
    this.controller?.close()
    this.options.onEnd({ kind: "aborted" })
    this.body.cancel()
  }

  private finish(rest: Uint8Array | undefined): void {
    if (!this.end()) return
    if (rest !== undefined) this.controller?.enqueue(rest)
    this.controller?.close()
    this.options.onEnd({ kind: "finished", failure: this.tap.seen.failure })
  }

  private fail(detail: string): void {
    if (!this.end()) return
    const words = this.tap.farewell(detail)
    if (words === undefined) this.controller?.error(new Error("the server broke off"))
    else {
      this.controller?.enqueue(words)
      this.controller?.close()
    }
    this.options.onEnd(this.options.signal.aborted ? { kind: "aborted" } : { kind: "broken", detail })
    this.body.cancel()
  }

  /** True the first time. */
  private end(): boolean {
    if (this.over) return false
    this.over = true
    this.silence?.cancel()
    this.deadline?.cancel()
    this.options.streams.delete(this)
    return true
  }
}

const encoder = new TextEncoder()

/** Server-sent events through the list filter. `id` is the request whose answer is awaited on the stream. */
export const relayEvents = (
  body: Body,
  viewer: Viewer,
  id: JsonRpcId | undefined,
  maxEventBytes: number,
  options: RelayOptions
): ReadableStream<Uint8Array> => {
  const splitter = new EventSplitter(maxEventBytes)
  const seen: Seen = { failure: undefined }
  return new ReadableStream(
    new Relay(
      body,
      {
        seen,
        greeting: GREETING,
        take: (chunk) => {
          const block = splitter.push(chunk)
          return block === undefined ? undefined : filterEvents(viewer, block, seen)
        },
        rest: () => {
          const left = splitter.rest()
          return left === undefined ? undefined : filterEvents(viewer, left, seen)
        },
        farewell: () => encoder.encode(id === undefined ? CLOSING : farewell(id))
      },
      options
    ),
    { highWaterMark: 0 }
  )
}

const GREETING = encoder.encode(":\n\n")

const CLOSING = ": the server broke off\n\n"

const farewell = (id: JsonRpcId): string =>
  `event: message\ndata: ${errorBody(id, Code.upstreamFailed, "The server broke off before it had answered")}\n\n`

const same = (chunk: Uint8Array): Uint8Array => chunk
const nothing = (): undefined => undefined

/** Any other body, untouched. */
export const relayBytes = (body: Body, options: RelayOptions): ReadableStream<Uint8Array> => {
  const seen: Seen = { failure: undefined }
  return new ReadableStream(
    new Relay(body, { seen, greeting: undefined, take: same, rest: nothing, farewell: nothing }, options),
    { highWaterMark: 0 }
  )
}
