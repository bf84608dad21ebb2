/**
 * Server-sent events as bytes: finds where events end, so that whole events can be looked at and passed on untouched.
 * Never rewrites an event it was not asked to, never holds back a complete one (W-20).
 */

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

/** Index just past the last blank line in `bytes`, 0 when there is none. Blank lines: two line ends in a row, each LF, CR or CRLF. */
export const endOfLastEvent = (bytes: Uint8Array): number => {
  for (let i = bytes.length - 1; i > 0; i--) {
    const here = bytes[i]
    if (here !== LF && here !== CR) continue
    const before = bytes[i - 1]
    if (here === LF && before === LF) return i + 1
    if (here === CR && (before === LF || before === CR)) return i + 1
    // CRLF as the second line end: the first ends just before it.
    if (here === LF && before === CR && i > 1 && (bytes[i - 2] === LF || bytes[i - 2] === CR)) return i + 1
  }
  return 0
}

/** Cuts a byte stream into blocks of whole events. */
export class EventSplitter {
  private held: Array<Uint8Array> = []
  private heldBytes = 0
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
    // A blank line may lie across the seam: look again from three bytes before it.
    const last = this.held[this.held.length - 1] ?? chunk
    const seam = last.subarray(Math.max(0, last.length - 3))
    const end = endOfLastEvent(Buffer.concat([seam, chunk])) - seam.length
    if (end <= 0) {
      this.hold(chunk)
      return undefined
    }
    const block = Buffer.concat([...this.held, chunk.subarray(0, end)])
    this.held = []
    this.heldBytes = 0
    if (end < chunk.length) this.hold(chunk.subarray(end))
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
