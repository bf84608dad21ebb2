/** A server with thousands of tools: written in pieces and found as one; searched in stretches and found as if at once. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Store from "@mcpgw/store/Store"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { turn } from "@mcpgw/registry/EventLoop"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DiscoveryIndex } from "../src/DiscoveryIndex.ts"
import { server, time, tool } from "./suites/fixtures.ts"

const memory = Layer.provideMerge(DiscoveryIndex.layerLexical, Store.layerMemory)

/** Every tool's description has `word`; the one at `count - 1` says it twice as loud. */
const big = (count: number, word: string): ServerRecord =>
  server("/big", "Big", {
    tools: Array.from({ length: count }, (_, i) =>
      i === count - 1 ? tool(`${word}_best`, `${word} ${word}`) : tool(`plain_${i}`, `${word} among other words`)
    )
  })

const found = (text: string, limit = 5_000) =>
  Effect.flatMap(DiscoveryIndex, (index) =>
    Effect.map(index.search({ text, kinds: ["tool"], limit }), (hits) =>
      hits.flatMap((hit) => (hit.kind === "tool" ? [hit.tool] : []))
    )
  )

const rows = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ readonly tools: number; readonly words: number; readonly servers: number }>`
      SELECT (SELECT count(*) FROM discovery_tools) AS tools, (SELECT count(*) FROM discovery_tool_words) AS words,
        (SELECT count(*) FROM discovery_servers) AS servers`,
    ([counts]) => counts
  )
)

describe("a server with many tools", () => {
  it.effect("is found as it was until it is found as it is, never in part", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      yield* index.upsert(big(230, "walrus"))
      const replacing = yield* Effect.fork(index.upsert(big(340, "heron")))
      const seen = new Set<string>()
      while ((yield* Fiber.poll(replacing))._tag === "None") {
        seen.add([(yield* found("walrus")).length, (yield* found("heron")).length].join())
        yield* turn
      }
      yield* Fiber.join(replacing)
      seen.add([(yield* found("walrus")).length, (yield* found("heron")).length].join())
      assert.deepStrictEqual([...seen], ["230,0", "0,340"])
      assert.deepStrictEqual(yield* rows, { tools: 340, words: 340, servers: 1 })
    }).pipe(Effect.provide(memory))
  )

  it.effect("a write that fails half way changes nothing, and what it wrote goes with the next", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      const sql = yield* SqlClient.SqlClient
      yield* index.upsert(big(120, "walrus"))
      yield* sql`CREATE TRIGGER full BEFORE INSERT ON discovery_tools WHEN NEW.tool = 'plain_180'
        BEGIN SELECT RAISE(ABORT, 'disk is full'); END`
      assert.strictEqual((yield* Effect.flip(index.upsert(big(230, "heron"))))._tag, "DiscoveryError")
      assert.deepStrictEqual([(yield* found("walrus")).length, (yield* found("heron")).length], [120, 0])
      yield* sql`DROP TRIGGER full`
      yield* index.upsert(time)
      assert.deepStrictEqual(yield* rows, { tools: 122, words: 122, servers: 2 })
      yield* index.upsert(big(230, "heron"))
      assert.deepStrictEqual([(yield* found("walrus")).length, (yield* found("heron")).length], [0, 230])
    }).pipe(Effect.provide(memory))
  )

  it.effect("a write that is interrupted changes nothing; the next start cleans up with its first write", () => {
    const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-discovery-")), "a.db")
    const layer = Layer.provideMerge(DiscoveryIndex.layerLexical, Store.layerSqlite({ filename }))
    const run = <A, E>(effect: Effect.Effect<A, E, DiscoveryIndex | SqlClient.SqlClient>) =>
      Effect.provide(effect, Layer.fresh(layer))
    return Effect.gen(function* () {
      yield* run(
        Effect.gen(function* () {
          const index = yield* DiscoveryIndex
          yield* index.upsert(big(120, "walrus"))
          const writing = yield* Effect.fork(index.upsert(big(400, "heron")))
          while (((yield* rows)?.tools ?? 0) < 200) yield* turn
          yield* Fiber.interrupt(writing)
        })
      )
      yield* run(
        Effect.gen(function* () {
          const index = yield* DiscoveryIndex
          assert.deepStrictEqual([(yield* found("walrus")).length, (yield* found("heron")).length], [120, 0])
          yield* index.upsert(time)
          assert.deepStrictEqual(yield* rows, { tools: 122, words: 122, servers: 2 })
        })
      )
    })
  })

  it.effect("removed, nothing of it stays", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      yield* index.upsert(big(230, "walrus"))
      yield* index.upsert(time)
      yield* index.remove("/big")
      assert.deepStrictEqual(yield* found("walrus"), [])
      assert.deepStrictEqual(yield* rows, { tools: 2, words: 2, servers: 1 })
    }).pipe(Effect.provide(memory))
  )

  it.effect("the best of several stretches is the best of all, whoever may see how much", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      yield* index.upsert(big(4_500, "walrus"))
      assert.deepStrictEqual((yield* found("walrus", 3))[0], "walrus_best")
      const all = yield* found("walrus")
      assert.deepStrictEqual([all.length, new Set(all).size], [4_500, 4_500])
      assert.deepStrictEqual(
        all.slice(1),
        all.slice(1).toSorted((a, b) => (a < b ? -1 : 1))
      )
      let asked = 0
      const [only] = yield* index.search({
        text: "walrus",
        kinds: ["tool"],
        limit: 1,
        keep: (hit) => {
          asked++
          return hit.kind === "tool" && hit.tool === "plain_4321"
        }
      })
      assert.deepInclude(only, { tool: "plain_4321", score: 1 })
      assert.isAtMost(asked, 4_500)
    }).pipe(Effect.provide(memory))
  )

  it.effect("a server is found by the names of its last tools too, and a text as long as a book does no harm", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      const words = Array.from({ length: 600 }, (_, i) => tool(`plain_${i}`, `${"lorem ipsum dolor ".repeat(10)}${i}`))
      const novel = tool("novel", "x ".repeat(200_000))
      yield* index.upsert(server("/big", "Big", { tools: [...words, novel, tool("last_walrus")] }))
      assert.deepStrictEqual(
        (yield* index.search({ text: "walrus", kinds: ["server"], limit: 1 })).map(({ path }) => path),
        ["/big"]
      )
      assert.deepStrictEqual(yield* found("novel", 1), ["novel"])
    }).pipe(Effect.provide(memory))
  )
})

