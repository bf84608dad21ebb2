/**
 * The official registry protocol, v0.1 (protocol.md §4; contracts.md §2.15). Contract only. `/v0` is the same. Refusals have the protocol's own
 * shape: RFC 9457 with an `error` member beside.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import { ServerJson } from "@mcpgw/domain/ServerJson"
import * as Schema from "effect/Schema"
import { Forbidden, NotFound, PROBLEM_JSON, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { EVERY_ERROR } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

/** */
export const EntryStatus = Schema.Literal("active", "deprecated", "deleted")

/** What this registry says of an entry. */
export const OfficialMeta = Schema.Struct({
  status: EntryStatus,
  statusMessage: optional(Schema.String),
  statusChangedAt: Schema.String,
  publishedAt: Schema.String,
  updatedAt: Schema.String,
  isLatest: Schema.Boolean
})
export type OfficialMeta = typeof OfficialMeta.Type

export const ServerResponse = Schema.Struct({
  server: ServerJson,
  _meta: Schema.Struct({ "io.modelcontextprotocol.registry/official": OfficialMeta })
}).annotations({ identifier: "ServerResponse" })

export const ProtocolList = Schema.Struct({
  servers: Schema.Array(ServerResponse),
  metadata: Schema.Struct({ nextCursor: optional(Schema.String), count: Schema.Int })
})

/** Of a change of status. */
export const StatusUpdate = Schema.Struct({
  status: EntryStatus,
  statusMessage: optional(Schema.String.pipe(Schema.maxLength(500)))
})

export const AllVersionsStatus = Schema.Struct({ updatedCount: Schema.Int, servers: Schema.Array(ServerResponse) })

export const Validation = Schema.Struct({
  valid: Schema.Boolean,
  issues: Schema.Array(
    Schema.Struct({
      type: Schema.Literal("schema", "semantic"),
      path: Schema.String,
      message: Schema.String,
      severity: Schema.Literal("error", "warning"),
      reference: Schema.String
    })
  )
})

/** The body of the protocol's refusals: RFC 9457, with an `error` beside that says what `detail` does. */
const ProtocolProblem = Schema.Struct({
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  error: Schema.String,
  /** Everything that is wrong with the request; `location` as `query.limit` or `body.remotes.0.url`. */
  errors: optional(Schema.Array(Schema.Struct({ location: Schema.String, message: Schema.String })))
})
export type ProtocolProblem = typeof ProtocolProblem.Type

/** A parameter or a document that can not be understood. */
const Unprocessable = ProtocolProblem.pipe(
  HttpApiSchema.withEncoding({ kind: "Json", contentType: PROBLEM_JSON })
).annotations({
  identifier: "ProtocolProblem",
  ...HttpApiSchema.annotations({ status: 422, description: "What is wrong with it stands in errors" })
})

/** As it was sent, also when it was sent twice: the handler checks it, and answers as the protocol wants. */
const param = (jsonSchema: object) =>
  optional(Schema.Union(Schema.String, Schema.Array(Schema.String)).annotations({ jsonSchema }))

const text = { type: "string" }
const IncludeDeleted = param({ type: "boolean", default: false })

export const ListParams = Schema.Struct({
  cursor: param(text),
  limit: param({ type: "integer", minimum: 1, maximum: 100, default: 30 }),
  search: param(text),
  updated_since: param({ type: "string", format: "date-time" }),
  version: param(text),
  include_deleted: IncludeDeleted
})
export type ListParams = typeof ListParams.Type

const DetailParams = Schema.Struct({ include_deleted: IncludeDeleted })

const AtServer = Schema.Struct({ serverName: Schema.String })
const AtVersion = Schema.Struct({ serverName: Schema.String, version: Schema.String })

const list = HttpApiEndpoint.get("list", "/v0.1/servers")
  .setUrlParams(ListParams.annotations(EVERY_ERROR))
  .addSuccess(ProtocolList)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "List registry entries")
  .annotate(OpenApi.Description, "Entries the caller may see, by name and version.")
const versions = HttpApiEndpoint.get("versions", "/v0.1/servers/:serverName/versions")
  .setPath(AtServer)
  .setUrlParams(DetailParams.annotations(EVERY_ERROR))
  .addSuccess(ProtocolList)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "List a server's versions")
  .annotate(OpenApi.Description, "All versions of a server, the newest first.")
