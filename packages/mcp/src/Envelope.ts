/**
 * The strict envelope check: bytes in, judged messages or a refusal out. What is judged here is what the server receives,
 * because anything two parsers could read differently — duplicate or mis-cased keys, invalid UTF-8, a byte order mark, a NUL
 * in what decides — is refused (design.md §6; W-44, S-10). Never re-encodes: the caller forwards the original bytes.
 */
import { countKeys, hasDistinctKeys, hasMoreKeys } from "./JsonText.ts"
import { Code, isObject, type JsonObject, type JsonRpcId } from "./JsonRpc.ts"

export const VERSION_META = "io.modelcontextprotocol/protocolVersion"
/** First protocol version without sessions; versions compare as strings (protocol.md §1.1). */
export const MODERN_SINCE = "2026-07-28"

export interface Message {
  readonly kind: "request" | "notification" | "response"
  /** JSON-RPC method; empty for a response. */
  readonly method: string
  readonly id: JsonRpcId | undefined
  readonly params: JsonObject | undefined
  /** `params.name` of `tools/call`, when it has one. */
  readonly tool: string | undefined
  /** Version the message claims in `_meta`; undefined in the legacy era. */
  readonly version: string | undefined
}

export interface Envelope {
  readonly batch: boolean
  readonly messages: readonly [Message, ...Array<Message>]
}

/** A refusal: HTTP status, JSON-RPC code and a sentence. `rule` is what audit shows. */
export interface Malformed {
  readonly _tag: "Malformed"
  readonly status: 400 | 413 | 415
  readonly code: number
  readonly message: string
  readonly rule: string
  readonly id: JsonRpcId | null
}

export const malformed = (
  rule: string,
  message: string,
  options: { readonly code?: number; readonly status?: 400 | 413 | 415; readonly id?: JsonRpcId | null } = {}
): Malformed => ({
  _tag: "Malformed",
  status: options.status ?? 400,
  code: options.code ?? Code.invalidRequest,
  message,
  rule: `envelope:${rule}`,
  id: options.id ?? null
})

export interface EnvelopeLimits {
  /** Nesting of objects and arrays. */
  readonly maxDepth: number
  readonly maxBatch: number
  /** Keys of all objects together. */
  readonly maxKeys: number
}

export const defaultLimits: EnvelopeLimits = { maxDepth: 128, maxBatch: 100, maxKeys: 20_000 }

// A byte order mark is kept by `ignoreBOM`, and then refused by JSON.parse: servers differ on it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Reads and checks a POST body. */
export const readEnvelope = (bytes: Uint8Array, limits: EnvelopeLimits = defaultLimits): Envelope | Malformed => {
  if (bytes.byteLength === 0) return malformed("empty", "The body is empty: expected a JSON-RPC message")
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return malformed("utf8", "The body is not valid UTF-8", { code: Code.parseError })
  }
  if (text.length > limits.maxKeys && hasMoreKeys(text, limits.maxKeys)) {
    return malformed("keys", `The body's objects hold more than ${limits.maxKeys} keys`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return malformed("json", "The body is not valid JSON", { code: Code.parseError })
  }
  const keys = countKeys(value, limits.maxDepth)
  if (keys === -1) return malformed("depth", `The body is nested deeper than ${limits.maxDepth} levels`)
  if (!hasDistinctKeys(text, keys)) {
    return malformed("duplicate_key", "An object in the body has the same key twice")
  }
  return Array.isArray(value) ? readBatch(value, limits) : readSingle(value)
}

const readSingle = (value: unknown): Envelope | Malformed => {
  const message = readMessage(value)
  return "_tag" in message ? message : { batch: false, messages: [message] }
}

const readBatch = (values: ReadonlyArray<unknown>, limits: EnvelopeLimits): Envelope | Malformed => {
  if (values.length > limits.maxBatch) {
    return malformed("batch_size", `The batch holds ${values.length} messages; it may hold ${limits.maxBatch}`)
  }
  const messages: Array<Message> = []
  for (const value of values) {
    const message = readMessage(value)
    if ("_tag" in message) return message
    messages.push(message)
  }
  const [first, ...rest] = messages
  if (first === undefined) return malformed("empty", "The batch is empty")
  return { batch: true, messages: [first, ...rest] }
}

const isEnvelopeKey = (key: string): boolean => {
  switch (key) {
    case "jsonrpc":
    case "id":
    case "method":
    case "params":
    case "result":
    case "error":
      return true
    default:
      return false
  }
}

const isParamKey = (key: string): boolean => {
  switch (key) {
    case "name":
    case "uri":
    case "arguments":
    case "_meta":
    case "cursor":
    case "ref":
    case "taskId":
    case "requestState":
    case "notifications":
      return true
    default:
      return false
  }
}

