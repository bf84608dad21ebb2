/**
 * Reads the head of an HTTP/1.1 response (RFC 9112 §4, §5). Strict: bare line ends, folded lines, control characters and names
 * that are no tokens are refused, because another reader of the same bytes might see another answer.
 */
import { Malformed } from "./Malformed.ts"

export interface Head {
  readonly status: number
  /** 0 or 1: the `x` of `HTTP/1.x`. */
  readonly minor: number
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the head, its empty line included. */
  readonly size: number
}

/** Bytes a head may have. */
export const MAX_HEAD = 64 * 1024

/** The head at the beginning of `bytes`; undefined when it is not whole yet. `seen` bytes are known to hold no end of it. */
export const readHead = (bytes: Buffer, seen: number): Head | undefined => {
  const end = endOfHead(bytes, seen)
  if (end > MAX_HEAD || (end === -1 && bytes.length > MAX_HEAD)) throw new Malformed(`a head over ${MAX_HEAD} bytes`)
  if (end === -1) return undefined
  const text = bytes.toString("latin1", 0, end)
  const known = heads.get(text)
  if (known !== undefined) return known
  const first = text.indexOf("\r\n")
  const line = first === -1 ? text.length : first
  const head = {
    status: statusOf(text, line),
    minor: text.charCodeAt(MINOR_AT) - ZERO,
    headers: readFields(text, line),
    size: end + 4
  }
  if (heads.size >= MAX_HEADS) heads.clear()
  if (end <= MAX_KEPT) heads.set(text, head)
  return head
}

/** Busy servers send the same heads over and over, and `Date` changes but once a second. */
const heads = new Map<string, Head>()
const MAX_HEADS = 256
const MAX_KEPT = 1024

const LF = 10
const CR = 13

/**
 * Where the CRLF before the empty line begins; -1 when there is none. A loop is faster here than the engine's search. A bare LF is
 * refused on sight: with lines that end so there is no end to wait for.
 */
const endOfHead = (bytes: Buffer, seen: number): number => {
  const most = Math.min(bytes.length, MAX_HEAD + 4)
  for (let i = seen; i < most; i++) {
    if (bytes[i] !== LF) continue
    if (bytes[i - 1] !== CR) throw new Malformed("a bare line end")
    if (bytes[i - 2] === LF && bytes[i - 3] === CR) return i - 3
  }
  return -1
}

const ZERO = 0x30
const MINOR_AT = "HTTP/1.".length
const STATUS_AT = "HTTP/1.1 ".length
const STATUS_LINE = /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/
const USUAL = "HTTP/1.1 200 OK"

/** `line`: where the status line ends. */
const statusOf = (text: string, line: number): number => {
  if (line === USUAL.length && text.startsWith(USUAL)) return 200
  if (!STATUS_LINE.test(text.slice(0, line))) throw new Malformed("the answer does not begin as HTTP/1.1")
  return Number(text.slice(STATUS_AT, STATUS_AT + 3))
}

/** `line`: where the status line ends. */
const readFields = (text: string, line: number): Readonly<Record<string, string>> => {
  // Without a prototype a name is a header's or nothing.
  const headers: Record<string, string> = Object.create(null)
  const keep = text.length <= MAX_SHARED
  for (let start = line + 2; start < text.length;) {
    const end = text.indexOf("\r\n", start)
    const { name, value } = fieldOf(end === -1 ? text.slice(start) : text.slice(start, end), keep)
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (name !== "content-length") headers[name] = `${before}, ${value}`
    else if (before !== value) throw new Malformed("two lengths")
    if (end === -1) break
    start = end + 2
  }
  return headers
}

interface Field {
  readonly name: string
  readonly value: string
}

const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/
const MAX_FIELDS = 1_000
const MAX_LINE = 256
/** A line that is kept keeps the text of its whole head, which the engine shares between them. */
const MAX_SHARED = 8 * 1024
const fields = new Map<string, Field>()

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

const trimmed = (value: string): string => {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

/** Servers send the same few lines over and over. A folded line begins with a blank, and is none. */
const fieldOf = (line: string, keep: boolean): Field => {
  const known = fields.get(line)
  if (known !== undefined) return known
  const [, name, value] = FIELD.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Malformed("a header line that is none")
  const field = { name: name.toLowerCase(), value: trimmed(value) }
  if (!keep || line.length > MAX_LINE) return field
  if (fields.size >= MAX_FIELDS) fields.clear()
  fields.set(line, field)
  return field
}
