/** Taking over what the replaced system kept in files (contracts.md §2.1, §2.9). Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Conflict, Forbidden, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { FieldError } from "./ApiError.ts"
import { optional } from "./internal/optional.ts"

/** `merge`: the file's entries beside those that are there, in the place of any of the same name; `replace`: the file and nothing else. */
export const ScopesMode = Schema.Literal("merge", "replace")
export type ScopesMode = typeof ScopesMode.Type

const Names = Schema.Array(Schema.String)
const Changes = Schema.Struct({ added: Names, changed: Names, removed: Names }).annotations({ identifier: "Changes" })

export const ImportBody = Schema.Struct({
  /** Server files: a list of them, or an object from file name to file. */
  servers: Schema.Union(Schema.Array(Schema.Unknown), Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  /** `server_state.json`. A server it does not name is off. */
  server_state: optional(Schema.Record({ key: Schema.String, value: Schema.Boolean })),
  /** The text of `scopes.yml`. */
  scopes: optional(Schema.String),
  /**
   * How that is put in force. `merge`: its group mappings, permissions and scopes are added to those that are there, each in the place of one of
   * the same name, and what it does not name stays. `replace`: it is the whole policy from then on. Absent: it is checked and reported on.
   */
  apply_scopes: optional(ScopesMode),
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
  doubts: Schema.Array(Schema.String),
  /** What was asked to be done with it; null: nothing. */
  mode: Schema.NullOr(ScopesMode),
  /** It is in force now. */
  applied: Schema.Boolean,
  /** What that changed of the policy, or would have; null when nothing was asked. */
  changes: Schema.NullOr(
    Schema.Struct({
      /** Of `group_mappings`. */
      groups: Changes,
      /** Of `UI-Scopes`, by scope. */
      permissions: Changes,
      /** Of server scopes. */
      scopes: Changes
    })
  )
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
  .addError(Conflict.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Import the replaced system's files")
  .annotate(
    OpenApi.Description,
    "Takes over the replaced system's server files, for administrators. JSON: this body, or a list of server files alone; or multipart/form-data with the files as they are (`*.json`, `server_state.json`, `scopes.yml`) and a field `dry_run`. Up to 32 MB. Running it again changes nothing. `scopes.yml` is checked and reported on, and with `apply_scopes` (`merge` or `replace`; a field of a form, too) put in force, which takes a sign-in: the text before is kept, nobody makes themselves less than an administrator, and 409 says that the policy is read-only or changed meanwhile, with nothing imported."
  )

export class ImportGroup extends HttpApiGroup.make("import").add(servers) {}
