/**
 * **Ratings** — what people think of servers: one rating of each, 1 to 5, and the average. Knows nothing of who may rate, and does not
 * write into the server's record: whoever asks shows the average.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { migrate } from "@mcpgw/store/Migrations"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { migrations } from "./Migrations.ts"
import { StoreUnavailable } from "./RegistryError.ts"

/** A registration that is rated: one made anew at the same path begins without ratings. */
export interface Rated {
  readonly path: string
  /** ISO 8601, as in its record. */
  readonly registered_at: string
}

export interface RatingSummary {
  /** Rounded to hundredths; 0 while there is none. */
  readonly average: number
  readonly count: number
  /** What the rater that was asked for gave. */
  readonly own: number | undefined
}

export interface RatingsApi {
  /** Sets the rater's rating, an integer from 1 to 5; the one before is replaced. */
  readonly rate: (server: Rated, rater: string, rating: number) => Effect.Effect<RatingSummary, StoreUnavailable>
  readonly summary: (server: Rated, rater: string) => Effect.Effect<RatingSummary, StoreUnavailable>
  /** Removes every rating of whatever was registered there. */
  readonly forget: (path: string) => Effect.Effect<void, StoreUnavailable>
}

export class Ratings extends Context.Tag("@mcpgw/registry/Ratings")<Ratings, RatingsApi>() {
  /** Lives and dies with the process. */
  static get layerMemory(): Layer.Layer<Ratings> {
    return layerMemory
  }

  /** Table `registry_ratings` of the SQL store. */
  static get layerSql(): Layer.Layer<Ratings, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> {
    return layerSql
  }
}

interface Row {
  readonly rater: string
  readonly rating: number
}

const summaryOf = (rows: ReadonlyArray<Row>, rater: string): RatingSummary => {
  const sum = rows.reduce((total, { rating }) => total + rating, 0)
  return {
    average: rows.length === 0 ? 0 : Math.round((sum / rows.length) * 100) / 100,
    count: rows.length,
    own: rows.find((row) => row.rater === rater)?.rating
  }
}

const layerMemory: Layer.Layer<Ratings> = Layer.sync(Ratings, () => {
  const held = new Map<string, { readonly registered_at: string; readonly rows: Map<string, number> }>()
  const rowsOf = ({ path, registered_at }: Rated): ReadonlyArray<Row> => {
    const found = held.get(path)
    if (found === undefined || found.registered_at !== registered_at) return []
    return [...found.rows].map(([rater, rating]) => ({ rater, rating }))
  }
  return {
    rate: (server, rater, rating) =>
      Effect.sync(() => {
        const rows = new Map(rowsOf(server).map((row) => [row.rater, row.rating]))
        held.set(server.path, { registered_at: server.registered_at, rows: rows.set(rater, rating) })
        return summaryOf(rowsOf(server), rater)
      }),
    summary: (server, rater) => Effect.sync(() => summaryOf(rowsOf(server), rater)),
    forget: (path) => Effect.sync(() => void held.delete(path))
  }
})

const unavailable = (cause: SqlError): StoreUnavailable => new StoreUnavailable({ cause })

const makeSql = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const summary = ({ path, registered_at }: Rated, rater: string) =>
    Effect.gen(function* () {
      const [all] = yield* sql<{ readonly total: number | string | null; readonly count: number | string }>`
        SELECT SUM(rating) AS total, COUNT(*) AS count FROM registry_ratings
        WHERE path = ${path} AND registered_at = ${registered_at}`
      const own = yield* sql<Row>`SELECT rater, rating FROM registry_ratings
        WHERE path = ${path} AND registered_at = ${registered_at} AND rater = ${rater}`
      // Some databases give sums and counts as texts.
      const count = Number(all?.count ?? 0)
      const average = count === 0 ? 0 : Math.round((Number(all?.total ?? 0) / count) * 100) / 100
      return { average, count, own: own[0]?.rating }
    })
  const api: RatingsApi = {
    rate: (server, rater, rating) =>
      sql`INSERT INTO registry_ratings ${sql.insert({ ...keyOf(server), rater, rating })}
        ON CONFLICT (path, rater) DO UPDATE SET rating = excluded.rating, registered_at = excluded.registered_at`.pipe(
        Effect.zipRight(summary(server, rater)),
        Effect.mapError(unavailable)
      ),
    summary: (server, rater) => Effect.mapError(summary(server, rater), unavailable),
    forget: (path) =>
      sql`DELETE FROM registry_ratings WHERE path = ${path}`.pipe(Effect.mapError(unavailable), Effect.asVoid)
  }
  return api
})

const keyOf = ({ path, registered_at }: Rated): Rated => ({ path, registered_at })

const layerSql: Layer.Layer<Ratings, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> = Layer.effect(
  Ratings,
  Effect.suspend(() => makeSql)
)
