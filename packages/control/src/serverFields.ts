/**
 * What a registration or an edit means, before the registry checks it: how form texts are read, which addresses the API takes, and whether an
 * administrator vouches for them. Pure.
 */
import { BadRequest, type FieldError, fieldProblem, fieldProblems } from "@mcpgw/api/ApiError"
import { DocumentFields, EditFields, RegisterFields } from "@mcpgw/api/ServerShapes"
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import { normalizePath } from "@mcpgw/domain/Ids"
import { type AllowedUpstream, mayDial } from "@mcpgw/egress/AddressPolicy"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isIP } from "node:net"
import { fieldErrors, type Fields, refusalOf, show, unknownFields } from "./body.ts"
import type { Kinds } from "./form.ts"

/** How the texts of a form are read; the other fields are texts. */
export const FORM: Kinds = {
  tags: "csv",
  supported_transports: "csv",
  transport: "csv",
  num_tools: "number",
  num_stars: "number",
  health_interval_seconds: "number",
  is_python: "boolean",
  is_enabled: "boolean",
  enabled: "boolean",
  headers: "json",
  tool_list: "json",
  tool_list_json: "json",
  resource_list: "json"
}

/** Other spellings of fields, as the replaced system's forms and its own API had them. */
const ALIASES: Readonly<Record<string, string>> = {
  name: "server_name",
  enabled: "is_enabled",
  service_path: "path",
  tool_list_json: "tool_list",
  transport: "supported_transports"
}

/** What an answer shows of a server and nobody sets: it may stand in a document that is sent back. */
export const READ_ONLY: ReadonlyArray<string> = [
  "num_tools",
  "tool_list",
  "resource_list",
  "other_fields",
  "trusted_address",
  "has_credential",
  "credential_set_at",
  "registered_by",
  "registered_at",
  "updated_at"
]

const ADDRESSES = ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"] as const

/** `tags` may be one text of comma-separated words in JSON too; a text alone is a list of one for the transports. */
const listed = (name: string, value: unknown): unknown =>
  (name === "tags" || name === "supported_transports") && typeof value === "string"
    ? value
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== "")
    : value

/** By the record's own names; where both spellings are given, that one counts. */
const named = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields)
      .toSorted(([a], [b]) => Number(b in ALIASES) - Number(a in ALIASES))
      .map(([name, value]) => {
        const own = ALIASES[name] ?? name
        return [own, listed(own, value)]
      })
  )

/** What stands against an address; undefined when nothing does. The dialler judges again, by what a name resolves to then. */
const problemOf = (address: string, allowed: ReadonlyArray<AllowedUpstream>): string | undefined => {
  const url = URL.parse(address)
  if (url === null) return undefined
  // It leads into this process: only the gateway itself registers such servers.
  if (url.protocol === "in-process:") return "it must begin with http:// or https://"
  const host = url.hostname.replace(/^\[|\]$/g, "")
  if (isIP(host) === 0) return undefined
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port)
  if (mayDial(allowed, { host, port, address: host }, true)) return undefined
  return "link-local, metadata and other special addresses are never called, unless MCPGW_ALLOWED_UPSTREAMS lists that very address"
}

/** Addresses that can not be called, of those that can be read. An edit may repeat what `record` holds. */
export const addressErrors = (
  fields: Fields,
  allowed: ReadonlyArray<AllowedUpstream>,
  record?: ServerRecord
): ReadonlyArray<FieldError> =>
  ADDRESSES.flatMap((name) => {
    const address = fields[name]
    if (typeof address !== "string" || address === record?.[name]) return []
    const problem = problemOf(address, allowed)
    return problem === undefined ? [] : [{ field: name, held: show(name, address), expected: problem }]
  })

/** Decodes and judges the addresses, and names every field that is wrong. */
const readWith = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema, { errors: "all" })
  return (
    fields: Fields,
    allowed: ReadonlyArray<AllowedUpstream>,
    unknown: ReadonlyArray<FieldError>,
    record?: ServerRecord
  ): Effect.Effect<A, BadRequest> => {
    const decoded = decode(fields)
    const wrong = Either.isRight(decoded) ? [] : fieldErrors(decoded.left, fields)
    const named = new Set(wrong.map(({ field }) => field))
    const addresses = addressErrors(fields, allowed, record).filter(({ field }) => !named.has(field))
    const [first, ...others] = [...unknown, ...wrong, ...addresses]
    if (first !== undefined) return Effect.fail(new BadRequest(fieldProblems(first, ...others)))
    return Effect.mapError(decoded, (error) => refusalOf(error, fields))
  }
}

const readRegister = readWith(RegisterFields)
const readEdit = readWith(EditFields)
const readDocument = readWith(DocumentFields)

const REGISTER_FIELDS: ReadonlyArray<string> = [...Object.keys(RegisterFields.fields), ...Object.keys(ALIASES)]
const DOCUMENT_FIELDS: ReadonlyArray<string> = Object.keys(DocumentFields.fields)

/** Who asks, and where servers may be. */
export interface Asker {
  /** An administrator, who vouches for private addresses. */
  readonly vouches: boolean
  readonly allowed: ReadonlyArray<AllowedUpstream>
}

/** The secret itself; it goes to the vault and into no record. */
export interface WithCredential {
  readonly auth_credential?: string
}

/** The registration that `fields` make. `others`: what else is wrong with the body. */
export const registrationOf = (
  fields: Fields,
  { allowed, vouches }: Asker,
  others: ReadonlyArray<FieldError> = []
): Effect.Effect<Registration & WithCredential, BadRequest> =>
  Effect.map(
    readRegister(named(fields), allowed, [...unknownFields(fields, REGISTER_FIELDS), ...others]),
    (registration) => ({ ...registration, trusted_address: vouches })
  )

export type Edit = Partial<Omit<Registration, "path">> & WithCredential

/**
 * An administrator who changes an address vouches for the record's addresses when the edit names them all, or when they were vouched for
 * already; anyone else who changes one takes the trust away. Repeating what is there changes nothing. The path stays.
 */
const settled = (
  { path, ...edit }: DocumentFields,
  record: ServerRecord,
  { vouches }: Asker
): Effect.Effect<Edit, BadRequest> => {
  if (path !== undefined && normalizePath(path) !== record.path) {
    const expected = `it can not change from ${record.path}`
    return Effect.fail(new BadRequest(fieldProblem("path", JSON.stringify(path), expected)))
  }
  const moved = ADDRESSES.some((name) => edit[name] !== undefined && edit[name] !== (record[name] ?? ""))
  if (!moved) return Effect.succeed(edit)
  // An address of the record that this edit does not name may be somebody else's choice: nobody vouched for it.
  const allNamed = ADDRESSES.every((name) => edit[name] !== undefined || (record[name] ?? "") === "")
  return Effect.succeed({ ...edit, trusted_address: vouches && (allNamed || record.trusted_address) })
}

/** The edit that the fields of a form make of `record`; those that do not exist are left aside. */
export const editOf = (fields: Fields, record: ServerRecord, asker: Asker): Effect.Effect<Edit, BadRequest> =>
  Effect.flatMap(readEdit(named(fields), asker.allowed, [], record), (edit) => settled(edit, record, asker))

/** The same for members of a document, each of which must exist. */
export const documentEditOf = (fields: Fields, record: ServerRecord, asker: Asker): Effect.Effect<Edit, BadRequest> =>
  Effect.flatMap(readDocument(fields, asker.allowed, unknownFields(fields, DOCUMENT_FIELDS), record), (edit) =>
    settled(edit, record, asker)
  )
