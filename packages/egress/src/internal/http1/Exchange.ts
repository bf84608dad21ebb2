/** One request on a connection and its answer: reads head and body as they come, holds back a server that is too fast. */
import type { Deadline } from "../../Deadlines.ts"
import { type UpstreamAnswer, UpstreamFailure } from "../../Upstream.ts"
import type { Connection } from "./Connection.ts"
import { type Framing, framingOf } from "./Framing.ts"
import { type Head, readHead } from "./Head.ts"

/** Unread bytes at which the server is held back, and at which it may go on. */
const HIGH_WATER = 256 * 1024
const LOW_WATER = 64 * 1024
const MAX_INTERIM = 8

type Part = Uint8Array<ArrayBuffer>

const aborted = (): UpstreamFailure => new UpstreamFailure("aborted", "the caller left")

export class Exchange implements UpstreamAnswer {
  status = 0
  headers: Readonly<Record<string, string>> = {}
  whole: Part | undefined = undefined
  /** The answer, when its head is here. */
  readonly answer: Promise<UpstreamAnswer>
  deadline: Deadline | undefined = undefined
  private readonly connection: Connection
  private readonly resolve: (answer: UpstreamAnswer) => void
  private readonly reject: (failure: UpstreamFailure) => void
  private held: Buffer | undefined = undefined
  private interim = 0
  private framing: Framing | undefined = undefined
  private reusable = false
  private parts: Array<Part> = []
  private unread = 0
  private waiting: PromiseWithResolvers<Part | undefined> | undefined = undefined
  private failure: UpstreamFailure | undefined = undefined
  private over = false

  constructor(connection: Connection) {
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
      else this.receiveHead(Buffer.concat([held, chunk]), held.length)
    } catch (cause) {
      this.fail(new UpstreamFailure("broken", cause instanceof Error ? cause.message : String(cause), { cause }))
    }
  }

  private receiveHead(bytes: Buffer<ArrayBuffer>, seen: number): void {
    const head = readHead(bytes, seen)
    if (head === undefined) {
      this.held = bytes
      return
    }
    this.held = undefined
    const rest = head.size === bytes.length ? NOTHING : bytes.subarray(head.size)
    if (head.status < 200) return this.receiveInterim(head, rest)
    const framing = framingOf(head)
    this.status = head.status
    this.headers = head.headers
    this.framing = framing
    this.reusable = head.minor === 1 && !CLOSE.test(head.headers["connection"] ?? "")
    this.deadline?.cancel()
    framing.take(rest, this.parts)
    if (framing.ended) {
      this.whole = joined(this.parts)
      this.parts = this.whole.length === 0 ? [] : [this.whole]
      this.finish(framing)
    } else this.unread = sizeOf(this.parts, 0)
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
    this.unread += sizeOf(this.parts, before)
    if (this.waiting !== undefined) this.deliver(this.waiting)
    else if (!this.over && this.unread > HIGH_WATER) this.connection.pause()
  }

  /** Hands what is here to who waits for it. */
  private deliver(waiting: PromiseWithResolvers<Part | undefined>): void {
    const part = this.parts.shift()
    if (part === undefined && !this.over) return
    this.waiting = undefined
    this.unread -= part?.length ?? 0
    waiting.resolve(part)
  }

  read(): Promise<Part | undefined> {
    const part = this.parts.shift()
    if (part !== undefined) {
      this.unread -= part.length
      if (this.unread < LOW_WATER && !this.over) this.connection.resume()
      return Promise.resolve(part)
    }
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (this.over) return Promise.resolve(undefined)
    this.waiting = Promise.withResolvers()
    if (this.parts.length === 0) this.connection.resume()
    return this.waiting.promise
  }

  cancel(): void {
    if (this.over) return
    this.over = true
    this.parts = []
    this.waiting?.resolve(undefined)
    this.connection.drop()
  }

  /** The connection is gone. */
  closed(detail: string): void {
    if (this.framing?.untilClose !== true) return this.fail(new UpstreamFailure("broken", detail))
    if (this.over) return
    this.over = true
    if (this.waiting !== undefined) this.deliver(this.waiting)
  }

  readonly leave = (): void => this.fail(aborted())

  fail(failure: UpstreamFailure): void {
    if (this.over) return
    this.over = true
    this.failure = failure
    this.deadline?.cancel()
    if (this.framing === undefined) this.reject(failure)
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

const sizeOf = (parts: ReadonlyArray<Part>, from: number): number => {
  let size = 0
  for (let i = from; i < parts.length; i++) size += parts[i]?.length ?? 0
  return size
}

const joined = (parts: ReadonlyArray<Part>): Part => {
  const [first, second] = parts
  return first === undefined ? NOTHING : second === undefined ? first : Buffer.concat(parts)
}
