/**
 * **Versions** in SQL. Every change of a name first writes the name's own row, so that two processes change it one after the other, and ends
 * with the latest version marked anew.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import { migrate } from "@mcpgw/store/Migrations"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { migrations } from "../Migrations.ts"
import { StoreUnavailable } from "../RegistryError.ts"
import type { ServerJson } from "@mcpgw/domain/ServerJson"
import { NothingChanged, VersionExists, VersionNotFound } from "../v01/VersionError.ts"
import { latestOf, type Published } from "@mcpgw/domain/VersionOrder"
import { sortKey } from "../v01/Names.ts"
import type { NewVersion, Status, VersionEntry, VersionFilter, VersionsApi } from "../v01/Versions.ts"
import { entryOf, HEAD_COLUMNS, headOf, newRow } from "./versionRows.ts"

type Sql = SqlClient.SqlClient

const now: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

/** What was read, less what is none of ours; that is logged by its place and stays where it is. */
const readable = <A>(rows: ReadonlyArray<unknown>, read: (row: unknown) => A | undefined) =>
  Effect.gen(function* () {
    const found = rows.map(read).filter((row) => row !== undefined)
    if (found.length < rows.length) {
      yield* Effect.logError(`${rows.length - found.length} published documents can not be read and are left out`)
    }
    return found
  })

const entries = (sql: Sql, name: string) =>
  Effect.flatMap(sql`SELECT * FROM registry_versions WHERE name = ${name} ORDER BY sort_key`, (rows) =>
    readable(rows, entryOf)
  )

const likePattern = (part: string): string => `%${part.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`

const conditions = (sql: Sql, filter: VersionFilter, after: string) => {
  const { includeDeleted, search, updatedSince, version } = filter
  return sql.and([
    sql`sort_key > ${after}`,
    ...(search === undefined ? [] : [sql`name_lower LIKE ${likePattern(search)} ESCAPE '\\'`]),
    ...(version === undefined ? [] : version === "latest" ? [sql`is_latest = 1`] : [sql`version = ${version}`]),
    ...(updatedSince === undefined ? [] : [sql`updated_at >= ${updatedSince}`]),
    ...(includeDeleted ? [] : [sql`status <> 'deleted'`])
  ])
}

/** The name is ours until the transaction ends. */
const hold = (sql: Sql, name: string, at: string) =>
  sql`INSERT INTO registry_version_names ${sql.insert({ name, touched_at: at })}
    ON CONFLICT (name) DO UPDATE SET touched_at = excluded.touched_at`

interface Dated extends Published {
  readonly key: string
}

/** What decides which version of a name is the latest. */
const dated = (sql: Sql, name: string) =>
  sql<Dated>`SELECT sort_key AS "key", version, published_at AS "publishedAt", status FROM registry_versions
    WHERE name = ${name} ORDER BY sort_key`

const markLatest = (sql: Sql, name: string) =>
  Effect.gen(function* () {
    const key = latestOf(yield* dated(sql, name))?.key ?? ""
    yield* sql`UPDATE registry_versions SET is_latest = CASE WHEN sort_key = ${key} THEN 1 ELSE 0 END
      WHERE name = ${name}`
  })

/** A change of one name: all of it or nothing. */
const changing = <E>(sql: Sql, name: string, change: (at: string) => Effect.Effect<unknown, E | SqlError>) =>
  sql.withTransaction(
    Effect.gen(function* () {
      const at = yield* now
      yield* hold(sql, name, at)
      yield* change(at)
      yield* markLatest(sql, name)
    })
  )

/** The entry just written. */
const one = (sql: Sql, { name, version }: ServerJson) =>
  sql`SELECT * FROM registry_versions WHERE sort_key = ${sortKey(name, version)}`.pipe(
    Effect.map(([row]) => entryOf(row)),
    Effect.filterOrFail(
      (entry) => entry !== undefined,
      () => new StoreUnavailable({ cause: `the version of ${name} just written can not be read` })
    )
  )

/** `at`, or right after what was published last: the newest of a name is never in doubt. */
const laterThan = (all: ReadonlyArray<Dated>, at: string): string => {
  const last = all.reduce((newest, { publishedAt }) => (publishedAt > newest ? publishedAt : newest), "")
  return last < at ? at : new Date(Date.parse(last) + 1).toISOString()
}

const publish = (sql: Sql, given: NewVersion) => {
  const { name, version } = given.document
  return changing(sql, name, (at) =>
    Effect.gen(function* () {
      yield* sql`DELETE FROM registry_versions WHERE name = ${name} AND origin = 'registered'`
      const row = newRow(given, laterThan(yield* dated(sql, name), at))
      const written = yield* sql`INSERT INTO registry_versions ${sql.insert(row)}
        ON CONFLICT (sort_key) DO NOTHING RETURNING sort_key`
      if (written.length === 0) return yield* new VersionExists({ name, version })
    })
  ).pipe(Effect.zipRight(one(sql, given.document)))
}

