/** What is asked of the full-text index, of servers and of tools, in SQL: a name is worth more than a description and that more than a parameter. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { Named } from "../Hit.ts"

export interface Found {
  readonly id: number
  readonly named: Named
  /** bm25: 0 or less, the lower the better. */
  readonly rank: number
}

/** How one kind is asked for. */
export interface Source {
  /** How many rows there are. */
  readonly count: Effect.Effect<number, SqlError>
  /** The last of the next `size` ids after `after`; undefined when there is none. */
  readonly next: (after: number, size: number) => Effect.Effect<number | undefined, SqlError>
  /** What matches among the ids after `after` up to `last`, best first. */
  readonly match: (match: string, after: number, last: number) => Effect.Effect<ReadonlyArray<Found>, SqlError>
  /** How many rows match, up to `most`. */
  readonly matching: (match: string, most: number) => Effect.Effect<number, SqlError>
  /** Which of these hold the word. */
  readonly holders: (word: string, ids: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<number>, SqlError>
}

interface Row {
  readonly id: number
  readonly path: string
  readonly rank: number
}

interface Counted {
  readonly value: number | null
}

/** What is asked alike of both kinds; `words` is the full-text table of the table `rows`. */
const common = (sql: SqlClient.SqlClient, rows: string, words: string): Omit<Source, "match"> => ({
  count: Effect.map(sql<Counted>`SELECT count(*) AS value FROM ${sql(rows)}`, ([found]) => found?.value ?? 0),
  next: (after, size) =>
    Effect.map(
      sql<Counted>`SELECT max(id) AS value FROM
        (SELECT id FROM ${sql(rows)} WHERE id > ${after} ORDER BY id LIMIT ${size})`,
      ([found]) => found?.value ?? undefined
    ),
  matching: (match, most) =>
    Effect.map(
      sql<Counted>`SELECT count(*) AS value FROM
        (SELECT 1 FROM ${sql(words)} WHERE ${sql(words)} MATCH ${match} LIMIT ${most})`,
      ([found]) => found?.value ?? 0
    ),
  holders: (word, ids) =>
    Effect.map(
      // The plus makes one pass over the word's rows: looking each id up reads a long list of them from its start every time.
      sql<{ readonly id: number }>`SELECT rowid AS id FROM ${sql(words)} WHERE ${sql(words)} MATCH ${word}
        AND rowid BETWEEN ${Math.min(...ids)} AND ${Math.max(...ids)}
        AND +rowid IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
      (found) => found.map(({ id }) => id)
    )
})

export const servers = (sql: SqlClient.SqlClient): Source => ({
  ...common(sql, "discovery_servers", "discovery_server_words"),
  match: (match, after, last) =>
    Effect.map(
      sql<Row>`SELECT s.id, s.path, bm25(discovery_server_words, 5.0, 4.0, 3.0, 1.0) AS rank
        FROM discovery_server_words CROSS JOIN discovery_servers s ON s.id = discovery_server_words.rowid
        WHERE discovery_server_words MATCH ${match} AND discovery_server_words.rowid BETWEEN ${after + 1} AND ${last}
        ORDER BY rank, s.path`,
      (rows) => rows.map(({ id, path, rank }) => ({ id, rank, named: { kind: "server", path } }))
    )
})

export const tools = (sql: SqlClient.SqlClient): Source => ({
  ...common(sql, "discovery_tools", "discovery_tool_words"),
  match: (match, after, last) =>
    Effect.map(
      sql<Row & { readonly tool: string }>`SELECT t.id, s.path, t.tool,
          bm25(discovery_tool_words, 5.0, 3.0, 1.0, 3.0, 1.0) AS rank
        FROM discovery_tool_words CROSS JOIN discovery_tools t ON t.id = discovery_tool_words.rowid
          CROSS JOIN discovery_servers s ON s.id = t.server
        WHERE discovery_tool_words MATCH ${match} AND discovery_tool_words.rowid BETWEEN ${after + 1} AND ${last}
        ORDER BY rank, s.path, t.tool, t.id`,
      (rows) => rows.map(({ id, path, rank, tool }) => ({ id, rank, named: { kind: "tool", path, tool } }))
    )
})
