/** What is said about servers on the wire (contracts.md §2.8, §2.9): views of records, and what a registration or an edit may hold. */
import { normalizePath, placeProblem, ServerPath } from "@mcpgw/domain/Ids"
import {
  AuthScheme,
  headerProblem,
  HealthInterval,
  ListedResource,
  ServerRecord,
  Transport,
  UpstreamUrl,
  Visibility
} from "@mcpgw/domain/Server"
import { ParsedDescription, Tool } from "@mcpgw/domain/Tool"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { optional } from "./internal/optional.ts"

/** A tool as it is shown; the server's own definition stays in the registry. */
export const ToolView = Schema.Struct({
  name: Schema.String,
  parsed_description: ParsedDescription,
  schema: Schema.Unknown
}).annotations({ identifier: "Tool" })
export type ToolView = typeof ToolView.Type

export const ServerItem = Schema.Struct({
  display_name: Schema.String,
  path: Schema.String,
  description: Schema.String,
  proxy_pass_url: Schema.String,
  is_enabled: Schema.Boolean,
  tags: Schema.Array(Schema.String),
  num_tools: Schema.Int,
  num_stars: Schema.Number,
  is_python: Schema.Boolean,
  license: Schema.String,
  health_status: Schema.String,
  last_checked_iso: Schema.NullOr(Schema.String)
}).annotations({ identifier: "ServerItem" })
export type ServerItem = typeof ServerItem.Type

/** The stored record; `headers` is empty and `tool_list` shorter for those who may not see all of them. */
export const ServerDetails = Schema.Struct({
  server_name: Schema.String,
  description: Schema.String,
  path: Schema.String,
  proxy_pass_url: Schema.String,
  tags: Schema.Array(Schema.String),
  num_tools: Schema.Int,
  num_stars: Schema.Number,
  is_python: Schema.Boolean,
  license: Schema.String,
  supported_transports: Schema.Array(Transport),
  auth_provider: optional(Schema.String),
  auth_type: optional(Schema.String),
  auth_scheme: optional(AuthScheme),
  auth_header_name: optional(Schema.String),
  /** Is a credential stored? It is never shown. */
  has_credential: Schema.Boolean,
  credential_set_at: optional(Schema.String),
  health_interval_seconds: optional(Schema.Int),
  headers: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.String })),
  tool_list: Schema.Array(ToolView),
  resource_list: optional(Schema.Array(ListedResource)),
  /** `public`: anyone is told of it at `/.well-known/mcp-servers`. Absent: private. */
  visibility: optional(Visibility),
  /** Fields of an imported file that have no meaning here; for those who may modify the server. */
  other_fields: optional(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  mcp_endpoint: optional(Schema.String),
  sse_endpoint: optional(Schema.String),
  is_enabled: Schema.Boolean,
  trusted_address: Schema.Boolean,
  registered_by: Schema.String,
  registered_at: Schema.String,
  updated_at: Schema.String
}).annotations({ identifier: "ServerDetails" })
export type ServerDetails = typeof ServerDetails.Type

/** What is known of a server right after it was registered. */
export const HealthView = Schema.Struct({
  /** `checking`: the first check was not done in time for this answer. */
  status: Schema.String,
  last_checked_iso: Schema.NullOr(Schema.String),
  /** The reason, and what would help, for a person. */
  detail: Schema.String
}).annotations({ identifier: "Health" })
export type HealthView = typeof HealthView.Type

/** An optional address; an empty text takes it away. */
const Address = Schema.Union(UpstreamUrl, Schema.Literal(""))

const Name = ServerRecord.fields.server_name

const Headers = Schema.Array(Schema.Record({ key: Schema.String, value: Schema.String })).pipe(
  Schema.filter((headers) => headerProblem(headers) ?? true)
)

const decodePath = Schema.decodeUnknownEither(ServerPath)

/** A path a server can be registered at; slashes around it do not count. */
const FreePath = Schema.String.pipe(
  Schema.filter((text) => {
    const path = normalizePath(text)
    const decoded = decodePath(path)
    if (Either.isRight(decoded)) return placeProblem(path) ?? true
    return ParseResult.ArrayFormatter.formatErrorSync(decoded.left)[0]?.message ?? false
  })
)

const editable = {
  server_name: optional(Name),
  proxy_pass_url: optional(UpstreamUrl),
  description: optional(Schema.String),
  tags: optional(Schema.Array(Schema.String)),
  num_tools: optional(Schema.Int.pipe(Schema.nonNegative())),
  num_stars: optional(Schema.Number),
  is_python: optional(Schema.Boolean),
  license: optional(Schema.String),
  supported_transports: optional(Schema.Array(Transport)),
  auth_provider: optional(Schema.String),
  auth_type: optional(Schema.String),
  auth_scheme: optional(Schema.Union(AuthScheme, Schema.Literal(""))),
  auth_header_name: optional(Schema.String),
  /** Write-only; an empty text takes it away. */
  auth_credential: optional(Schema.String),
  /** 0: as configured. */
  health_interval_seconds: optional(Schema.Union(HealthInterval, Schema.Literal(0))),
  headers: optional(Headers),
  tool_list: optional(Schema.Array(Tool)),
  visibility: optional(Visibility),
  mcp_endpoint: optional(Address),
  sse_endpoint: optional(Address)
}

/** Fields of an edit; those that are absent stay as they are. `path` may be repeated and can not change. */
export const EditFields = Schema.Struct({ ...editable, path: optional(Schema.String) })
export type EditFields = typeof EditFields.Type

/**
 * Fields of a registration. `name` is the form's spelling of `server_name`, `enabled` of `is_enabled`, and `transport` that of files for
 * `supported_transports`.
 */
export const RegisterFields = Schema.Struct({
  ...editable,
  server_name: Name,
  path: FreePath,
  proxy_pass_url: UpstreamUrl,
  resource_list: optional(Schema.Array(ListedResource)),
  is_enabled: optional(Schema.Boolean)
})
export type RegisterFields = typeof RegisterFields.Type

/** Members of a server's document that can be set; one that is `null` in a patch goes back to its default (RFC 7396). */
export const DocumentFields = Schema.Struct({ ...EditFields.fields, is_enabled: optional(Schema.Boolean) })
export type DocumentFields = typeof DocumentFields.Type
