/**
 * The servers of the registry (contracts.md §2.8). Contract only. In a path `*` is the server's own path: one or more segments, with or
 * without a leading or trailing slash.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, NotFound, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { EditFields, HealthView, RegisterFields, ServerDetails, ServerItem, ToolView } from "./ServerShapes.ts"

/** The part of the URL a `*` stands for. */
const ServerPathParam = Schema.Struct({ "*": Schema.String })

export const ServerList = Schema.Struct({ servers: Schema.Array(ServerItem) })

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
  message: Schema.String,
  service_path: Schema.String,
  status: Schema.String,
  last_checked_iso: Schema.NullOr(Schema.String),
  num_tools: Schema.Int
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
  .setUrlParams(Schema.Struct({ query: Schema.optionalWith(Schema.String, { exact: true }) }))
  .addSuccess(ServerList)
  .annotate(
    OpenApi.Description,
    "Servers the caller may see, by name. `query` is looked for in name, description and tags."
  )

const register = HttpApiEndpoint.post("register", "/api/register")
  .setPayload(RegisterFields)
  .addSuccess(Registered.annotations(HttpApiSchema.annotations({ status: 201 })))
  .addError(TooLarge.schema)
  .annotate(
    OpenApi.Description,
    "Form or JSON; a field that does not exist is refused. The server is on, unless `enabled` is false, and is checked: `health` tells the result when there is one within two seconds."
  )

const toggle = HttpApiEndpoint.post("toggle", "/api/toggle/*")
  .setPath(ServerPathParam)
  .setPayload(Schema.Struct({ enabled: Schema.optionalWith(Schema.String, { exact: true }) }))
  .addSuccess(Toggled)
  .addError(TooLarge.schema)
  .annotate(
    OpenApi.Description,
    "Form or JSON. `enabled=on` switches on and waits for a health check; anything else switches off."
  )

const edit = HttpApiEndpoint.post("edit", "/api/edit/*")
  .setPath(ServerPathParam)
  .setPayload(EditFields)
  .addSuccess(Edited)
  .addError(TooLarge.schema)
  .annotate(
    OpenApi.Description,
    "Form or JSON. Fields that are not given stay as they are. Without `Accept: application/json`: 303 to the console."
  )

const remove = HttpApiEndpoint.post("remove", "/api/remove/*")
  .setPath(ServerPathParam)
  .addSuccess(Removed)
  .annotate(OpenApi.Description, "As `DELETE /api/servers/{path}`.")
const del = HttpApiEndpoint.del("delete", "/api/servers/*")
  .setPath(ServerPathParam)
  .addSuccess(Removed)
  .annotate(OpenApi.Description, "Takes a server out of the registry; the next call finds it no more.")

const details = HttpApiEndpoint.get("details", "/api/server_details/*")
  .setPath(ServerPathParam)
  .addSuccess(Schema.Union(ServerDetails, DetailsByPath))
  .annotate(
    OpenApi.Description,
    "One server as it was registered, or with the path `all` every one the caller may see."
  )

const tools = HttpApiEndpoint.get("tools", "/api/tools/*")
  .setPath(ServerPathParam)
  .addSuccess(Schema.Union(ServerTools, AllTools))
  .annotate(OpenApi.Description, "The stored inventory, as far as the caller may call it.")

const refresh = HttpApiEndpoint.post("refresh", "/api/refresh/*")
  .setPath(ServerPathParam)
  .addSuccess(Refreshed)
  .annotate(OpenApi.Description, "Checks the server now, and reads its tools anew.")

export class ServersGroup extends HttpApiGroup.make("servers")
  .add(list)
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
