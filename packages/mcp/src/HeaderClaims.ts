/**
 * What headers claim about a body, checked against the body. Headers alone never decide anything (W-40…W-43, design.md §6):
 * a 2026-07-28 request must carry them and they must agree; on an older one they need not be there but must not lie.
 */
import { type Envelope, type Malformed, malformed, type Message, MODERN_SINCE } from "./Envelope.ts"
import { type HeaderFields, MCP_METHOD, MCP_NAME, PROTOCOL_VERSION } from "./HeaderNames.ts"
import { Code } from "./JsonRpc.ts"

export type Era = "legacy" | "modern"

export const eraOf = (version: string | undefined): Era =>
  version !== undefined && version >= MODERN_SINCE ? "modern" : "legacy"

const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"]
])

const BASE64 = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/
const OPTIONAL_WHITESPACE = /^[ \t]+|[ \t]+$/g
/** Anything else has to be sent encoded: servers read raw bytes above 127 in different ways. */
const PLAIN = /^[\t\x20-\x7e]*$/
// A byte order mark is part of the value: a server that keeps it would read another one than was judged.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Decodes `=?base64?…?=` (W-40); undefined for bad padding, alphabet or UTF-8, and for characters no header may hold. */
export const decodeHeaderValue = (value: string): string | undefined => {
  const text = value.replace(OPTIONAL_WHITESPACE, "")
  if (!PLAIN.test(text)) return undefined
  // Both markers, or it is a plain value that happens to look like one.
  if (!text.startsWith("=?base64?") || !text.endsWith("?=")) return text
  const encoded = BASE64.exec(text)?.[1]
  if (encoded === undefined) return undefined
  try {
    return utf8.decode(Buffer.from(encoded, "base64"))
  } catch {
    return undefined
  }
}

/** The value as a header may carry it (W-40): encoded when servers could read it in different ways, or take it for encoded. */
export const encodeHeaderValue = (value: string): string =>
  PLAIN.test(value) && value.trim() === value && !value.startsWith("=?base64?")
    ? value
    : `=?base64?${Buffer.from(value, "utf8").toString("base64")}?=`

const VERSION = /^\d{4}-\d{2}-\d{2}$/
const NO_VERSION =
  "The header MCP-Protocol-Version holds no protocol version: it may hold one such as 2025-11-25 or 2026-07-28"

/** Era of the request, or the refusal when headers and body disagree. */
export const checkHeaderClaims = (headers: HeaderFields, envelope: Envelope): Era | Malformed => {
  const message = envelope.messages[0]
  const claimed = headers[PROTOCOL_VERSION]?.trim()
  const headerEra = eraOf(claimed)
  if (envelope.batch) return checkBatch(headers, headerEra, envelope)
  const bodyEra = eraOf(message.version)
  if (bodyEra === "modern") {
    if (claimed !== message.version) return mismatch(message, "MCP-Protocol-Version", "_meta protocolVersion")
    return checkNames(headers, message, message.kind === "request") ?? "modern"
  }
  // Only requests carry a version (protocol.md §1.2): of a notification the header is all that says it.
  if (headerEra === "modern" && message.kind === "notification" && message.version === undefined) {
    return checkNames(headers, message, false) ?? "modern"
  }
  if (headerEra === "modern" && message.method !== "initialize") {
    if (!VERSION.test(claimed ?? ""))
      return malformed("version", NO_VERSION, { code: Code.invalidParams, id: message.id ?? null })
    return malformed(
      "missing_meta",
      "The header says 2026-07-28 or later, but params._meta names no protocol version",
      {
        code: Code.invalidParams,
        id: message.id ?? null
      }
    )
  }
  return checkNames(headers, message, false) ?? "legacy"
}

const checkBatch = (headers: HeaderFields, headerEra: Era, envelope: Envelope): Era | Malformed => {
  if (headerEra === "modern" || envelope.messages.some((message) => eraOf(message.version) === "modern"))
    return malformed("batch", "Batches ended with protocol version 2025-03-26")
  // Of several messages one header can not be true, and whoever believes it on the way to the server sees one call for another.
  const claim = headers[MCP_METHOD] === undefined ? headers[MCP_NAME] : headers[MCP_METHOD]
  return claim === undefined ? "legacy" : mismatch(envelope.messages[0], "Mcp-Method or Mcp-Name", "the batch")
}

const checkNames = (headers: HeaderFields, message: Message, required: boolean): Malformed | undefined => {
  const method = headers[MCP_METHOD]
  if (method === undefined ? required && message.method !== "" : decodeHeaderValue(method) !== message.method) {
    return mismatch(message, "Mcp-Method", "method")
  }
  const field = NAMED_BY.get(message.method)
  const name = headers[MCP_NAME]
  if (field === undefined) return undefined
  const named = message.params?.[field]
  if (typeof named !== "string")
    return name === undefined ? undefined : mismatch(message, "Mcp-Name", `params.${field}`)
  if (name === undefined ? required : decodeHeaderValue(name) !== named)
    return mismatch(message, "Mcp-Name", `params.${field}`)
  return undefined
}

/** `400 -32020`: what a header claims is not what the body says (W-41). */
export const mismatch = (message: Message, header: string, field: string): Malformed =>
  malformed("header_mismatch", `Header mismatch: ${header} does not agree with ${field} in the body`, {
    code: Code.headerMismatch,
    id: message.id ?? null
  })
