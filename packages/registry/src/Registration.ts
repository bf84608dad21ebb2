/**
 * From what a registration or an edit gives to a whole, valid record. Pure; stores nothing and knows no other record.
 * What a refusal repeats is shortened and never holds header values or passwords.
 */
import { fieldProblems } from "@mcpgw/domain/FieldProblems"
import { normalizePath, placeProblem } from "@mcpgw/domain/Ids"
import { headerProblem, ServerRecord } from "@mcpgw/domain/Server"
import type { Registration } from "@mcpgw/domain/Server"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { keptTools, MAX_TOOLS } from "./Inventory.ts"
import { InvalidServer, type WrongField } from "./RegistryError.ts"

/** What a patch may name. */
export type Patch = Partial<Omit<Registration, "path">>

/** Contracts.md §2.8 and §2.10; a server registered here is on, and none is trusted with a private address unasked. */
const DEFAULTS = {
  description: "",
  tags: [],
  num_stars: 0,
  is_python: false,
  license: "N/A",
  supported_transports: ["streamable-http"],
  headers: [],
  tool_list: [],
  is_enabled: true,
  trusted_address: false
}

const PATCHABLE = [
  "server_name",
  "proxy_pass_url",
  "description",
  "tags",
  "num_tools",
  "num_stars",
  "is_python",
  "license",
  "supported_transports",
  "auth_provider",
  "auth_type",
  "auth_scheme",
  "auth_header_name",
  "credential_ref",
  "credential_set_at",
  "health_interval_seconds",
  "headers",
  "tool_list",
  "resource_list",
  "visibility",
  "other_fields",
  "mcp_endpoint",
  "sse_endpoint",
  "is_enabled",
  "trusted_address"
] as const satisfies ReadonlyArray<keyof Patch>

/** Optional fields that an empty text takes away. */
const CLEARABLE: ReadonlySet<string> = new Set([
  "auth_provider",
  "auth_type",
  "auth_scheme",
  "auth_header_name",
  "credential_ref",
  "credential_set_at",
  "mcp_endpoint",
  "sse_endpoint"
])

const HEADER_NAME = /^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/

type Fields = Readonly<Record<string, unknown>>

const decode = Schema.decodeUnknownEither(ServerRecord, { errors: "all" })

const at = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

const HELD_CHARS = 120

const HIDDEN = "(hidden)"

/** The value as JSON, fit to be shown to the person who sent it and to be logged. The whole record holds headers too. */
const show = (field: string, value: unknown): string => {
  if (field === "headers" || field === "other_fields" || field === "record" || field.startsWith("credential_")) {
    return HIDDEN
  }
  if (value === undefined) return "nothing"
  const text = (JSON.stringify(value) ?? String(value)).replace(/\/\/[^/"]*@/g, "//(hidden)@")
  return text.length > HELD_CHARS ? `${text.slice(0, HELD_CHARS)}…` : text
}

/** Of headers names alone: who writes a whole header line where a name belongs gets it hidden. */
const named = ([field, ...rest]: ReadonlyArray<string>): string =>
  [field, ...rest.map((key) => (field !== "headers" || HEADER_NAME.test(key) ? key : HIDDEN))].join(".")

const wrong = (candidate: Fields, path: ReadonlyArray<PropertyKey>, problem: string): WrongField => {
  const keys = path.length === 0 ? ["record"] : path.map(String)
  return { field: named(keys), held: show(keys[0] ?? "", at(candidate, path)), problem }
}

/** Each field once, with the first of what is said of it. */
const distinct = (fields: ReadonlyArray<WrongField>): ReadonlyArray<WrongField> =>
  [...new Map(fields.toReversed().map((entry) => [entry.field, entry])).values()].toReversed()

const isHeaders = Schema.is(ServerRecord.fields.headers)

/** What else stands against a candidate than its types: headers that are none and, of a new one, a place the gateway serves itself. */
const rulesBroken = (candidate: Fields, isNew: boolean): ReadonlyArray<WrongField> => {
  const { headers, path } = candidate
  const place = isNew && typeof path === "string" ? placeProblem(path) : undefined
  const header = isHeaders(headers) ? headerProblem(headers) : undefined
  return [
    ...(place === undefined ? [] : [wrong(candidate, ["path"], place)]),
    ...(header === undefined ? [] : [wrong(candidate, ["headers"], header)])
  ]
}

/** The candidate as a record, or every field that is wrong. */
const validate = (candidate: Fields, isNew = false): Either.Either<ServerRecord, InvalidServer> => {
  const decoded = decode(candidate)
  const issues = Either.isRight(decoded) ? [] : fieldProblems(decoded.left)
  const [first, ...more] = distinct([
    ...issues.map(({ expected, path }) => wrong(candidate, path, expected)),
    ...rulesBroken(candidate, isNew)
  ])
  if (first !== undefined) return Either.left(new InvalidServer({ ...first, more }))
  return Either.mapLeft(decoded, () => new InvalidServer({ ...wrong(candidate, [], "it can not be read"), more: [] }))
}

/** Fields the caller named; an explicit `undefined` counts as not named. */
const given = (patch: Patch): Fields =>
  Object.fromEntries(PATCHABLE.flatMap((key) => (patch[key] === undefined ? [] : [[key, patch[key]]])))

const isCleared = (key: string, value: unknown): boolean =>
  (CLEARABLE.has(key) && value === "") ||
  (key === "visibility" && value === "private") ||
  (key === "health_interval_seconds" && value === 0)

const withoutCleared = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key, value]) => !isCleared(key, value)))

