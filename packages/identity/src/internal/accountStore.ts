/** Where accounts are kept. Knows hashes only; decides nothing. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import type { Account } from "../Accounts.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"

export interface StoredAccount {
  readonly account: Account
  readonly passwordHash: string
}

export interface AccountStore {
  readonly find: (id: string) => Effect.Effect<StoredAccount | undefined, SqlError | ParseError>
  readonly put: (id: string, stored: StoredAccount) => Effect.Effect<void, SqlError>
  readonly isEmpty: Effect.Effect<boolean, SqlError>
}

export const makeMemoryStore = (): AccountStore => {
  const accounts = new Map<string, StoredAccount>()
  return {
    find: (id) => Effect.sync(() => accounts.get(id)),
    put: (id, stored) => Effect.sync(() => void accounts.set(id, stored)),
    isEmpty: Effect.sync(() => accounts.size === 0)
  }
}

interface Row {
  readonly username: string
  readonly member_of: string
  readonly password_hash: string
}

export const makeSqliteStore = (sql: SqlClient.SqlClient): AccountStore => ({
  find: (id) =>
    Effect.gen(function* () {
      const [row] = yield* sql<Row>`SELECT username, member_of, password_hash FROM accounts WHERE id = ${id}`
      if (row === undefined) return undefined
      const groups = yield* decodeGroups(row.member_of)
      return { account: { username: row.username, groups }, passwordHash: row.password_hash }
    }),
  put: (id, { account, passwordHash }) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.asVoid(sql`
        INSERT INTO accounts (id, username, member_of, password_hash, updated_at)
        VALUES (${id}, ${account.username}, ${encodeGroups(account.groups)}, ${passwordHash}, ${now})
        ON CONFLICT (id) DO UPDATE SET username = excluded.username, member_of = excluded.member_of,
          password_hash = excluded.password_hash, updated_at = excluded.updated_at`)
    ),
  isEmpty: Effect.map(sql`SELECT 1 FROM accounts LIMIT 1`, (rows) => rows.length === 0)
})
