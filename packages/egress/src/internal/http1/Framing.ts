/** Where the body of a response ends (RFC 9112 §6.3). A head that could be read in two ways is refused. */
import { Chunked } from "./Chunked.ts"
import type { Head } from "./Head.ts"
import { Malformed } from "./Malformed.ts"

export interface Framing {
  /** Adds the part of `bytes` that is body to `parts`, without copying. */
  readonly take: (bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>) => void
  readonly ended: boolean
  /** The server sent more than its answer. */
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
  if (status === 204 || status === 304) return new Counted(0)
  if (coding !== undefined) return new Chunked()
  return length === undefined ? new UntilClose() : new Counted(Number(length))
}

class Counted implements Framing {
  private left: number
  surplus = false
  readonly untilClose = false
  constructor(length: number) {
    this.left = length
  }
  get ended(): boolean {
    return this.left === 0
  }
  take(bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>): void {
    const size = Math.min(this.left, bytes.length)
    this.surplus = bytes.length > size
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
