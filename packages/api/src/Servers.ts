/**
 * The servers of the registry (contracts.md §2.8). Contract only. In a path `*` is the server's own path: one or more segments, with or
 * without a leading or trailing slash.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import { either } from "@mcpgw/domain/FieldProblems"
import { Transport } from "@mcpgw/domain/Server"
import * as Schema from "effect/Schema"
import {
  BadRequest,
  Conflict,
  Forbidden,
  NotFound,
  PreconditionFailed,
  PreconditionRequired,
  TooLarge,
  Unavailable
} from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import {
  DocumentFields,
  EditFields,
  HealthView,
  RegisterFields,
  ServerDetails,
  ServerItem,
  ToolView
} from "./ServerShapes.ts"
import { KNOWN_ONLY } from "./everyError.ts"
import { tagged, taggedNew, taggedRead, Unchanged, Unchanging } from "./internal/preconditions.ts"

/** The part of the URL a `*` stands for. */
const ServerPathParam = Schema.Struct({ "*": Schema.String })

const given = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Orders of a list; `-` turns one round. Equal ones stand by path. */
export const SortBy = Schema.Literal(
  "name",
  "-name",
  "path",
  "-path",
  "stars",
  "-stars",
  "tools",
  "-tools",
  "updated",
  "-updated"
)
export type SortBy = typeof SortBy.Type

const STATUSES = ["healthy", "healthy-auth-expired", "checking", "unknown", "disabled", "unhealthy", "error"]

/** A status, or how one begins; what follows `unhealthy: ` and `error: ` may be anything. */
const HealthBegins = Schema.String.pipe(
  Schema.filter(
    (text) =>
      /^(?:unhealthy|error): /.test(text) ||
      STATUSES.some((status) => status.startsWith(text)) ||
      `it must be ${either(STATUSES)}, or how one of them begins`
  )
)

/** Which servers of those the caller may see, in which order, and how many. */
export const ListParams = Schema.Struct({
  /** Looked for in name, description and tags, in whatever case. */
  query: given(Schema.String),
  /** Comma-separated; a server must have every one of them. */
  tag: given(Schema.String),
  enabled: given(Schema.Literal("true", "false")),
  /** A status, or how it begins: `unhealthy` finds each of them. */
  health: given(HealthBegins),
  transport: given(Transport),
  registered_by: given(Schema.String),
  /** By name when absent. */
  sort: given(SortBy),
  /** Servers of a page. Absent: all of them, as the replaced system answered. */
  limit: given(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1_000))),
  /** `next_cursor` of the page before, with the same `sort`. */
  cursor: given(Schema.String)
})
export type ListParams = typeof ListParams.Type

export const ServerList = Schema.Struct({
  servers: Schema.Array(ServerItem),
  /** How many fit, on all pages. */
  total: Schema.Int,
  /** Null on the last page. */
  next_cursor: Schema.NullOr(Schema.String)
})

/** Of a server, by the callers of this registry. */
export const RatingAnswer = Schema.Struct({
  service_path: Schema.String,
  /** The average; 0 while nobody rated. */
  num_stars: Schema.Number,
  num_ratings: Schema.Int,
  /** The caller's own; null while there is none. */
  my_rating: Schema.NullOr(Schema.Int)
})
export type RatingAnswer = typeof RatingAnswer.Type

export const RateRequest = Schema.Struct({ rating: Schema.Int.pipe(Schema.between(1, 5)) })

export const Edited = Schema.Struct({ message: Schema.String, service: ServerDetails })

export const Registered = Schema.Struct({ ...Edited.fields, health: HealthView })

export const Toggled = Schema.Struct({
  message: Schema.String,
  service_path: Schema.String,
  new_enabled_state: Schema.Boolean,
  status: Schema.String,
  last_checked_iso: Schema.NullOr(Schema.String),
  num_tools: Schema.Int
})

export const Removed = Schema.Struct({ message: Schema.String, service_path: Schema.String })

