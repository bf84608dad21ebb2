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
import { record } from "./suites/fixtures.ts"
import { registryStoreSuite } from "./suites/registryStoreSuite.ts"

const file = () => Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-registry-")), "a.db") })

registryStoreSuite("layerMemory", () => RegistryStore.layerMemory)
registryStoreSuite("layerSqlite, in memory", () => Layer.provide(RegistryStore.layerSqlite, Store.layerMemory))
registryStoreSuite("layerSqlite, in a file", () => Layer.provide(RegistryStore.layerSqlite, file()))

describe("RegistryStore.layerSqlite", () => {
  it.effect("a second start finds what the first stored", () => {
    const layer = Layer.provide(RegistryStore.layerSqlite, file())
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
      Effect.provide(Layer.provideMerge(RegistryStore.layerSqlite, Store.layerMemory)),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })

  it.effect("a store that fails says StoreUnavailable", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* RegistryStore
      yield* sql`DROP TABLE registry_servers`
      for (const effect of [store.all, store.put(record("/a")), store.remove("/a")]) {
        assert.strictEqual((yield* Effect.flip(Effect.asVoid(effect)))._tag, "StoreUnavailable")
      }
    }).pipe(Effect.provide(Layer.provideMerge(RegistryStore.layerSqlite, Store.layerMemory)))
  )
})
