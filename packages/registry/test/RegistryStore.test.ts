import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { RegistryStore } from "../src/RegistryStore.ts"
import { record, tool } from "./suites/fixtures.ts"
import { registryStoreSuite } from "./suites/registryStoreSuite.ts"

const file = () => Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-registry-")), "a.db") })

registryStoreSuite("layerMemory", () => RegistryStore.layerMemory)
registryStoreSuite("layerSql, in memory", () => Layer.provide(RegistryStore.layerSql, Store.layerMemory))
registryStoreSuite("layerSql, in a file", () => Layer.provide(RegistryStore.layerSql, file()))

describe("RegistryStore.layerSql", () => {
  it.effect("a second start finds what the first stored", () => {
    const layer = Layer.provide(RegistryStore.layerSql, file())
    return Effect.gen(function* () {
      yield* Effect.provide(
        Effect.flatMap(RegistryStore, (store) => store.put(record("/a"))),
        layer
      )
      const found = yield* Effect.provide(
        Effect.flatMap(RegistryStore, (store) => store.all),
        layer
      )
      assert.deepStrictEqual(found, [record("/a")])
    })
  })

  it.effect("an unreadable row is logged by its path and the rest goes on; no value of it is logged", () => {
    const lines: Array<string> = []
    const logger = Logger.make((entry) => lines.push(Logger.stringLogger.log(entry)))
    return Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* RegistryStore
      yield* store.put(record("/good"))
      yield* sql`INSERT INTO registry_servers (path, record) VALUES ('/broken', 'SECRET not json')`
      yield* sql`INSERT INTO registry_servers (path, record) VALUES ('/half', '{"headers":[{"X":"SECRET"}]}')`
      yield* sql`INSERT INTO registry_servers (path, record) SELECT '/moved', record FROM registry_servers WHERE path = '/good'`
      assert.deepStrictEqual(
        (yield* store.all).map((found) => found.path as string),
        ["/good"]
      )
      for (const path of ["/broken", "/half", "/moved"])
        assert.isTrue(
          lines.some((line) => line.includes(path)),
          path
        )
      assert.notInclude(lines.join("\n"), "SECRET")
    }).pipe(
      Effect.provide(Layer.provideMerge(RegistryStore.layerSql, Store.layerMemory)),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })

  const long = (path: string, count = 250) =>
    record(path, { tool_list: Array.from({ length: count }, (_, i) => tool(`t${i}`)) })
  const slices = Effect.flatMap(
    SqlClient.SqlClient,
    (sql) =>
      sql<{ readonly inventory: number; readonly rows: number }>`SELECT inventory, count(*) AS rows FROM registry_tools
        GROUP BY inventory ORDER BY inventory`
  )
  const inMemory = Layer.provideMerge(RegistryStore.layerSql, Store.layerMemory)

  it.effect("a long inventory is written once: not again with every change of its record, and never left behind", () =>
    Effect.gen(function* () {
      const store = yield* RegistryStore
      const first = long("/a")
      yield* store.put(first)
      assert.deepStrictEqual(yield* slices, [{ inventory: 1, rows: 3 }])
      yield* store.put({ ...first, is_enabled: false })
      assert.deepStrictEqual(yield* slices, [{ inventory: 1, rows: 3 }])
      yield* store.put(long("/a", 320))
      assert.deepStrictEqual(
        (yield* slices).map(({ rows }) => rows),
        [4]
      )
      // The list that was stored before is stored no more.
      yield* store.put(first)
      assert.deepStrictEqual(yield* store.all, [first])
      yield* store.remove("/a")
      assert.deepStrictEqual(yield* slices, [])
    }).pipe(Effect.provide(inMemory))
  )

  it.effect("what a later start reads is not written again either", () =>
    Effect.gen(function* () {
      const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-registry-")), "a.db")
      const layer = Layer.provideMerge(RegistryStore.layerSql, Store.layerSqlite({ filename }))
      const run = <A, E>(effect: Effect.Effect<A, E, RegistryStore | SqlClient.SqlClient>) =>
        Effect.provide(effect, Layer.fresh(layer))
      yield* run(Effect.flatMap(RegistryStore, (store) => store.put(long("/a"))))
      yield* run(
        Effect.gen(function* () {
          const store = yield* RegistryStore
          for (const found of yield* store.all) yield* store.put({ ...found, is_enabled: false })
          assert.deepStrictEqual(yield* slices, [{ inventory: 1, rows: 3 }])
        })
      )
    })
  )

  it.effect("a write that fails half way leaves the record as it was; what it wrote goes with the next", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* RegistryStore
      yield* store.put(long("/a"))
      yield* sql`CREATE TRIGGER full BEFORE INSERT ON registry_tools WHEN NEW.position = 2
        BEGIN SELECT RAISE(ABORT, 'disk is full'); END`
      assert.strictEqual((yield* Effect.flip(store.put(long("/a", 300))))._tag, "StoreUnavailable")
      assert.deepStrictEqual(yield* store.all, [long("/a")])
      yield* sql`DROP TRIGGER full`
      yield* store.put(record("/b"))
      assert.deepStrictEqual(yield* slices, [{ inventory: 1, rows: 3 }])
    }).pipe(Effect.provide(inMemory))
  )

  it.effect("tools a stopped process left without a record go with the first write; those of a record never", () => {
    const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-registry-")), "a.db")
    const layer = Layer.provideMerge(RegistryStore.layerSql, Store.layerSqlite({ filename }))
    const run = <A, E>(effect: Effect.Effect<A, E, RegistryStore | SqlClient.SqlClient>) =>
      Effect.provide(effect, Layer.fresh(layer))
    return Effect.gen(function* () {
      yield* run(
        Effect.gen(function* () {
          yield* (yield* RegistryStore).put(long("/a"))
          const sql = yield* SqlClient.SqlClient
          yield* sql`INSERT INTO registry_tools (inventory, position, tools) VALUES (7, 0, '[]'), (7, 1, '[]')`
        })
      )
      yield* run(
        Effect.gen(function* () {
          const store = yield* RegistryStore
          yield* store.put(record("/b"))
          assert.deepStrictEqual(yield* slices, [{ inventory: 1, rows: 3 }])
          assert.deepStrictEqual(yield* store.all, [long("/a"), record("/b")])
        })
      )
    })
  })

  it.effect("a record an older version stored with all its tools is read as it is", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const text = JSON.stringify(long("/old"))
      yield* sql`INSERT INTO registry_servers (path, record) VALUES ('/old', ${text})`
      assert.deepStrictEqual(yield* (yield* RegistryStore).all, [long("/old")])
    }).pipe(Effect.provide(inMemory))
  )

  it.effect("a store that fails says StoreUnavailable", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* RegistryStore
      yield* sql`DROP TABLE registry_servers`
      for (const effect of [Effect.asVoid(store.all), store.put(record("/a")), store.remove("/a")]) {
        assert.strictEqual((yield* Effect.flip(effect))._tag, "StoreUnavailable")
      }
    }).pipe(Effect.provide(Layer.provideMerge(RegistryStore.layerSql, Store.layerMemory)))
  )
})
