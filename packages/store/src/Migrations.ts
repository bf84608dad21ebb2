/**
 * Migrations: each package hands over its own ordered list and runs it when its layer is built. All or nothing, once, and
 * never against a database a newer version has written. Never edits or removes what was applied.
 *
 * `@effect/sql`'s Migrator keeps one number line for the whole database, does not notice a newer database, and answers "done"
 * when another process holds the lock; several owners and rolling starts need the three the other way round.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { DatabaseNewer, MigrationFailed } from "./StoreError.ts"

/** One step of one owner's schema. */
export interface Migration {
  /** `{owner}-{four digits}-{name}`, such as `registry-0001-servers`; numbers rise within the owner's list. */
  readonly id: string
  /** One SQL statement each, run in order; in the words SQLite and PostgreSQL share, but for the kinds of columns (see `inPostgres`). */
  readonly statements: ReadonlyArray<string>
  /** The step in PostgreSQL's words, where there are no shared ones. */
  readonly postgres?: ReadonlyArray<string>
}

const ID = /^([a-z][a-z_]*)-(\d{4})-[a-z0-9-]+$/

const TABLE = `CREATE TABLE IF NOT EXISTS store_migrations (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  applied_at TEXT NOT NULL
)`

const problemOf = (error: SqlError): string =>
  error.cause instanceof Error ? error.cause.message : String(error.cause ?? error.message)

/** The owner all the ids share, or what is wrong with the list. */
const ownerOf = (migrations: ReadonlyArray<Migration>): Effect.Effect<string, MigrationFailed> =>
  Effect.gen(function* () {
    let owner = ""
    let last = 0
    for (const { id } of migrations) {
      const match = ID.exec(id)
      const [, name = "", digits = ""] = match ?? []
      const problem =
        match === null
          ? "its id is not {owner}-{four digits}-{name}"
          : owner !== "" && name !== owner
            ? `a list has one owner, and this one began with ${owner}`
            : Number(digits) <= last
              ? "numbers must rise within a list"
              : undefined
      if (problem !== undefined) return yield* new MigrationFailed({ id, problem })
      owner = name
      last = Number(digits)
    }
    return owner
  })

/** What is still to do, after checking that what was done is the beginning of the list. */
const pending = (
  migrations: ReadonlyArray<Migration>,
  applied: ReadonlySet<string>
): Effect.Effect<ReadonlyArray<Migration>, MigrationFailed | DatabaseNewer> =>
  Effect.gen(function* () {
    const known = new Set(migrations.map((migration) => migration.id))
    const unknown = [...applied].filter((id) => !known.has(id))
    if (unknown.length > 0) return yield* new DatabaseNewer({ unknown })
    const rest = migrations.slice(applied.size)
    const skipped = migrations.slice(0, applied.size).find((migration) => !applied.has(migration.id))
    return skipped === undefined
      ? rest
      : yield* new MigrationFailed({ id: skipped.id, problem: "a later migration was applied before it" })
  })

/**
 * Columns as SQLite has them: an INTEGER holds 64 bits, and TEXT is compared byte by byte. The latter also keeps order and indexes
 * whatever the language of the server, or a later release of it, thinks of letters.
 */
const inPostgres = (statement: string): string =>
  /^\s*(CREATE|ALTER) TABLE/.test(statement)
    ? statement.replaceAll(/\bINTEGER\b/g, "BIGINT").replaceAll(/\bTEXT\b/g, 'TEXT COLLATE "C"')
    : statement

const statementsOf = (sql: SqlClient.SqlClient, migration: Migration): ReadonlyArray<string> =>
  sql.onDialectOrElse({
    pg: () => migration.postgres ?? migration.statements.map(inPostgres),
    orElse: () => migration.statements
  })

const apply = (sql: SqlClient.SqlClient, owner: string, migration: Migration): Effect.Effect<void, MigrationFailed> =>
  Effect.gen(function* () {
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    for (const statement of statementsOf(sql, migration)) yield* sql.unsafe(statement)
    yield* sql`INSERT INTO store_migrations (id, owner, applied_at) VALUES (${migration.id}, ${owner}, ${now})`
    yield* Effect.logDebug(`Applied migration ${migration.id}`)
  }).pipe(Effect.mapError((error) => new MigrationFailed({ id: migration.id, problem: problemOf(error) })))

/** Any number; held by all that migrate, whatever their schema. */
const LOCK = 6_277_101_735

/**
 * Makes the list of what was applied and runs `change` in a transaction that alone may add to it, so that of two starting processes one
 * goes after the other. SQLite's write lock is taken before the first read; in PostgreSQL two can not even say `IF NOT EXISTS` at once.
 */
const alone = <A, E>(sql: SqlClient.SqlClient, change: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError> =>
  sql.onDialectOrElse({
    pg: () =>
      sql`SELECT pg_advisory_xact_lock(${LOCK})`.pipe(
        Effect.zipRight(sql.unsafe(TABLE)),
        Effect.zipRight(change),
        sql.withTransaction
      ),
    orElse: () =>
      sql`DELETE FROM store_migrations WHERE 1 = 0`.pipe(Effect.zipRight(change), sql.withTransaction, (transaction) =>
        Effect.zipRight(sql.unsafe(TABLE), transaction)
      )
  })

/**
 * Brings the tables of one owner up to date in one transaction and answers the ids it applied; a second run applies none.
 * Fails with `DatabaseNewer` when the database knows migrations of that owner which the list does not.
 */
export const migrate = (
  migrations: ReadonlyArray<Migration>
): Effect.Effect<ReadonlyArray<string>, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const owner = yield* ownerOf(migrations)
    const run = Effect.gen(function* () {
      const rows = yield* sql<{ readonly id: string }>`SELECT id FROM store_migrations WHERE owner = ${owner}`
      const todo = yield* pending(migrations, new Set(rows.map((row) => row.id)))
      yield* Effect.forEach(todo, (migration) => apply(sql, owner, migration), { discard: true })
      return todo.map((migration) => migration.id)
    })
    return yield* alone(sql, run).pipe(
      Effect.catchTag("SqlError", (error) =>
        Effect.fail(new MigrationFailed({ id: `${owner}-*`, problem: problemOf(error) }))
      )
    )
  })