export const Refreshed = Schema.Struct({
  /** Whether it was refreshed: a check that failed, or goes on, says so. */
  message: Schema.String,
  service_path: Schema.String,
  status: Schema.String,
  last_checked_iso: Schema.NullOr(Schema.String),
  num_tools: Schema.Int,
  health: HealthView
})

/** Answer for `all`: path to record. */
export const DetailsByPath = Schema.Record({ key: Schema.String, value: ServerDetails })

export const ServerTools = Schema.Struct({
  service_path: Schema.String,
  tools: Schema.Array(ToolView),
  cached: Schema.Boolean
})

/** Answer for `all`. */
export const AllTools = Schema.Struct({
  service_path: Schema.Literal("all"),
  tools: Schema.Array(Schema.Struct({ ...ToolView.fields, server_path: Schema.String, server_name: Schema.String })),
  servers: Schema.Record({ key: Schema.String, value: Schema.Array(ToolView) })
})

const list = HttpApiEndpoint.get("list", "/api/servers")
  .setUrlParams(ListParams.annotations(KNOWN_ONLY))
  .addSuccess(ServerList)
  .annotate(OpenApi.Summary, "List servers")
  .annotate(
    OpenApi.Description,
    "Servers the caller may see. `query` is looked for in name, description and tags; `tag`, `enabled`, `health`, `transport` and `registered_by` narrow further. With `limit` a page; `next_cursor` leads to the next one."
  )

const create = HttpApiEndpoint.post("create", "/api/servers")
  .setPayload(RegisterFields)
  .addSuccess(Registered.annotations(HttpApiSchema.annotations({ status: 201 })))
  .addError(Conflict.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Transform, taggedNew)
  .annotate(OpenApi.Summary, "Register a server")
  .annotate(
    OpenApi.Description,
    "Registers a server. `Location` and `ETag` name what was made; a path that is taken: 409."
  )

const get = HttpApiEndpoint.get("get", "/api/servers/*")
  .setPath(ServerPathParam)
  .setHeaders(Unchanged)
  .addSuccess(ServerDetails)
  .annotate(OpenApi.Transform, taggedRead)
  .annotate(OpenApi.Summary, "Read a server's document")
  .annotate(
    OpenApi.Description,
    "One server as the caller may see it, with a strong `ETag`; `If-None-Match` is answered with 304 while nothing changed."
  )

const put = HttpApiEndpoint.put("put", "/api/servers/*")
  .setPath(ServerPathParam)
  .setHeaders(Unchanging)
  .setPayload(DocumentFields)
  .addSuccess(ServerDetails)
  .addSuccess(ServerDetails.annotations(HttpApiSchema.annotations({ status: 201 })))
  .addError(Conflict.schema)
  .addError(PreconditionFailed.schema)
  .addError(PreconditionRequired.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Transform, tagged)
  .annotate(OpenApi.Summary, "Replace a server's document")
  .annotate(
    OpenApi.Description,
    "Replaces a server's document: what is not given goes back to its default, what only the registry sets (`tool_list`, `num_tools`, `num_stars`, `registered_at`, …) may be repeated and is left as it is. Needs `If-Match` with the `ETag` that was read, or `*`; what ratings and checks changed since does not count against it. A server that is not there yet is registered: 201."
  )

const patch = HttpApiEndpoint.patch("patch", "/api/servers/*")
  .setPath(ServerPathParam)
  .setHeaders(Unchanging)
  .setPayload(DocumentFields)
  .addSuccess(ServerDetails)
  .addError(PreconditionFailed.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Transform, tagged)
  .annotate(OpenApi.Summary, "Change members of a server's document")
  .annotate(
    OpenApi.Description,
    "JSON merge patch (RFC 7396): only the members given change, and null takes one back to its default. `If-Match` is honoured. To change `is_enabled` alone takes the permission to switch, everything else the one to modify."
  )

const rate = HttpApiEndpoint.post("rate", "/api/server-parts/rate/*")
  .setPath(ServerPathParam)
  .setPayload(RateRequest)
  .addSuccess(RatingAnswer)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Rate a server")
  .annotate(
    OpenApi.Description,
    "Rates a server the caller may see, 1 to 5. One rating of each caller counts, the last."
  )

