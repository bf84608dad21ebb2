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
  /** Fractions count; undefined for a session that is older than this was written down. */
  readonly createdAt: number | undefined
  readonly expiresAt: number
}

export interface SessionStore {
  readonly insert: (session: StoredSession) => Effect.Effect<void, SqlError>
  readonly find: (digest: string) => Effect.Effect<StoredSession | undefined, SqlError | ParseError>
  readonly remove: (digest: string) => Effect.Effect<void, SqlError>
  readonly ofUser: (username: string) => Effect.Effect<ReadonlyArray<StoredSession>, SqlError | ParseError>
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
  /** Milliseconds. */
  readonly created_at: number | null
  readonly expires_at: number
  readonly provider: string
  readonly id_token: string | null
  readonly browser: string | null
  readonly remote: string | null
}

const sessionOf = (row: Row): Effect.Effect<StoredSession, ParseError> =>
  Effect.map(decodeGroups(row.member_of), (groups) => ({
    digest: row.digest,
    account: { username: row.username, groups },
    origin: {
      provider: row.provider,
      idToken: row.id_token ?? undefined,
      browser: row.browser ?? undefined,
      remote: row.remote ?? undefined
    },
    createdAt: row.created_at === null ? undefined : row.created_at / 1000,
    expiresAt: row.expires_at
  }))

export const makeSqlStore = (sql: SqlClient.SqlClient): SessionStore => ({
  insert: ({ account, createdAt = 0, digest, expiresAt, origin }) =>
    Effect.asVoid(sql`
      INSERT INTO sessions (
        digest, username, member_of, created_at, expires_at, provider, id_token, browser, remote
      ) VALUES (
        ${digest}, ${account.username}, ${encodeGroups(account.groups)}, ${Math.round(createdAt * 1000)}, ${expiresAt},
        ${origin.provider}, ${origin.idToken ?? null}, ${origin.browser ?? null}, ${origin.remote ?? null}
      )`),
  find: (digest) =>
    Effect.flatMap(sql<Row>`SELECT * FROM sessions WHERE digest = ${digest}`, ([row]) =>
      row === undefined ? Effect.succeed(undefined) : sessionOf(row)
    ),
  remove: (digest) => Effect.asVoid(sql`DELETE FROM sessions WHERE digest = ${digest}`),
  ofUser: (username) =>
    Effect.flatMap(sql<Row>`SELECT * FROM sessions WHERE lower(username) = ${username.toLowerCase()}`, (rows) =>
      Effect.forEach(rows, sessionOf)
    ),
  removeExpired: (now) => Effect.asVoid(sql`DELETE FROM sessions WHERE expires_at <= ${now}`)
})
