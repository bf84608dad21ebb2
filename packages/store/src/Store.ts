/**
 * The SQL client every package stores through, and the migrations each contributes. Opens SQLite with the settings a server
 * needs and keeps the file private, or PostgreSQL. Knows no tables but its own list of applied migrations.
 *
 * The port is `@effect/sql`'s `SqlClient`; each database is a layer of that tag.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqliteClient from "@effect/sql-sqlite-bun/SqliteClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { chmod, mkdir, open } from "node:fs/promises"
import { dirname } from "node:path"
import { ChangeFeed, type ChangeFeedOptions } from "./ChangeFeed.ts"
import { listenTo } from "./internal/listen.ts"
import { makePostgres } from "./internal/postgres.ts"
import { CHANNEL } from "./internal/sqlFeed.ts"
import { type DatabaseNewer, type MigrationFailed, StoreOpenFailed } from "./StoreError.ts"

/** What every database gives: the client, and what tells its processes of one another's writes. */
export type StoreLayer<More = never> = Layer.Layer<
  SqlClient.SqlClient | ChangeFeed | More,
  StoreOpenFailed | MigrationFailed | DatabaseNewer
>

export { migrate } from "./Migrations.ts"
export type { Migration } from "./Migrations.ts"

const MEMORY = ":memory:"

/** How long a statement waits, in milliseconds, for another process that holds the write lock. */
const BUSY_TIMEOUT_MS = 5_000

const problemOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Creates folder (0700) and file (0600) when they are absent; a file others can read is closed to them, with a warning. */
const prepareFile = (filename: string): Effect.Effect<void, StoreOpenFailed> =>
  Effect.tryPromise({
    try: async () => {
      await mkdir(dirname(filename), { recursive: true, mode: 0o700 })
      const handle = await open(filename, "a", 0o600)
      const { mode } = await handle.stat().finally(() => handle.close())
      if ((mode & 0o077) === 0) return false
      await chmod(filename, 0o600)
      return true
    },
    catch: (cause) => new StoreOpenFailed({ filename, problem: problemOf(cause) })
  }).pipe(
    Effect.tap((wasOpen) =>
      wasOpen ? Effect.logWarning(`${filename} was readable by other users; its mode is 0600 now`) : Effect.void
    ),
    Effect.asVoid
  )

/** `busy_timeout` comes first: switching to WAL needs the lock that another starting process may hold. */
const configure = (sql: SqlClient.SqlClient, filename: string): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    yield* sql.unsafe(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    if (filename !== MEMORY) yield* sql`PRAGMA journal_mode = WAL`
    yield* sql`PRAGMA synchronous = NORMAL`
    yield* sql`PRAGMA foreign_keys = ON`
  })

const makeSqlite = (
  filename: string
): Effect.Effect<SqlClient.SqlClient, StoreOpenFailed, Scope.Scope | Reactivity.Reactivity> =>
  Effect.gen(function* () {
    if (filename !== MEMORY) yield* prepareFile(filename)
    // The client opens its database synchronously, so a file that can not be opened arrives as a defect.
    const sql = yield* Effect.catchAllDefect(SqliteClient.make({ filename, disableWAL: true }), (defect) =>
      Effect.fail(new StoreOpenFailed({ filename, problem: problemOf(defect) }))
    )
    yield* Effect.mapError(
      configure(sql, filename),
      (error) => new StoreOpenFailed({ filename, problem: problemOf(error.cause) })
    )
    return sql
  })

/** How often others' writes are looked for; see `ChangeFeedOptions`. */
type Polled = Pick<ChangeFeedOptions, "pollMillis">

/** SQLite at `filename`: WAL, `synchronous = NORMAL`, foreign keys on; a new file has mode 0600. Closed with its scope. */
export const layerSqlite = ({ filename, ...polled }: { readonly filename: string } & Polled): StoreLayer =>
  // What is in memory nobody else can write to.
  ChangeFeed.layer(filename === MEMORY ? { pollMillis: 0 } : polled).pipe(
    Layer.provideMerge(Layer.scoped(SqlClient.SqlClient, makeSqlite(filename))),
    Layer.provide(Reactivity.layer)
  )

/** SQLite in memory, fresh for each build, gone with its scope. */
export const layerMemory: StoreLayer = layerSqlite({ filename: MEMORY })

/**
 * PostgreSQL at `postgres://user:password@host:port/database`, which exists and is UTF-8; tables are made in the first schema of its
 * search path. Closed with its scope. `PgClient` beside `SqlClient`, for who listens and notifies.
 */
export const layerPostgres = ({
  url,
  ...polled
}: { readonly url: Redacted.Redacted } & Polled): StoreLayer<PgClient.PgClient> =>
  ChangeFeed.layer({ ...polled, notifications: listenTo(url, CHANNEL) }).pipe(
    Layer.provideMerge(
      Layer.scopedContext(
        Effect.map(makePostgres(url), (sql) =>
          Context.make(PgClient.PgClient, sql).pipe(Context.add(SqlClient.SqlClient, sql))
        )
      )
    ),
    Layer.provide(Reactivity.layer)
  )
