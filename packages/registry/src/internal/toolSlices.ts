/**
 * Long tool inventories in SQL, `SLICE` tools a row, written and removed a row at a time so that nobody waits for megabytes. An
 * inventory never changes: new tools are a new inventory under a new number, and counts only once a record names it.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Tool } from "@mcpgw/domain/Tool"
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { inSlices, turn } from "../EventLoop.ts"

/** Tools in one row; a server with no more than that has them in its own row. */
export const SLICE = 100

const SliceJson = Schema.parseJson(Schema.Array(Tool))
const encodeSlice = Schema.encode(SliceJson)
const decodeSlice = Schema.decodeUnknown(SliceJson)

export interface ToolSlices {
  /** Writes an inventory and answers its number. What is written counts for nothing until `settle`. */
  readonly write: (tools: ReadonlyArray<Tool>) => Effect.Effect<number, SqlError | ParseResult.ParseError>
  /** Are all of its rows there? Within the transaction that lets a record name it. */
  readonly isWhole: (inventory: number, tools: ReadonlyArray<Tool>) => Effect.Effect<boolean, SqlError>
  readonly read: (inventory: number) => Effect.Effect<ReadonlyArray<Tool>, SqlError | ParseResult.ParseError>
  /** A record names it now, and `before` no more. */
  readonly settle: (inventory: number | null, before: number | null) => Effect.Effect<void>
  /** Removes what no record names; what can not be removed now is tried again by the next call. */
  readonly sweep: Effect.Effect<void>
}

const rowsOf = (tools: ReadonlyArray<Tool>): number => Math.ceil(tools.length / SLICE)

const removeRows = (sql: SqlClient.SqlClient, inventory: number) =>
  Effect.gen(function* () {
    // Stopped right after a record was stored, its writer could not say so any more.
    const named = yield* sql`SELECT 1 FROM registry_servers WHERE inventory = ${inventory}`
    while (named.length === 0) {
      const gone = yield* sql`DELETE FROM registry_tools WHERE inventory = ${inventory} AND position =
        (SELECT min(position) FROM registry_tools WHERE inventory = ${inventory}) RETURNING position`
      if (gone.length === 0) return
      yield* turn
    }
  })

/** Over table `registry_tools`, whose rows a stopped process may have left without a record. */
export const makeToolSlices = (sql: SqlClient.SqlClient): Effect.Effect<ToolSlices, SqlError> =>
  Effect.gen(function* () {
    const orphans = yield* sql<{ readonly inventory: number }>`SELECT DISTINCT inventory FROM registry_tools
      WHERE inventory NOT IN (SELECT inventory FROM registry_servers WHERE inventory IS NOT NULL)`
    const unnamed = new Set(orphans.map(({ inventory }) => inventory))

    /** Writes the first slice under a number nobody has, and answers the number: two processes may ask at once. */
    const claim = (text: string): Effect.Effect<number, SqlError> =>
      Effect.gen(function* () {
        while (true) {
          const [next] = yield* sql<{ readonly id: number | string }>`
            SELECT coalesce(max(inventory), 0) + 1 AS id FROM registry_tools`
          const row = { inventory: Number(next?.id ?? 1), position: 0, tools: text }
          const made = yield* sql`INSERT INTO registry_tools ${sql.insert(row)}
            ON CONFLICT (inventory, position) DO NOTHING RETURNING position`
          if (made.length > 0) return row.inventory
        }
      })

    const write = (tools: ReadonlyArray<Tool>) =>
      Effect.gen(function* () {
        let inventory = 0
        yield* inSlices(tools, SLICE, (slice, position) =>
          Effect.gen(function* () {
            const text = yield* encodeSlice(slice)
            if (position === 0) {
              inventory = yield* claim(text)
              unnamed.add(inventory)
            } else yield* sql`INSERT INTO registry_tools ${sql.insert({ inventory, position, tools: text })}`
          })
        )
        return inventory
      })

    return {
      write,
      isWhole: (inventory, tools) =>
        Effect.map(
          sql<{ readonly rows: number }>`SELECT count(*) AS rows FROM registry_tools WHERE inventory = ${inventory}`,
          ([held]) => held?.rows === rowsOf(tools)
        ),
      read: (inventory) =>
        sql<{
          readonly tools: string
        }>`SELECT tools FROM registry_tools WHERE inventory = ${inventory} ORDER BY position`.pipe(
          Effect.flatMap((rows) => Effect.forEach(rows, (row) => Effect.zipLeft(decodeSlice(row.tools), turn))),
          Effect.map((slices) => slices.flat())
        ),
      settle: (inventory, before) =>
        Effect.sync(() => {
          if (before !== null && before !== inventory) unnamed.add(before)
          if (inventory !== null) unnamed.delete(inventory)
        }),
      sweep: Effect.suspend(() =>
        Effect.forEach(
          [...unnamed],
          (inventory) =>
            removeRows(sql, inventory).pipe(
              Effect.tap(() => Effect.sync(() => unnamed.delete(inventory))),
              Effect.catchAll((error) => Effect.logWarning("Tools of an earlier inventory are still stored", error))
            ),
          { discard: true }
        )
      )
    }
  })
