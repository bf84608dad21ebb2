/** Laws every database behind `SqlClient` keeps: what packages rely on when they store and migrate. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { migrate } from "../../src/Migrations.ts"
import type { Migration } from "../../src/Migrations.ts"

const first: Migration = {
  id: "alpha-0001-things",
  statements: ["CREATE TABLE things (name TEXT PRIMARY KEY NOT NULL)", "CREATE INDEX things_by_name ON things (name)"]
}
const second: Migration = { id: "alpha-0002-colour", statements: ["ALTER TABLE things ADD COLUMN colour TEXT"] }
const beta: Migration = { id: "beta-0001-others", statements: ["CREATE TABLE others (name TEXT)"] }
const broken: Migration = {
  id: "alpha-0002-broken",
  statements: ["ALTER TABLE things ADD COLUMN half TEXT", "THIS IS NOT SQL"]
}

const columns = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql.onDialectOrElse({
      pg: () => sql<{ readonly name: string }>`SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = 'things' ORDER BY ordinal_position`,
      orElse: () => sql<{ readonly name: string }>`SELECT name FROM pragma_table_info('things')`
    }),
    (rows) => rows.map((row) => row.name)
  )
)

/** Runs the laws over `layer`, built anew for each. */
export const storeSuite = <E>(name: string, layer: () => Layer.Layer<SqlClient.SqlClient, E>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, SqlClient.SqlClient>) =>
    Effect.provide(effect, Layer.orDie(Layer.suspend(layer)))

  describe(`Store contract: ${name}`, () => {
    it.effect("applies a list in order, once", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* migrate([first]), ["alpha-0001-things"])
        assert.deepStrictEqual(yield* migrate([first]), [])
        assert.deepStrictEqual(yield* migrate([first, second]), ["alpha-0002-colour"])
        assert.deepStrictEqual(yield* columns, ["name", "colour"])
      }).pipe(run)
    )

    it.effect("owners do not see each other's lists", () =>
      Effect.gen(function* () {
        yield* migrate([first, second])
        assert.deepStrictEqual(yield* migrate([beta]), ["beta-0001-others"])
        assert.deepStrictEqual(yield* migrate([]), [])
      }).pipe(run)
    )

    it.effect("a failing migration undoes the whole batch and names itself", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(migrate([first, broken]))
        assert.strictEqual(error._tag, "MigrationFailed")
        assert.match(error.message, /alpha-0002-broken.*syntax error/)
        assert.deepStrictEqual(yield* columns, [])
        assert.deepStrictEqual(yield* migrate([first, second]), [first.id, second.id])
      }).pipe(run)
    )

    it.effect("refuses a database a newer version has written, naming what it does not know", () =>
      Effect.gen(function* () {
        yield* migrate([first, second])
        const error = yield* Effect.flip(migrate([first]))
        assert.strictEqual(error._tag, "DatabaseNewer")
        assert.match(error.message, /newer version.*alpha-0002-colour/)
      }).pipe(run)
    )

    it.effect("refuses a list with a gap before what was applied", () =>
      Effect.gen(function* () {
        yield* migrate([second.id, "alpha-0003-x"].map((id) => ({ id, statements: [] })))
        const error = yield* Effect.flip(
          migrate([first.id, second.id, "alpha-0003-x"].map((id) => ({ id, statements: [] })))
        )
        assert.strictEqual(error._tag, "MigrationFailed")
        assert.match(error.message, /alpha-0001-things.*later migration/)
      }).pipe(run)
    )

    for (const [what, ids] of [
      ["an id without a number", ["alpha-things"]],
      ["two owners in one list", ["alpha-0001-a", "beta-0002-b"]],
      ["numbers that fall", ["alpha-0002-a", "alpha-0001-b"]],
      ["a number given twice", ["alpha-0001-a", "alpha-0001-b"]]
    ] as const) {
      it.effect(`refuses ${what}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(migrate(ids.map((id) => ({ id, statements: [] }))))
          assert.strictEqual(error._tag, "MigrationFailed")
        }).pipe(run)
      )
    }

    it.effect("a transaction that fails leaves nothing behind; values are bound, never spliced", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* migrate([first])
        const nasty = `'); DROP TABLE things; --`
        yield* sql`INSERT INTO things (name) VALUES (${nasty})`
        const exit = yield* Effect.exit(
          sql.withTransaction(Effect.zipRight(sql`INSERT INTO things (name) VALUES ('b')`, Effect.fail("stop")))
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.deepStrictEqual(yield* sql`SELECT name FROM things`, [{ name: nasty }])
      }).pipe(run)
    )

    it.effect("an INTEGER holds milliseconds since the epoch and comes back as a number, as counts and sums do", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* migrate([
          { id: "alpha-0001-times", statements: ["CREATE TABLE times (at INTEGER NOT NULL, big BIGINT)"] }
        ])
        const row = { at: 4_102_444_800_123, big: Number.MAX_SAFE_INTEGER }
        yield* sql`INSERT INTO times ${sql.insert(row)}`
        const [held] = yield* sql<typeof row>`SELECT at, big FROM times`
        assert.deepStrictEqual({ at: held?.at, big: held?.big }, row)
        const counted =
          yield* sql`SELECT count(*) AS count, max(at) AS max, coalesce(max(at), 0) + 1 AS next FROM times`
        assert.deepStrictEqual({ ...counted[0] }, { count: 1, max: row.at, next: row.at + 1 })
      }).pipe(run)
    )

    it.effect("TEXT is ordered byte by byte, in added columns too, and compared to the letter", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const words = ["", "B", "Z", "_", "a", "a b", "aB", "ab", "b", "\u00e4", "\ufffd", "\u{1f600}"]
        yield* migrate([first, second])
        for (const name of words.toReversed()) yield* sql`INSERT INTO things ${sql.insert({ name, colour: name })}`
        for (const column of ["name", "colour"] as const) {
          const rows = yield* sql<{ readonly name: string }>`SELECT name FROM things ORDER BY ${sql(column)}`
          assert.deepStrictEqual(
            rows.map((row) => row.name),
            words
          )
        }
        assert.deepStrictEqual(yield* sql`SELECT name FROM things WHERE name = 'A'`, [])
      }).pipe(run)
    )

    it.effect("clients that migrate at once apply a list once", () =>
      Effect.gen(function* () {
        const applied = yield* Effect.all([migrate([first, second]), migrate([beta]), migrate([first, second])], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(applied.flat().toSorted(), [first.id, second.id, beta.id])
      }).pipe(run)
    )
  })
}
