/**
 * Messages made from the protocol's own schemas: for each kind the smallest one, and the fullest ones, until every branch of every
 * union was taken. Deterministic, and free of any judgement of ours about what a message may hold. For tests only.
 */
import type { JsonSchema, SpecSchema } from "./SpecSchemas.ts"

/** One JSON-RPC message of a version. */
export interface SpecMessage {
  /** Definition it was made from, and which variant. */
  readonly name: string
  /** Name of the definition alone. */
  readonly definition: string
  readonly message: Readonly<Record<string, unknown>>
}

/** A key of `_meta` that no schema names: anybody may put theirs there (W-51). */
export const UNKNOWN_META = "com.example/ünknown"

type Union = "Request" | "Notification" | "Result"
type Kind = Union | "Error"

/** What one side sends. `Result`s come as the result of a response. */
export const messagesOf = (spec: SpecSchema, side: "Client" | "Server", union: Union): ReadonlyArray<SpecMessage> =>
  membersOf(spec, `${side}${union}`).flatMap(([definition, schema]) => variants(spec, definition, schema, union))

/** Errors as a response: the general one, and those that a version names. */
export const errorsOf = (spec: SpecSchema): ReadonlyArray<SpecMessage> =>
  Object.entries(spec.definitions)
    .filter(([, { properties = {} }]) => "error" in (properties as object))
    .flatMap(([definition, schema]) => variants(spec, definition, schema, "Error"))

/** The definitions of a union by name; a union of one has no name of its own. */
const membersOf = (spec: SpecSchema, union: string): ReadonlyArray<readonly [string, JsonSchema]> => {
  const schema = spec.definitions[union]
  if (schema === undefined) return []
  const members = (schema["anyOf"] ?? [schema]) as ReadonlyArray<JsonSchema>
  return members.map((member) => [refName(member) ?? union, member])
}

const refName = (schema: JsonSchema): string | undefined => {
  const ref = schema["$ref"]
  return typeof ref === "string" ? ref.slice(ref.lastIndexOf("/") + 1) : undefined
}

/** No union of the schemas has more branches. */
const MOST_BRANCHES = 10

const variants = (spec: SpecSchema, definition: string, schema: JsonSchema, kind: Kind): ReadonlyArray<SpecMessage> => {
  const found = new Map<string, SpecMessage>()
  for (let variant = 0; variant <= MOST_BRANCHES; variant++) {
    const value = sample(spec, schema, { full: variant > 0, branch: Math.max(0, variant - 1) }, definition, 0)
    const text = JSON.stringify(value)
    if (found.has(text)) continue
    const message = envelope(value as Readonly<Record<string, unknown>>, kind, variant)
    found.set(text, { name: `${definition} ${variant}`, definition, message })
  }
  return [...found.values()]
}

/** Earlier schemas leave `jsonrpc` and `id` to the transport. */
const envelope = (value: Readonly<Record<string, unknown>>, kind: Kind, variant: number) => {
  const id = variant % 2 === 0 ? variant : `id-${variant}`
  if (kind === "Result") return { jsonrpc: "2.0", id, result: value }
  return kind === "Notification" ? { jsonrpc: "2.0", ...value } : { jsonrpc: "2.0", id, ...value }
}

interface Choice {
  /** Optional properties too. */
  readonly full: boolean
  /** Which branch of every union, counted round. */
  readonly branch: number
}

const DEEPEST = 7

const sample = (spec: SpecSchema, schema: JsonSchema, choice: Choice, hint: string, depth: number): unknown => {
  const here = depth > DEEPEST ? { full: false, branch: choice.branch } : choice
  const ref = refName(schema)
  if (ref !== undefined) return sample(spec, spec.definitions[ref] ?? {}, here, hint, depth + 1)
  if ("const" in schema) return schema["const"]
  const options = (schema["enum"] ?? schema["anyOf"]) as ReadonlyArray<unknown> | undefined
  if (options !== undefined) {
    const chosen = options[here.branch % options.length]
    return "enum" in schema ? chosen : sample(spec, chosen as JsonSchema, here, hint, depth + 1)
  }
  const parts = schema["allOf"] as ReadonlyArray<JsonSchema> | undefined
  if (parts !== undefined)
    return Object.assign({}, ...parts.map((part) => sample(spec, part, here, hint, depth + 1))) as unknown
  const types = [schema["type"] ?? "object"].flat()
  return ofType(spec, String(types[here.branch % types.length]), schema, here, hint, depth)
}

const ofType = (
  spec: SpecSchema,
  type: string,
  schema: JsonSchema,
  choice: Choice,
  hint: string,
  depth: number
): unknown => {
  switch (type) {
    case "string":
      return textOf(spec, schema, hint)
    case "integer":
    case "number":
      return numberOf(schema, type === "integer" ? 42 : 0.75)
    case "boolean":
      return choice.branch % 2 === 0
    case "null":
      return null
    case "array":
      return choice.full ? [sample(spec, (schema["items"] ?? {}) as JsonSchema, choice, hint, depth + 1)] : []
    default: {
      const value = objectOf(spec, schema, choice, depth)
      return hint === "_meta" && choice.full ? { ...value, [UNKNOWN_META]: { näme: [1.5, null] } } : value
    }
  }
}

const objectOf = (spec: SpecSchema, schema: JsonSchema, choice: Choice, depth: number): Record<string, unknown> => {
  const required = new Set((schema["required"] ?? []) as ReadonlyArray<string>)
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>)) {
    if (choice.full || required.has(key)) out[key] = sample(spec, value, choice, key, depth + 1)
  }
  const more = schema["additionalProperties"]
  if (choice.full && typeof more === "object" && more !== null) {
    out["x/ünknown key"] = sample(spec, more as JsonSchema, choice, "more", depth + 1)
  }
  return out
}

const FORMATS: Readonly<Record<string, string>> = {
  uri: "test://host/a%20b?q=1&r=/2#part",
  "uri-template": "test://host/{id}{?q}",
  byte: "aGVsbG8gd29ybGQ=",
  "date-time": "2026-07-28T10:00:00Z"
}

/** What JSON texts are spelt in many ways: quotes, slashes, controls, beyond the first plane, and a separator JavaScript once disliked. */
const TEXT = 'n\u00e4me "\u{1d54f}" \\ / \u2028\t\u0001'

const textOf = ({ version }: SpecSchema, schema: JsonSchema, hint: string): string =>
  hint.endsWith("protocolVersion") ? version : (FORMATS[String(schema["format"])] ?? WORDS[hint] ?? TEXT)

/** What the schema describes in words alone. */
const WORDS: Readonly<Record<string, string>> = { resultType: "input_required" }

const numberOf = (schema: JsonSchema, usual: number): number => {
  const { minimum = usual, maximum = usual } = schema
  return Math.min(Math.max(usual, Number(minimum)), Number(maximum))
}

/** The same value spelt as no common writer spells it: indented, line ends of Windows, slashes and all but ASCII escaped. */
export const oddly = (value: unknown): string =>
  JSON.stringify(value, null, "\t ")
    .replaceAll("\n", "\r\n")
    .replaceAll("/", "\\/")
    .replace(/[^ -~\s]|\u2028/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`)
