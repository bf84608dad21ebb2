/** One request on a connection and its answer: reads head and body as they come, holds back a server that is too fast. */
import type { Circuit } from "../../Breaker.ts"
import type { Deadline } from "../../Deadlines.ts"
import { type ExchangeCaller, type UpstreamAnswer, UpstreamFailure } from "../../Upstream.ts"
import { type Framing, framingOf } from "./Framing.ts"
import { type Head, readHead } from "./Head.ts"

/** Unread bytes at which the server is held back, and at which it may go on. */
const HIGH_WATER = 256 * 1024
const LOW_WATER = 64 * 1024
/** What a part takes beside its bytes: counted too, or a server could fill the memory with parts of one byte. */
const PART_COST = 256
const MAX_INTERIM = 8

type Part = Uint8Array<ArrayBuffer>

/** What an exchange asks of the connection it is on. */
export interface Carrier {
  /** The answer is here to its end; `hint` is the server's `Keep-Alive` header. */
  readonly finished: (reusable: boolean, hint: string | undefined) => void
  readonly drop: () => void
  readonly pause: () => void
  readonly resume: () => void
}

const aborted = (): UpstreamFailure => new UpstreamFailure("aborted", "the caller left")

export class Exchange implements UpstreamAnswer {
  status = 0
  headers: Readonly<Record<string, string>> = {}
  whole: Part | undefined = undefined
  /** The answer, when its head is here. */
  readonly answer: Promise<UpstreamAnswer>
  /** For the head; cancelled when it is here. */
  deadline: Deadline | undefined = undefined
  /** Told whether there is an answer. */
  circuit: Circuit | undefined = undefined
  /** As of `Sent`. */
  caller: ExchangeCaller | undefined = undefined
  answers = 0
  private readonly connection: Carrier
  private readonly resolve: (answer: UpstreamAnswer) => void
  private readonly reject: (failure: UpstreamFailure) => void
  /** A head that is not whole yet: the first `heldSize` bytes of it. */
  private held: Buffer<ArrayBuffer> | undefined = undefined
  private heldSize = 0
  private interim = 0
  private framing: Framing | undefined = undefined
  private reusable = false
  private parts: Array<Part> = []
  /** Of `parts`: their bytes and what they take beside them. */
  private unread = 0
  private waiting: PromiseWithResolvers<Part | undefined> | undefined = undefined
  private failure: UpstreamFailure | undefined = undefined
  private over = false

  constructor(connection: Carrier) {
    this.connection = connection
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>()
    this.answer = promise
    this.resolve = resolve
    this.reject = reject
  }

  /** Bytes from the server. */
  received(chunk: Buffer<ArrayBuffer>): void {
    try {
      const { framing, held } = this
      if (framing !== undefined) this.receiveBody(framing, chunk)
      else if (held === undefined) this.receiveHead(chunk, 0)
      else this.receiveMore(held, chunk)
    } catch (cause) {
      this.fail(new UpstreamFailure("broken", cause instanceof Error ? cause.message : String(cause), { cause }))
    }
  }

  /** Room is doubled, so that a head in tiny pieces is not copied with each of them. */
  private receiveMore(held: Buffer<ArrayBuffer>, chunk: Buffer<ArrayBuffer>): void {
    const seen = this.heldSize
    const size = seen + chunk.length
    let room = held
    if (size > held.length) {
      room = Buffer.allocUnsafeSlow(Math.max(size, 2 * held.length))
      room.set(held.subarray(0, seen))
      this.held = room
    }
    room.set(chunk, seen)
    this.receiveHead(room.subarray(0, size), seen)
  }

  private receiveHead(bytes: Buffer<ArrayBuffer>, seen: number): void {
    const head = readHead(bytes, seen)
    if (head === undefined) {
      this.held ??= bytes
      this.heldSize = bytes.length
      return
    }
    this.held = undefined
    const rest = head.size === bytes.length ? NOTHING : bytes.subarray(head.size)
    if (head.status < 200) return this.receiveInterim(head, rest)
    const framing = framingOf(head)
    // Before anything is said of the answer: a body that begins malformed has none.
    framing.take(rest, this.parts)
    this.status = head.status
    this.headers = head.headers
    this.framing = framing
    this.reusable = head.minor === 1 && !CLOSE.test(head.headers["connection"] ?? "")
    this.deadline?.cancel()
    this.circuit?.answered()
    const first = this.parts[0]
    if (framing.ended) {
      this.whole = first ?? NOTHING
      this.finish(framing)
    } else if (first !== undefined) this.unread = costOf(first)
    this.resolve(this)
  }

  /** Interim answers say nothing to us; no other protocol was asked for (RFC 9110 §15.2). */
  private receiveInterim(head: Head, rest: Buffer<ArrayBuffer>): void {
    this.interim++
    if (head.status === 101 || this.interim > MAX_INTERIM)
      throw new UpstreamFailure("broken", `answered ${head.status}`)
    if (rest.length > 0) this.receiveHead(rest, 0)
  }

  private receiveBody(framing: Framing, chunk: Buffer<ArrayBuffer>): void {
    const before = this.parts.length
    framing.take(chunk, this.parts)
    if (framing.ended) this.finish(framing)
    const part = this.parts[before]
    if (part !== undefined) this.unread += costOf(part)
    if (this.waiting !== undefined) this.deliver(this.waiting)
    else if (!this.over && this.unread > HIGH_WATER) this.connection.pause()
  }

  /** Hands what is here to who waits for it. */
  private deliver(waiting: PromiseWithResolvers<Part | undefined>): void {
    const part = this.parts.shift()
    if (part === undefined && !this.over) return
    this.waiting = undefined
    if (part !== undefined) this.unread -= costOf(part)
    waiting.resolve(part)
  }

  take(): Part | undefined {
    const part = this.parts.shift()
    if (part === undefined) return undefined
    this.unread -= costOf(part)
    if (this.unread < LOW_WATER && !this.over) this.connection.resume()
    return part
  }

  read(): Promise<Part | undefined> {
    const part = this.take()
    if (part !== undefined) return Promise.resolve(part)
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (this.over) return Promise.resolve(undefined)
    this.waiting = Promise.withResolvers()
    this.connection.resume()
    return this.waiting.promise
  }

  cancel(): void {
    if (this.over) return
    this.over = true
    this.parts = []
    this.waiting?.resolve(undefined)
    this.connection.drop()
  }

  /** The connection is gone; `clean` when the server ended it as one does (RFC 9112 §8). */
  closed(detail: string, clean: boolean): void {
    if (!clean || this.framing?.untilClose !== true) return this.fail(new UpstreamFailure("broken", detail))
    if (this.over) return
    this.over = true
    if (this.waiting !== undefined) this.deliver(this.waiting)
  }

  /** The caller has left. */
  readonly leave = (): void => this.fail(aborted())

  fail(failure: UpstreamFailure): void {
    if (this.over) return
    this.over = true
    this.failure = failure
    this.deadline?.cancel()
    if (this.framing === undefined) {
      // One that may wait for ever may also end without an answer.
      if (this.deadline !== undefined) this.circuit?.failed(failure.reason, this)
      this.reject(failure)
    }
    this.waiting?.reject(failure)
    this.connection.drop()
  }

  private finish(framing: Framing): void {
    this.over = true
    this.connection.finished(this.reusable && !framing.surplus, this.headers["keep-alive"])
  }
}

const NOTHING: Buffer<ArrayBuffer> = Buffer.alloc(0)
const CLOSE = /(?:^|,)\s*close\s*(?:,|$)/i

const costOf = (part: Part): number => part.length + PART_COST
