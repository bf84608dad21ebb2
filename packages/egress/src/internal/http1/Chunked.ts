/** The chunked transfer coding (RFC 9112 §7.1), read strictly; extensions and trailers are passed over. */
import type { Framing } from "./Framing.ts"
import { Malformed } from "./Malformed.ts"

const MAX_SIZE = 0xffff_ffff
const MAX_LINE = 4 * 1024
const MAX_TRAILERS = 16 * 1024

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const SEMICOLON = 0x3b

type State = "size" | "blank" | "extension" | "size_lf" | "data" | "data_cr" | "data_lf" | Trailing
type Trailing = "trailers" | "trailer" | "trailer_lf" | "last_lf" | "ended"

export class Chunked implements Framing {
  private state: State = "size"
  /** Of the chunk being read: bytes to come. */
  private left = 0
  /** Bytes of the line being read, or of all trailers. */
  private line = 0
  surplus = false
  readonly untilClose = false

  get ended(): boolean {
    return this.state === "ended"
  }

  take(bytes: Uint8Array<ArrayBuffer>, parts: Array<Uint8Array<ArrayBuffer>>): void {
    let start = 0
    let end = 0
    let at = 0
    while (at < bytes.length) {
      if (this.state === "data") {
        const stop = Math.min(bytes.length, at + this.left)
        // Moved together: one part for all chunks, because a server may make each a byte long and a part costs far more.
        if (start === end) start = at
        else bytes.copyWithin(end, at, stop)
        end = start === at ? stop : end + stop - at
        this.left -= stop - at
        if (this.left === 0) this.state = "data_cr"
        at = stop
      } else if (this.state === "ended") {
        this.surplus = true
        break
      } else this.state = this.step(this.state, bytes[at++] ?? 0)
    }
    if (end > start) parts.push(cut(bytes, start, end))
  }

  /** What follows a byte that is no data. */
  private step(state: Exclude<State, "data" | "ended">, byte: number): State {
    switch (state) {
      case "size":
      case "blank":
      case "extension":
        return this.sizeLine(state, byte)
      case "size_lf":
        only(byte, LF)
        this.line = 0
        return this.left === 0 ? "trailers" : "data"
      case "data_cr":
        only(byte, CR)
        return "data_lf"
      case "data_lf":
        only(byte, LF)
        return "size"
      case "trailers":
        return byte === CR ? "last_lf" : this.trailer(byte)
      case "trailer":
        return byte === CR ? "trailer_lf" : this.trailer(byte)
      case "trailer_lf":
        only(byte, LF)
        return "trailers"
      case "last_lf":
        only(byte, LF)
        return "ended"
    }
  }

  private sizeLine(state: "size" | "blank" | "extension", byte: number): State {
    if (++this.line > MAX_LINE) throw new Malformed("a chunk's line without end")
    if (state === "size") {
      const digit = digitOf(byte)
      if (digit !== undefined) {
        this.left = this.left * 16 + digit
        if (this.left > MAX_SIZE) throw new Malformed("a chunk too large")
        return "size"
      }
      if (this.line === 1) throw new Malformed("a chunk without a size")
    }
    if (byte === CR) return "size_lf"
    if (state === "extension" && isText(byte)) return "extension"
    if (byte === SEMICOLON) return "extension"
    if (byte === SPACE || byte === TAB) return "blank"
    throw new Malformed("a chunk's line that is none")
  }

  private trailer(byte: number): State {
    if (++this.line > MAX_TRAILERS) throw new Malformed("trailers without end")
    if (!isText(byte)) throw new Malformed("a trailer that is none")
    return "trailer"
  }
}

/** A view keeps all of `bytes`; a byte of body among many of extensions is copied instead. */
const cut = (bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Uint8Array<ArrayBuffer> => {
  const view = bytes.subarray(start, end)
  return view.length * 2 < bytes.length ? new Uint8Array(view) : view
}

const only = (byte: number, expected: number): void => {
  if (byte !== expected) throw new Malformed("chunks that are not divided by CRLF")
}

const isText = (byte: number): boolean => (byte >= SPACE && byte !== 0x7f) || byte === TAB

const digitOf = (byte: number): number | undefined => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined
}
