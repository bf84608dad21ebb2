/** Imports from other registries by the official protocol, once or as a mirror. Contract only; administrators alone may. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Conflict, Forbidden, NotFound, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { KNOWN_ONLY } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

/** What an import is asked for. */
export const RegistryImportFields = Schema.Struct({
  /** Address of the registry, with or without `/v0.1`. */
  from: Schema.String,
  /** These servers alone. */
  names: optional(Schema.Array(Schema.String)),
  /** Switch new servers on; they are off otherwise until an administrator looked at them. */
  enable: optional(Schema.Boolean),
  /** Say what would be done, and do nothing. */
  dry_run: optional(Schema.Boolean),
  /** Go on with the changes of the registry, every `interval_seconds` (an hour). */
  mirror: optional(Schema.Boolean),
  interval_seconds: optional(Schema.Int),
  /**
   * Go on with the last import from there that was interrupted or cancelled, or with a mirror whose last run failed, as it was asked for when it
   * began: beside `from` and what `auth_credential` needs no other field may be given.
   */
  resume: optional(Schema.Boolean),
  /** Variables of headers that keep their name; all others get the server's name before theirs. */
  variables: optional(Schema.Array(Schema.String.pipe(Schema.pattern(/^[A-Z][A-Z0-9_]*$/)))),
  /**
   * What the registry wants to see, kept sealed, sent to its origin alone and shown to nobody; `$NAME_AUTH_TOKEN` in it stands for a variable of the
   * gateway's environment. With `resume` it takes the place of the one before.
   */
  auth_credential: optional(Schema.String),
  /** How it is sent: `bearer`, unless `auth_header_name` is given. */
  auth_scheme: optional(Schema.Literal("bearer", "api_key")),
  /** The header of an `api_key`; else `X-API-Key`. */
  auth_header_name: optional(Schema.String)
})
export type RegistryImportFields = typeof RegistryImportFields.Type

const Moment = Schema.NullOr(Schema.String)

/** One entry of the other registry, and what became of it. */
export const RegistryImportItem = Schema.Struct({
  name: Schema.NullOr(Schema.String),
  version: Schema.NullOr(Schema.String),
  path: Schema.NullOr(Schema.String),
  outcome: Schema.Literal("created", "updated", "unchanged", "removed", "skipped", "refused"),
  field: optional(Schema.String),
  /** Why, of what was refused, skipped or switched off. */
  reason: optional(Schema.String)
}).annotations({ identifier: "RegistryImportItem" })
export type RegistryImportItem = typeof RegistryImportItem.Type

const count = Schema.Int

export const RegistryImport = Schema.Struct({
  id: Schema.String,
  from: Schema.String,
  state: Schema.Literal("running", "waiting", "finished", "interrupted", "cancelled"),
  dry_run: Schema.Boolean,
  enable: Schema.Boolean,
  /** Whether a credential is kept for it. */
  has_credential: Schema.Boolean,
  /** Seconds between two runs of a mirror; null: it is none. */
  interval_seconds: Schema.NullOr(Schema.Int),
  pages: count,
  seen: count,
  created: count,
  updated: count,
  unchanged: count,
  removed: count,
  skipped: count,
  refused: count,
  /** Why the last run did not come to its end; null: it did, or goes on. */
  problem: Schema.NullOr(Schema.String),
  started_at: Moment,
  finished_at: Moment,
  next_at: Moment,
  created_at: Schema.String,
  created_by: Schema.String,
  /** Who resumed it last; null: nobody did. */
  resumed_by: Schema.NullOr(Schema.String)
}).annotations({ identifier: "RegistryImport" })
export type RegistryImport = typeof RegistryImport.Type

export const RegistryImportReport = Schema.Struct({
  ...RegistryImport.fields,
  /** From the `after`th on, at most 1,000; of the last 20 imports, of every mirror's last run, and of 20,000 entries each. */
  items: Schema.Array(RegistryImportItem),
  /** `after` of the next request. */
  next: Schema.Int
})

const ById = Schema.Struct({ id: Schema.String })

const start = HttpApiEndpoint.post("start", "/api/import/registry")
  .setPayload(RegistryImportFields)
  .addSuccess(RegistryImport.annotations(HttpApiSchema.annotations({ status: 202 })))
  .annotate(OpenApi.Summary, "Begin an import from another registry")
  .annotate(OpenApi.Description, "Begins an import in the background, or goes on with one. Administrators only.")
const list = HttpApiEndpoint.get("list", "/api/import/registry")
  .addSuccess(Schema.Struct({ imports: Schema.Array(RegistryImport) }))
  .annotate(OpenApi.Summary, "List imports and mirrors")
  .annotate(OpenApi.Description, "The last imports and every mirror, the newest first. Administrators only.")
const get = HttpApiEndpoint.get("get", "/api/import/registry/:id")
  .setPath(ById)
  .setUrlParams(
    Schema.Struct({ after: optional(Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative())) }).annotations(
      KNOWN_ONLY
    )
  )
  .addSuccess(RegistryImportReport)
  .annotate(OpenApi.Summary, "Show an import")
  .annotate(OpenApi.Description, "How far an import is, and what became of its entries. Administrators only.")
const cancel = HttpApiEndpoint.del("cancel", "/api/import/registry/:id")
  .setPath(ById)
  .addSuccess(RegistryImport)
  .annotate(OpenApi.Summary, "End an import or a mirror")
  .annotate(
    OpenApi.Description,
    "Ends an import, or a mirror for good; what it brought stays. In the middle of a page it stops within ten entries, and how many there were shows a moment later. Administrators only."
  )

export class RegistryImportsGroup extends HttpApiGroup.make("registryImports")
  .add(start)
  .add(list)
  .add(get)
  .add(cancel)
  .addError(BadRequest.schema)
  .addError(Conflict.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(TooLarge.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
