/**
 * `PolicySource` in the SQL store, SQLite or PostgreSQL: table `policy_revisions`, one row for each text ever written, by whom and when; the
 * newest holds. Every process over the store is told of it. Never changes or removes a row, and never reads what a text says.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
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
import { ChangeFeed, type ChangeFeedApi } from "./ChangeFeed.ts"
import { fromColumn, toColumn } from "./internal/nulText.ts"
import { migrate, type Migration } from "./Store.ts"
import type { DatabaseNewer, MigrationFailed } from "./StoreError.ts"

/** Topic of the feed; its only item says that there is another text. */
const TOPIC = "policy"
const ITEM = "text"

/** `AUTOINCREMENT` and `IDENTITY`, so that a number is not given again even after rows were removed by hand. `written_at` is ISO 8601, UTC. */
export const migrations: ReadonlyArray<Migration> = [
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

const replace = (sql: SqlClient.SqlClient, text: string, by: string, after: number) =>
  Effect.gen(function* () {
    const newest = (yield* readNewest(sql))?.revision ?? 0
    return newest === after ? yield* insert(sql, text, by) : yield* new PolicySourceMoved({ newest })
  })

/** One writer at a time, in whatever process: what a change replaces is what it has read. */
const inTurn = <E>({ write }: ChangeFeedApi, change: Effect.Effect<number, E>) =>
  Effect.catchAll(
    write(TOPIC, [ITEM], () => change),
    (error): Effect.Effect<never, E | PolicySourceUnavailable> =>
      Effect.fail(error instanceof SqlError ? unavailable(error) : error)
  )

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const feed = yield* ChangeFeed
  yield* migrate(migrations)
  const published = yield* Effect.acquireRelease(PubSub.unbounded<number>({ replay: 1 }), PubSub.shutdown)
  const tell = (revision: number): Effect.Effect<boolean> => PubSub.publish(published, revision)
  const tellNewest = Effect.flatMap(readNewest(sql), (found) =>
    found === undefined ? Effect.void : tell(found.revision)
  )
  yield* Effect.mapError(
    feed.watch(TOPIC, () => tellNewest),
    unavailable
  )
  yield* tellNewest
  // A write cut off after its insert would hold without anyone being told.
  const told = <E>(change: Effect.Effect<number, E>) => Effect.uninterruptible(Effect.tap(inTurn(feed, change), tell))
  return {
    read: readNewest(sql),
    write: (text: string, by: string) => told(insert(sql, text, by)),
    replace: (text: string, by: string, after: number) => told(replace(sql, text, by, after)),
    changes: Stream.fromPubSub(published)
  }
})

/** The policy text in the SQL store, every revision kept. Fails when its table can not be made or first read. */
export const layerSql: Layer.Layer<
  PolicySource,
  MigrationFailed | DatabaseNewer | PolicySourceUnavailable,
  SqlClient.SqlClient | ChangeFeed
> = Layer.scoped(PolicySource, make)