const version = HttpApiEndpoint.get("version", "/v0.1/servers/:serverName/versions/:version")
  .setPath(AtVersion)
  .setUrlParams(DetailParams.annotations(EVERY_ERROR))
  .addSuccess(ServerResponse)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "Read one version of a server")
  .annotate(OpenApi.Description, "One version, or with `latest` the latest one.")
const publish = HttpApiEndpoint.post("publish", "/v0.1/publish")
  .setPayload(ServerJson)
  .addSuccess(ServerResponse)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "Publish a version")
  .annotate(
    OpenApi.Description,
    "Publishes a version. Administrators only; a version is published once. Its `remotes` are shown as they are while no server is registered for it, and are the gateway's URL when one is; those at addresses of an inner network are refused while none is."
  )
const edit = HttpApiEndpoint.put("edit", "/v0.1/servers/:serverName/versions/:version")
  .setPath(AtVersion)
  .setPayload(ServerJson)
  .addSuccess(ServerResponse)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "Replace a version's document")
  .annotate(OpenApi.Description, "Replaces a version's document. Administrators only; name and version stay.")
const remove = HttpApiEndpoint.del("remove", "/v0.1/servers/:serverName/versions/:version")
  .setPath(AtVersion)
  .addSuccess(ServerResponse)
  .annotate(OpenApi.Summary, "Mark a version as deleted")
  .annotate(OpenApi.Description, "Marks a version as deleted. Administrators only.")
const status = HttpApiEndpoint.patch("status", "/v0.1/servers/:serverName/versions/:version/status")
  .setPath(AtVersion)
  .setPayload(StatusUpdate)
  .addSuccess(ServerResponse)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "Set a version's status")
  .annotate(OpenApi.Description, "Changes the status of a version. Administrators only.")
const allStatus = HttpApiEndpoint.patch("allStatus", "/v0.1/servers/:serverName/status")
  .setPath(AtServer)
  .setPayload(StatusUpdate)
  .addSuccess(AllVersionsStatus)
  .addError(Unprocessable)
  .annotate(OpenApi.Summary, "Set the status of all versions")
  .annotate(OpenApi.Description, "Changes the status of every version, or of none. Administrators only.")
const validate = HttpApiEndpoint.post("validate", "/v0.1/validate")
  .setPayload(ServerJson)
  .addSuccess(Validation)
  .annotate(OpenApi.Summary, "Check a document")
  .annotate(OpenApi.Description, "What is wrong with a document, everything at once. Publishes nothing.")
/** Of the software; the official registry tells what it was built from as well, which is not known here. */
const About = Schema.Struct({ version: Schema.String })
const health = HttpApiEndpoint.get("health", "/v0.1/health")
  .addSuccess(Schema.Struct({ status: Schema.Literal("ok") }))
  .annotate(OpenApi.Summary, "Is the registry alive")
  .annotate(OpenApi.Description, "Is it alive?")
const ping = HttpApiEndpoint.get("ping", "/v0.1/ping")
  .addSuccess(Schema.Struct({ pong: Schema.Literal(true) }))
  .annotate(OpenApi.Summary, "Ping the registry")
  .annotate(OpenApi.Description, "Is it alive?")
const about = HttpApiEndpoint.get("about", "/v0.1/version")
  .addSuccess(About)
  .annotate(OpenApi.Summary, "Show the registry's own version")
  .annotate(OpenApi.Description, "Which version of this software answers.")
const exchange = HttpApiEndpoint.post("exchange", "/v0.1/auth/:method")
  .setPath(Schema.Struct({ method: Schema.String }))
  .addSuccess(Schema.Void.annotations(HttpApiSchema.annotations({ status: 501 })))
  .annotate(OpenApi.Summary, "Exchange a credential for a token (not supported)")
  .annotate(OpenApi.Description, "Not supported: tokens of this registry are had by its OAuth. Always 501.")

export class RegistryProtocolGroup extends HttpApiGroup.make("registryProtocol")
  .add(list)
  .add(versions)
  .add(version)
  .add(publish)
  .add(edit)
  .add(remove)
  .add(status)
  .add(allStatus)
  .add(validate)
  .add(health)
  .add(ping)
  .add(about)
  .add(exchange)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema) {}
