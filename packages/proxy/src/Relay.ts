/**
 * One body on its way to a client, pull by pull so that a slow client slows the server, under all of its time limits. Tells how it ended,
 * exactly once. Knows nothing of what it carries, and never an Effect `Stream` (design.md §4).
 */
import type { Claims } from "@mcpgw/domain/Principal"
import type { Deadline, Deadlines } from "@mcpgw/egress/Deadlines"
import { Code } from "@mcpgw/mcp/JsonRpc"
import type { Body } from "./Answer.ts"
import type { Ending } from "./Outcome.ts"
import type { OpenStream, OpenStreams } from "./OpenStreams.ts"

export interface RelayOptions {
  readonly deadlines: Deadlines
  readonly streams: OpenStreams
  /** Whose it is. */
  readonly claims: Claims
  /** Silence of the server that ends the relay, milliseconds; undefined for streams that may be quiet for ever. */
  readonly idleMs: number | undefined
  /** When the relay ends however busy it is, `performance.now()`; undefined: never. */
  readonly until: number | undefined
  /** How long bytes may wait for a client that takes nothing, milliseconds. */
  readonly stallMs: number
  /** Silence towards the client after which an event stream says that it lives, milliseconds; 0: never. */
  readonly heartbeatMs: number
  /** The client's: once it has left, whatever ends the relay is an abort. */
  readonly signal: AbortSignal
  readonly onEnd: (ending: Ending) => void
}

/** What turns chunks of the server into chunks for the client. */
export interface Tap {
  /** Undefined: nothing to pass on yet. */
  readonly take: (chunk: Uint8Array) => Uint8Array | undefined
  /** What the server had begun when it ended; undefined when nothing. */
  readonly rest: () => Uint8Array | undefined
  /** Why the body is not complete although it has ended as one does; undefined when it is, or nobody can know. */
  readonly missing: () => string | undefined
  readonly failure: () => number | undefined
  /** Said when the server says nothing at once: Bun holds the head of an answer back until its body begins. */
  readonly greeting: Uint8Array | undefined
  /** Said between two events of a quiet stream; undefined when the body has no room for it. */
  readonly heartbeat: Uint8Array | undefined
  /** The last words to a client whose stream broke; undefined when the transport has none. */
  readonly farewell: (code: number, words: string) => Uint8Array | undefined
}

const BROKE = "The server broke off before it had answered"
const REVOKED = "The access you came with has been taken back"
const LATE = "The server did not finish its answer in the time a call may take"

/** How often a stream without any limit is asked whether its client is still there. */
const LOOK_MS = 30_000
/** Before anything was said. */
const NEVER = -1
/** The next tick, and never this one again. */
const SOON_MS = 1

export class Relay implements OpenStream {
  readonly idle: boolean
  readonly claims: Claims
  private readonly body: Body
  private readonly tap: Tap
  private readonly options: RelayOptions
  private watch: Deadline
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined = undefined
  /** The client waits for the server, not the server for the client. */
  private pulling = false
  /** A part is on its way from the server. */
  private reading = false
  /** When the server was last heard, and something was last said to the client. */
  private heard: number
  private said = NEVER
  private over = false

  constructor(body: Body, tap: Tap, options: RelayOptions) {
    this.body = body
    this.tap = tap
    this.options = options
    this.claims = options.claims
    this.idle = options.idleMs === undefined
    this.heard = performance.now()
    this.watch = options.deadlines.start(this.patience(this.heard), this.look)
    options.streams.add(this)
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.controller = controller
  }

  /**
   * Without waiting for as long as parts are there. Never answers a promise: what is passed on later is as good, and whoever waits for a
   * promise too costs more than the rest that is done with a part.
   */
  pull(): void {
    this.pulling = true
    if (this.reading) return
    try {
      for (let part = this.body.take(); part !== undefined; part = this.body.take()) if (this.pass(part)) return
    } catch (error) {
      return this.broke(error)
    }
    this.reading = true
    void this.body.read().then(this.came, this.broke)
  }

  /** What was waited for. */
  private readonly came = (part: Uint8Array | undefined): void => {
    this.reading = false
    if (this.over) return
    try {
      if (part === undefined) this.finish()
      else if (!this.pass(part)) this.pull()
    } catch (error) {
      this.broke(error)
    }
  }