const rating = HttpApiEndpoint.get("rating", "/api/server-parts/rating/*")
  .setPath(ServerPathParam)
  .addSuccess(RatingAnswer)
  .annotate(OpenApi.Summary, "Show a server's rating")
  .annotate(OpenApi.Description, "What the ratings of a server average to, and the caller's own.")

const register = HttpApiEndpoint.post("register", "/api/register")
  .setPayload(RegisterFields)
  .addSuccess(Registered.annotations(HttpApiSchema.annotations({ status: 201 })))
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Register a server, by form or JSON")
  .annotate(
    OpenApi.Description,
    "Form or JSON; a field that does not exist is refused. The server is on, unless `enabled` is false, and is checked: `health` tells the result when there is one within two seconds."
  )

const toggle = HttpApiEndpoint.post("toggle", "/api/toggle/*")
  .setPath(ServerPathParam)
  .setPayload(
    Schema.Struct({ enabled: Schema.optionalWith(Schema.Union(Schema.Boolean, Schema.String), { exact: true }) })
  )
  .addSuccess(Toggled)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Switch a server on or off")
  .annotate(
    OpenApi.Description,
    "Form or JSON. `enabled=on` switches on and waits for a health check. In a form anything else, or nothing, as of a box that is not ticked, switches off; JSON says `true` or `false` (or `on` or `off`), and nothing else."
  )

const edit = HttpApiEndpoint.post("edit", "/api/edit/*")
  .setPath(ServerPathParam)
  .setPayload(EditFields)
  .addSuccess(Edited)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Edit a server, by form or JSON")
  .annotate(
    OpenApi.Description,
    "Form or JSON. Fields that are not given stay as they are. Without `Accept: application/json`: 303 to `/`."
  )

const remove = HttpApiEndpoint.post("remove", "/api/remove/*")
  .setPath(ServerPathParam)
  .addSuccess(Removed)
  .annotate(OpenApi.Summary, "Remove a server, by the older path")
  .annotate(OpenApi.Description, "As `DELETE /api/servers/{path}`.")
const del = HttpApiEndpoint.del("delete", "/api/servers/*")
  .setPath(ServerPathParam)
  .setHeaders(Unchanging)
  .addSuccess(Removed)
  .addError(PreconditionFailed.schema)
  .annotate(OpenApi.Summary, "Remove a server")
  .annotate(
    OpenApi.Description,
    "Takes a server out of the registry; the next call finds it no more. `If-Match` is honoured."
  )

const details = HttpApiEndpoint.get("details", "/api/server_details/*")
  .setPath(ServerPathParam)
  .addSuccess(Schema.Union(ServerDetails, DetailsByPath))
  .annotate(OpenApi.Summary, "Show the record of a server, or of all")
  .annotate(
    OpenApi.Description,
    "One server as it was registered, or with the path `all` every one the caller may see."
  )

const tools = HttpApiEndpoint.get("tools", "/api/tools/*")
  .setPath(ServerPathParam)
  .addSuccess(Schema.Union(ServerTools, AllTools))
  .annotate(OpenApi.Summary, "List the tools of a server, or of all")
  .annotate(OpenApi.Description, "The stored inventory, as far as the caller may call it.")

const refresh = HttpApiEndpoint.post("refresh", "/api/refresh/*")
  .setPath(ServerPathParam)
  .addSuccess(Refreshed)
  .annotate(OpenApi.Summary, "Check a server now")
  .annotate(
    OpenApi.Description,
    "Checks the server now and, when it is well, reads its tools anew. 200 says that it was asked; what came of it is `status`, and in words `health.detail`."
  )

export class ServersGroup extends HttpApiGroup.make("servers")
  .add(list)
  .add(create)
  .add(get)
  .add(put)
  .add(patch)
  .add(rate)
  .add(rating)
  .add(register)
  .add(toggle)
  .add(edit)
  .add(remove)
  .add(del)
  .add(details)
  .add(tools)
  .add(refresh)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
