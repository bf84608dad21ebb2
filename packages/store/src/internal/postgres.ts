/**
 * Opens PostgreSQL for the store: a small pool, every wait bounded, whole numbers as numbers. What it says of an address never holds the
 * password. Knows no tables.
 */
import type * as Reactivity from "@effect/experimental/Reactivity"
import type { SqlError } from "@effect/sql/SqlError"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { driverUrl } from "../PostgresUrl.ts"
import { StoreOpenFailed } from "../StoreError.ts"

/** How long opening a connection may take. */
const CONNECT_MS = 5_000

/** `postgres://user@host:port/database`; nothing of a text that is no URL. */
export const withoutPassword = (url: string): string => {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.host === "") return "of a URL that can not be read"
  const user = parsed.username === "" ? "" : `${parsed.username}@`
  return `${parsed.protocol}//${user}${parsed.host}${parsed.pathname}`
}

/** The kinds of columns there are; text for all others. Whole numbers of 64 bits hold times and counts, all below 2^53. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700])
const BOOLEAN = 16

const parserOf = (oid: number): ((value: string) => unknown) =>
  NUMBERS.has(oid) ? Number : oid === BOOLEAN ? (value) => value === "t" : (value) => value

const messagesOf = (cause: unknown): string =>
  cause instanceof AggregateError
    ? cause.errors.map(messagesOf).join("; ")
    : cause instanceof Error
      ? cause.message
      : String(cause)

/** No message is known to repeat the password; one that did would stop here. */
const problemOf = (url: Redacted.Redacted, cause: unknown): string => {
  const password = decodeURIComponent(URL.parse(Redacted.value(url))?.password ?? "")
  const message = messagesOf(cause)
  return password === "" ? message : message.replaceAll(password, "***")
}

const checkEncoding = (sql: PgClient.PgClient): Effect.Effect<void, SqlError | string> =>
  Effect.gen(function* () {
    const [row] = yield* sql<{ readonly encoding: string }>`SELECT current_setting('server_encoding') AS encoding`
    if (row?.encoding === "UTF8") return
    return yield* Effect.fail(`its encoding is ${row?.encoding}; create it with ENCODING 'UTF8'`)
  })

/** A pool of at most ten connections, closed with its scope. */
export const makePostgres = (
  url: Redacted.Redacted
): Effect.Effect<PgClient.PgClient, StoreOpenFailed, Scope.Scope | Reactivity.Reactivity> =>
  Effect.gen(function* () {
    const types = { getTypeParser: parserOf }
    const sql = yield* PgClient.make({
      url: driverUrl(url),
      applicationName: "mcpgw",
      connectTimeout: CONNECT_MS,
      maxConnections: 10,
      types
    })
    yield* checkEncoding(sql)
    return sql
  }).pipe(
    Effect.mapError(
      (error) =>
        new StoreOpenFailed({
          filename: withoutPassword(Redacted.value(url)),
          problem: typeof error === "string" ? error : problemOf(url, error.cause ?? error.message)
        })
    )
  )
