import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { overPostgres } from "@mcpgw/testkit/Postgres"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
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
      // A busy machine takes a while to do what it is time for.
      yield* until(() => told.length > 0)
      assert.deepStrictEqual(told, [["1"]])
    })
  )
})

/** Waits in real time; `within` what was promised, and more where a busy machine may hold it up. */
const until = (done: () => boolean | Promise<boolean>, within: Duration.DurationInput = "15 seconds") =>
  Effect.repeat(
    Effect.promise(async () => {
      await Bun.sleep(5)
      return done()
    }),
    { until: (found) => found }
  ).pipe(Effect.timeout(within))

/** Two processes over one PostgreSQL as they are in production, and the connections on which they are told. */
const pair = (url: Redacted.Redacted, pollMillis = 500) =>
  Effect.gen(function* () {
    const layer = Store.layerPostgres({ url, pollMillis })
    const [a, b] = [yield* Layer.build(Layer.fresh(layer)), yield* Layer.build(Layer.fresh(layer))]
    const told: Array<Changed> = []
    yield* Context.get(b, ChangeFeed).watch("x", (changed) => Effect.sync(() => void told.push(changed)))
    const sql = Context.get(a, SqlClient.SqlClient)
    const listeners = Effect.map(
      sql<{ readonly pid: number }>`SELECT pid FROM pg_stat_activity
        WHERE application_name = 'mcpgw changes' AND datname = current_database() AND query LIKE 'LISTEN%'`,
      (rows) => rows.map(({ pid }) => pid)
    )
    let written = 0
    /** Milliseconds until the other process had it. */
    const arrives = Effect.gen(function* () {
      const item = String(++written)
      const began = performance.now()
      yield* Context.get(a, ChangeFeed).write("x", [item], Effect.succeed)
      yield* until(() => told.some((changed) => changed !== "everything" && changed.includes(item)))
      return performance.now() - began
    })
    const bothListen = until(async () => (await Effect.runPromise(listeners)).length === 2)
    yield* bothListen
    return { sql, listeners, bothListen, arrives }
  })

/** Looks take 600 ms at most; a busy machine more. */
const BY_LOOK_MS = 3_000
/** Of those who look so seldom, what comes sooner came by `LISTEN`. */
const SELDOM_MS = 60_000

overPostgres((server) => {
  const database = Effect.map(
    Effect.promise(() => server().createDatabase()),
    (url) => Redacted.make(url)
  )

  it.live("issue 6: a listening connection that was ended: looks bring changes meanwhile, and it comes back", () =>
    Effect.gen(function* () {
      const [looking, listening] = [yield* pair(yield* database), yield* pair(yield* database, SELDOM_MS)]
      yield* listening.arrives
      for (const { listeners, sql } of [looking, listening]) {
        for (const pid of yield* listeners) yield* sql`SELECT pg_terminate_backend(${pid})`
      }
      assert.isBelow(yield* looking.arrives, BY_LOOK_MS)
      for (const { bothListen } of [looking, listening]) yield* bothListen
      assert.isBelow(yield* listening.arrives, SELDOM_MS / 4)
    }).pipe(Effect.scoped)
  )

  it.live(
    "issue 6: a listening connection that hangs and says nothing: looks bring changes, and it goes on after",
    () =>
      Effect.gen(function* () {
        const [looking, listening] = [yield* pair(yield* database), yield* pair(yield* database, SELDOM_MS)]
        const pids = [...(yield* looking.listeners), ...(yield* listening.listeners)]
        for (const pid of pids) process.kill(pid, "SIGSTOP")
        yield* Effect.addFinalizer(() => Effect.sync(() => pids.forEach((pid) => process.kill(pid, "SIGCONT"))))
        assert.isBelow(yield* looking.arrives, BY_LOOK_MS)
        for (const pid of pids) process.kill(pid, "SIGCONT")
        assert.isBelow(yield* listening.arrives, SELDOM_MS / 4)
      }).pipe(Effect.scoped)
  )

  it.live("issue 6: writers that wait for their turn at one topic leave the connections to everybody else", () =>
    Effect.gen(function* () {
      const url = Redacted.make(yield* Effect.promise(() => server().createSchema()))
      const context = yield* Layer.build(Layer.fresh(Store.layerPostgres({ url })))
      const { write } = Context.get(context, ChangeFeed)
      const sql = Context.get(context, SqlClient.SqlClient)
      const [inside, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const slow = write("busy", ["1"], () => Effect.zipRight(Deferred.succeed(inside, undefined), Deferred.await(go)))
      const first = yield* Effect.fork(slow)
      yield* Deferred.await(inside)
      // More than there are connections.
      const many = yield* Effect.forkAll(Array.from({ length: 30 }, (_, i) => write("busy", [`${i}`], Effect.succeed)))
      yield* Effect.sleep("100 millis")
      yield* sql`SELECT 1`.pipe(Effect.zipRight(write("other", ["1"], Effect.succeed)), Effect.timeout("2 seconds"))
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(first)
      assert.lengthOf(new Set(yield* Fiber.join(many)), 30)
    }).pipe(Effect.scoped)
  )

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
