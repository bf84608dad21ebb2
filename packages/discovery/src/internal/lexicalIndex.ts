/**
 * Full-text index in SQLite FTS5: one table of servers, one of tools, stemmed. Holds the registry's words only; can be deleted and is
 * filled again. What is asked is in lexicalSearch.ts, what is written in lexicalWrites.ts.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { normalizePath } from "@mcpgw/domain/Ids"
import { makeBoundedTurns } from "@mcpgw/domain/Turns"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { migrate } from "@mcpgw/store/Migrations"
import type { Migration } from "@mcpgw/store/Migrations"
import { MigrationFailed } from "@mcpgw/store/StoreError"
import * as Effect from "effect/Effect"
import { DiscoveryBusy, DiscoveryError } from "../DiscoveryError.ts"
import type { SearchQuery } from "../Hit.ts"
import { search } from "./lexicalSearch.ts"
import { makeWrites } from "./lexicalWrites.ts"

const WORDS: ReadonlyArray<string> = [
  `CREATE VIRTUAL TABLE discovery_server_words USING fts5(name, tags, description, tools, tokenize = 'porter unicode61')`,
  `CREATE VIRTUAL TABLE discovery_tool_words USING fts5(name, description, properties, server, about, tokenize = 'porter unicode61')`
]

export const migrations: ReadonlyArray<Migration> = [
  {
    id: "discovery-0001-lexical",
    statements: [
      "CREATE TABLE discovery_servers (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, digest TEXT NOT NULL)",
      "CREATE TABLE discovery_tools (id INTEGER PRIMARY KEY, path TEXT NOT NULL, tool TEXT NOT NULL)",
      "CREATE INDEX discovery_tools_by_path ON discovery_tools (path)",
      ...WORDS
    ]
  },
  {
    // A tool belongs to a server's row, not to its path, and is found while that row is there.
    id: "discovery-0002-server-of-tools",
    statements: [
      "DROP TABLE discovery_tools",
      "DROP TABLE discovery_server_words",
      "DROP TABLE discovery_tool_words",
      "DELETE FROM discovery_servers",
      "CREATE TABLE discovery_tools (id INTEGER PRIMARY KEY, server INTEGER NOT NULL, tool TEXT NOT NULL)",
      "CREATE INDEX discovery_tools_by_server ON discovery_tools (server)",
      ...WORDS
    ]
  }
]

const failed = (cause: unknown): DiscoveryError => new DiscoveryError({ cause })

/** Questions that wait, at most; a large index answers some tens a second. */
const MOST_WAITING = 64

/** Creates the tables when they are absent. */
export const makeLexical = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const writes = yield* Effect.mapError(
    makeWrites(sql),
    ({ message }) => new MigrationFailed({ id: "discovery-*", problem: message })
  )
  // One question after the other: many at once would each take a piece of every turn of the event loop.
  const inTurn = makeBoundedTurns(1, MOST_WAITING, () => new DiscoveryBusy())
  return {
    mode: "lexical-only" as const,
    search: (query: SearchQuery) => inTurn(Effect.mapError(search(sql, query), failed)),
    upsert: (record: ServerRecord) => Effect.mapError(writes.upsert(record), failed),
    remove: (path: string) => Effect.mapError(writes.remove(normalizePath(path)), failed),
    paths: sql<{ readonly path: string }>`SELECT path FROM discovery_servers ORDER BY path`.pipe(
      Effect.map((rows) => rows.map((row) => row.path)),
      Effect.mapError(failed)
    )
  }
})
