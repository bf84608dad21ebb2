/**
 * Where the digests of OAuth clients' secrets are kept, agents' and set-up clients' alike: table `client_secrets`, by client id. Decides
 * nothing, and never holds a secret's text. Times in epoch milliseconds.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { ClientSecret } from "../ClientSecrets.ts"

export interface StoredSecret extends ClientSecret {
  readonly digest: string
}

type Used = ReadonlyArray<readonly [id: string, at: number]>

/** In the same order in every process: of two that lock rows in different orders a database ends one. */
const inOrder = (used: Used): Used => used.toSorted(([a], [b]) => (a < b ? -1 : 1))

export interface SecretStore {
  /** Oldest first. */
  readonly of: (clientId: string) => Effect.Effect<ReadonlyArray<StoredSecret>, SqlError>
  /** Every client's, oldest first. */
  readonly all: Effect.Effect<ReadonlyMap<string, ReadonlyArray<StoredSecret>>, SqlError>
  /** Adds a secret, and ends the client's others at `othersEndAt` where they end later. */
  readonly add: (
    clientId: string,
    secret: StoredSecret,
    othersEndAt: number | undefined
  ) => Effect.Effect<void, SqlError>
  readonly remove: (clientId: string, id: string) => Effect.Effect<void, SqlError>
  readonly removeAll: (clientId: string) => Effect.Effect<void, SqlError>
  readonly used: (used: Used) => Effect.Effect<void, SqlError>
}

const endingAt =
  (at: number) =>
  (secret: StoredSecret): StoredSecret => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? at, at) })

export const makeMemorySecrets = (): SecretStore => {
  const secrets = new Map<string, ReadonlyArray<StoredSecret>>()
  const change = (clientId: string, to: (held: ReadonlyArray<StoredSecret>) => ReadonlyArray<StoredSecret>) =>
    Effect.sync(() => void secrets.set(clientId, to(secrets.get(clientId) ?? [])))
  return {
    of: (clientId) => Effect.sync(() => secrets.get(clientId) ?? []),
    all: Effect.sync(() => new Map(secrets)),
    add: (clientId, secret, othersEndAt) =>
      change(clientId, (held) => [...(othersEndAt === undefined ? held : held.map(endingAt(othersEndAt))), secret]),
    remove: (clientId, id) => change(clientId, (held) => held.filter((secret) => secret.id !== id)),
    removeAll: (clientId) => Effect.sync(() => void secrets.delete(clientId)),
    used: (used) =>
      Effect.sync(() => {
        const times = new Map(used)
        for (const [clientId, held] of secrets) {
          const touched = held.map((secret) => ({ ...secret, lastUsedAt: times.get(secret.id) ?? secret.lastUsedAt }))
          secrets.set(clientId, touched)
        }
      })
  }
}

interface Row {
  readonly id: string
  readonly client_id: string
  readonly digest: string
  readonly prefix: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at: number | null
}

const secretOf = (row: Row): StoredSecret => ({
  id: row.id,
  digest: row.digest,
  prefix: row.prefix,
  createdAt: Number(row.created_at),
  expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
  lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at)
})

export const makeSqlSecrets = (sql: SqlClient.SqlClient): SecretStore => ({
  of: (clientId) =>
    Effect.map(sql<Row>`SELECT * FROM client_secrets WHERE client_id = ${clientId} ORDER BY created_at, id`, (rows) =>
      rows.map(secretOf)
    ),
  all: Effect.map(sql<Row>`SELECT * FROM client_secrets ORDER BY created_at, id`, (rows) => {
    const secrets = new Map<string, Array<StoredSecret>>()
    for (const row of rows) {
      const held = secrets.get(row.client_id)
      if (held === undefined) secrets.set(row.client_id, [secretOf(row)])
      else held.push(secretOf(row))
    }
    return secrets
  }),
  add: (clientId, secret, othersEndAt) =>
    Effect.gen(function* () {
      if (othersEndAt !== undefined) {
        yield* sql`
          UPDATE client_secrets SET expires_at = ${othersEndAt}
          WHERE client_id = ${clientId} AND (expires_at IS NULL OR expires_at > ${othersEndAt})`
      }
      yield* sql`
        INSERT INTO client_secrets (id, client_id, digest, prefix, created_at, expires_at)
        VALUES (${secret.id}, ${clientId}, ${secret.digest}, ${secret.prefix}, ${secret.createdAt}, ${secret.expiresAt ?? null})`
    }).pipe(sql.withTransaction),
  remove: (clientId, id) => Effect.asVoid(sql`DELETE FROM client_secrets WHERE client_id = ${clientId} AND id = ${id}`),
  removeAll: (clientId) => Effect.asVoid(sql`DELETE FROM client_secrets WHERE client_id = ${clientId}`),
  used: (used) =>
    Effect.forEach(inOrder(used), ([id, at]) => sql`UPDATE client_secrets SET last_used_at = ${at} WHERE id = ${id}`, {
      discard: true
    }).pipe(sql.withTransaction)
})
