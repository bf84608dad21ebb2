/**
 * Clients that an administrator set up, in table `oauth_clients` beside those that registered themselves, whose ids they can not take.
 * Decides nothing. Times in epoch seconds.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"

const Texts = Schema.Array(Schema.String)

/** As in RFC 7591 §2. */
export const SetUpMetadata = Schema.Struct({
  client_name: Schema.String,
  redirect_uris: Texts,
  grant_types: Texts,
  response_types: Texts,
  application_type: Schema.Literal("web", "native"),
  token_endpoint_auth_method: Schema.Literal("none", "client_secret_basic"),
  client_uri: Schema.optionalWith(Schema.String, { exact: true })
})
export type SetUpMetadata = typeof SetUpMetadata.Type

const Stored = Schema.parseJson(SetUpMetadata)
const decode = Schema.decodeUnknown(Stored)
const encode = Schema.encodeSync(Stored)

export interface StoredClient {
  readonly clientId: string
  readonly metadata: SetUpMetadata
  /** Name of the administrator. */
  readonly setUpBy: string
  readonly createdAt: number
}

export interface SetUpClientStore {
  readonly find: (clientId: string) => Effect.Effect<StoredClient | undefined, SqlError | ParseError>
  /** By id. */
  readonly all: Effect.Effect<ReadonlyArray<StoredClient>, SqlError | ParseError>
  /** False: the id is taken, by whatever client. */
  readonly insert: (client: StoredClient) => Effect.Effect<boolean, SqlError>
  /** With what people have agreed to. */
  readonly remove: (clientId: string) => Effect.Effect<void, SqlError>
}

interface Row {
  readonly client_id: string
  readonly metadata: string
  readonly set_up_by: string
  readonly created_at: number
}

const clientOf = (row: Row): Effect.Effect<StoredClient, ParseError> =>
  Effect.map(decode(row.metadata), (metadata) => ({
    clientId: row.client_id,
    metadata,
    setUpBy: row.set_up_by,
    createdAt: Number(row.created_at)
  }))

export const makeSetUpClientStore = (sql: SqlClient.SqlClient): SetUpClientStore => ({
  find: (clientId) =>
    Effect.flatMap(
      sql<Row>`SELECT * FROM oauth_clients WHERE client_id = ${clientId} AND set_up_by IS NOT NULL`,
      ([row]) => (row === undefined ? Effect.succeed(undefined) : clientOf(row))
    ),
  all: Effect.flatMap(sql<Row>`SELECT * FROM oauth_clients WHERE set_up_by IS NOT NULL ORDER BY client_id`, (rows) =>
    Effect.forEach(rows, clientOf)
  ),
  insert: ({ clientId, createdAt, metadata, setUpBy }) =>
    Effect.map(
      sql`
        INSERT INTO oauth_clients (client_id, metadata, created_at, set_up_by)
        VALUES (${clientId}, ${encode(metadata)}, ${createdAt}, ${setUpBy})
        ON CONFLICT (client_id) DO NOTHING RETURNING client_id`,
      (rows) => rows.length > 0
    ),
  remove: (clientId) =>
    Effect.zipRight(
      sql`DELETE FROM oauth_consents WHERE client_id = ${clientId}`,
      sql`DELETE FROM oauth_clients WHERE client_id = ${clientId} AND set_up_by IS NOT NULL`
    ).pipe(sql.withTransaction, Effect.asVoid)
})