/** A tool list counts itself unless the caller says otherwise; of a longer one the first `MAX_TOOLS` are kept. */
const counted = (patch: Patch): Fields => {
  const fields = given(patch)
  return patch.tool_list === undefined
    ? fields
    : { num_tools: patch.tool_list.length, ...fields, tool_list: keptTools(patch.tool_list) }
}

/** The record a registration makes, `by` whom and when (ISO 8601). Defaults fill what was not given. */
export const makeRecord = (
  registration: Registration,
  by: string,
  now: string
): Either.Either<ServerRecord, InvalidServer> => {
  const fields = counted(registration)
  return candidateOf(fields, registration.path, by, now)
}

const candidateOf = (fields: Fields, path: unknown, by: string, now: string) =>
  validate(
    {
      num_tools: 0,
      ...DEFAULTS,
      ...withoutCleared(fields),
      path: typeof path === "string" ? normalizePath(path) : path,
      registered_by: by,
      registered_at: now,
      updated_at: now
    },
    true
  )

/** The same of fields nobody has checked yet, such as a file's: every one that is wrong is named. Names that mean nothing are left aside. */
export const recordFrom = (fields: Fields, by: string, now: string): Either.Either<ServerRecord, InvalidServer> => {
  const { tool_list: tools } = fields
  const named = Object.fromEntries(PATCHABLE.flatMap((key) => (fields[key] === undefined ? [] : [[key, fields[key]]])))
  const list: ReadonlyArray<unknown> = Array.isArray(tools) ? tools : []
  const count = tools === undefined ? {} : { num_tools: list.length }
  const kept = list.length > MAX_TOOLS ? { tool_list: list.slice(0, MAX_TOOLS) } : {}
  return candidateOf({ ...count, ...named, ...kept }, fields["path"], by, now)
}

const ADDRESSES = ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"] as const

/** Who vouched for an address vouched for no other: trust ends with it, whoever changes it and whatever they had read, unless it is said anew. */
const trustAfter = (record: ServerRecord, patch: Patch): Patch =>
  patch.trusted_address === undefined &&
  ADDRESSES.some((name) => patch[name] !== undefined && patch[name] !== (record[name] ?? ""))
    ? { trusted_address: false }
    : {}

/**
 * The record after an edit: named fields as given, all others as they were. An empty text takes an optional field (`auth_provider`,
 * `auth_type`, `auth_scheme`, `mcp_endpoint`, …) away, 0 an interval.
 */
export const patchRecord = (
  record: ServerRecord,
  patch: Patch,
  now: string
): Either.Either<ServerRecord, InvalidServer> => {
  const fields = withoutCleared({ ...record, ...counted(patch), ...trustAfter(record, patch) })
  const candidate = { ...fields, updated_at: now }
  // Thousands of tools that were checked when they came need not be checked, and copied, for an edit of something else.
  return patch.tool_list === undefined
    ? Either.map(validate({ ...candidate, tool_list: [] }), (valid) => ({ ...valid, tool_list: record.tool_list }))
    : validate(candidate)
}
