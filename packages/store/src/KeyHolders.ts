/**
 * Which processes over one database hold which sealing keys now: table `store_key_holders`, ids alone, said anew while a process runs. Nobody
 * gives up as lost what another process still opens. Never holds a key.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import type { Migration } from "./Migrations.ts"

/** `seen_at`: ISO 8601, when the process last said so. */
export const holdersMigration: Migration = {
  id: "keys-0002-holders",
  statements: [
    `CREATE TABLE store_key_holders (
      holder TEXT NOT NULL,
      id TEXT NOT NULL,
      seen_at TEXT NOT NULL,
      PRIMARY KEY (holder, id)
    )`
  ]
}

const SAID_EVERY = Duration.seconds(20)
/** Three times unheard: it is gone, or its clock is. */
export const HELD_FOR = Duration.minutes(1)

const before = (now: number): string => new Date(now - Duration.toMillis(HELD_FOR)).toISOString()

/** Keys that some process holds that was heard of within `HELD_FOR`. */
export const heldKeys: Effect.Effect<ReadonlySet<string>, SqlError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const since = before(yield* Clock.currentTimeMillis)
  const rows = yield* sql<{ readonly id: string }>`SELECT id FROM store_key_holders WHERE seen_at >= ${since}`
  return new Set(rows.map(({ id }) => id))
})

const say = (sql: SqlClient.SqlClient, holder: string, ring: KeyRingApi) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const seen_at = new Date(now).toISOString()
    for (const { id } of ring.sealing) {
      yield* sql`INSERT INTO store_key_holders ${sql.insert({ holder, id, seen_at })}
        ON CONFLICT (holder, id) DO UPDATE SET seen_at = excluded.seen_at`
    }
    yield* sql`DELETE FROM store_key_holders WHERE seen_at < ${before(now)}`
  }).pipe(Effect.catchAll((error) => Effect.logDebug("Which keys this process holds could not be said", error)))

/** Says which keys this process holds until the scope ends, and then that it does no more. A store that is away is asked again. */
export const holdKeys = (ring: KeyRingApi): Effect.Effect<void, never, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const holder = randomUUID()
    yield* Effect.addFinalizer(() => Effect.ignore(sql`DELETE FROM store_key_holders WHERE holder = ${holder}`))
    yield* say(sql, holder, ring)
    yield* Effect.forkScoped(Effect.schedule(say(sql, holder, ring), Schedule.spaced(SAID_EVERY)))
  })
