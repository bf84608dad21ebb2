/**
 * The fields a provider is described by, as `oauth2_providers.yml` of the replaced system names them (contracts.md §2.6) and a few more,
 * and how a problem with one of them is worded. Pure.
 */
import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const text = optional(Schema.NullOr(Schema.String))
const list = optional(Schema.NullOr(Schema.Array(Schema.String)))

export const ProviderFields = Schema.Struct({
  display_name: text,
  client_id: text,
  client_secret: text,
  auth_url: text,
  token_url: text,
  user_info_url: text,
  logout_url: text,
  scopes: list,
  response_type: text,
  grant_type: text,
  subject_claim: text,
  username_claim: text,
  groups_claim: text,
  email_claim: text,
  name_claim: text,
  enabled: optional(Schema.NullOr(Schema.Union(Schema.Boolean, Schema.String))),
  /** Ours: what the replaced system did not need, because it verified no ID token. */
  kind: text,
  issuer: text,
  issuer_aliases: list,
  jwks_url: text,
  audiences: list,
  allowed_tenants: list,
  token_endpoint_auth_method: text
})
export type ProviderFields = typeof ProviderFields.Type
export type FieldName = keyof ProviderFields

/** A provider as one source describes it. */
export interface Described {
  readonly name: string
  readonly fields: ProviderFields
  /** How a problem with a field begins: the file and the field, or the environment variable. */
  readonly label: (field: FieldName) => string
  /** Where audiences can be given; undefined: nowhere. */
  readonly audiencesFrom?: string | undefined
  /** What is wrong already: the source could not describe it. */
  readonly problem?: string
}

/** One line: where, what it held, what it may hold. Values of secrets are not shown. */
export const fieldProblem = ({ fields, label }: Described, field: FieldName, holds: string): string => {
  const held = fields[field]
  const empty = held === undefined || held === null || held === "" || (Array.isArray(held) && held.length === 0)
  const shown = empty ? "nothing" : field === "client_secret" ? "a secret" : JSON.stringify(held).slice(0, 200)
  return `${label(field)}: held ${shown}; it may hold ${holds}`
}

/** The text of a field; undefined when it holds none. */
export const textOf = ({ fields }: Described, field: FieldName): string | undefined => {
  const value = fields[field]
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined
}

export const listOf = ({ fields }: Described, field: "scopes" | "audiences" | "issuer_aliases" | "allowed_tenants") =>
  (fields[field] ?? []).map((entry) => entry.trim()).filter((entry) => entry !== "")
