import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Store from "../src/Store.ts"
import { overPostgres } from "./suites/postgres.ts"
import { postgresTlsSuite } from "./suites/postgresTlsSuite.ts"
import { storeSuite } from "./suites/storeSuite.ts"

const folder = (): string => mkdtempSync(join(tmpdir(), "mcpgw-store-"))
const modeOf = (file: string): number => statSync(file).mode & 0o777
const read = (pragma: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(sql.unsafe(`PRAGMA ${pragma}`).values, (rows) => rows[0]?.[0])
  )

storeSuite("layerMemory", () => Store.layerMemory)
storeSuite("layerSql", () => Store.layerSqlite({ filename: join(folder(), "mcpgw.db") }))

overPostgres(({ fresh, server }) => {
  storeSuite("layerPostgres", () => fresh)

  const open = (url: string) =>
    Layer.build(Store.layerPostgres({ url: Redacted.make(url) })).pipe(Effect.scoped, Effect.flip)

  it.effect("processes that migrate a new database at once apply a list once", () =>
    Effect.gen(function* () {
      const url = Redacted.make(yield* Effect.promise(() => server().createDatabase()))
      const list = [{ id: "a-0001-t", statements: ["CREATE TABLE t (x TEXT)"] }]
      const start = Effect.suspend(() => Effect.provide(Store.migrate(list), Store.layerPostgres({ url })))
      const applied = yield* Effect.all([start, start, start, start], { concurrency: 4 })
      assert.deepStrictEqual(applied.flat(), ["a-0001-t"])
    })
  )

  postgresTlsSuite(server)

  it.live("design §6: a server that can not be used is named without the password", () =>
    Effect.gen(function* () {
      const url = yield* Effect.promise(() => server().createDatabase())
      const shown = url.replace(/:[^:@/]+@/, "@")
      const wrong = [
        [url.replace(/:[^:@/]+@/, ":hunter2%40hunter2@"), shown, /password authentication failed/],
        [`${url}x`, `${shown}x`, /does not exist/],
        [url.replace(String(server().port), "1"), shown.replace(String(server().port), "1"), /ECONNREFUSED|connect/]
      ] as const
      for (const [held, name, problem] of wrong) {
        const error = yield* open(held)
        assert.strictEqual(error._tag, "StoreOpenFailed")
        assert.include(error.message, name)
        assert.match(error.message, problem)
        for (const text of [error.message, JSON.stringify(error), String(error.stack)]) {
          assert.notMatch(text, /hunter2|correct|horse/)
        }
      }
    })
  )

  it.live("a database in another encoding than UTF-8 is refused", () =>
    Effect.gen(function* () {
      const error = yield* open(yield* Effect.promise(() => server().createDatabase("ENCODING 'LATIN1'")))
      assert.match(error.message, /LATIN1.*UTF8/)
    })
  )
})

describe("Store.layerSqlite", () => {
  it.effect("opens with WAL, a busy timeout, synchronous NORMAL and foreign keys", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* read("journal_mode"), "wal")
      assert.strictEqual(yield* read("busy_timeout"), 5000)
      assert.strictEqual(yield* read("synchronous"), 1)
      assert.strictEqual(yield* read("foreign_keys"), 1)
    }).pipe(Effect.provide(Store.layerSqlite({ filename: join(folder(), "a.db") })))
  )

  it.effect("design §6: folder 0700, database and its side files 0600", () => {
    const filename = join(folder(), "new", "data", "a.db")
    return Effect.gen(function* () {
      yield* Store.migrate([{ id: "a-0001-t", statements: ["CREATE TABLE t (x)"] }])
      assert.strictEqual(modeOf(filename), 0o600)
      assert.strictEqual(modeOf(`${filename}-wal`), 0o600)
      assert.strictEqual(modeOf(join(filename, "..")), 0o700)
    }).pipe(Effect.provide(Store.layerSqlite({ filename })))
  })

  it.effect("closes a database that others could read", () => {
    const filename = join(folder(), "a.db")
    writeFileSync(filename, "")
    chmodSync(filename, 0o644)
    return Effect.sync(() => assert.strictEqual(modeOf(filename), 0o600)).pipe(
      Effect.provide(Store.layerSqlite({ filename }))
    )
  })

  it.effect("keeps what was written for the next start", () => {
    const layer = Store.layerSqlite({ filename: join(folder(), "a.db") })
    const list = [{ id: "a-0001-t", statements: ["CREATE TABLE t (x)"] }]
    const start = Effect.flatMap(SqlClient.SqlClient, (sql) =>
      Effect.gen(function* () {
        const applied = yield* Store.migrate(list)
        yield* sql`INSERT INTO t VALUES (1)`
        return { applied, rows: (yield* sql`SELECT x FROM t`).length }
      })
    )
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.provide(start, layer), { applied: ["a-0001-t"], rows: 1 })
      assert.deepStrictEqual(yield* Effect.provide(start, layer), { applied: [], rows: 2 })
    })
  })

  it.effect("two clients that migrate one file at once apply it once", () => {
    const filename = join(folder(), "a.db")
    const list = [{ id: "a-0001-t", statements: ["CREATE TABLE t (x)"] }]
    const start = Effect.suspend(() => Effect.provide(Store.migrate(list), Store.layerSqlite({ filename })))
    return Effect.gen(function* () {
      const applied = yield* Effect.all([start, start, start], { concurrency: 3 })
      assert.deepStrictEqual(applied.flat(), ["a-0001-t"])
    })
  })

  for (const [what, prepare] of [
    ["is not a database", (file: string) => writeFileSync(file, "garbage, long enough to be looked at ".repeat(40))],
    ["is a folder", (file: string) => mkdirSync(file)]
  ] as const) {
    it.effect(`a file that ${what} is refused with its name`, () => {
      const filename = join(folder(), "a.db")
      prepare(filename)
      return Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(Store.layerSqlite({ filename }))))
        assert.strictEqual(error._tag, "StoreOpenFailed")
        assert.include(error.message, filename)
      })
    })
  }
})
