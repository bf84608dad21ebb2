/** The laws of servers at rest, and of the registry over them, over a real PostgreSQL; and what several processes may do to one. */
import { assert, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Collaborators } from "../src/Collaborators.ts"
import { Ratings } from "../src/Ratings.ts"
import { RegistryStore } from "../src/RegistryStore.ts"
import { collaboratorsSuite } from "./suites/collaboratorsSuite.ts"
import { record, tool } from "./suites/fixtures.ts"
import { ratingsSuite } from "./suites/ratingsSuite.ts"
import { registryStoreSuite } from "./suites/registryStoreSuite.ts"
import { registrySuite } from "./suites/registrySuite.ts"

overPostgres(({ fresh, kept }) => {
  registryStoreSuite("layerSql over PostgreSQL", () => Layer.provide(RegistryStore.layerSql, fresh))
  registrySuite("RegistryStore.layerSql over PostgreSQL", () => Layer.provide(RegistryStore.layerSql, fresh))

  ratingsSuite("layerSql over PostgreSQL", () => Layer.provide(Ratings.layerSql, fresh))
  collaboratorsSuite("layerSql over PostgreSQL", () => Layer.provide(Collaborators.layerSql, fresh))

  const long = (path: string, count: number) =>
    record(path, { tool_list: Array.from({ length: count }, (_, i) => tool(`t${i}`)) })

  it.effect("a second start finds what the first stored, in the order of SQLite", () =>
    Effect.gen(function* () {
      const store = yield* kept
      const start = <A, E>(effect: Effect.Effect<A, E, RegistryStore>) =>
        Effect.provide(effect, Layer.fresh(Layer.provide(RegistryStore.layerSql, store)))
      const records = ["/B", "/Z", "/a", "/a-b", "/a/b", "/a0"].map((path) => record(path))
      yield* start(
        Effect.flatMap(RegistryStore, ({ put }) =>
          Effect.forEach(records.toReversed(), (one) => put(one), { discard: true })
        )
      )
      assert.deepStrictEqual(yield* start(Effect.flatMap(RegistryStore, ({ all }) => all)), records)
    })
  )

  it.live("processes that replace one long inventory at once leave one of theirs, whole, and nothing beside it", () =>
    Effect.gen(function* () {
      const store = yield* kept
      const open = Effect.map(Layer.build(Layer.fresh(Layer.provideMerge(RegistryStore.layerSql, store))), (context) =>
        Effect.provide(context)
      )
      const processes = yield* Effect.all([open, open, open])
      yield* Effect.forEach(
        processes,
        (within, i) =>
          Effect.forEach(
            Array.from({ length: 8 }, (_, n) => long("/a", 101 + 100 * ((i + n) % 3) + i)),
            (next) => Effect.flatMap(RegistryStore, ({ put }) => put(next)).pipe(Effect.retry({ times: 20 }), within),
            { discard: true }
          ),
        { concurrency: "unbounded" }
      )
      const [first] = processes
      yield* Effect.gen(function* () {
        const { all, put } = yield* RegistryStore
        const [held] = yield* all
        assert.deepStrictEqual(held, long("/a", held?.tool_list.length ?? 0))
        yield* put(record("/b"))
      }).pipe(first)
      // What a process could not remove it removes after its next start.
      const [last] = yield* Effect.all([open])
      const rows = yield* Effect.gen(function* () {
        yield* (yield* RegistryStore).put(record("/b"))
        const sql = yield* SqlClient.SqlClient
        return yield* sql<{ readonly inventory: number }>`SELECT DISTINCT inventory FROM registry_tools`
      }).pipe(last)
      assert.lengthOf(rows, 1)
    }).pipe(Effect.scoped)
  )
})