describe("a word that nearly all hold", () => {
  const crowd = server("/crowd", "Crowd", {
    tools: Array.from({ length: 3_500 }, (_, i) =>
      tool(`plain_${i}`, i % 1_500 === 7 ? "heron of a department" : "of a department")
    )
  })

  it.effect("orders nothing where others do, and fills up what they leave", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(DiscoveryIndex, ({ upsert }) => upsert(crowd))
      const herons = ["plain_1507", "plain_3007", "plain_7"]
      assert.deepStrictEqual(yield* found("heron department", 3), herons)
      const more = yield* found("heron department", 10)
      assert.deepStrictEqual([more.length, more.slice(0, 3)], [10, herons])
      assert.lengthOf(yield* found("heron department"), 3_500)
      assert.lengthOf(yield* found("department", 20), 20)
      assert.lengthOf(yield* found("department departments", 20), 20)
      // Of many words the rarest are asked for, and one that nobody holds takes none of their places.
      const many = Array.from({ length: 20 }, (_, i) => `nobody${i}`).join(" ")
      assert.deepStrictEqual(yield* found(`department of ${many} heron`, 3), herons)
    }).pipe(Effect.provide(memory))
  )

  it.effect("of more than twelve words, those that most hold are not asked for", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 13 }, (_, i) => `lark${i}x`)
      const tools = Array.from({ length: 3_500 }, (_, i) =>
        tool(`plain_${i}`, names.filter((_, n) => i % (n + 2) === 1).join(" "))
      )
      yield* Effect.flatMap(DiscoveryIndex, ({ upsert }) => upsert(server("/larks", "Larks", { tools })))
      // Every second holds the first, every third the next, every fourteenth the last.
      const asked = yield* found(names.join(" "))
      const held = tools.filter((_, i) => names.some((_, n) => n > 0 && i % (n + 2) === 1)).length
      assert.lengthOf(asked, held)
    }).pipe(Effect.provide(memory))
  )
})

describe("many questions at once", () => {
  it.effect("are answered one after the other; those that are too many are told so at once", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      yield* index.upsert(big(3_500, "walrus"))
      const asked = yield* Effect.forEach(
        Array.from({ length: 100 }),
        () => Effect.either(index.search({ text: "walrus", kinds: ["tool"], limit: 3 })),
        { concurrency: "unbounded" }
      )
      const busy = asked.filter(Either.isLeft)
      assert.isAbove(busy.length, 0)
      assert.isTrue(busy.every(({ left }) => left._tag === "DiscoveryBusy"))
      const answers = asked.filter(Either.isRight).map(({ right }) => right.map(({ path }) => path).join())
      assert.deepStrictEqual(new Set(answers), new Set(["/big,/big,/big"]))
      assert.lengthOf(yield* found("walrus", 3), 3)
    }).pipe(Effect.provide(memory))
  )
})
