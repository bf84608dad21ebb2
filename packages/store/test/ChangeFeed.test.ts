import { assert, describe, it } from "@effect/vitest"
import { overPostgres } from "@mcpgw/testkit/Postgres"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Changed, ChangeFeed } from "../src/ChangeFeed.ts"
import * as Store from "../src/Store.ts"
import { changeFeedSuite } from "./suites/changeFeedSuite.ts"

const file = () => Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-feed-")), "a.db") })

/** Looks when it is told to and at no other time. */
const unasked = (store: Store.StoreLayer): Store.StoreLayer =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const opened = yield* Layer.build(store)
      const feed = ChangeFeed.layer({ pollMillis: 3_600_000 }).pipe(Layer.provide(Layer.succeedContext(opened)))
      return Context.merge(opened, yield* Layer.build(feed))
    })
  )

changeFeedSuite("layerSqlite", () => Promise.resolve(unasked(file())))

describe("ChangeFeed.layer", () => {
  it.scoped("looks by itself, twice a second", () =>
    Effect.gen(function* () {
      const layer = file()
      const [a, b] = [yield* Layer.build(Layer.fresh(layer)), yield* Layer.build(Layer.fresh(layer))]
      const told: Array<Changed> = []
      yield* Context.get(b, ChangeFeed).watch("x", (changed) => Effect.sync(() => void told.push(changed)))
      yield* Context.get(a, ChangeFeed).write("x", ["1"], Effect.succeed)
      yield* TestClock.adjust("390 millis")
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust("220 millis")
      assert.deepStrictEqual(told, [["1"]])
    })
  )
})

overPostgres((server) => {
  changeFeedSuite("layerPostgres", async () =>
    unasked(Store.layerPostgres({ url: Redacted.make(await server().createSchema()) }))
  )

  it.live("LISTEN/NOTIFY: told long before the next look; told again after the server was away", () =>
    Effect.gen(function* () {
      const layer = Store.layerPostgres({ url: Redacted.make(yield* Effect.promise(() => server().createSchema())) })
      const [a, b] = [yield* Layer.build(Layer.fresh(layer)), yield* Layer.build(Layer.fresh(layer))]
      const told: Array<Changed> = []
      const feed = Context.get(b, ChangeFeed)
      yield* feed.watch("x", (changed) => Effect.sync(() => void told.push(changed)))
      const until = (done: () => boolean) =>
        Effect.repeat(Effect.sleep("5 millis"), { until: () => done() }).pipe(Effect.timeout("15 seconds"))
      yield* Effect.sleep("200 millis")
      const times: Array<number> = []
      for (let i = 1; i <= 5; i++) {
        const began = performance.now()
        yield* Context.get(a, ChangeFeed).write("x", [String(i)], Effect.succeed)
        yield* until(() => told.length >= i)
        times.push(performance.now() - began)
      }
      // By looks alone it would be 250 ms on average.
      assert.isBelow(times.toSorted((x, y) => x - y)[2] ?? Infinity, 150)
      yield* Effect.promise(() => server().stop())
      yield* until(() => feed.outageSince() !== undefined)
      assert.strictEqual(
        (yield* Effect.flip(Context.get(a, ChangeFeed).write("x", ["lost"], Effect.succeed)))._tag,
        "SqlError"
      )
      yield* Effect.promise(() => server().start())
      yield* until(() => feed.outageSince() === undefined)
      yield* Context.get(a, ChangeFeed).write("x", ["after"], Effect.succeed)
      yield* until(() => told.length === 6)
      assert.deepStrictEqual(told.at(-1), ["after"])
    }).pipe(Effect.scoped)
  )
})
