/** The chunked transfer coding (RFC 9112 §7.1), read strictly; extensions and trailers are passed over. */
import type { Framing } from "./Framing.ts"
import { Malformed } from "./Malformed.ts"

const MAX_LINE = 4 * 1024
const MAX_TRAILERS = 16 * 1024
const SIZE = /^([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
const LF = 10

type State = "size" | "data" | "data_end" | "trailer" | "ended"

export class Chunked implements Framing {
  private state: State = "size"
  /** Of the chunk being read. */
  private left = 0
  /** A line whose end is not here yet. */
  private line = ""
  private trailers = 0
  surplus = false
  readonly untilClose = false

  get ended(): boolean {
    return this.state === "ended"
  }

  take(bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>): void {
    let at = 0
    while (at < bytes.length) {
      if (this.state === "ended") {
        this.surplus = true
        return
      }
      at = this.state === "data" ? this.data(bytes, at, parts) : this.lineOf(bytes, at)
    }
  }

  private data(bytes: Uint8Array<ArrayBuffer>, at: number, parts: Array<Uint8Array<ArrayBuffer>>): number {
    const end = Math.min(bytes.length, at + this.left)
    parts.push(bytes.subarray(at, end))
    this.left -= end - at
    if (this.left === 0) this.state = "data_end"
    return end
  }

  private lineOf(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    const end = bytes.indexOf(LF, at)
    const stop = end === -1 ? bytes.length : end + 1
    this.line += Buffer.from(bytes.buffer, bytes.byteOffset + at, stop - at).toString("latin1")
    if (this.line.length > MAX_LINE) throw new Malformed("a chunk's line without end")
    if (end === -1) return stop
    if (!this.line.endsWith("\r\n")) throw new Malformed("a bare line end between chunks")
    this.read(this.line.slice(0, -2))
    this.line = ""
    return stop
  }

  private read(line: string): void {
    if (this.state === "size") {
      const size = SIZE.exec(line)?.[1]
      if (size === undefined) throw new Malformed("a chunk without a size")
      this.left = Number.parseInt(size, 16)
      this.state = this.left === 0 ? "trailer" : "data"
    } else if (this.state === "data_end") {
      if (line !== "") throw new Malformed("a chunk longer than its size")
      this.state = "size"
    } else {
      this.trailers += line.length
      if (this.trailers > MAX_TRAILERS) throw new Malformed("trailers without end")
      if (line === "") this.state = "ended"
    }
  }
}
