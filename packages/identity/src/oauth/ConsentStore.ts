/**
 * What people have agreed to, in table `oauth_consents`: one row for each person, client, resource and place the answer goes to.
 * Decides nothing. Times in epoch seconds.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"

/** What a consent is for. `account`: the lower-cased username. */
export interface ConsentKey {
  readonly account: string
  readonly clientId: string
  readonly resource: string
  /** Host or scheme of the redirect URI, or `device`. */
  readonly redirect: string
}

export interface Consent extends ConsentKey {
  readonly id: string
  readonly clientName: string
  readonly scopes: ReadonlyArray<string>
  readonly createdAt: number
  readonly usedAt: number
}

export interface ConsentStore {
  /** The scopes agreed to; none: never asked. */
  readonly find: (key: ConsentKey) => Effect.Effect<ReadonlyArray<string>, SqlError>
  /** Adds to what was agreed to before. A client that registered itself is kept for good from then on. */
  readonly agree: (
    key: ConsentKey,
    clientName: string,
    scopes: ReadonlyArray<string>,
    now: number
  ) => Effect.Effect<void, SqlError>
  readonly used: (key: ConsentKey, now: number) => Effect.Effect<void, SqlError>
  readonly ofAccount: (account: string) => Effect.Effect<ReadonlyArray<Consent>, SqlError>
  readonly remove: (account: string, id: string) => Effect.Effect<Consent | undefined, SqlError>
  readonly removeAll: (account: string) => Effect.Effect<void, SqlError>
}

interface Row {
  readonly id: string
  readonly account: string
  readonly client_id: string
  readonly client_name: string
  readonly resource: string
  readonly redirect: string
  readonly scopes: string
  readonly created_at: number
  readonly used_at: number
}

const scopesOf = (text: string): ReadonlyArray<string> => text.split(" ").filter((scope) => scope !== "")

const consentOf = (row: Row): Consent => ({
  id: row.id,
  account: row.account,
  clientId: row.client_id,
  clientName: row.client_name,
  resource: row.resource,
  redirect: row.redirect,
  scopes: scopesOf(row.scopes),
  createdAt: Number(row.created_at),
  usedAt: Number(row.used_at)
})

export const makeConsentStore = (sql: SqlClient.SqlClient): ConsentStore => {
  const find: ConsentStore["find"] = ({ account, clientId, resource, redirect }) =>
    Effect.map(
      sql<Row>`
        SELECT * FROM oauth_consents WHERE account = ${account} AND client_id = ${clientId}
        AND resource = ${resource} AND redirect = ${redirect}`,
      ([row]) => (row === undefined ? [] : scopesOf(row.scopes))
    )
  return {
    find,
    agree: (key, clientName, scopes, now) =>
      Effect.gen(function* () {
        const all = [...new Set([...(yield* find(key)), ...scopes])].join(" ")
        const row = {
          id: crypto.randomUUID(),
          account: key.account,
          client_id: key.clientId,
          client_name: clientName,
          resource: key.resource,
          redirect: key.redirect,
          scopes: all,
          created_at: now,
          used_at: now
        }
        yield* sql`
          UPDATE oauth_clients SET allowed_at = ${now} WHERE client_id = ${key.clientId} AND allowed_at IS NULL`
        yield* sql`
          INSERT INTO oauth_consents ${sql.insert(row)}
          ON CONFLICT (account, client_id, resource, redirect) DO UPDATE SET
            scopes = excluded.scopes, client_name = excluded.client_name, used_at = excluded.used_at`
      }),
    used: ({ account, clientId, resource, redirect }, now) =>
      Effect.asVoid(sql`
        UPDATE oauth_consents SET used_at = ${now} WHERE account = ${account} AND client_id = ${clientId}
        AND resource = ${resource} AND redirect = ${redirect}`),
    ofAccount: (account) =>
      Effect.map(
        sql<Row>`SELECT * FROM oauth_consents WHERE account = ${account} ORDER BY created_at DESC, id`,
        (rows) => rows.map(consentOf)
      ),
    remove: (account, id) =>
      Effect.map(sql<Row>`DELETE FROM oauth_consents WHERE account = ${account} AND id = ${id} RETURNING *`, ([row]) =>
        row === undefined ? undefined : consentOf(row)
      ),
    removeAll: (account) => Effect.asVoid(sql`DELETE FROM oauth_consents WHERE account = ${account}`)
  }
}