const replace = (sql: Sql, document: ServerJson, serverName: string) => {
  const { name, version } = document
  return changing(sql, name, (at) =>
    Effect.gen(function* () {
      const written = yield* sql`UPDATE registry_versions
        SET document = ${JSON.stringify(document)}, server_name = ${serverName}, updated_at = ${at}
        WHERE name = ${name} AND version = ${version} RETURNING sort_key`
      if (written.length === 0) return yield* new VersionNotFound({ name })
    })
  ).pipe(Effect.zipRight(one(sql, document)))
}

/** A message belongs to a status; another one without a message has none. */
const setStatus = (sql: Sql, name: string, version: string | undefined, status: Status, message = "") =>
  Effect.gen(function* () {
    const text = message === "" ? null : message
    const isMeant = (entry: VersionEntry): boolean => version === undefined || entry.version === version
    yield* changing(sql, name, (at) =>
      Effect.gen(function* () {
        const meant = (yield* entries(sql, name)).filter(isMeant)
        if (meant.length === 0) return yield* new VersionNotFound({ name })
        const changed = meant.filter((entry) => entry.status !== status || entry.statusMessage !== text || entry.gone)
        if (changed.length === 0) return yield* new NothingChanged({ status })
        yield* sql`UPDATE registry_versions SET status = ${status}, kept_status = NULL, status_message = ${text},
          status_changed_at = ${at}, updated_at = ${at} WHERE ${sql.in(
            "sort_key",
            changed.map(({ key }) => key)
          )}`
      })
    )
    return (yield* entries(sql, name)).filter(isMeant)
  })

const namesAt = (sql: Sql, path: string, which: Fragment) =>
  Effect.map(
    sql<{ readonly name: string }>`SELECT DISTINCT name FROM registry_versions
      WHERE path = ${path} AND ${which} ORDER BY name`,
    (rows) => rows.map(({ name }) => name)
  )

const gone = (sql: Sql, path: string, shownAs: NewVersion) =>
  Effect.gen(function* () {
    const names = yield* namesAt(sql, path, sql`1 = 1`)
    if (names.length === 0) {
      yield* changing(sql, shownAs.document.name, (at) => {
        const row = newRow({ ...shownAs, status: "deleted" }, at)
        return sql`INSERT INTO registry_versions ${sql.insert(row)} ON CONFLICT (sort_key) DO NOTHING`
      })
    }
    for (const name of names) {
      yield* changing(
        sql,
        name,
        (at) => sql`UPDATE registry_versions SET kept_status = status, status = 'deleted', status_changed_at = ${at},
          updated_at = ${at} WHERE path = ${path} AND name = ${name} AND kept_status IS NULL AND origin <> 'registered'`
      )
    }
  })

const back = (sql: Sql, path: string) =>
  Effect.gen(function* () {
    const hidden = yield* namesAt(sql, path, sql`(kept_status IS NOT NULL OR origin = 'registered')`)
    for (const name of hidden) {
      yield* changing(sql, name, (at) =>
        Effect.zipRight(
          sql`DELETE FROM registry_versions WHERE path = ${path} AND name = ${name} AND origin = 'registered'`,
          sql`UPDATE registry_versions SET status = kept_status, kept_status = NULL, status_changed_at = ${at},
            updated_at = ${at} WHERE path = ${path} AND name = ${name} AND kept_status IS NOT NULL`
        )
      )
    }
  })

const isSqlError = (error: unknown): error is SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

const isOurs = <E>(error: E): error is Exclude<E, SqlError> => !isSqlError(error)

const unavailable = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, SqlError> | StoreUnavailable, R> =>
  Effect.mapError(effect, (error) => (isOurs(error) ? error : new StoreUnavailable({ cause: error })))

/** Creates the tables when they are absent. */
export const makeVersions = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const whole = <A, E>(effect: Effect.Effect<A, E>) => unavailable(sql.withTransaction(effect))
  const heads = sql.csv(HEAD_COLUMNS.map((column) => sql`${sql(column)}`))
  const api: VersionsApi = {
    page: (filter, after, limit) =>
      unavailable(
        Effect.flatMap(
          sql`SELECT ${heads} FROM registry_versions WHERE ${conditions(sql, filter, after)}
            ORDER BY sort_key LIMIT ${limit}`,
          (rows) => readable(rows, headOf)
        )
      ),
    at: (keys) =>
      keys.length === 0
        ? Effect.succeed([])
        : unavailable(
            Effect.flatMap(sql`SELECT * FROM registry_versions WHERE ${sql.in("sort_key", keys)}`, (rows) =>
              readable(rows, entryOf)
            )
          ),
    ofName: (name) => unavailable(entries(sql, name)),
    withDocuments: (paths) =>
      paths.length === 0
        ? Effect.succeed(new Set<string>())
        : unavailable(
            Effect.map(
              sql<{ readonly path: string }>`SELECT DISTINCT path FROM registry_versions
                WHERE origin <> 'registered' AND ${sql.in("path", paths)}`,
              (rows): ReadonlySet<string> => new Set(rows.map(({ path }) => path))
            )
          ),
    publish: (given) => whole(publish(sql, given)),
    replace: (document, serverName) => whole(replace(sql, document, serverName)),
    setStatus: (name, version, status, message) => whole(setStatus(sql, name, version, status, message)),
    gone: (path, shownAs) => whole(gone(sql, path, shownAs)),
    back: (path) => whole(back(sql, path))
  }
  return api
})
