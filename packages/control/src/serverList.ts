/**
 * The list of servers, a page at a time (contracts.md §2.8 and more). Servers by name are kept in order from one snapshot to the next, so that
 * a list of thousands is not sorted for each request. Shows what the caller may see and nothing else.
 */
import { BadRequest, fieldProblem } from "@mcpgw/api/ApiError"
import { type ListParams, SortBy } from "@mcpgw/api/Servers"
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import { Registry, type RegistryApi, type Snapshot } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Actor, caller, may, sees } from "./access.ts"
import { answered } from "./longAnswer.ts"
import { serverItem } from "./views.ts"

type Servers = ReadonlyArray<RegisteredServer>

/** What of a record decides its place. */
type Key = Pick<ServerRecord, "num_stars" | "num_tools" | "server_name" | "updated_at"> & { readonly path: string }
type Compare = (a: Key, b: Key) => number

const { compare: compareNames } = new Intl.Collator("en")

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const ORDERS: Readonly<Record<string, Compare>> = {
  name: (a, b) => compareNames(a.server_name, b.server_name),
  path: () => 0,
  stars: (a, b) => a.num_stars - b.num_stars,
  tools: (a, b) => a.num_tools - b.num_tools,
  updated: (a, b) => compareTexts(a.updated_at, b.updated_at)
}

const compareBy = (sort: SortBy): Compare => {
  const turned = sort.startsWith("-")
  const order = ORDERS[turned ? sort.slice(1) : sort] ?? (() => 0)
  return (a, b) => (turned ? order(b, a) || compareTexts(b.path, a.path) : order(a, b) || compareTexts(a.path, b.path))
}

const compareByName = compareBy("name")
const byName = (a: RegisteredServer, b: RegisteredServer): number => compareByName(a.record, b.record)

/** Both sorted; one sorted list of all. */
const merged = (kept: Servers, added: Servers): Servers => {
  const all: Array<RegisteredServer> = []
  let next = 0
  for (const server of kept) {
    for (let fresh = added[next]; fresh !== undefined && byName(fresh, server) < 0; fresh = added[++next])
      all.push(fresh)
    all.push(server)
  }
  return [...all, ...added.slice(next)]
}

/** The servers of a later snapshot by name: those that stayed are in order already, and only new and renamed ones are sorted. */
const follow = (before: Servers, servers: Snapshot["servers"]): Servers => {
  const kept: Array<RegisteredServer> = []
  for (const { record } of before) {
    const now = servers.get(record.path)
    if (now !== undefined && now.record.server_name === record.server_name) kept.push(now)
  }
  if (kept.length === servers.size) return kept
  const known = new Set<RegisteredServer>(kept)
  return merged(kept, [...servers.values()].filter((server) => !known.has(server)).toSorted(byName))
}

interface Ordered {
  readonly of: Snapshot["servers"]
  readonly byName: Servers
}

const orders = new WeakMap<RegistryApi, Ordered>()

/** Every server of the current snapshot by name. */
export const serversByName = (registry: RegistryApi): Servers => {
  const { servers } = registry.snapshot()
  const last = orders.get(registry)
  if (last?.of === servers) return last.byName
  const next = { of: servers, byName: follow(last?.byName ?? [], servers) }
  orders.set(registry, next)
  return next.byName
}

/** Of a record, what a query is looked for in. */
const texts = new WeakMap<ServerRecord, string>()

const textOf = (record: ServerRecord): string => {
  const known = texts.get(record)
  if (known !== undefined) return known
  const text = [record.server_name, record.description, ...record.tags].join(" ").toLowerCase()
  texts.set(record, text)
  return text
}

type Filter = (server: RegisteredServer) => boolean

const words = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "")

/** The filters that were asked for, the cheapest first. */
const filtersOf = (asked: ListParams): ReadonlyArray<Filter> => {
  const { enabled, health, registered_by: by, transport } = asked
  const query = (asked.query ?? "").trim().toLowerCase()
  const tags = words(asked.tag ?? "")
  const wanted: ReadonlyArray<readonly [boolean, Filter]> = [
    [enabled !== undefined, ({ record }) => record.is_enabled === (enabled === "true")],
    [health !== undefined, (server) => server.health.status.startsWith(health ?? "")],
    [by !== undefined, ({ record }) => record.registered_by === by],
    [transport !== undefined, ({ record }) => record.supported_transports.some((held) => held === transport)],
    [tags.length > 0, ({ record }) => tags.every((tag) => record.tags.some((held) => held.toLowerCase() === tag))],
    [query !== "", ({ record }) => textOf(record).includes(query)]
  ]
  return wanted.filter(([is]) => is).map(([, filter]) => filter)
}

/** Position of a page: what decided the place of the last server before it, which need not be there any more. */
const cursorAfter = ({ record }: RegisteredServer, sort: SortBy): string => {
  const { num_stars, num_tools, path, server_name, updated_at } = record
  return Buffer.from(JSON.stringify([sort, path, server_name, num_stars, num_tools, updated_at])).toString("base64url")
}

const decodeCursor = Schema.decodeUnknownOption(
  Schema.parseJson(Schema.Tuple(SortBy, Schema.String, Schema.String, Schema.Number, Schema.Number, Schema.String))
)

const badCursor = new BadRequest(
  fieldProblem("cursor", "something else", "it may be the next_cursor of a page with the same sort")
)

const readCursor = (text: string, sort: SortBy): Effect.Effect<Key, BadRequest> => {
  const read = Option.getOrUndefined(decodeCursor(Buffer.from(text, "base64url").toString("utf8")))
  if (read === undefined || read[0] !== sort) return Effect.fail(badCursor)
  const [, path, server_name, num_stars, num_tools, updated_at] = read
  return Effect.succeed({ path, server_name, num_stars, num_tools, updated_at })
}

/** Where the first server behind that place stands. */
const positionAfter = (servers: Servers, last: Key, compare: Compare): number => {
  let low = 0
  let high = servers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const server = servers[middle]
    if (server !== undefined && compare(server.record, last) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The servers that fit, in the order asked for. */
const found = (who: Actor, registry: RegistryApi, asked: ListParams): Servers => {
  const filters = filtersOf(asked)
  const fit = serversByName(registry).filter((server) => filters.every((fits) => fits(server)) && sees(who, server))
  if (asked.sort === undefined || asked.sort === "name") return fit
  const compare = compareBy(asked.sort)
  return fit.toSorted((a, b) => compare(a.record, b.record))
}

export const list = (asked: ListParams) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const who = yield* caller
    const { cursor, limit, sort = "name" } = asked
    const last = cursor === undefined ? undefined : yield* readCursor(cursor, sort)
    const servers = found(who, registry, asked)
    const start = last === undefined ? 0 : positionAfter(servers, last, compareBy(sort))
    const page = limit === undefined ? servers.slice(start) : servers.slice(start, start + limit)
    const end = page.at(-1)
    const isLast = end === undefined || start + page.length >= servers.length
    return yield* answered({
      servers: page.map((server) => serverItem(server, () => may(who, "modify_service", server.record))),
      total: servers.length,
      next_cursor: isLast ? null : cursorAfter(end, sort)
    })
  })
