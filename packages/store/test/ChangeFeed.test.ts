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

  it.live("LISTEN/NOTIFY: told although it does not look; told again after the server was away", () =>
    Effect.gen(function* () {
      const url = Redacted.make(yield* Effect.promise(() => server().createSchema()))
      const open = (pollMillis: number) => Layer.build(Layer.fresh(Store.layerPostgres({ url, pollMillis })))
      const [writer, rare, often] = yield* Effect.all([open(500), open(3_600_000), open(500)])
      const watching = (context: Context.Context<ChangeFeed>) => {
        const told: Array<string> = []
        const take = (changed: Changed) => Effect.sync(() => void told.push(...[changed].flat()))
        return Effect.as(Context.get(context, ChangeFeed).watch("x", take), told)
      }
      const [toldRare, toldOften] = [yield* watching(rare), yield* watching(often)]
      const write = (item: string) => Context.get(writer, ChangeFeed).write("x", [item], Effect.succeed)
      const until = (done: () => boolean) =>
        Effect.repeat(Effect.sleep("5 millis"), { until: () => done() }).pipe(Effect.timeout("20 seconds"))
      // What is said before it listens, it does not hear.
      yield* Effect.repeat(Effect.zipRight(write("early"), Effect.sleep("20 millis")), {
        until: () => toldRare.length > 0
      })
      for (const item of ["1", "2", "3"]) {
        yield* write(item)
        yield* until(() => toldRare.includes(item))
      }
      yield* Effect.promise(() => server().stop())
      const feed = Context.get(often, ChangeFeed)
      yield* until(() => feed.outageSince() !== undefined)
      assert.strictEqual((yield* Effect.flip(write("lost")))._tag, "SqlError")
      yield* Effect.promise(() => server().start())
      yield* until(() => feed.outageSince() === undefined)
      yield* write("after")
      yield* until(() => toldOften.includes("after"))
      assert.deepStrictEqual([toldOften.at(-1), toldOften.includes("lost")], ["after", false])
    }).pipe(Effect.scoped)
  )
})
