/**
 * The administrators' routes of the replaced system for servers (contracts.md §2.8). Contract only. HTTP Basic with an administrator's name
 * and password, or what every other route takes.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import {
  BadRequest,
  Conflict,
  Forbidden,
  NotFound,
  TooLarge,
  TooManyRequests,
  Unauthorized,
  Unavailable
} from "./ApiError.ts"
import { Registered, Removed, Toggled } from "./Servers.ts"
import { RegisterFields, ServerItem, ToolView } from "./ServerShapes.ts"
import { optional } from "./internal/optional.ts"

/** Fields of an administrator's registration. */
const InternalRegister = Schema.Struct({
  ...RegisterFields.fields,
  /** True when absent: what is registered there is edited. False: 409. */
  overwrite: optional(Schema.Boolean)
})

const ServicePath = Schema.Struct({ service_path: Schema.String })

const HealthByPath = Schema.Record({
  key: Schema.String,
  value: Schema.Struct({
    status: Schema.String,
    last_checked_iso: Schema.NullOr(Schema.String),
    num_tools: Schema.Int
  })
})

const { display_name: _displayed, ...listed } = ServerItem.fields

/** One line of the administrators' list. */
export const Service = Schema.Struct({ server_name: Schema.String, ...listed, tool_list: Schema.Array(ToolView) })

const ServiceList = Schema.Struct({ services: Schema.Array(Service), total_count: Schema.Int })

const register = HttpApiEndpoint.post("register", "/api/internal/register")
  .setPayload(InternalRegister)
  .addSuccess(Registered.annotations(HttpApiSchema.annotations({ status: 201 })))
  .addError(Conflict.schema)
  .annotate(OpenApi.Summary, "Register a server or edit it, by form")
  .annotate(OpenApi.Description, "Form or JSON. Registers a server and switches it on, or edits the one that is there.")

const remove = HttpApiEndpoint.post("remove", "/api/internal/remove")
  .setPayload(ServicePath)
  .addSuccess(Removed)
  .annotate(OpenApi.Summary, "Remove a server, by form")
  .annotate(OpenApi.Description, "Form or JSON. Takes a server out of the registry.")

const toggle = HttpApiEndpoint.post("toggle", "/api/internal/toggle")
  .setPayload(ServicePath)
  .addSuccess(Toggled)
  .annotate(OpenApi.Summary, "Switch a server over, by form")
  .annotate(OpenApi.Description, "Form or JSON. Switches a server off when it is on, and on when it is off.")

const healthcheck = HttpApiEndpoint.post("healthcheck", "/api/internal/healthcheck")
  .addSuccess(HealthByPath)
  .annotate(OpenApi.Summary, "Show every server's health")
  .annotate(OpenApi.Description, "What is known of every server's health.")

const list = HttpApiEndpoint.get("list", "/api/internal/list")
  .addSuccess(ServiceList)
  .annotate(OpenApi.Summary, "List every server with its tools")
  .annotate(OpenApi.Description, "Every server with its tools.")

export class InternalServersGroup extends HttpApiGroup.make("internalServers")
  .add(register)
  .add(remove)
  .add(toggle)
  .add(healthcheck)
  .add(list)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema) {}
