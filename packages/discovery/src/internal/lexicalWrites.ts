/**
 * Changes the full-text index in short transactions, so that neither the thread nor another writer waits for a large server. A
 * server's tools are written under a number that no server has yet; one last transaction gives the server that number, and with it
 * all of them are found and those of the number before are not. Those are then removed, in short transactions again.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { makeTurns } from "@mcpgw/domain/Turns"
import { turn } from "@mcpgw/registry/EventLoop"
import * as Effect from "effect/Effect"
import { type Documents, documentsOf, type ToolDocument } from "./documents.ts"

export interface Writes {
  readonly upsert: (record: ServerRecord) => Effect.Effect<void, SqlError | Interfered>
  readonly remove: (path: string) => Effect.Effect<void, SqlError>
}

/** Another process removed what this one was writing; the next attempt does better. */
export type Interfered = "interfered"

/** What one transaction writes: rows, or fewer when their texts are long. */
const ROWS = 50
const CHARACTERS = 65_536

interface Known {
  readonly id: number
  readonly digest: string
}

const serverAt = (sql: SqlClient.SqlClient, path: string): Effect.Effect<Known | undefined, SqlError> =>
  Effect.map(sql<Known>`SELECT id, digest FROM discovery_servers WHERE path = ${path}`, ([known]) => known)

const maximum = (rows: ReadonlyArray<{ readonly value: number | null }>): number => rows[0]?.value ?? 0

const freeNumber = (sql: SqlClient.SqlClient): Effect.Effect<number, SqlError> =>
  Effect.map(
    sql<{ readonly value: number | null }>`SELECT max(value) AS value FROM
      (SELECT max(id) AS value FROM discovery_servers UNION ALL SELECT max(server) FROM discovery_tools)`,
    (rows) => maximum(rows) + 1
  )

const lengthOf = (document: ToolDocument): number =>
  Object.values(document).reduce((length: number, text: string) => length + text.length, 0)

/** The documents, as many together as one transaction writes. */
const portions = (tools: ReadonlyArray<ToolDocument>): ReadonlyArray<ReadonlyArray<ToolDocument>> => {
  const made: Array<Array<ToolDocument>> = []
  let room = 0
  for (const tool of tools) {
    const length = lengthOf(tool)
    const open = made.at(-1)
    if (open === undefined || open.length >= ROWS || length > room) {
      made.push([tool])
      room = CHARACTERS - length
    } else {
      open.push(tool)
      room -= length
    }
  }
  return made
}

const insertTools = (sql: SqlClient.SqlClient, server: number, tools: ReadonlyArray<ToolDocument>) =>
  sql.withTransaction(
    Effect.gen(function* () {
      const last = maximum(yield* sql<{ readonly value: number | null }>`SELECT max(id) AS value FROM discovery_tools`)
      const rows = tools.map(({ tool, ...words }, i) => ({ id: last + 1 + i, tool, words }))
      yield* sql`INSERT INTO discovery_tools ${sql.insert(rows.map(({ id, tool }) => ({ id, server, tool })))}`
      yield* sql`INSERT INTO discovery_tool_words ${sql.insert(rows.map(({ id, words }) => ({ rowid: id, ...words })))}`
    })
  )

/** Takes a server's own row away, and with it all its tools from what is found. */
const hide = (sql: SqlClient.SqlClient, server: number) =>
  Effect.gen(function* () {
    yield* sql`DELETE FROM discovery_server_words WHERE rowid = ${server}`
    yield* sql`DELETE FROM discovery_servers WHERE id = ${server}`
  })

/** Lets the server be found under its new number, and no longer under the one it had. */
const show = (
  sql: SqlClient.SqlClient,
  path: string,
  id: number,
  { digest, server, tools }: Documents,
  before: Known | undefined
) =>
  sql.withTransaction(
    Effect.gen(function* () {
      const written = yield* sql<{ readonly value: number | null }>`
        SELECT count(*) AS value FROM discovery_tools WHERE server = ${id}`
      if (maximum(written) !== tools.length) return yield* Effect.fail<Interfered>("interfered")
      if (before !== undefined) yield* hide(sql, before.id)
      yield* sql`INSERT INTO discovery_servers ${sql.insert({ id, path, digest })}`
      yield* sql`INSERT INTO discovery_server_words ${sql.insert({ rowid: id, ...server })}`
    })
  )

/** Removes the tools of a number no server has. */
const removeTools = (sql: SqlClient.SqlClient, server: number) =>
  Effect.gen(function* () {
    const shown = yield* sql`SELECT 1 FROM discovery_servers WHERE id = ${server}`
    while (shown.length === 0) {
      const rows = yield* sql<{ readonly id: number }>`
        SELECT id FROM discovery_tools WHERE server = ${server} ORDER BY id LIMIT ${ROWS}`
      if (rows.length === 0) return
      const ids = rows.map(({ id }) => id)
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`DELETE FROM discovery_tool_words WHERE rowid IN ${sql.in(ids)}`
          yield* sql`DELETE FROM discovery_tools WHERE id IN ${sql.in(ids)}`
        })
      )
      if (rows.length === ROWS) yield* turn
    }
  })

/** The writes, one after the other. What an earlier process or a failed write left is removed with the next. */
export const makeWrites = (sql: SqlClient.SqlClient): Effect.Effect<Writes, SqlError> =>
  Effect.gen(function* () {
    const left = yield* sql<{ readonly server: number }>`SELECT DISTINCT server FROM discovery_tools
      WHERE server NOT IN (SELECT id FROM discovery_servers)`
    const hidden = new Set(left.map(({ server }) => server))
    const inTurn = makeTurns()

    const sweep = Effect.suspend(() =>
      Effect.forEach(
        [...hidden],
        (server) => Effect.tap(removeTools(sql, server), () => Effect.sync(() => hidden.delete(server))),
        { discard: true }
      )
    )

    const upsert = (record: ServerRecord) =>
      Effect.gen(function* () {
        const { path } = record
        const documents = yield* documentsOf(record)
        const before = yield* serverAt(sql, path)
        if (before?.digest === documents.digest) return
        const id = yield* freeNumber(sql)
        hidden.add(id)
        for (const [i, portion] of portions(documents.tools).entries()) {
          if (i > 0) yield* turn
          yield* insertTools(sql, id, portion)
        }
        yield* show(sql, path, id, documents, before)
        hidden.delete(id)
        if (before !== undefined) hidden.add(before.id)
      })

    const remove = (path: string) =>
      Effect.gen(function* () {
        const before = yield* serverAt(sql, path)
        if (before === undefined) return
        yield* sql.withTransaction(hide(sql, before.id))
        hidden.add(before.id)
      })

    return {
      upsert: (record) => inTurn(Effect.zipLeft(upsert(record), sweep)),
      remove: (path) => inTurn(Effect.zipLeft(remove(path), sweep))
    }
  })
