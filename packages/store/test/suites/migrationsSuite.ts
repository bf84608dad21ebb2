/**
 * Laws of a package's list of migrations: whatever version of it a database was left at, with rows in every table, the newest finds those
 * rows. A table without a row here fails, so that a new migration brings one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { migrate, type Migration } from "../../src/Migrations.ts"

type Row = Readonly<Record<string, string | number | null>>

export interface Sample {
  readonly table: string
  /** Every column the table ever had; those it has at a version are written then. */
  readonly row: Row
  /** Where it is found in the newest version, and what is different there. */
  readonly now?: { readonly table: string; readonly row: Row }
  /** The migration that empties the table: what is in it is made again from elsewhere. */
  readonly emptiedBy?: string
}

const namesIn = (query: Effect.Effect<ReadonlyArray<{ readonly name: string }>, SqlError>) =>
  Effect.map(query, (rows) => rows.map(({ name }) => name))

const tables = (sql: SqlClient.SqlClient) =>
  namesIn(
    sql.onDialectOrElse({
      pg: () => sql<{ readonly name: string }>`
        SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()`,
      // Without the tables in which SQLite keeps a full-text index.
      orElse: () => sql<{ readonly name: string }>`
        SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')`
    })
  )

const columns = (sql: SqlClient.SqlClient, table: string) =>
  namesIn(
    sql.onDialectOrElse({
      pg: () => sql<{ readonly name: string }>`SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = ${table}`,
      orElse: () => sql<{ readonly name: string }>`SELECT name FROM pragma_table_info(${table})`
    })
  )

/** Not a package's: what every store has, unless it is what is tested, the list of what was applied, and what SQLite keeps for itself. */
const isForeign = (table: string, samples: ReadonlyArray<Sample>): boolean =>
  table === "store_migrations" ||
  table.startsWith("sqlite_") ||
  (table.startsWith("store_") && !samples.some((sample) => sample.table.startsWith("store_")))

const pick = (row: Row, names: ReadonlyArray<string>): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)))

/** Writes what there is a table for, and answers what has to be found later. */
const fill = (sql: SqlClient.SqlClient, samples: ReadonlyArray<Sample>) =>
  Effect.gen(function* () {
    const present = (yield* tables(sql)).filter((table) => !isForeign(table, samples))
    const sampled = new Set(samples.map(({ table }) => table))
    assert.deepStrictEqual(
      present.filter((table) => !sampled.has(table)),
      [],
      "tables without a row in this test"
    )
    const kept: Array<{ readonly table: string; readonly row: Row; readonly emptiedBy: string | undefined }> = []
    for (const { emptiedBy, now, row, table } of samples.filter(({ table }) => present.includes(table))) {
      const written = pick(row, yield* columns(sql, table))
      yield* sql`INSERT INTO ${sql(table)} ${sql.insert(written)}`
      kept.push({ table: now?.table ?? table, row: { ...written, ...now?.row }, emptiedBy })
    }
    return kept
  })

const found = (sql: SqlClient.SqlClient, table: string, row: Row) =>
  Effect.gen(function* () {
    const names = yield* columns(sql, table)
    const expected = pick(row, names)
    const rows = yield* sql<Record<string, unknown>>`SELECT * FROM ${sql(table)}`
    const held = rows.map((one) => Object.fromEntries(Object.keys(expected).map((name) => [name, one[name]])))
    assert.deepInclude(held, expected, `a row of ${table}`)
  })

/** Runs the laws over `layer`, built anew for each version */
export const migrationsSuite = <E>(
  name: string,
  migrations: ReadonlyArray<Migration>,
  samples: ReadonlyArray<Sample>,
  layer: () => Layer.Layer<SqlClient.SqlClient, E>
): void => {
  describe(`Migrations: ${name}`, () => {
    for (const [i, { id }] of migrations.entries()) {
      it.effect(`issue 6: a store left at ${id} is brought to the newest with its rows`, () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const older = migrations.slice(0, i + 1)
          assert.deepStrictEqual(
            yield* migrate(older),
            older.map((migration) => migration.id)
          )
          const kept = yield* fill(sql, samples)
          assert.isNotEmpty(kept)
          const rest = migrations.slice(i + 1).map((migration) => migration.id)
          assert.deepStrictEqual(yield* migrate(migrations), rest)
          for (const { emptiedBy, row, table } of kept) {
            if (emptiedBy === undefined || !rest.includes(emptiedBy)) yield* found(sql, table, row)
            else assert.deepStrictEqual(yield* sql`SELECT * FROM ${sql(table)}`, [], table)
          }
          assert.deepStrictEqual(yield* migrate(migrations), [])
        }).pipe(Effect.provide(Layer.orDie(Layer.suspend(layer))))
      )
    }
  })
}
