/**
 * Search as the caller (contracts.md §1.16). The index knows no rights, so it is told with the question what the caller may see: nothing else
 * takes a place in the answer or moves a score.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { problem, Unavailable } from "@mcpgw/api/ApiError"
import { type SearchAnswer, SearchRequest, type ServerResult, type ToolResult } from "@mcpgw/api/Search"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { DiscoveryIndex, type Hit, type SearchQuery, type ToolHit } from "@mcpgw/discovery/DiscoveryIndex"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import { Metrics } from "@mcpgw/telemetry/Metrics"
import * as Effect from "effect/Effect"
import { type Caller, caller, mayCall, sees } from "./access.ts"
import { decodeWith, fieldsOf } from "./body.ts"
import { answerHeader } from "./headers.ts"
import { PublicUrls } from "./publicUrls.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { makePlaces } from "./searchPlaces.ts"
import { matchingTool, serverResult, toolResult } from "./views.ts"

const DEFAULT_RESULTS = 10
/** Matching tools named with each server. */
const TOOLS_PER_SERVER = 5
/** Tools looked at for those that match within each server. */
const TOOLS_FETCHED = 64

const decode = decodeWith(SearchRequest)

const hasTags = (wanted: ReadonlyArray<string>, { record }: RegisteredServer): boolean => {
  const tags = new Set(record.tags.map((tag) => tag.toLowerCase()))
  return wanted.every((tag) => tags.has(tag.toLowerCase()))
}

/** A hit with the server it is or belongs to. */
interface Shown {
  readonly hit: Hit
  readonly server: RegisteredServer
}

/** The servers this caller is shown, each judged once; the index may still name what is gone. */
const shownTo = (who: Caller, registry: RegistryApi, tags: ReadonlyArray<string>) => {
  const judged = new Map<string, RegisteredServer | undefined>()
  return (path: string): RegisteredServer | undefined => {
    if (judged.has(path)) return judged.get(path)
    const server = registry.get(path)
    const shown = server !== undefined && server.record.is_enabled && sees(who, server) && hasTags(tags, server)
    judged.set(path, shown ? server : undefined)
    return judged.get(path)
  }
}

/** The best hits of each kind that the caller may be shown. */
const fetch = (text: string, limit: number, who: Caller, shown: ReturnType<typeof shownTo>) =>
  Effect.gen(function* () {
    const index = yield* DiscoveryIndex
    const query: SearchQuery = {
      text,
      limit,
      // Tools are always asked for: a server's entry names the tools that matched.
      kinds: ["server", "tool"],
      keep: (found) => {
        const server = shown(found.path)
        return server !== undefined && (found.kind === "server" || mayCall(who, server.record.path, found.tool))
      }
    }
    const hits = yield* Effect.catchTags(index.search(query), {
      DiscoveryBusy: ({ message }) =>
        Effect.zipRight(answerHeader("retry-after", "1"), new Unavailable(problem(message, "Try again in a second"))),
      DiscoveryError: ({ cause, message }) =>
        Effect.zipRight(Effect.logError(message, cause), new Unavailable(problem(message, "Try again later")))
    })
    return hits.flatMap((hit): ReadonlyArray<Shown> => {
      const server = shown(hit.path)
      return server === undefined ? [] : [{ hit, server }]
    })
  })

const toolOf = ({ server }: Shown, hit: ToolHit) => server.record.tool_list.find(({ name }) => name === hit.tool)

/** Tool hits whose tool is still in the inventory, as `make` shows them. */
const tools = <A>(
  shown: ReadonlyArray<Shown>,
  make: (found: Shown, tool: NonNullable<ReturnType<typeof toolOf>>) => A
) =>
  shown.flatMap((found) => {
    const tool = found.hit.kind === "tool" ? toolOf(found, found.hit) : undefined
    return tool === undefined ? [] : [make(found, tool)]
  })

const kindsOf = ({ entity_types: types = [] }: SearchRequest): ReadonlyArray<Hit["kind"]> => {
  const all = types.length === 0
  return [
    ...(all || types.includes("mcp_server") ? (["server"] as const) : []),
    ...(all || types.includes("tool") ? (["tool"] as const) : [])
  ]
}

const answer = (
  query: string,
  mode: SearchAnswer["search_mode"],
  servers: ReadonlyArray<ServerResult>,
  found: ReadonlyArray<ToolResult>
): SearchAnswer => ({
  query,
  search_mode: mode,
  servers,
  tools: found,
  agents: [],
  skills: [],
  virtual_servers: [],
  custom: [],
  total_servers: servers.length,
  total_tools: found.length,
  total_agents: 0,
  total_skills: 0,
  total_virtual_servers: 0,
  total_custom: 0
})

const find = (who: Caller, request: SearchRequest) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const { mode } = yield* DiscoveryIndex
    const urls = yield* PublicUrls
    const wanted = request.max_results ?? DEFAULT_RESULTS
    const kinds = kindsOf(request)
    if (kinds.length === 0) return answer(request.query, mode, [], [])
    const limit = Math.max(TOOLS_FETCHED, wanted * 4)
    const shown = yield* fetch(request.query, limit, who, shownTo(who, registry, request.tags ?? []))
    const matching = (path: string) =>
      tools(
        shown.filter(({ server }) => server.record.path === path),
        ({ hit }, tool) => matchingTool(tool, hit.score)
      ).slice(0, TOOLS_PER_SERVER)
    const servers = shown
      .filter(({ hit }) => hit.kind === "server" && kinds.includes("server"))
      .slice(0, wanted)
      .map(({ hit, server: { record } }) => serverResult(record, hit.score, matching(record.path), urls))
    const found = kinds.includes("tool")
      ? tools(shown, ({ hit, server }, tool) => toolResult(server.record, tool, hit.score, urls)).slice(0, wanted)
      : []
    return answer(request.query, mode, servers, found)
  })

const semantic = (request: HttpServerRequest.HttpServerRequest, placed: ReturnType<typeof makePlaces>) =>
  Effect.gen(function* () {
    const metrics = yield* Metrics
    const trail = yield* RequestTrail
    trail.readOnly = true
    const wanted = yield* Effect.flatMap(fieldsOf(request), decode)
    const who = yield* caller
    const began = performance.now()
    const record = (success: boolean, results: number) =>
      Effect.sync(() =>
        metrics.record({ type: "tool_discovery", success, results, seconds: (performance.now() - began) / 1000 })
      )
    return yield* placed(who.claims, find(who, wanted)).pipe(
      Effect.tap(({ total_servers, total_tools }) => record(true, total_servers + total_tools)),
      Effect.tapErrorCause(() => record(false, 0))
    )
  })

export const layer = HttpApiBuilder.group(Api, "search", (handlers) =>
  Effect.sync(() => {
    const placed = makePlaces()
    return handlers.handleRaw("semantic", ({ request }) => semantic(request, placed))
  })
)
