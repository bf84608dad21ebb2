/**
 * Registered clients, in table `oauth_clients`. Never forgets one; of a secret only the digest is kept. Equal metadata is one client:
 * its id is made of it (see `registration.ts`).
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"

export type ClientMetadata = Readonly<Record<string, unknown>>

export interface ClientStore {
  readonly find: (clientId: string) => Effect.Effect<ClientMetadata | undefined, SqlError>
  readonly put: (clientId: string, metadata: ClientMetadata, now: number) => Effect.Effect<void, SqlError>
  readonly count: Effect.Effect<number, SqlError>
}

interface Row {
  readonly metadata: string
}

export const makeClientStore = (sql: SqlClient.SqlClient): ClientStore => ({
  find: (clientId) =>
    Effect.map(sql<Row>`SELECT metadata FROM oauth_clients WHERE client_id = ${clientId}`, ([row]) =>
      row === undefined ? undefined : JSON.parse(row.metadata)
    ),
  put: (clientId, metadata, now) =>
    Effect.asVoid(sql`
      INSERT INTO oauth_clients (client_id, metadata, created_at)
      VALUES (${clientId}, ${JSON.stringify(metadata)}, ${now}) ON CONFLICT (client_id) DO NOTHING`),
  count: Effect.map(sql<{ readonly n: number }>`SELECT count(*) AS n FROM oauth_clients`, ([row]) =>
    Number(row?.n ?? 0)
  )
})
