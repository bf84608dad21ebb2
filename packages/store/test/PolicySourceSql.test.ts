import { PolicySource } from "@mcpgw/domain/PolicySource"
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ChangeFeed } from "../src/ChangeFeed.ts"
import { layerSql } from "../src/PolicySourceSql.ts"
import * as Store from "../src/Store.ts"
import { overPostgres } from "./suites/postgres.ts"
import { policySourceSuite } from "./suites/policySourceSuite.ts"

const inMemory = Layer.provideMerge(layerSql, Store.layerMemory)

policySourceSuite("layerMemory", () => PolicySource.layerMemory())
policySourceSuite("layerSql", () => Layer.provide(layerSql, Store.layerMemory))

/** Laws of two processes over one store, which is the same at each build of `kept`. */
const processesSuite = (name: string, kept: Effect.Effect<Store.StoreLayer>): void => {
  describe(`PolicySource of two processes over ${name}`, () => {
    const start = (store: Store.StoreLayer) =>
      Effect.map(Layer.build(Layer.fresh(Layer.provideMerge(layerSql, store))), (context) => ({
        source: Context.get(context, PolicySource),
        look: Context.get(context, ChangeFeed).look
      }))

    it.scoped("issue 6: what one writes the other is told with its next look, and reads then", () =>
      Effect.gen(function* () {
        const store = yield* kept
        const [a, b] = [yield* start(store), yield* start(store)]
        const told: Array<number> = []
        yield* Effect.fork(
          Stream.runForEach(b.source.changes, (revision) => Effect.sync(() => void told.push(revision)))
        )
        yield* a.source.write("one", "ann")
        yield* b.look
        const second = yield* a.source.write("two", "ann")
        yield* a.look
        yield* b.look
        yield* Effect.yieldNow().pipe(Effect.repeatN(200))
        assert.strictEqual(told.at(-1), second)
        assert.strictEqual((yield* b.source.read)?.text, "two")
      })
    )

    it.scoped("of changes that replace one revision at once, in either process, exactly one holds", () =>
      Effect.gen(function* () {
        const store = yield* kept
        const [a, b] = [yield* start(store), yield* start(store)]
        let after = 0
        for (let round = 0; round < 5; round++) {
          const results = yield* Effect.forEach(
            [a, b, a, b],
            ({ source }, i) => Effect.either(source.replace(`${round} ${i}`, "ann", after)),
            { concurrency: "unbounded" }
          )
          const won = results.flatMap((result) => (result._tag === "Right" ? [result.right] : []))
          assert.lengthOf(won, 1)
          after = won[0] ?? 0
          assert.strictEqual((yield* b.source.read)?.revision, after)
        }
      })
    )
  })
}

processesSuite(
  "a SQLite file",
  Effect.sync(() => Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-policy-two-")), "a.db") }))
)

overPostgres(({ fresh, kept }) => {
  policySourceSuite("layerSql over PostgreSQL", () => Layer.provide(layerSql, fresh))
  processesSuite("PostgreSQL", kept)

  it.scoped("what another process writes is read, with numbers of one line, and holds over a restart", () =>
    Effect.gen(function* () {
      const store = yield* kept
      const start = Effect.map(Layer.build(Layer.fresh(Layer.provide(layerSql, store))), (context) =>
        Context.get(context, PolicySource)
      )
      const [here, there] = yield* Effect.all([start, start])
      assert.strictEqual(yield* here.write("ours", "ann"), 1)
      assert.strictEqual(yield* there.write("theirs", "bob"), 2)
      assert.deepStrictEqual(yield* here.read, { text: "theirs", revision: 2 })
      const head = yield* Stream.runHead((yield* start).changes)
      assert.deepStrictEqual(head._tag === "Some" && head.value, 2)
    })
  )
})

/** A database file that is gone with the scope. */
const databaseFile = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mcpgw-policy-source-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "mcpgw.db")))

/** The source over a file, as one process has it. */
const open = (filename: string) =>
  Effect.map(Layer.build(Layer.provide(layerSql, Store.layerSqlite({ filename }))), (context) =>
    Context.get(context, PolicySource)
  )

