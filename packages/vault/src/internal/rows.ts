/** Where sealed rows are: in SQL, or in memory for tests. Knows no key. */
import * as SqlClient from "@effect/sql/SqlClient"
import { migrate } from "@mcpgw/store/Migrations"
import * as Effect from "effect/Effect"
import { migrations } from "../Migrations.ts"
import { VaultUnavailable } from "../VaultError.ts"

export interface Row {
  readonly id: string
  readonly path: string
  readonly sealed: string
  /** ISO 8601. */
  readonly set_at: string
}

export interface Rows {
  readonly all: Effect.Effect<ReadonlyArray<Row>, VaultUnavailable>
  readonly get: (id: string) => Effect.Effect<Row | undefined, VaultUnavailable>
  /** Inserts, or replaces what is sealed. */
  readonly put: (row: Row) => Effect.Effect<void, VaultUnavailable>
  readonly remove: (id: string) => Effect.Effect<void, VaultUnavailable>
}

export const memoryRows: Effect.Effect<Rows> = Effect.sync(() => {
  const rows = new Map<string, Row>()
  return {
    all: Effect.sync(() => [...rows.values()]),
    get: (id) => Effect.sync(() => rows.get(id)),
    put: (row) => Effect.sync(() => void rows.set(row.id, row)),
    remove: (id) => Effect.sync(() => void rows.delete(id))
  }
})

const unavailable = (cause: unknown) => new VaultUnavailable({ cause })

/** Creates the table when it is absent. */
export const sqlRows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const rows: Rows = {
    all: Effect.mapError(sql<Row>`SELECT id, path, sealed, set_at FROM vault_server_credentials`, unavailable),
    get: (id) =>
      sql<Row>`SELECT id, path, sealed, set_at FROM vault_server_credentials WHERE id = ${id}`.pipe(
        Effect.mapBoth({ onFailure: unavailable, onSuccess: ([row]) => row })
      ),
    put: ({ id, path, sealed, set_at }) =>
      sql`INSERT INTO vault_server_credentials ${sql.insert({ id, path, sealed, set_at })}
        ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed`.pipe(Effect.mapError(unavailable), Effect.asVoid),
    remove: (id) =>
      sql`DELETE FROM vault_server_credentials WHERE id = ${id}`.pipe(Effect.mapError(unavailable), Effect.asVoid)
  }
  return rows
})
