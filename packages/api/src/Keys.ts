/** API keys a person makes for clients that can not do OAuth. Contract only. A key's text is in the answer that makes it and in no other. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { GivenMoment, Moment } from "./Moments.ts"
import { KNOWN_ONLY } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

const Names = Schema.Array(Schema.NonEmptyString.pipe(Schema.maxLength(256)))

/** Server path to names of tools. */
const ToolsByServer = Schema.Record({ key: Schema.String, value: Names }).annotations({
  message: () => ({
    message: 'it must be an object of tools by server, such as {"/currenttime":["current_time_by_timezone"]}',
    override: false
  })
})

export const CreateKey = Schema.Struct({
  name: Schema.NonEmptyString,
  /** Absent: the key ends when it is revoked. */
  expires_at: optional(GivenMoment),
  /** Of the owner's groups, only these. */
  groups: optional(Names),
  /** Of the owner's scopes, only these. */
  scopes: optional(Names),
  /** Only these servers, by path, and those under `tools`. */
  servers: optional(Names),
  /** Of these servers, only these tools. */
  tools: optional(ToolsByServer)
})
export type CreateKey = typeof CreateKey.Type

export const KeyView = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  /** The key's beginning. */
  prefix: Schema.String,
  owner: Schema.String,
  created_at: Moment,
  expires_at: Schema.NullOr(Moment),
  /** To the minute. */
  last_used_at: Schema.NullOr(Moment),
  /** Limits; null where there is none. */
  groups: Schema.NullOr(Names),
  scopes: Schema.NullOr(Names),
  servers: Schema.NullOr(Names),
  tools: Schema.NullOr(ToolsByServer)
}).annotations({ identifier: "ApiKey" })
export type KeyView = typeof KeyView.Type

/** The only answer that holds a key. */
export const CreatedKey = Schema.Struct({
  ...KeyView.fields,
  key: Schema.String,
  /** What was taken and has no effect now; absent when there is nothing to tell. */
  warnings: optional(Schema.Array(Schema.String))
})

const Owner = Schema.Struct({ owner: optional(Schema.NonEmptyString) })

const list = HttpApiEndpoint.get("list", "/api/keys")
  .setUrlParams(Owner.annotations(KNOWN_ONLY))
  .addSuccess(Schema.Struct({ keys: Schema.Array(KeyView) }))
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "List API keys")
  .annotate(OpenApi.Description, "The caller's keys, newest first; for administrators those of `owner`.")

const create = HttpApiEndpoint.post("create", "/api/keys")
  .setPayload(CreateKey)
  .addSuccess(CreatedKey, { status: 201 })
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Make an API key")
  .annotate(
    OpenApi.Description,
    "A key for the caller, who must be signed in: neither a token nor a key can make one. A key limited to servers or tools has no right to manage anything; a field that does not exist is refused. `expires_at` is a moment, or a day, which stands for its beginning in UTC: the key is good until then. Living keys of one owner have different names."
  )

const revoke = HttpApiEndpoint.del("revoke", "/api/keys/:id")
  .setPath(Schema.Struct({ id: Schema.String }))
  .setUrlParams(Owner.annotations(KNOWN_ONLY))
  .addSuccess(Schema.Struct({ success: Schema.Literal(true), id: Schema.String }))
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Revoke an API key")
  .annotate(
    OpenApi.Description,
    "Ends a key of the caller's, or for administrators one of `owner`'s. A key may end itself."
  )

export class KeysGroup extends HttpApiGroup.make("keys").add(list).add(create).add(revoke).middleware(Authentication) {}