describe("PolicySource.layerMemory", () => {
  it.effect("begins with the given text as revision 1, told to listeners", () =>
    Effect.gen(function* () {
      const source = yield* PolicySource
      assert.deepStrictEqual(yield* source.read, { text: "given", revision: 1 })
      const head = yield* Stream.runHead(source.changes)
      assert.deepStrictEqual(head._tag === "Some" && head.value, 1)
      assert.strictEqual(yield* source.write("next", "ann"), 2)
    }).pipe(Effect.provide(PolicySource.layerMemory("given")))
  )
})

describe("PolicySourceSql", () => {
  it.effect("keeps every revision: text, by whom and when", () =>
    Effect.gen(function* () {
      const source = yield* PolicySource
      const sql = yield* SqlClient.SqlClient
      yield* TestClock.setTime(Date.UTC(2030, 0, 2, 3, 4, 5, 6))
      yield* source.write("one", "ann")
      yield* TestClock.adjust("1 minute")
      yield* source.write("two", "bob")
      assert.deepStrictEqual(
        (yield* sql`SELECT * FROM policy_revisions ORDER BY revision`).map((row) => ({ ...row })),
        [
          { revision: 1, text: "one", written_by: "ann", written_at: "2030-01-02T03:04:05.006Z" },
          { revision: 2, text: "two", written_by: "bob", written_at: "2030-01-02T03:05:05.006Z" }
        ]
      )
    }).pipe(Effect.provide(inMemory))
  )

  it.effect("a number is not given again after the newest row was removed by hand", () =>
    Effect.gen(function* () {
      const source = yield* PolicySource
      const sql = yield* SqlClient.SqlClient
      yield* source.write("one", "ann")
      yield* source.write("two", "ann")
      yield* sql`DELETE FROM policy_revisions WHERE revision = 2`
      assert.strictEqual((yield* source.read)?.text, "one")
      assert.strictEqual(yield* source.write("three", "ann"), 3)
    }).pipe(Effect.provide(inMemory))
  )

  it.scoped("holds over a restart, and the next process begins by telling what holds", () =>
    Effect.gen(function* () {
      const filename = yield* databaseFile
      yield* Effect.scoped(Effect.flatMap(open(filename), (source) => source.write("kept", "ann")))
      const source = yield* open(filename)
      assert.deepStrictEqual({ ...(yield* source.read) }, { text: "kept", revision: 1 })
      const head = yield* Stream.runHead(source.changes)
      assert.deepStrictEqual(head._tag === "Some" && head.value, 1)
      assert.strictEqual(yield* source.write("next", "ann"), 2)
    })
  )

  it.scoped("what another process writes is read, with numbers of one line", () =>
    Effect.gen(function* () {
      const filename = yield* databaseFile
      const [here, there] = yield* Effect.all([open(filename), open(filename)])
      assert.strictEqual(yield* here.write("ours", "ann"), 1)
      assert.strictEqual(yield* there.write("theirs", "bob"), 2)
      assert.deepStrictEqual({ ...(yield* here.read) }, { text: "theirs", revision: 2 })
    })
  )

  it.effect("a store that fails answers PolicySourceUnavailable with its cause, and nothing is told", () =>
    Effect.gen(function* () {
      const source = yield* PolicySource
      const sql = yield* SqlClient.SqlClient
      const told = yield* Effect.fork(Stream.runHead(source.changes))
      yield* Effect.yieldNow().pipe(Effect.repeatN(50))
      yield* sql`ALTER TABLE policy_revisions RENAME TO away`
      for (const attempt of [Effect.asVoid(source.read), Effect.asVoid(source.write("lost", "ann"))]) {
        const error = yield* Effect.flip(attempt)
        assert.strictEqual(error._tag, "PolicySourceUnavailable")
        assert.match(String(error.cause), /no such table: policy_revisions/)
        assert.notInclude(error.message, "policy_revisions", "what a caller is shown names no table")
      }
      yield* sql`ALTER TABLE away RENAME TO policy_revisions`
      assert.isUndefined(yield* source.read)
      const revision = yield* source.write("kept", "ann")
      const head = yield* Fiber.join(told)
      assert.deepStrictEqual(head._tag === "Some" && head.value, revision)
    }).pipe(Effect.provide(inMemory))
  )
})
