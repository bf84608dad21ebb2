/** Where the body of a response ends (RFC 9112 §6.3). A head that could be read in two ways is refused. */
import { Chunked } from "./Chunked.ts"
import type { Head } from "./Head.ts"
import { Malformed } from "./Malformed.ts"

export interface Framing {
  /** Adds what of `bytes` is body to `parts`, as one part; may move bytes within `bytes`. */
  readonly take: (bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>) => void
  readonly ended: boolean
  /** The server sent more than its answer, or said that it would. */
  readonly surplus: boolean
  /** The body ends with the connection. */
  readonly untilClose: boolean
}

export const framingOf = ({ status, minor, headers }: Head): Framing => {
  const coding = headers["transfer-encoding"]
  const length = headers["content-length"]
  if (coding !== undefined) {
    if (length !== undefined || minor === 0)
      throw new Malformed("both a length and a transfer coding, or one in HTTP/1.0")
    if (coding.toLowerCase() !== "chunked") throw new Malformed(`transfer coding ${coding}`)
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new Malformed(`length ${length}`)
  // Their body is empty, always. A server that announces one may send it: then nothing after it can be told from an answer.
  if (status === 204 || status === 304) return new Counted(0, coding !== undefined || Number(length ?? 0) > 0)
  if (coding !== undefined) return new Chunked()
  return length === undefined ? new UntilClose() : new Counted(Number(length), false)
}

class Counted implements Framing {
  private left: number
  surplus: boolean
  readonly untilClose = false
  constructor(length: number, surplus: boolean) {
    this.left = length
    this.surplus = surplus
  }
  get ended(): boolean {
    return this.left === 0
  }
  take(bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>): void {
    const size = Math.min(this.left, bytes.length)
    if (bytes.length > size) this.surplus = true
    if (size > 0) parts.push(size === bytes.length ? bytes : bytes.subarray(0, size))
    this.left -= size
  }
}

class UntilClose implements Framing {
  readonly ended = false
  readonly surplus = false
  readonly untilClose = true
  take(bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>): void {
    if (bytes.length > 0) parts.push(bytes)
  }
}
