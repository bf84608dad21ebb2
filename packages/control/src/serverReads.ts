/** What callers are shown of the servers (contracts.md §2.8). Changes nothing and probes nothing. */
import { BadRequest, problem, Unavailable } from "@mcpgw/api/ApiError"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { mapInSlices } from "@mcpgw/registry/EventLoop"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { type Actor, caller, findServer, may, mayCall, sees } from "./access.ts"
import { answered } from "./longAnswer.ts"
import { serversByName } from "./serverList.ts"
import { serverDetails, toolView } from "./views.ts"

/** Servers whose tools are gone through between two turns of the event loop. */
const SERVERS_AT_ONCE = 4

/** Stands for every server in `server_details` and `tools`. */
export const isAll = (path: string): boolean => path.replace(/^\/+|\/+$/g, "") === "all"

const visible = (who: Actor) =>
  Effect.map(Registry, (registry) => serversByName(registry).filter((server) => sees(who, server)))

/** The record as this caller may see it. */
export const detailsFor = (who: Actor, { record }: Pick<RegisteredServer, "record">) =>
  serverDetails(record, {
    all: may(who, "modify_service", record),
    tool: (name) => mayCall(who, record.path, name)
  })

const toolsFor = (who: Actor, { record }: RegisteredServer) =>
  record.tool_list.filter(({ name }) => mayCall(who, record.path, name)).map(toolView)

export const details = (path: string) =>
  Effect.gen(function* () {
    const who = yield* caller
    if (!isAll(path)) return yield* answered(detailsFor(who, yield* findServer(who, path)))
    const servers = yield* visible(who)
    const shown = yield* mapInSlices(
      servers,
      SERVERS_AT_ONCE,
      (server) => [server.record.path, detailsFor(who, server)] as const
    )
    return yield* answered(Object.fromEntries(shown))
  })

const allTools = (who: Actor) =>
  Effect.gen(function* () {
    const enabled = (yield* visible(who)).filter(({ record }) => record.is_enabled)
    const shown = yield* mapInSlices(enabled, SERVERS_AT_ONCE, (server) => [server, toolsFor(who, server)] as const)
    const all = yield* mapInSlices(shown, SERVERS_AT_ONCE, ([{ record }, tools]) =>
      tools.map((tool) => ({ ...tool, server_path: record.path, server_name: record.server_name }))
    )
    return {
      service_path: "all",
      tools: all.flat(),
      servers: Object.fromEntries(shown.map(([{ record }, tools]) => [record.path, tools]))
    } as const
  })

const isHealthy = (status: string): boolean => status === "healthy" || status === "healthy-auth-expired"

export const tools = (path: string) =>
  Effect.gen(function* () {
    const who = yield* caller
    if (isAll(path)) return yield* Effect.flatMap(allTools(who), (all) => answered(all))
    const server = yield* findServer(who, path)
    const { health, record } = server
    if (!record.is_enabled) return yield* new BadRequest(problem("Cannot fetch tools from disabled service"))
    if (record.tool_list.length === 0 && !isHealthy(health.status)) {
      return yield* new Unavailable(
        problem("No tools are known of this service yet", `Its last health check said: ${health.status}`)
      )
    }
    return yield* answered({ service_path: record.path, tools: toolsFor(who, server), cached: true })
  })
