/**
 * What oidc-provider keeps, in table `oauth_artifacts`: found by digest, payload sealed. Consuming happens once, whoever races.
 * Decides nothing. Times in epoch seconds.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { digestOf } from "../internal/digest.ts"
import type { Sealing } from "./sealing.ts"

export interface Artifact {
  readonly payload: Readonly<Record<string, unknown>>
  readonly consumedAt: number | undefined
  readonly expiresAt: number
}

/** By what else than its id an artifact is found. */
export interface ArtifactKeys {
  readonly grantId: string | undefined
  readonly uid: string | undefined
  readonly userCode: string | undefined
  readonly account: string | undefined
  readonly clientId: string | undefined
  readonly resource: string | undefined
}

export interface ArtifactStore {
  readonly put: (
    model: string,
    id: string,
    payload: Readonly<Record<string, unknown>>,
    keys: ArtifactKeys,
    expiresAt: number
  ) => Effect.Effect<void, SqlError>
  readonly find: (model: string, id: string) => Effect.Effect<Artifact | undefined, SqlError>
  readonly findByUid: (model: string, uid: string) => Effect.Effect<Artifact | undefined, SqlError>
  readonly findByUserCode: (model: string, userCode: string) => Effect.Effect<Artifact | undefined, SqlError>
  /** False when it was consumed before, or is not there. */
  readonly consume: (model: string, id: string, now: number) => Effect.Effect<boolean, SqlError>
  readonly remove: (model: string, id: string) => Effect.Effect<void, SqlError>
  readonly ofGrant: (model: string, grantId: string) => Effect.Effect<ReadonlyArray<Artifact>, SqlError>
  readonly removeOfGrant: (model: string, grantId: string) => Effect.Effect<void, SqlError>
  /** Ids of the living grants of a person, or of those to one client at one resource. */
  readonly grantsOf: (
    account: string,
    at?: { readonly clientId: string; readonly resource: string }
  ) => Effect.Effect<ReadonlyArray<string>, SqlError>
  /** Ids of the living grants of all people to one client. */
  readonly grantsOfClient: (clientId: string) => Effect.Effect<ReadonlyArray<string>, SqlError>
  readonly removeExpired: (now: number) => Effect.Effect<void, SqlError>
}

interface Row {
  readonly payload: string
  readonly consumed_at: number | null
  readonly expires_at: number
}

export const makeArtifactStore = (sql: SqlClient.SqlClient, sealing: Sealing): ArtifactStore => {
  const open =
    (model: string) =>
    (rows: ReadonlyArray<Row>): ReadonlyArray<Artifact> =>
      rows.flatMap((row) => {
        const text = sealing.open(model, row.payload)
        if (text === undefined) return []
        const consumedAt = row.consumed_at === null ? undefined : Number(row.consumed_at)
        return [{ payload: JSON.parse(text), consumedAt, expiresAt: Number(row.expires_at) }]
      })
  const first = (model: string, rows: Effect.Effect<ReadonlyArray<Row>, SqlError>) =>
    Effect.map(rows, (found) => open(model)(found)[0])
  return {
    put: (model, id, payload, keys, expiresAt) => {
      const row = {
        model,
        digest: digestOf(id),
        payload: sealing.seal(model, JSON.stringify(payload)),
        grant_id: keys.grantId ?? null,
        uid_digest: keys.uid === undefined ? null : digestOf(keys.uid),
        user_code_digest: keys.userCode === undefined ? null : digestOf(keys.userCode),
        account: keys.account ?? null,
        client_id: keys.clientId ?? null,
        resource: keys.resource ?? null,
        expires_at: expiresAt
      }
      return Effect.asVoid(sql`
        INSERT INTO oauth_artifacts ${sql.insert(row)}
        ON CONFLICT (model, digest) DO UPDATE SET
          payload = excluded.payload, grant_id = excluded.grant_id, uid_digest = excluded.uid_digest,
          user_code_digest = excluded.user_code_digest, account = excluded.account, client_id = excluded.client_id,
          resource = excluded.resource, expires_at = excluded.expires_at`)
    },
    find: (model, id) =>
      first(model, sql<Row>`SELECT * FROM oauth_artifacts WHERE model = ${model} AND digest = ${digestOf(id)}`),
    findByUid: (model, uid) =>
      first(model, sql<Row>`SELECT * FROM oauth_artifacts WHERE model = ${model} AND uid_digest = ${digestOf(uid)}`),
    findByUserCode: (model, code) =>
      first(
        model,
        sql<Row>`SELECT * FROM oauth_artifacts WHERE model = ${model} AND user_code_digest = ${digestOf(code)}`
      ),
    consume: (model, id, now) =>
      Effect.map(
        sql`
          UPDATE oauth_artifacts SET consumed_at = ${now}
          WHERE model = ${model} AND digest = ${digestOf(id)} AND consumed_at IS NULL RETURNING digest`,
        (rows) => rows.length === 1
      ),
    remove: (model, id) =>
      Effect.asVoid(sql`DELETE FROM oauth_artifacts WHERE model = ${model} AND digest = ${digestOf(id)}`),
    ofGrant: (model, grantId) =>
      Effect.map(sql<Row>`SELECT * FROM oauth_artifacts WHERE model = ${model} AND grant_id = ${grantId}`, open(model)),
    removeOfGrant: (model, grantId) =>
      Effect.asVoid(sql`DELETE FROM oauth_artifacts WHERE model = ${model} AND grant_id = ${grantId}`),
    grantsOf: (account, at) =>
      Effect.map(
        at === undefined
          ? sql<{ readonly grant_id: string }>`
              SELECT grant_id FROM oauth_artifacts WHERE model = 'Grant' AND account = ${account}`
          : sql<{ readonly grant_id: string }>`
              SELECT grant_id FROM oauth_artifacts WHERE model = 'Grant' AND account = ${account}
              AND client_id = ${at.clientId} AND resource = ${at.resource}`,
        (rows) => rows.map((row) => row.grant_id)
      ),
    grantsOfClient: (clientId) =>
      Effect.map(
        sql<{ readonly grant_id: string }>`
          SELECT grant_id FROM oauth_artifacts WHERE model = 'Grant' AND client_id = ${clientId}`,
        (rows) => rows.map((row) => row.grant_id)
      ),
    removeExpired: (now) => Effect.asVoid(sql`DELETE FROM oauth_artifacts WHERE expires_at <= ${now}`)
  }
}
