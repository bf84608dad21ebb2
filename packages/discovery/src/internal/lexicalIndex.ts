/**
 * Full-text index in SQLite FTS5: one table of servers, one of tools, stemmed, ranked by bm25 with a name worth more than a
 * description and that more than a parameter. Holds the registry's words only; can be deleted and is filled again.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { normalizePath } from "@mcpgw/domain/Ids"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { migrate } from "@mcpgw/store/Migrations"
import type { Migration } from "@mcpgw/store/Migrations"
import * as Effect from "effect/Effect"
import { DiscoveryError } from "../DiscoveryError.ts"
import type { Hit, SearchQuery } from "../Hit.ts"
import { documentsOf } from "./documents.ts"
import { matchExpression } from "./words.ts"

const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    id: "discovery-0001-lexical",
    statements: [
      "CREATE TABLE discovery_servers (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, digest TEXT NOT NULL)",
      "CREATE TABLE discovery_tools (id INTEGER PRIMARY KEY, path TEXT NOT NULL, tool TEXT NOT NULL)",
      "CREATE INDEX discovery_tools_by_path ON discovery_tools (path)",
      `CREATE VIRTUAL TABLE discovery_server_words USING fts5(name, tags, description, tools, tokenize = 'porter unicode61')`,
      `CREATE VIRTUAL TABLE discovery_tool_words USING fts5(name, description, properties, server, about, tokenize = 'porter unicode61')`
    ]
  }
]

interface Id {
  readonly id: number
}

/** Half a score of 1; only stretches the scale, never the order. */
const HALF = 8

/** bm25 is 0 or less, the better the lower; this keeps its order and never reaches 1. */
const scoreOf = (rank: number): number => {
  const weight = Math.max(0, -rank)
  return weight / (weight + HALF)
}

const failed = (cause: unknown): DiscoveryError => new DiscoveryError({ cause })

const searchServers = (
  sql: SqlClient.SqlClient,
  match: string,
  limit: number
): Effect.Effect<ReadonlyArray<Hit>, SqlError> =>
  Effect.map(
    sql<{ readonly path: string; readonly rank: number }>`
      SELECT s.path, bm25(discovery_server_words, 5.0, 4.0, 3.0, 1.0) AS rank
      FROM discovery_server_words JOIN discovery_servers s ON s.id = discovery_server_words.rowid
      WHERE discovery_server_words MATCH ${match} ORDER BY rank, s.path LIMIT ${limit}`,
    (rows) => rows.map(({ path, rank }) => ({ kind: "server", path, score: scoreOf(rank) }))
  )

const searchTools = (
  sql: SqlClient.SqlClient,
  match: string,
  limit: number
): Effect.Effect<ReadonlyArray<Hit>, SqlError> =>
  Effect.map(
    sql<{ readonly path: string; readonly tool: string; readonly rank: number }>`
      SELECT t.path, t.tool, bm25(discovery_tool_words, 5.0, 3.0, 1.0, 3.0, 1.0) AS rank
      FROM discovery_tool_words JOIN discovery_tools t ON t.id = discovery_tool_words.rowid
      WHERE discovery_tool_words MATCH ${match} ORDER BY rank, t.path, t.tool, t.id LIMIT ${limit}`,
    (rows) => rows.map(({ path, rank, tool }) => ({ kind: "tool", path, tool, score: scoreOf(rank) }))
  )

const search = (sql: SqlClient.SqlClient, { kinds, limit, text }: SearchQuery) => {
  const match = matchExpression(text)
  const most = Math.max(0, Math.trunc(limit))
  if (match === undefined || most === 0) return Effect.succeed<ReadonlyArray<Hit>>([])
  return Effect.map(
    Effect.forEach(kinds, (kind) => (kind === "server" ? searchServers : searchTools)(sql, match, most)),
    (hits) => hits.flat()
  )
}

const drop = (sql: SqlClient.SqlClient, path: string) =>
  Effect.gen(function* () {
    yield* sql`DELETE FROM discovery_tool_words WHERE rowid IN (SELECT id FROM discovery_tools WHERE path = ${path})`
    yield* sql`DELETE FROM discovery_server_words WHERE rowid IN (SELECT id FROM discovery_servers WHERE path = ${path})`
    yield* sql`DELETE FROM discovery_tools WHERE path = ${path}`
    yield* sql`DELETE FROM discovery_servers WHERE path = ${path}`
  })

const upsert = (sql: SqlClient.SqlClient, record: ServerRecord) =>
  Effect.gen(function* () {
    const path = record.path
    const { digest, server, tools } = documentsOf(record)
    const known = yield* sql<{ readonly digest: string }>`SELECT digest FROM discovery_servers WHERE path = ${path}`
    if (known[0]?.digest === digest) return
    yield* drop(sql, path)
    const made = yield* sql<Id>`INSERT INTO discovery_servers ${sql.insert({ path, digest })} RETURNING id`
    yield* sql`INSERT INTO discovery_server_words ${sql.insert(made.map(({ id }) => ({ rowid: id, ...server })))}`
    for (const { tool, ...document } of tools) {
      const row = yield* sql<Id>`INSERT INTO discovery_tools ${sql.insert({ path, tool })} RETURNING id`
      yield* sql`INSERT INTO discovery_tool_words ${sql.insert(row.map(({ id }) => ({ rowid: id, ...document })))}`
    }
  })

/** Creates the tables when they are absent. */
export const makeLexical = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(MIGRATIONS)
  return {
    mode: "lexical-only" as const,
    search: (query: SearchQuery) => Effect.mapError(search(sql, query), failed),
    upsert: (record: ServerRecord) => Effect.mapError(sql.withTransaction(upsert(sql, record)), failed),
    remove: (path: string) => Effect.mapError(sql.withTransaction(drop(sql, normalizePath(path))), failed),
    paths: sql<{ readonly path: string }>`SELECT path FROM discovery_servers ORDER BY path`.pipe(
      Effect.map((rows) => rows.map((row) => row.path)),
      Effect.mapError(failed)
    )
  }
})
