import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DiscoveryIndex } from "../src/DiscoveryIndex.ts"
import type { Hit } from "../src/DiscoveryIndex.ts"
import { discoverySuite } from "./suites/discoverySuite.ts"
import { finance, server, small, time, tool, twins, weather } from "./suites/fixtures.ts"

const filename = () => join(mkdtempSync(join(tmpdir(), "mcpgw-discovery-")), "a.db")
const memory = Layer.provideMerge(DiscoveryIndex.layerLexical, Store.layerMemory)

const fixedHits: ReadonlyArray<Hit> = small.flatMap((record, i) => [
  { kind: "server" as const, path: record.path, score: 0.9 - i / 10 },
  ...record.tool_list.map(({ name }, j) => ({
    kind: "tool" as const,
    path: record.path,
    tool: name,
    score: 0.5 + j / 10
  }))
])

discoverySuite("layerLexical, in memory", () => memory)
discoverySuite("layerLexical, in a file", () =>
  Layer.provide(DiscoveryIndex.layerLexical, Store.layerSqlite({ filename: filename() }))
)
discoverySuite("layerOf", () => DiscoveryIndex.layerOf(fixedHits))

const toolsFor = (text: string, limit = 5) =>
  Effect.flatMap(DiscoveryIndex, (index) =>
    Effect.map(index.search({ text, kinds: ["tool"], limit }), (hits) =>
      hits.flatMap((hit) => (hit.kind === "tool" ? [hit.tool] : []))
    )
  )

const filled = <A, E>(effect: Effect.Effect<A, E, DiscoveryIndex | SqlClient.SqlClient>) =>
  Effect.flatMap(DiscoveryIndex, (index) =>
    Effect.zipRight(Effect.forEach([...small, ...twins], index.upsert, { discard: true }), effect)
  ).pipe(Effect.provide(memory))

describe("DiscoveryIndex.layerLexical", () => {
  for (const [text, expected] of [
    ["timezone", "current_time_by_timezone"],
    ["current_time_by_timezone", "current_time_by_timezone"],
    ["CURRENT-TIME", "current_time_by_timezone"],
    ["what is the current time in Tokyo?", "current_time_by_timezone"],
    ["list time zones", "listTimeZones"],
    ["http weather", "HTTPWeatherAlerts"],
    ["alert", "HTTPWeatherAlerts"],
    ["forecasting", "get-forecast"],
    ["getForecast", "get-forecast"],
    ["printing stock data", "print_stock_data"],
    ["fromDate", "get_stock_aggregates"],
    ["aggreg", "get_stock_aggregates"]
  ] as const) {
    it.effect(`"${text}" finds ${expected} first`, () =>
      filled(
        Effect.gen(function* () {
          assert.strictEqual((yield* toolsFor(text))[0], expected)
        })
      )
    )
  }

  for (const text of ["time zone", "timezone", "timezones", "Time-Zones", "timeZone", "time_zone"]) {
    it.effect(`"${text}" finds both timezone and TimeZones`, () =>
      filled(
        Effect.gen(function* () {
          assert.sameMembers(yield* toolsFor(text, 2), ["current_time_by_timezone", "listTimeZones"])
        })
      )
    )
  }

  it.effect("a last word still being typed counts as a prefix, a finished one does not", () =>
    filled(
      Effect.gen(function* () {
        assert.include(yield* toolsFor("forec"), "get-forecast")
        assert.deepStrictEqual(yield* toolsFor("forec "), [])
        assert.deepStrictEqual(yield* toolsFor("forec zzz"), [])
      })
    )
  )

  it.effect("a name counts more than a description, and that more than a parameter", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      yield* index.upsert(
        server("/a", "A", {
          tools: [
            tool("one", "nothing of note", ["walrus"]),
            tool("two", "walrus among words", ["note"]),
            tool("walrus_three", "nothing of note", ["note"])
          ]
        })
      )
      yield* index.upsert(server("/filler", "B", { tools: ["x", "y", "z", "u", "v"].map((name) => tool(name)) }))
      assert.deepStrictEqual(yield* toolsFor("walrus"), ["walrus_three", "two", "one"])
    }).pipe(Effect.provide(memory))
  )

  it.effect("equals come in the order of path, then tool", () =>
    filled(
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const hits = yield* index.search({ text: "alike", kinds: ["tool"], limit: 9 })
        assert.deepStrictEqual(
          hits.map((hit) => (hit.kind === "tool" ? `${hit.path} ${hit.tool}` : "")),
          ["/twin-a alpha_twin", "/twin-a zeta_twin", "/twin-b alpha_twin", "/twin-b zeta_twin"]
        )
      })
    )
  )

  it.effect("a server is found by its own words, its tags and its tools'", () =>
    filled(
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        for (const [text, path] of [
          ["financial", finance.path],
          ["money", finance.path],
          ["exchange rate", finance.path],
          ["ticker", finance.path],
          ["clocks", time.path],
          ["storm", weather.path]
        ] as const) {
          assert.strictEqual((yield* index.search({ text, kinds: ["server"], limit: 3 }))[0]?.path, path, text)
        }
      })
    )
  )

  it.effect("an upsert forgets tools the server has no more", () =>
    filled(
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        yield* index.upsert({ ...time, tool_list: [tool("sundial", "Shadow on stone")] })
        assert.deepStrictEqual(yield* toolsFor("timezone zone names"), [])
        assert.deepStrictEqual(yield* toolsFor("shadow"), ["sundial"])
      })
    )
  )

  it.effect("an upsert that fails half way leaves the server as it was indexed", () =>
    filled(
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TRIGGER no_more BEFORE INSERT ON discovery_tools WHEN NEW.tool = 'bad'
          BEGIN SELECT RAISE(ABORT, 'no'); END`
        const bad = { ...time, tool_list: [tool("good_shadow"), tool("bad")] }
        assert.strictEqual((yield* Effect.flip(index.upsert(bad)))._tag, "DiscoveryError")
        assert.deepStrictEqual(yield* toolsFor("shadow"), [])
        assert.include(yield* toolsFor("timezone"), "current_time_by_timezone")
      })
    )
  )

  it.effect("a server indexed as it is is not written again", () =>
    filled(
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const sql = yield* SqlClient.SqlClient
        const ids = Effect.map(sql`SELECT id, server FROM discovery_tools ORDER BY id`, (rows) => JSON.stringify(rows))
        const before = yield* ids
        yield* index.upsert({ ...time, num_stars: 5, updated_at: "2030-01-01T00:00:00.000Z" })
        assert.strictEqual(yield* ids, before)
        yield* index.upsert({ ...time, description: "Other words" })
        assert.notStrictEqual(yield* ids, before)
      })
    )
  )

  it.effect("a lost table is a DiscoveryError, not a crash", () =>
    filled(
      Effect.gen(function* () {
        yield* (yield* SqlClient.SqlClient)`DROP TABLE discovery_tool_words`
        assert.strictEqual((yield* Effect.flip(toolsFor("time")))._tag, "DiscoveryError")
      })
    )
  )
})
