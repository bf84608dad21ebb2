/**
 * Arguments of a tool that travel in `Mcp-Param-*` headers as well (2026-07-28, `x-mcp-header`): what a header says of an argument
 * must be what the body says (W-40, W-41; S-10). Headers no schema declares mean nothing here and pass untouched (W-42).
 */
import type { Malformed, Message } from "./Envelope.ts"
import { decodeHeaderValue, mismatch } from "./HeaderClaims.ts"
import type { HeaderFields } from "./HeaderNames.ts"
import { isObject } from "./JsonRpc.ts"

/** One argument that is declared to travel in a header. */
export interface HeaderParam {
  /** In lower case, with its prefix: the prefix keeps a tool from naming any other header (W-46). */
  readonly header: string
  /** From `arguments` on. */
  readonly path: ReadonlyArray<string>
}

const PREFIX = "mcp-param-"
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const MAX_DEPTH = 16

/** What an `inputSchema` declares. Only what `properties` alone lead to counts; a declaration anywhere else is void. */
export const headerParamsOf = (inputSchema: unknown): ReadonlyArray<HeaderParam> => declared(inputSchema, [])

const declared = (schema: unknown, path: ReadonlyArray<string>): ReadonlyArray<HeaderParam> => {
  if (!isObject(schema) || path.length > MAX_DEPTH) return []
  const name = schema["x-mcp-header"]
  const own =
    path.length > 0 && typeof name === "string" && TOKEN.test(name)
      ? [{ header: PREFIX + name.toLowerCase(), path }]
      : []
  const { properties } = schema
  if (!isObject(properties)) return own
  return [...own, ...Object.entries(properties).flatMap(([key, inner]) => declared(inner, [...path, key]))]
}

/** The refusal when a header and an argument disagree, one of them missing included. */
export const checkHeaderParams = (
  headers: HeaderFields,
  message: Message,
  params: ReadonlyArray<HeaderParam>
): Malformed | undefined => {
  for (const { header, path } of params) {
    const value = argumentAt(message.params?.["arguments"], path)
    const claimed = headers[header]
    if (claimed === undefined ? value !== undefined : !agrees(decodeHeaderValue(claimed), value)) {
      return mismatch(message, header, `params.arguments.${path.join(".")}`)
    }
  }
  return undefined
}

/** Undefined: not there, or null, of which no header speaks. */
const argumentAt = (args: unknown, path: ReadonlyArray<string>): unknown => {
  let value = args
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value ?? undefined
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/

const agrees = (claimed: string | undefined, value: unknown): boolean => {
  switch (typeof value) {
    case "string":
      return claimed === value
    case "boolean":
      return claimed === String(value)
    case "number":
      // Numbers compare as numbers: 7 and 7.0 are one.
      return claimed !== undefined && DECIMAL.test(claimed) && Number(claimed) === value
    default:
      return false
  }
}
