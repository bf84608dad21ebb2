/**
 * Server-sent events as bytes: finds where events end, so that whole events can be looked at and passed on untouched.
 * Never rewrites an event it was not asked to, never holds back a complete one (W-20).
 */
import { lastIndexOfBytes, needle } from "./ByteSearch.ts"

/** An event that grew past the limit before it ended. */
export class EventTooLarge extends Error {
  readonly _tag = "EventTooLarge"
  readonly limit: number
  constructor(limit: number) {
    super(`A server-sent event is larger than ${limit} bytes`)
    this.limit = limit
  }
}

const LF = 10
const CR = 13
const BLANK = needle("\n\n")

/** Index just past the last blank line in `bytes`, 0 when there is none. Blank lines: two line ends in a row, each LF, CR or CRLF. */
export const endOfLastEvent = (bytes: Uint8Array): number => {
  const { length } = bytes
  if (bytes[length - 1] === LF && bytes[length - 2] === LF) return length
  // Nearly all streams have no CR at all: then two LF are all there is to look for.
  if (!bytes.includes(CR)) {
    const at = lastIndexOfBytes(bytes, BLANK)
    return at === -1 ? 0 : at + BLANK.length
  }
  for (let i = length - 1; i > 0; i--) if (endsBlankLine(bytes[i], bytes[i - 1], bytes[i - 2])) return i + 1
  return 0
}

/** Does a blank line end with `here`, after the bytes `before` and `first`? */
const endsBlankLine = (here: number | undefined, before: number | undefined, first: number | undefined): boolean => {
  if (here === CR) return before === LF || before === CR
  if (here !== LF) return false
  // CRLF as the second line end: the first ends just before it.
  return before === LF || (before === CR && (first === LF || first === CR))
}

/** Cuts a byte stream into blocks of whole events. */
export class EventSplitter {
  private held: Array<Uint8Array> = []
  private heldBytes = 0
  /** Of what is held: its last byte, and the one before. */
  private last: number | undefined = undefined
  private beforeLast: number | undefined = undefined
  private readonly limit: number

  /** `limit`: bytes of one unfinished event. */
  constructor(limit: number) {
    this.limit = limit
  }

  /** The block of complete events that `chunk` finishes, or undefined. Returns `chunk` itself whenever it can. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    // Held, an empty chunk would hide the seam from the next one.
    if (chunk.length === 0) return undefined
    if (this.heldBytes === 0) {
      const end = endOfLastEvent(chunk)
      if (end === chunk.length) return chunk
      this.hold(end === 0 ? chunk : chunk.subarray(end))
      return end === 0 ? undefined : chunk.subarray(0, end)
    }
    const end = this.endAcross(chunk)
    if (end === 0) {
      this.hold(chunk)
      return undefined
    }
    const block = this.join(end === chunk.length ? chunk : chunk.subarray(0, end))
    if (end < chunk.length) this.hold(chunk.subarray(end))
    return block
  }

  /** As `endOfLastEvent`, of what is held with `chunk` after it; only an end within `chunk` is new. */
  private endAcross(chunk: Uint8Array): number {
    const end = endOfLastEvent(chunk)
    // Later than any that could lie across the seam.
    if (end > 0) return end
    if (endsBlankLine(chunk[1], chunk[0], this.last)) return 2
    return endsBlankLine(chunk[0], this.last, this.beforeLast) ? 1 : 0
  }

  /** What is held and `part` after it, in one; nothing is held then. */
  private join(part: Uint8Array): Uint8Array {
    const block = Buffer.allocUnsafeSlow(this.heldBytes + part.length)
    let at = 0
    for (const held of this.held) {
      block.set(held, at)
      at += held.length
    }
    block.set(part, at)
    this.held = []
    this.heldBytes = 0
    this.last = undefined
    return block
  }

  /** What is left when the stream ends: an unfinished event, which a client ignores. */
  rest(): Uint8Array | undefined {
    return this.heldBytes === 0 ? undefined : Buffer.concat(this.held)
  }

  private hold(part: Uint8Array): void {
    this.heldBytes += part.length
    if (this.heldBytes > this.limit) throw new EventTooLarge(this.limit)
    this.held.push(part)
    this.beforeLast = part.length > 1 ? part[part.length - 2] : this.last
    this.last = part[part.length - 1]
  }
}

/** One event: the lines as they came, and its data. */
export interface SseEvent {
  /** With its blank line. */
  readonly raw: string
  /** `data` lines joined by LF; undefined when it has none (comments, priming events, `retry`). */
  readonly data: string | undefined
}

const LINE = /[^\r\n]*(?:\r\n|\n|\r|$)/g
const LINE_ENDS = ["\r\n", "\n", "\r"]

/** How a line of the text ends; empty for the last when it is not ended. */
const endOf = (line: string): string => LINE_ENDS.find((end) => line.endsWith(end)) ?? ""

/** The events of a block of whole events. Joining every `raw` gives the block back. */
export const readEvents = (block: string): ReadonlyArray<SseEvent> => {
  const events: Array<SseEvent> = []
  let raw = ""
  let data: string | undefined
  for (const [line] of block.matchAll(LINE)) {
    if (line === "") break
    raw += line
    const text = line.slice(0, line.length - endOf(line).length)
    if (text === "") {
      events.push({ raw, data })
      raw = ""
      data = undefined
    } else if (text === "data" || text.startsWith("data:")) {
      const value = text.slice(5)
      const stripped = value.startsWith(" ") ? value.slice(1) : value
      data = data === undefined ? stripped : `${data}\n${stripped}`
    }
  }
  if (raw !== "") events.push({ raw, data })
  return events
}

const DATA_LINE = /^data(?:[:\r\n]|$)/

/**
 * The same event with other data: every other line stays, in place of the first data line stands the new data, spelt as that
 * line was. A line end in `data` must be LF, and makes a further line.
 */
export const replaceData = (event: SseEvent, data: string): string => {
  let placed = false
  let out = ""
  for (const [line] of event.raw.matchAll(LINE)) {
    if (line === "") break
    if (!DATA_LINE.test(line)) out += line
    else if (!placed) {
      placed = true
      out += dataLines(data, line)
    }
  }
  return out
}

const dataLines = (data: string, like: string): string => {
  // Never a lone CR: with an LF after it, it would be one line end instead of two.
  const end = like.endsWith("\r\n") ? "\r\n" : "\n"
  const bare = /^data:(?! )/.test(like)
  // One space after the colon is not of the value: a value that begins with one needs another before it.
  return data
    .split("\n")
    .map((value) => `${bare && !value.startsWith(" ") ? "data:" : "data: "}${value}${end}`)
    .join("")
}
