/**
 * Clients that registered themselves, in table `oauth_clients`. Never forgets one that somebody has allowed; of a secret only the digest is
 * kept. Equal metadata is one client: its id is made of it (see `registration.ts`). Times in epoch seconds.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"

export type ClientMetadata = Readonly<Record<string, unknown>>

export interface ClientStore {
  readonly find: (clientId: string) => Effect.Effect<ClientMetadata | undefined, SqlError>
  /** One that is there already stays as it is; while nobody has allowed it, it counts as registered anew. */
  readonly put: (clientId: string, metadata: ClientMetadata, now: number) => Effect.Effect<void, SqlError>
  /** With those that were set up. */
  readonly count: Effect.Effect<number, SqlError>
  /** Removes the oldest that nobody has ever allowed, `most` at a time; answers how many. */
  readonly forgetUnused: (most: number) => Effect.Effect<number, SqlError>
}

interface Row {
  readonly metadata: string
}

export const makeClientStore = (sql: SqlClient.SqlClient): ClientStore => ({
  find: (clientId) =>
    Effect.map(
      sql<Row>`SELECT metadata FROM oauth_clients WHERE client_id = ${clientId} AND set_up_by IS NULL`,
      ([row]) => (row === undefined ? undefined : JSON.parse(row.metadata))
    ),
  put: (clientId, metadata, now) =>
    Effect.asVoid(sql`
      INSERT INTO oauth_clients (client_id, metadata, created_at)
      VALUES (${clientId}, ${JSON.stringify(metadata)}, ${now})
      ON CONFLICT (client_id) DO UPDATE SET created_at = excluded.created_at
      WHERE oauth_clients.allowed_at IS NULL AND oauth_clients.set_up_by IS NULL`),
  count: Effect.map(sql<{ readonly n: number }>`SELECT count(*) AS n FROM oauth_clients`, ([row]) =>
    Number(row?.n ?? 0)
  ),
  forgetUnused: (most) =>
    Effect.map(
      sql`
        DELETE FROM oauth_clients WHERE client_id IN (
          SELECT client_id FROM oauth_clients WHERE allowed_at IS NULL AND set_up_by IS NULL
          ORDER BY created_at, client_id LIMIT ${most}
        ) RETURNING client_id`,
      (rows) => rows.length
    )
})
