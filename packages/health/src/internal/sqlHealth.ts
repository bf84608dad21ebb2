/**
 * What is known of servers' health, in SQL: a row each. A turn is taken by comparing and setting the time of the next check; the other
 * processes are told through the change feed, and only of another status, so that N of them that find nothing new cost a read each.
 */
import { BEING_CHECKED } from "@mcpgw/domain/Server"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Migrations"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Claim, Found, HealthStoreApi, Known, Times } from "../HealthStore.ts"
import { migrations } from "../Migrations.ts"
import { makeReports, type Report } from "./reports.ts"
import { isTurn } from "./turn.ts"

const TOPIC = "server_health"

/** Who waits longer checks on its own. */
const PATIENCE = "2 seconds"

const Status = Schema.Union(
  Schema.Literal("healthy", "healthy-auth-expired", "checking", "unknown", "disabled"),
  Schema.TemplateLiteral("unhealthy: ", Schema.String),
  Schema.TemplateLiteral("error: ", Schema.String)
)

const Row = Schema.Struct({
  path: Schema.String,
  print: Schema.String,
  status: Status,
  checked_at: Schema.NullOr(Schema.String),
  by_calls: Schema.Number,
  due: Schema.Number,
  rest_until: Schema.Number
})
const decode = Schema.decodeUnknownEither(Row)

/** A row that can not be read is none. */
const knownOf = (rows: ReadonlyArray<unknown>): ReadonlyArray<Known> =>
  rows.flatMap((row) => {
    const read = decode(row)
    if (Either.isLeft(read)) return []
    const { by_calls, checked_at, due, path, print, rest_until, status } = read.right
    const health = { status, last_checked_iso: checked_at }
    return [{ path, print, health, byCalls: by_calls === 1, due, restUntil: rest_until }]
  })

const rowOf = ({ byCalls, health, path, print }: Found, { due, restUntil }: Times) => ({
  path,
  print,
  status: health.status,
  checked_at: health.last_checked_iso,
  by_calls: byCalls ? 1 : 0,
  due,
  rest_until: restUntil
})

/** `isTurn`, of the row as it is when it is written. */
const turnOf = (sql: SqlClient.SqlClient, { latest, now, why }: Claim) => {
  if (why === "asked") return sql`1 = 1`
  const time = why === "due" ? sql`server_health.due` : sql`server_health.rest_until`
  return sql`(server_health.print <> excluded.print OR ${time} <= ${now} OR ${time} > ${latest})`
}

/** Of another version nothing stays. */
const take = (sql: SqlClient.SqlClient, claim: Claim) => {
  const { path, print, until } = claim
  const row = rowOf({ path, print, health: BEING_CHECKED, byCalls: false }, { due: until, restUntil: 0 })
  const kept = (column: "status" | "checked_at" | "by_calls" | "rest_until") => {
    const name = sql(column)
    return sql`${name} = CASE WHEN server_health.print = excluded.print
      THEN server_health.${name} ELSE excluded.${name} END`
  }
  return sql`INSERT INTO server_health ${sql.insert(row)}
    ON CONFLICT (path) DO UPDATE SET ${kept("status")}, ${kept("checked_at")}, ${kept("by_calls")},
      ${kept("rest_until")}, print = excluded.print, due = excluded.due
    WHERE ${turnOf(sql, claim)} RETURNING path`
}

export const makeSqlHealth = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const feed = yield* ChangeFeed
  yield* migrate(migrations)

  const unavailable = (cause: unknown) => new StoreUnavailable({ cause })
  /** Nobody waits for a store that is known to be away, or for one that does not answer. */
  const bounded = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreUnavailable> =>
    Effect.suspend(() =>
      feed.outageSince() === undefined
        ? Effect.timeoutFail(Effect.mapError(effect, unavailable), {
            duration: PATIENCE,
            onTimeout: () => unavailable("no answer in time")
          })
        : unavailable("the store can not be reached")
    )

  const one = (path: string) =>
    Effect.map(sql`SELECT * FROM server_health WHERE path = ${path}`, (rows) => knownOf(rows)[0])
  const all = Effect.map(sql`SELECT * FROM server_health`, knownOf)

  const claim = (asked: Claim) =>
    Effect.gen(function* () {
      // Most looks find that it is not their turn, and cost no write; who asks always has one.
      const known = asked.why === "asked" ? undefined : yield* one(asked.path)
      if (!isTurn(asked, known)) return known
      const taken = yield* take(sql, asked)
      // Another was quicker; its row is there, or gone with its server.
      return taken.length > 0 ? undefined : yield* one(asked.path)
    })

  /** True: there was nothing new to tell. */
  const confirm = (found: Found, times: Times | undefined) => {
    const timetable = times === undefined ? sql`` : sql`, due = ${times.due}, rest_until = ${times.restUntil}`
    return Effect.map(
      sql`UPDATE server_health SET checked_at = ${found.health.last_checked_iso}${timetable}
        WHERE path = ${found.path} AND print = ${found.print} AND status = ${found.health.status}
          AND by_calls = ${found.byCalls ? 1 : 0} RETURNING path`,
      (rows) => rows.length > 0
    )
  }

  const put = (reports: ReadonlyArray<Report>, timed: boolean): Effect.Effect<void, SqlError> => {
    const rows = reports
      .filter(({ times }) => (times !== undefined) === timed)
      .map(({ found, times = { due: 0, restUntil: 0 } }) => rowOf(found, times))
    const timetable = timed ? sql`, due = excluded.due, rest_until = excluded.rest_until` : sql``
    return rows.length === 0
      ? Effect.void
      : Effect.asVoid(sql`INSERT INTO server_health ${sql.insert(rows)}
          ON CONFLICT (path) DO UPDATE SET print = excluded.print, status = excluded.status,
            checked_at = excluded.checked_at, by_calls = excluded.by_calls${timetable}`)
  }
  const told = yield* makeReports((reports) => {
    const paths = reports.map(({ found }) => found.path)
    return Effect.asVoid(feed.write(TOPIC, paths, () => Effect.zipRight(put(reports, true), put(reports, false))))
  }, bounded)

  const api: HealthStoreApi = {
    claim: (asked) => bounded(claim(asked)),
    report: (found, times) =>
      Effect.flatMap(bounded(confirm(found, times)), (done) => (done ? Effect.void : told({ found, times }))),
    forget: (path, print) =>
      bounded(Effect.asVoid(sql`DELETE FROM server_health WHERE path = ${path} AND print = ${print}`)),
    all: bounded(all),
    watch: (take) =>
      Effect.mapError(
        feed.watch(TOPIC, (changed) =>
          Effect.flatMap(
            changed === "everything"
              ? all
              : Effect.map(sql`SELECT * FROM server_health WHERE path IN ${sql.in(changed)}`, knownOf),
            take
          )
        ),
        unavailable
      )
  }
  return api
})
