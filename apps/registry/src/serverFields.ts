/**
 * What a registration or an edit means, before the registry checks it: how form texts are read, which addresses the API takes, and whether an
 * administrator vouches for them. Pure.
 */
import { BadRequest, fieldProblem } from "@mcpgw/api/ApiError"
import { EditFields, RegisterFields } from "@mcpgw/api/ServerShapes"
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import { normalizePath } from "@mcpgw/domain/Ids"
import * as Effect from "effect/Effect"
import { decodeWith, type Fields, type FormField } from "./body.ts"

/** How the texts of a form are read; the other fields are texts. */
export const FORM: Readonly<Record<string, FormField>> = {
  tags: "csv",
  supported_transports: "csv",
  num_tools: "number",
  num_stars: "number",
  is_python: "boolean",
  is_enabled: "boolean",
  enabled: "boolean",
  headers: "json",
  tool_list: "json",
  tool_list_json: "json"
}

/** Other spellings of fields, as the replaced system's forms and its own API had them. */
const ALIASES: Readonly<Record<string, string>> = {
  name: "server_name",
  enabled: "is_enabled",
  service_path: "path",
  tool_list_json: "tool_list"
}

const ADDRESSES = ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"] as const

/** `tags` may be one text of comma-separated words in JSON too; a text alone is a list of one for the transports. */
const listed = (name: string, value: unknown): unknown =>
  (name === "tags" || name === "supported_transports") && typeof value === "string"
    ? value
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== "")
    : value

const named = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [ALIASES[name] ?? name, listed(name, value)]))

/** `in-process://` leads into this process: only the gateway itself registers such servers. An edit may repeat what `record` holds. */
const outsideOnly = <A extends EditFields>(fields: A, record?: ServerRecord): Effect.Effect<A, BadRequest> => {
  const inside = ADDRESSES.find(
    (name) => URL.parse(fields[name] ?? "")?.protocol === "in-process:" && fields[name] !== record?.[name]
  )
  return inside === undefined
    ? Effect.succeed(fields)
    : Effect.fail(
        new BadRequest(fieldProblem(inside, JSON.stringify(fields[inside]), "it must begin with http:// or https://"))
      )
}

const decodeRegister = decodeWith(RegisterFields)
const decodeEdit = decodeWith(EditFields)

/** The registration that `fields` make; `vouched`: by an administrator. */
export const registrationOf = (fields: Fields, vouched: boolean): Effect.Effect<Registration, BadRequest> =>
  decodeRegister(named(fields)).pipe(
    Effect.flatMap((given) => outsideOnly(given)),
    Effect.map((registration) => ({ ...registration, trusted_address: vouched }))
  )

export type Edit = Partial<Omit<Registration, "path">>

/**
 * The edit that `fields` make of `record`. An administrator who changes an address vouches for the record's addresses when the edit names
 * them all, or when they were vouched for already; anyone else who changes one takes the trust away. Repeating what is there changes
 * nothing. The path stays.
 */
export const editOf = (fields: Fields, record: ServerRecord, vouched: boolean): Effect.Effect<Edit, BadRequest> =>
  Effect.gen(function* () {
    const { path, ...edit } = yield* Effect.flatMap(decodeEdit(named(fields)), (given) => outsideOnly(given, record))
    if (path !== undefined && normalizePath(path) !== record.path) {
      return yield* new BadRequest(fieldProblem("path", JSON.stringify(path), `it can not change from ${record.path}`))
    }
    const moved = ADDRESSES.some((name) => edit[name] !== undefined && edit[name] !== (record[name] ?? ""))
    if (!moved) return edit
    // An address of the record that this edit does not name may be somebody else's choice: nobody vouched for it.
    const allNamed = ADDRESSES.every((name) => edit[name] !== undefined || (record[name] ?? "") === "")
    return { ...edit, trusted_address: vouched && (allNamed || record.trusted_address) }
  })
