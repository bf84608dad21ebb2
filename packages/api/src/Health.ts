/** Health of the servers a caller may see: as a map, as events, and how many watch. Contract only; the WebSocket is at `WATCH_PATH`. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Forbidden, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"

const HealthEntry = Schema.Struct({
  status: Schema.String,
  last_checked_iso: Schema.NullOr(Schema.String),
  num_tools: Schema.Int
}).annotations({ identifier: "HealthEntry" })

/** By path (contracts.md §2.11). In a change null stands for a server that is gone, or not the caller's any more. */
const HealthMap = Schema.Record({ key: Schema.String, value: HealthEntry })

export const WatchStats = Schema.Struct({
  connections: Schema.Int,
  websockets: Schema.Int,
  event_streams: Schema.Int,
  max_connections: Schema.Int,
  accepted_total: Schema.Int,
  refused_at_capacity_total: Schema.Int,
  dropped_slow_total: Schema.Int,
  ended_without_rights_total: Schema.Int,
  messages_sent_total: Schema.Int,
  broadcasts_total: Schema.Int
}).annotations({ identifier: "HealthWatchStats" })
export type WatchStats = typeof WatchStats.Type

const map = HttpApiEndpoint.get("map", "/api/health/ws/health_status")
  .addSuccess(HealthMap)
  .annotate(OpenApi.Summary, "Show or watch the servers' health")
  .annotate(
    OpenApi.Description,
    "The health of every server the caller may see, by path. With `Upgrade: websocket` the same as the first message, then the paths that changed; null for one that is gone. Also at `/ws/health_status`."
  )

const events = HttpApiEndpoint.get("events", "/api/health/events")
  .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
  .annotate(OpenApi.Summary, "Watch the servers' health as events")
  .annotate(OpenApi.Description, "The messages of the WebSocket as server-sent events.")

const stats = HttpApiEndpoint.get("stats", "/api/health/ws/stats")
  .addSuccess(WatchStats)
  .annotate(OpenApi.Summary, "Count who watches health")
  .annotate(OpenApi.Description, "Who watches, in numbers. Administrators only.")

export class HealthGroup extends HttpApiGroup.make("health")
  .add(map)
  .add(events)
  .add(stats)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
