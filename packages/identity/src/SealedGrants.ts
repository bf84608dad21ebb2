/** With which keys that is sealed by which clients renew their tokens, asked of a database before anybody is let in. Opens nothing. */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { migrate } from "@mcpgw/store/Migrations"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { migrations } from "./Migrations.ts"

/** How many living grants each key sealed, by its id; what lives for minutes only (codes, sign-ins under way) does not count. */
export const sealedGrants: Effect.Effect<
  ReadonlyArray<{ readonly keyId: string; readonly count: number }>,
  SqlError | MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient
> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const keyId = sql.onDialectOrElse({
    pg: () => sql`split_part(payload, '.', 1)`,
    orElse: () => sql`substr(payload, 1, instr(payload, '.') - 1)`
  })
  const rows = yield* sql<{ readonly key_id: string; readonly count: number | string }>`
    SELECT ${keyId} AS key_id, COUNT(*) AS count FROM oauth_artifacts
    WHERE model = 'Grant' AND expires_at > ${now} AND payload LIKE '%.%' GROUP BY 1`
  return rows.map(({ count, key_id }) => ({ keyId: key_id, count: Number(count) }))
})
