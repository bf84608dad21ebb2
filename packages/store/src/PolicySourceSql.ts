/**
 * `PolicySource` in the SQL store, SQLite or PostgreSQL: table `policy_revisions`, one row for each text ever written, by whom and when; the
 * newest holds. Never changes or removes a row, and never reads what a text says.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import {
  PolicySource,
  PolicySourceMoved,
  PolicySourceUnavailable,
  type PolicyRevision
} from "@mcpgw/domain/PolicySource"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { fromColumn, toColumn } from "./internal/nulText.ts"
import { migrate, type Migration } from "./Store.ts"
import type { DatabaseNewer, MigrationFailed } from "./StoreError.ts"

/** `AUTOINCREMENT` and `IDENTITY`, so that a number is not given again even after rows were removed by hand. `written_at` is ISO 8601, UTC. */
const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    id: "policy-0001-revisions",
    statements: [
      `CREATE TABLE policy_revisions (
        revision INTEGER PRIMARY KEY AUTOINCREMENT,
        text TEXT NOT NULL,
        written_by TEXT NOT NULL,
        written_at TEXT NOT NULL
      )`
    ],
    postgres: [
      `CREATE TABLE policy_revisions (
        revision BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        text TEXT NOT NULL,
        written_by TEXT NOT NULL,
        written_at TEXT NOT NULL
      )`
    ]
  }
]

const unavailable = (error: SqlError): PolicySourceUnavailable =>
  new PolicySourceUnavailable({ cause: error.cause ?? error })

const readNewest = (sql: SqlClient.SqlClient): Effect.Effect<PolicyRevision | undefined, PolicySourceUnavailable> =>
  sql<PolicyRevision>`SELECT text, revision FROM policy_revisions ORDER BY revision DESC LIMIT 1`.pipe(
    Effect.mapBoth({
      onFailure: unavailable,
      onSuccess: ([row]) =>
        row === undefined ? undefined : { text: fromColumn(sql, row.text), revision: row.revision }
    })
  )

const insert = (sql: SqlClient.SqlClient, text: string, by: string): Effect.Effect<number, PolicySourceUnavailable> =>
  Effect.gen(function* () {
    const written_at = new Date(yield* Clock.currentTimeMillis).toISOString()
    const row = { text: toColumn(sql, text), written_by: toColumn(sql, by), written_at }
    const [made] = yield* sql<{ readonly revision: number }>`
      INSERT INTO policy_revisions ${sql.insert(row)} RETURNING revision`
    return made === undefined ? yield* Effect.dieMessage("an insert returned no row") : made.revision
  }).pipe(Effect.mapError(unavailable))

/** One transaction, so that of two processes that replace the same revision one does: SQLite lets the second not commit. */
const replace = (sql: SqlClient.SqlClient, text: string, by: string, after: number) =>
  Effect.gen(function* () {
    // A write takes SQLite's lock before the first read; PostgreSQL needs to be told.
    yield* sql.onDialectOrElse({
      pg: () => sql`LOCK TABLE policy_revisions IN SHARE ROW EXCLUSIVE MODE`,
      orElse: () => sql`DELETE FROM policy_revisions WHERE 1 = 0`
    })
    const newest = (yield* readNewest(sql))?.revision ?? 0
    return newest === after ? yield* insert(sql, text, by) : yield* new PolicySourceMoved({ newest })
  }).pipe(
    sql.withTransaction,
    Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(error)))
  )

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(MIGRATIONS)
  const published = yield* Effect.acquireRelease(PubSub.unbounded<number>({ replay: 1 }), PubSub.shutdown)
  const tell = (revision: number): Effect.Effect<boolean> => PubSub.publish(published, revision)
  const first = yield* readNewest(sql)
  if (first !== undefined) yield* tell(first.revision)
  return {
    read: readNewest(sql),
    // A write cut off after its insert would hold without anyone being told.
    write: (text: string, by: string) => Effect.uninterruptible(Effect.tap(insert(sql, text, by), tell)),
    replace: (text: string, by: string, after: number) =>
      Effect.uninterruptible(Effect.tap(replace(sql, text, by, after), tell)),
    changes: Stream.fromPubSub(published)
  }
})

/**
 * The policy text in the SQL store, every revision kept. Fails when its table can not be made or first read.
 * A write inside a caller's transaction is told before the commit; whoever reads upon it waits for the connection, and so
 * gets what came of it.
 */
export const layerSql: Layer.Layer<
  PolicySource,
  MigrationFailed | DatabaseNewer | PolicySourceUnavailable,
  SqlClient.SqlClient
> = Layer.scoped(PolicySource, make)