const ENVELOPE_KEYS: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params", "result", "error"])
const PARAM_KEYS: ReadonlySet<string> = new Set([
  "name",
  "uri",
  "arguments",
  "_meta",
  "cursor",
  "ref",
  "taskid",
  "requeststate",
  "notifications"
])

/**
 * A key that a case-insensitive parser would take for a known one (CVE-2026-27896), or one in C, for which texts end at a NUL.
 * `folded`: the known ones in lower case.
 */
const misCased = (
  object: JsonObject,
  isKnown: (key: string) => boolean,
  folded: ReadonlySet<string>
): string | undefined => {
  for (const key in object) {
    if (isKnown(key)) continue
    if (folded.has(foldedKey(key))) return key
  }
  return undefined
}

/** The key such a parser reads, in lower case; empty for one that is longer than any known. */
export const foldedKey = (key: string): string => {
  const end = key.indexOf(NUL)
  const read = end === -1 ? key : key.slice(0, end)
  // Upper-casing first folds what Go's parser folds: long s and the Kelvin sign.
  return read.length <= LONGEST_KEY ? read.toUpperCase().toLowerCase() : ""
}

const LONGEST_KEY = 16
/** Where a text ends for parsers in C: what stands behind it would be judged and not read. */
const NUL = "\0"

const readMessage = (value: unknown): Message | Malformed => {
  if (!isObject(value)) return malformed("shape", "A JSON-RPC message must be an object")
  const wrongKey = misCased(value, isEnvelopeKey, ENVELOPE_KEYS)
  if (wrongKey !== undefined) {
    return malformed("key_case", `The key "${wrongKey.slice(0, 32)}" is mis-spelt: JSON-RPC keys are lower-case`)
  }
  const { id, method, params } = value
  const readableId = typeof id === "string" || Number.isSafeInteger(id) ? (id as JsonRpcId) : null
  if (value["jsonrpc"] !== "2.0") return malformed("jsonrpc", 'The key "jsonrpc" must hold "2.0"', { id: readableId })
  if (id !== undefined && readableId === null) {
    return malformed("id", 'The key "id" must hold a string or an integer', { id: null })
  }
  if (params !== undefined && !isObject(params)) {
    return malformed("params", 'The key "params" must hold an object', { id: readableId, code: Code.invalidParams })
  }
  if (method === undefined) return readResponse(value, readableId)
  if (typeof method !== "string" || method === "") {
    return malformed("method", 'The key "method" must hold a non-empty string', { id: readableId })
  }
  if (method.includes(NUL)) return malformed("method", 'The key "method" must not hold a NUL', { id: readableId })
  if ("result" in value || "error" in value) {
    return malformed("shape", "A message is either a request or a response", { id: readableId })
  }
  return readCall(method, params, readableId)
}

const readResponse = (value: JsonObject, id: JsonRpcId | null): Message | Malformed => {
  const hasResult = "result" in value
  const hasError = "error" in value
  if (id === null || hasResult === hasError) {
    return malformed("shape", 'A message needs "method", or "id" with one of "result" and "error"', { id })
  }
  if (hasError && !isObject(value["error"])) return malformed("shape", 'The key "error" must hold an object', { id })
  return { kind: "response", method: "", id, params: undefined, tool: undefined, version: undefined }
}

const readCall = (method: string, params: JsonObject | undefined, id: JsonRpcId | null): Message | Malformed => {
  const bad = (field: string, what: string) =>
    malformed("params", `${field} must hold ${what}`, { id, code: Code.invalidParams })
  let version: string | undefined
  let tool: string | undefined
  if (params !== undefined) {
    const wrongKey = misCased(params, isParamKey, PARAM_KEYS)
    if (wrongKey !== undefined)
      return malformed("key_case", `The key "params.${wrongKey.slice(0, 32)}" is mis-spelt`, { id })
    const { name, uri, _meta: meta } = params
    if (name !== undefined && typeof name !== "string") return bad("params.name", "a string")
    if (uri !== undefined && typeof uri !== "string") return bad("params.uri", "a string")
    if (name?.includes(NUL) === true) return bad("params.name", "no NUL")
    if (uri?.includes(NUL) === true) return bad("params.uri", "no NUL")
    if (meta !== undefined) {
      if (!isObject(meta)) return bad("params._meta", "an object")
      const claimed = meta[VERSION_META]
      if (claimed !== undefined && typeof claimed !== "string")
        return bad(`params._meta["${VERSION_META}"]`, "a string")
      version = claimed
    }
    if (method === "tools/call") tool = name
  }
  const kind = id === null ? "notification" : "request"
  return { kind, method, id: id ?? undefined, params, tool, version }
}
