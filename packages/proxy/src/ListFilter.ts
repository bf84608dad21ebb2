/**
 * Lists and calls agree: takes what a caller may not use out of every list result, recognised by shape, wherever it travels
 * (design.md §6; W-56). Everything else passes as the bytes it came in.
 */
import { editText, editValue } from "@mcpgw/mcp/JsonEdit"
import { countKeys, hasDistinctKeys } from "@mcpgw/mcp/JsonText"
import { errorBody, Code, isObject } from "@mcpgw/mcp/JsonRpc"
import { readEvents, replaceData, type SseEvent } from "@mcpgw/mcp/Sse"
import type { Policy, Subject } from "@mcpgw/policy/Policy"
import { isPlain, MAY_MATTER, mayAsk, mayMatter, settles } from "./ListSigns.ts"
import type { StateSealer } from "./StateSealer.ts"

/** What was seen on the way, for the record. */
export interface Seen {
  /** A JSON-RPC error code, or 0 for a tool result with `isError`; undefined while nothing failed. */
  failure: number | undefined
  /** Of a stream on which an answer is awaited: has one come, or could the client take the stream up again? */
  answered?: boolean
}

export interface Viewer {
  /** The policy that holds when a message passes, not when its stream was opened. */
  readonly policy: () => Policy
  readonly subject: Subject
  /** Server path. */
  readonly server: string
  /** Of the era without requests of the server's own; legacy unless said. */
  readonly modern?: boolean
  /** Seals what messages hand to the caller and want back; undefined: nothing they could hold is sealed. */
  readonly sealer?: StateSealer | undefined
}

const utf8 = new TextDecoder("utf-8")
const encoder = new TextEncoder()
const MAX_DEPTH = 512

/** A block of whole events; the same bytes when nothing had to change. */
export const filterEvents = (viewer: Viewer, block: Uint8Array, seen: Seen): Uint8Array => {
  const modern = viewer.modern === true
  const awaited = seen.answered === false
  const sealed = viewer.sealer?.mayHold(block) === true
  if (!sealed && isPlain(block, awaited, modern)) return block
  if (awaited && settles(block, modern)) seen.answered = true
  if (!sealed && !mayMatter(block) && !(modern && mayAsk(block))) return block
  let changed = false
  let out = ""
  for (const event of readEvents(utf8.decode(block))) {
    const replaced = filterEvent(viewer, event, seen)
    if (replaced !== undefined) changed = true
    out += replaced ?? event.raw
  }
  return changed ? encoder.encode(out) : block
}

/** A request of the server's own, which there is none of since 2026-07-28 (W-25). */
const asks = (data: string): boolean => {
  if (!(data.includes('"method"') && data.includes('"id"')) && !data.includes("\\u")) return false
  try {
    const message: unknown = JSON.parse(data)
    return isObject(message) && message["method"] !== undefined && message["id"] !== undefined
  } catch {
    return false
  }
}

const filterEvent = (viewer: Viewer, event: SseEvent, seen: Seen): string | undefined => {
  if (event.data === undefined) return undefined
  if (viewer.modern === true && asks(event.data)) {
    // Not passed on, and the record says that the server failed.
    seen.failure ??= Code.upstreamFailed
    return ""
  }
  const filtered = MAY_MATTER.test(event.data) ? filterText(viewer, event.data, seen) : undefined
  if (filtered?._tag === "Unreadable") return replaceData(event, UNREADABLE)
  const text = viewer.sealer?.seal(filtered?.text ?? event.data) ?? filtered?.text
  return text === undefined ? undefined : replaceData(event, text)
}

const UNREADABLE = errorBody(null, Code.internalError, "The server sent a message that could not be read")

/**
 * One JSON text. Undefined: pass it as it came. What may not be seen is cut out of the text, never written anew (design.md
 * §4.3). A text that is no JSON can not be judged and is refused; one that two parsers could read differently is passed
 * re-encoded, as it was judged.
 */
export const filterText = (
  viewer: Viewer,
  text: string,
  seen: Seen
): { readonly _tag: "Text"; readonly text: string } | { readonly _tag: "Unreadable" } | undefined => {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    seen.failure = Code.parseError
    return { _tag: "Unreadable" }
  }
  const keys = countKeys(message, MAX_DEPTH)
  // What follows walks the message by recursion; no real answer is nested that deep.
  if (keys === -1) return { _tag: "Unreadable" }
  note(message, seen)
  const { edit } = viewer.policy().judgeList(viewer.subject, viewer.server, message)
  if (edit === undefined) {
    return hasDistinctKeys(text, keys) ? undefined : { _tag: "Text", text: JSON.stringify(message) }
  }
  return { _tag: "Text", text: editText(text, edit, keys) ?? JSON.stringify(editValue(message, edit)) }
}

const note = (message: unknown, seen: Seen): void => {
  if (Array.isArray(message)) {
    for (const element of message) note(element, seen)
    return
  }
  if (!isObject(message)) return
  const { error, result } = message
  if (isObject(error)) seen.failure = typeof error["code"] === "number" ? error["code"] : Code.internalError
  else if (isObject(result) && result["isError"] === true) seen.failure = 0
}

/** Up to here a loop is faster than two searches by the engine. */
const SHORT = 512
const QUOTE = 0x22
const BACKSLASH = 0x5c
const [R, O, U] = [0x72, 0x6f, 0x75]

/** Does `rror"`, or an escape that could spell it, stand in these bytes? */
const mayHoldError = (bytes: Uint8Array<ArrayBuffer>): boolean => {
  if (bytes.length > SHORT) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return buffer.includes('rror"') || buffer.includes("\\u")
  }
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      if (bytes[i - 1] === R && bytes[i - 2] === O && bytes[i - 3] === R && bytes[i - 4] === R) return true
    } else if (byte === BACKSLASH && bytes[i + 1] === U) return true
  }
  return false
}

const [OPEN_OBJECT, OPEN_ARRAY, CLOSE_OBJECT, CLOSE_ARRAY] = [0x7b, 0x5b, 0x7d, 0x5d]
/** Space, tab, line ends, and the byte order mark some servers begin with. */
const BLANK: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/** Could these bytes be all of a JSON object or array? Looks at both ends only: a body that was cut short lacks its own. */
export const looksWhole = (bytes: Uint8Array): boolean => {
  let first = 0
  let last = bytes.length - 1
  while (first < last && BLANK.has(bytes[first])) first++
  while (last > first && BLANK.has(bytes[last])) last--
  return bytes[first] === OPEN_OBJECT
    ? bytes[last] === CLOSE_OBJECT
    : bytes[first] === OPEN_ARRAY && bytes[last] === CLOSE_ARRAY
}

/** Looks only for a failure, in an answer known to hold no list. */
export const noteFailure = (bytes: Uint8Array<ArrayBuffer>, seen: Seen): void => {
  if (!mayHoldError(bytes)) return
  try {
    note(JSON.parse(utf8.decode(bytes)), seen)
  } catch {
    seen.failure = Code.parseError
  }
}
