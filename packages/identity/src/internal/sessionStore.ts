/** Where sessions are kept, by the digest of their id. Decides nothing. Times in epoch seconds. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import type { Account } from "../Accounts.ts"
import type { SessionOrigin } from "../Sessions.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"

export interface StoredSession {
  readonly digest: string
  readonly account: Account
  readonly origin: SessionOrigin
  readonly expiresAt: number
}

export interface SessionStore {
  readonly insert: (session: StoredSession) => Effect.Effect<void, SqlError>
  readonly find: (digest: string) => Effect.Effect<StoredSession | undefined, SqlError | ParseError>
  readonly remove: (digest: string) => Effect.Effect<void, SqlError>
  readonly ofUser: (
    username: string
  ) => Effect.Effect<ReadonlyArray<Pick<StoredSession, "digest" | "expiresAt">>, SqlError>
  readonly removeExpired: (now: number) => Effect.Effect<void, SqlError>
}

export const makeMemoryStore = (): SessionStore => {
  const sessions = new Map<string, StoredSession>()
  return {
    insert: (session) => Effect.sync(() => void sessions.set(session.digest, session)),
    find: (digest) => Effect.sync(() => sessions.get(digest)),
    remove: (digest) => Effect.sync(() => void sessions.delete(digest)),
    ofUser: (username) =>
      Effect.sync(() =>
        [...sessions.values()].filter((session) => session.account.username.toLowerCase() === username.toLowerCase())
      ),
    removeExpired: (now) =>
      Effect.sync(() => {
        for (const session of sessions.values()) if (session.expiresAt <= now) sessions.delete(session.digest)
      })
  }
}

interface Row {
  readonly digest: string
  readonly username: string
  readonly member_of: string
  readonly expires_at: number
  readonly provider: string
  readonly id_token: string | null
}

export const makeSqliteStore = (sql: SqlClient.SqlClient): SessionStore => ({
  insert: ({ account, digest, expiresAt, origin }) =>
    Effect.asVoid(sql`
      INSERT INTO sessions (digest, username, member_of, expires_at, provider, id_token)
      VALUES (${digest}, ${account.username}, ${encodeGroups(account.groups)}, ${expiresAt}, ${origin.provider},
        ${origin.idToken ?? null})`),
  find: (digest) =>
    Effect.gen(function* () {
      const [row] = yield* sql<Row>`SELECT * FROM sessions WHERE digest = ${digest}`
      if (row === undefined) return undefined
      const groups = yield* decodeGroups(row.member_of)
      const origin = { provider: row.provider, idToken: row.id_token ?? undefined }
      return { digest, account: { username: row.username, groups }, origin, expiresAt: row.expires_at }
    }),
  remove: (digest) => Effect.asVoid(sql`DELETE FROM sessions WHERE digest = ${digest}`),
  ofUser: (username) =>
    Effect.map(sql<Row>`SELECT * FROM sessions WHERE lower(username) = ${username.toLowerCase()}`, (rows) =>
      rows.map((row) => ({ digest: row.digest, expiresAt: row.expires_at }))
    ),
  removeExpired: (now) => Effect.asVoid(sql`DELETE FROM sessions WHERE expires_at <= ${now}`)
})
