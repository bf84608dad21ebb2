/** Taking over what the replaced system kept in files (contracts.md §2.1, §2.9). Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { FieldError } from "./ApiError.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

export const ImportBody = Schema.Struct({
  /** Server files: a list of them, or an object from file name to file. */
  servers: Schema.Union(Schema.Array(Schema.Unknown), Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  /** `server_state.json`. A server it does not name is off. */
  server_state: optional(Schema.Record({ key: Schema.String, value: Schema.Boolean })),
  /** The text of `scopes.yml`. */
  scopes: optional(Schema.String),
  /** Report, and change nothing. */
  dry_run: optional(Schema.Boolean)
})

export const ImportedItem = Schema.Struct({
  file: Schema.String,
  path: Schema.NullOr(Schema.String),
  result: Schema.Literal("created", "updated", "unchanged", "refused"),
  /** Names of the fields that differ from what was there. */
  changed: Schema.Array(Schema.String),
  /** Why it was refused: every field. */
  errors: Schema.Array(FieldError),
  notes: Schema.Array(Schema.String)
})
export type ImportedItem = typeof ImportedItem.Type

/** What a `scopes.yml` is worth here. */
export const ScopesReport = Schema.Struct({
  valid: Schema.Boolean,
  group_mappings: Schema.Int,
  scopes: Schema.Int,
  /** Where it is wrong, in words; null when it is valid. */
  problem: Schema.NullOr(Schema.String),
  /** Names in it that lead nowhere. */
  doubts: Schema.Array(Schema.String)
})
export type ScopesReport = typeof ScopesReport.Type

export const Imported = Schema.Struct({
  dry_run: Schema.Boolean,
  created: Schema.Int,
  updated: Schema.Int,
  unchanged: Schema.Int,
  refused: Schema.Int,
  items: Schema.Array(ImportedItem),
  /** Null when none was sent. */
  scopes: Schema.NullOr(ScopesReport),
  notes: Schema.Array(Schema.String)
})
export type Imported = typeof Imported.Type

const servers = HttpApiEndpoint.post("servers", "/api/import/servers")
  .setPayload(ImportBody)
  .addSuccess(Imported)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(
    OpenApi.Description,
    "Takes over the replaced system's server files, for administrators. JSON: this body, or a list of server files alone; or multipart/form-data with the files as they are (`*.json`, `server_state.json`, `scopes.yml`) and a field `dry_run`. Up to 32 MB. Running it again changes nothing. `scopes.yml` is checked and reported on, not put in force."
  )

export class ImportGroup extends HttpApiGroup.make("import").add(servers) {}