  /** False: nothing of it can be passed on yet. */
  private pass(part: Uint8Array): boolean {
    this.heard = this.options.deadlines.now
    const out = this.tap.take(part)
    if (out === undefined) return false
    this.pulling = false
    this.said = this.heard
    this.controller?.enqueue(out)
    return true
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

  revoke(): void {
    if (!this.end()) return
    this.bid(Code.unauthenticated, REVOKED)
    this.options.onEnd({ kind: "revoked" })
    this.body.cancel()
  }

  /** One timer for all limits, set to the nearest; chunks only note when they came. */
  private readonly look = (): void => {
    const { signal, until, idleMs, stallMs } = this.options
    const now = performance.now()
    // Whoever left before anything was read from the stream is not heard of in any other way.
    if (signal.aborted) return this.cancel()
    if (until !== undefined && now >= until) return this.fail("the answer took too long", Code.upstreamTimeout, LATE)
    if (this.waits()) {
      if (now - this.said >= stallMs) return this.cut()
    } else {
      if (idleMs !== undefined && now - this.heard >= idleMs) return this.fail("the server fell silent")
      this.speak(now)
    }
    this.watch = this.options.deadlines.start(this.patience(now), this.look)
  }

  /** Milliseconds from `now` until something can be due. */
  private patience(now: number): number {
    const { until, idleMs, stallMs, heartbeatMs } = this.options
    // Not read from yet: it is, as soon as the client is there.
    if (this.said === NEVER && this.tap.greeting !== undefined) return SOON_MS
    let due = now + LOOK_MS
    if (until !== undefined) due = Math.min(due, until)
    if (this.waits()) due = Math.min(due, this.said + stallMs)
    else {
      // A client that stops taking is noticed at a look, so there has to be one before its time is up.
      due = Math.min(due, now + stallMs)
      if (idleMs !== undefined) due = Math.min(due, this.heard + idleMs)
      if (this.beats()) due = Math.min(due, this.said + heartbeatMs)
    }
    return Math.max(SOON_MS, due - now)
  }

  /** Do bytes wait for a client that does not take them? */
  private waits(): boolean {
    return this.said !== NEVER && (!this.pulling || (this.controller?.desiredSize ?? 0) < 0)
  }

  private beats(): boolean {
    return this.tap.heartbeat !== undefined && this.options.heartbeatMs > 0 && this.said !== NEVER
  }

  /** The greeting, or a heartbeat: at a moment when all that was said before ended with an event. */
  private speak(now: number): void {
    if (!this.pulling) return
    const first = this.said === NEVER
    if (!first && !(this.beats() && now - this.said >= this.options.heartbeatMs)) return
    const words = first ? this.tap.greeting : this.tap.heartbeat
    if (words === undefined) return
    this.said = now
    this.controller?.enqueue(words)
  }

  private readonly broke = (error: unknown): void => {
    this.fail(error instanceof Error ? error.message : String(error))
  }

  private finish(): void {
    const missing = this.tap.missing()
    if (missing !== undefined) return this.fail(missing)
    const rest = this.tap.rest()
    if (!this.end()) return
    if (rest !== undefined) this.controller?.enqueue(rest)
    this.controller?.close()
    this.options.onEnd({ kind: "finished", failure: this.tap.failure() })
  }

  private fail(detail: string, code: number = Code.upstreamFailed, says: string = BROKE): void {
    if (!this.end()) return
    this.bid(code, says)
    this.options.onEnd(this.options.signal.aborted ? { kind: "aborted" } : { kind: "broken", detail })
    this.body.cancel()
  }

  /** Last words, or a break where a body has no room for them. */
  private bid(code: number, says: string): void {
    const words = this.tap.farewell(code, says)
    if (words === undefined) this.controller?.error(new Error(says))
    else {
      this.controller?.enqueue(words)
      this.controller?.close()
    }
  }

  /** The client takes nothing: it is given up. What closes its connection is told by `stalled`. */
  private cut(): void {
    if (!this.end()) return
    this.controller?.error(new Error("the client takes nothing"))
    this.options.onEnd({ kind: "aborted", stalled: true })
    this.body.cancel()
  }

  /** True the first time. */
  private end(): boolean {
    if (this.over) return false
    this.over = true
    this.watch.cancel()
    this.options.streams.delete(this)
    return true
  }
}
