/** With which keys the stored credentials of servers are sealed, asked of a database before the vault is opened. Opens nothing. */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { migrate } from "@mcpgw/store/Migrations"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Effect from "effect/Effect"
import { migrations } from "./Migrations.ts"

/** How many each key sealed, by its id (`seal.ts` says where in a row it stands). */
export const sealedCredentials: Effect.Effect<
  ReadonlyArray<{ readonly keyId: string; readonly count: number }>,
  SqlError | MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient
> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const keyId = sql.onDialectOrElse({
    pg: () => sql`split_part(sealed, '.', 2)`,
    orElse: () => sql`substr(sealed, 4, instr(substr(sealed, 4), '.') - 1)`
  })
  const rows = yield* sql<{ readonly key_id: string; readonly count: number | string }>`
    SELECT ${keyId} AS key_id, COUNT(*) AS count FROM vault_server_credentials WHERE sealed LIKE 'v1.%.%' GROUP BY 1`
  return rows.map(({ count, key_id }) => ({ keyId: key_id, count: Number(count) }))
})
