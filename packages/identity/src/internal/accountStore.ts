/** Where accounts are kept. Knows hashes only; decides nothing but who may overwrite whom: a local account never replaces a provider's. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { ChangeFeedApi } from "@mcpgw/store/ChangeFeed"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import type { AccountDetails } from "../Accounts.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"

export interface StoredAccount {
  readonly account: AccountDetails
  /** Undefined: nobody signs in with a password. */
  readonly passwordHash: string | undefined
}

/** What a sign-in or an administrator changes of an account. */
export type AccountChange = Partial<Pick<AccountDetails, "groups" | "email" | "displayName" | "disabled">>

type Reading<A> = Effect.Effect<A, SqlError | ParseError>

export interface AccountStore {
  readonly find: (id: string) => Reading<StoredAccount | undefined>
  readonly findSubject: (provider: string, subject: string) => Reading<StoredAccount | undefined>
  /** Creates or replaces a local account; false, and nothing done, when the name is a provider's account. */
  readonly putLocal: (id: string, stored: StoredAccount) => Effect.Effect<boolean, SqlError>
  /** False, and nothing done, when the name or the provider's subject is taken. */
  readonly insert: (id: string, stored: StoredAccount) => Effect.Effect<boolean, SqlError>
  /** The changed account; undefined when there is none. */
  readonly change: (id: string, change: AccountChange) => Reading<AccountDetails | undefined>
  /** False: there was none. */
  readonly remove: (id: string) => Effect.Effect<boolean, SqlError>
  /** By name. */
  readonly list: Reading<ReadonlyArray<AccountDetails>>
  readonly isEmpty: Effect.Effect<boolean, SqlError>
}

export const makeMemoryStore = (): AccountStore => {
  const accounts = new Map<string, StoredAccount>()
  const ofSubject = (provider: string, subject: string | undefined): StoredAccount | undefined =>
    [...accounts.values()].find(({ account }) => account.provider === provider && account.subject === subject)
  return {
    find: (id) => Effect.sync(() => accounts.get(id)),
    findSubject: (provider, subject) => Effect.sync(() => ofSubject(provider, subject)),
    putLocal: (id, stored) =>
      Effect.sync(() => {
        if ((accounts.get(id)?.account.provider ?? LOCAL) !== LOCAL) return false
        accounts.set(id, stored)
        return true
      }),
    insert: (id, stored) =>
      Effect.sync(() => {
        const { provider, subject } = stored.account
        if (accounts.has(id) || (subject !== undefined && ofSubject(provider, subject) !== undefined)) return false
        accounts.set(id, stored)
        return true
      }),
    change: (id, change) =>
      Effect.sync(() => {
        const stored = accounts.get(id)
        if (stored === undefined) return undefined
        const account = { ...stored.account, ...change }
        accounts.set(id, { ...stored, account })
        return account
      }),
    remove: (id) => Effect.sync(() => accounts.delete(id)),
    list: Effect.sync(() => [...accounts.entries()].sort(byId).map(([, { account }]) => account)),
    isEmpty: Effect.sync(() => accounts.size === 0)
  }
}

/** `provider` of accounts that sign in with a password kept here. */
export const LOCAL = "local"

/** All but name and groups of a new local account. */
export const LOCAL_ACCOUNT = {
  provider: LOCAL,
  subject: undefined,
  email: undefined,
  displayName: undefined,
  disabled: false
} as const

const byId = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0)

interface Row {
  readonly username: string
  readonly member_of: string
  readonly password_hash: string | null
  readonly provider: string
  readonly subject: string | null
  readonly email: string | null
  readonly display_name: string | null
  readonly disabled: number
}

const fromRow = (row: Row): Effect.Effect<StoredAccount, ParseError> =>
  Effect.map(decodeGroups(row.member_of), (groups) => ({
    account: {
      username: row.username,
      groups,
      provider: row.provider,
      subject: row.subject ?? undefined,
      email: row.email ?? undefined,
      displayName: row.display_name ?? undefined,
      disabled: row.disabled !== 0
    },
    passwordHash: row.password_hash ?? undefined
  }))

const first = (rows: ReadonlyArray<Row>): Effect.Effect<StoredAccount | undefined, ParseError> =>
  rows[0] === undefined ? Effect.succeed(undefined) : fromRow(rows[0])

/** The columns of a whole account, in the order of `valuesOf`. */
const COLUMNS = `id, username, member_of, password_hash, provider, subject, email, display_name, disabled, created_at, updated_at`

export const makeSqlStore = (sql: SqlClient.SqlClient): AccountStore => {
  const columns = sql.literal(COLUMNS)
  const valuesOf = (id: string, { account, passwordHash }: StoredAccount, now: number) =>
    sql`(${id}, ${account.username}, ${encodeGroups(account.groups)}, ${passwordHash ?? null}, ${account.provider},
      ${account.subject ?? null}, ${account.email ?? null}, ${account.displayName ?? null}, ${account.disabled ? 1 : 0},
      ${now}, ${now})`
  const find: AccountStore["find"] = (id) => Effect.flatMap(sql<Row>`SELECT * FROM accounts WHERE id = ${id}`, first)
  return {
    find,
    findSubject: (provider, subject) =>
      Effect.flatMap(sql<Row>`SELECT * FROM accounts WHERE provider = ${provider} AND subject = ${subject}`, first),
    putLocal: (id, stored) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.map(
          sql`
            INSERT INTO accounts (${columns}) VALUES ${valuesOf(id, stored, now)}
            ON CONFLICT (id) DO UPDATE SET username = excluded.username, member_of = excluded.member_of,
              password_hash = excluded.password_hash, disabled = excluded.disabled, updated_at = excluded.updated_at
            WHERE accounts.provider = ${LOCAL}
            RETURNING id`,
          (rows) => rows.length > 0
        )
      ),
    insert: (id, stored) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.map(
          sql`INSERT INTO accounts (${columns}) VALUES ${valuesOf(id, stored, now)} ON CONFLICT DO NOTHING RETURNING id`,
          (rows) => rows.length > 0
        )
      ),
    change: (id, change) =>
      Effect.gen(function* () {
        const stored = yield* find(id)
        if (stored === undefined) return undefined
        const account = { ...stored.account, ...change }
        const now = yield* Clock.currentTimeMillis
        yield* sql`UPDATE accounts SET member_of = ${encodeGroups(account.groups)}, email = ${account.email ?? null},
          display_name = ${account.displayName ?? null}, disabled = ${account.disabled ? 1 : 0}, updated_at = ${now}
          WHERE id = ${id}`
        return account
      }).pipe(sql.withTransaction),
    remove: (id) => Effect.map(sql`DELETE FROM accounts WHERE id = ${id} RETURNING id`, (rows) => rows.length > 0),
    list: Effect.flatMap(sql<Row>`SELECT * FROM accounts ORDER BY id`, (rows) =>
      Effect.forEach(rows, (row) => Effect.map(fromRow(row), ({ account }) => account))
    ),
    isEmpty: Effect.map(sql`SELECT 1 FROM accounts LIMIT 1`, (rows) => rows.length === 0)
  }
}

/** Tells every process, under `topic`, of what is changed here. */
export const toldToOthers = (store: AccountStore, feed: ChangeFeedApi, topic: string): AccountStore => ({
  ...store,
  putLocal: (id, stored) => feed.write(topic, [id], () => store.putLocal(id, stored)),
  insert: (id, stored) => feed.write(topic, [id], () => store.insert(id, stored)),
  change: (id, change) => feed.write(topic, [id], () => store.change(id, change))
})
