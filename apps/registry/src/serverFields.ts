/**
 * What a registration or an edit means, before the registry checks it: how form texts are read, which addresses the API takes, and whether an
 * administrator vouches for them. Pure.
 */
import { BadRequest, fieldProblem } from "@mcpgw/api/ApiError"
import { EditFields, RegisterFields } from "@mcpgw/api/ServerShapes"
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import { normalizePath } from "@mcpgw/domain/Ids"
import { type AllowedUpstream, mayDial } from "@mcpgw/egress/AddressPolicy"
import * as Effect from "effect/Effect"
import { isIP } from "node:net"
import { decodeWith, type Fields, type FormField, onlyFields } from "./body.ts"

/** How the texts of a form are read; the other fields are texts. */
export const FORM: Readonly<Record<string, FormField>> = {
  tags: "csv",
  supported_transports: "csv",
  num_tools: "number",
  num_stars: "number",
  health_interval_seconds: "number",
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

/** Addresses that can be called at all. An edit may repeat what `record` holds. */
const callable =
  (allowed: ReadonlyArray<AllowedUpstream>, record?: ServerRecord) =>
  <A extends EditFields>(fields: A): Effect.Effect<A, BadRequest> => {
    for (const name of ADDRESSES) {
      const address = fields[name]
      if (address === undefined || address === record?.[name]) continue
      const problem = problemOf(address, allowed)
      if (problem !== undefined)
        return Effect.fail(new BadRequest(fieldProblem(name, JSON.stringify(address), problem)))
    }
    return Effect.succeed(fields)
  }

const decodeRegister = decodeWith(RegisterFields)
const decodeEdit = decodeWith(EditFields)

const registerFields = onlyFields(...Object.keys(RegisterFields.fields), ...Object.keys(ALIASES))

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

/** The registration that `fields` make. */
export const registrationOf = (
  fields: Fields,
  { allowed, vouches }: Asker
): Effect.Effect<Registration & WithCredential, BadRequest> =>
  registerFields(fields).pipe(
    Effect.flatMap((known) => decodeRegister(named(known))),
    Effect.flatMap(callable(allowed)),
    Effect.map((registration) => ({ ...registration, trusted_address: vouches }))
  )

export type Edit = Partial<Omit<Registration, "path">> & WithCredential

/**
 * The edit that `fields` make of `record`. An administrator who changes an address vouches for the record's addresses when the edit names
 * them all, or when they were vouched for already; anyone else who changes one takes the trust away. Repeating what is there changes
 * nothing. The path stays.
 */
export const editOf = (
  fields: Fields,
  record: ServerRecord,
  { allowed, vouches }: Asker
): Effect.Effect<Edit, BadRequest> =>
  Effect.gen(function* () {
    const { path, ...edit } = yield* Effect.flatMap(decodeEdit(named(fields)), callable(allowed, record))
    if (path !== undefined && normalizePath(path) !== record.path) {
      return yield* new BadRequest(fieldProblem("path", JSON.stringify(path), `it can not change from ${record.path}`))
    }
    const moved = ADDRESSES.some((name) => edit[name] !== undefined && edit[name] !== (record[name] ?? ""))
    if (!moved) return edit
    // An address of the record that this edit does not name may be somebody else's choice: nobody vouched for it.
    const allNamed = ADDRESSES.every((name) => edit[name] !== undefined || (record[name] ?? "") === "")
    return { ...edit, trusted_address: vouches && (allNamed || record.trusted_address) }
  })
