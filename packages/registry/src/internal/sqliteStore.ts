/**
 * **RegistryStore** in SQLite: a row per server with the record as JSON, and long tool inventories in rows of their own beside it
 * (toolSlices.ts). A record is stored at one moment: what is beside it is written before, and what it replaces is removed after.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { migrate } from "@mcpgw/store/Migrations"
import type { Migration } from "@mcpgw/store/Migrations"
import { MigrationFailed } from "@mcpgw/store/StoreError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { StoreUnavailable } from "../RegistryError.ts"
import type { RegistryStoreApi } from "../RegistryStore.ts"
import { makeToolSlices, SLICE, type ToolSlices } from "./toolSlices.ts"
import { VERSION_TABLES } from "./versionTables.ts"

/** The package's list; every layer of it that stores runs the whole of it. */
export const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    id: "registry-0001-servers",
    statements: ["CREATE TABLE registry_servers (path TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL)"]
  },
  {
    id: "registry-0002-tools",
    statements: [
      // Null: the tools are in the record.
      "ALTER TABLE registry_servers ADD COLUMN inventory INTEGER",
      `CREATE TABLE registry_tools (
        inventory INTEGER NOT NULL, position INTEGER NOT NULL, tools TEXT NOT NULL, PRIMARY KEY (inventory, position)
      )`
    ]
  },
  { id: "registry-0006-versions", statements: VERSION_TABLES }
]

interface Row {
  readonly path: string
  readonly record: string
  readonly inventory: number | null
}

const RecordJson = Schema.parseJson(ServerRecord)
const decodeRecord = Schema.decodeUnknown(RecordJson)
const encodeRecord = Schema.encode(RecordJson)

/** A parse error would repeat what was held, and header values may be secret. */
const unavailable = (cause: unknown): StoreUnavailable =>
  new StoreUnavailable({ cause: ParseResult.isParseError(cause) ? "a record that is none" : cause })

/** Which inventory a list of tools is stored as, so that a change of something else does not write it again. */
type Stored = WeakMap<ReadonlyArray<Tool>, number>

/** Header values may be secret, so only where the problem lies is logged, not what was held. */
const problemOf = (problem: ParseResult.ParseError | SqlError | string): string =>
  typeof problem === "string" ? problem : ParseResult.isParseError(problem) ? problem.issue._tag : problem.message

const readRow = (slices: ToolSlices, stored: Stored, row: Row): Effect.Effect<Option.Option<ServerRecord>> =>
  Effect.gen(function* () {
    const record = yield* decodeRecord(row.record)
    if (record.path !== row.path) return yield* Effect.fail("path differs from its key")
    if (row.inventory === null) return Option.some(record)
    const tool_list = yield* slices.read(row.inventory)
    stored.set(tool_list, row.inventory)
    return Option.some({ ...record, tool_list })
  }).pipe(
    Effect.catchAll((problem) =>
      Effect.as(
        Effect.logError(`The stored record of ${row.path} can not be read and is left out`).pipe(
          Effect.annotateLogs("problem", problemOf(problem))
        ),
        Option.none()
      )
    )
  )

const inventoryAt = (sql: SqlClient.SqlClient, path: string): Effect.Effect<number | null, SqlError> =>
  Effect.map(
    sql<Pick<Row, "inventory">>`SELECT inventory FROM registry_servers WHERE path = ${path}`,
    ([row]) => row?.inventory ?? null
  )

const put = (sql: SqlClient.SqlClient, slices: ToolSlices, stored: Stored, record: ServerRecord) =>
  Effect.gen(function* () {
    const { path, tool_list } = record
    const isLong = tool_list.length > SLICE
    const before = yield* inventoryAt(sql, path)
    const known = isLong && before !== null && stored.get(tool_list) === before
    const inventory = !isLong ? null : known ? before : yield* slices.write(tool_list)
    const text = yield* encodeRecord(isLong ? { ...record, tool_list: [] } : record)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        if (inventory !== null && !(yield* slices.isWhole(inventory, tool_list))) {
          return yield* Effect.fail("another process removed what was being written")
        }
        yield* sql`INSERT INTO registry_servers ${sql.insert({ path, record: text, inventory })}
          ON CONFLICT (path) DO UPDATE SET record = excluded.record, inventory = excluded.inventory`
      })
    )
    if (inventory !== null) stored.set(tool_list, inventory)
    yield* slices.settle(inventory, before)
  })

const remove = (sql: SqlClient.SqlClient, slices: ToolSlices, path: string) =>
  Effect.gen(function* () {
    const before = yield* inventoryAt(sql, path)
    yield* sql`DELETE FROM registry_servers WHERE path = ${path}`
    yield* slices.settle(null, before)
  })

/** Creates the tables when they are absent. */
export const makeSqliteStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(MIGRATIONS)
  const slices = yield* Effect.mapError(
    makeToolSlices(sql),
    ({ message }) => new MigrationFailed({ id: "registry-0002-tools", problem: message })
  )
  const stored: Stored = new WeakMap()
  const writers = yield* Effect.makeSemaphore(1)
  /** One after the other; what a change left behind is removed before the next. */
  const write = <E>(change: Effect.Effect<void, E>) =>
    Effect.zipLeft(change, slices.sweep).pipe(Effect.mapError(unavailable), writers.withPermits(1))
  const api: RegistryStoreApi = {
    all: sql<Row>`SELECT path, record, inventory FROM registry_servers ORDER BY path`.pipe(
      Effect.mapError(unavailable),
      Effect.flatMap((rows) => Effect.forEach(rows, (row) => readRow(slices, stored, row))),
      Effect.map((records) => records.flatMap(Option.toArray))
    ),
    put: (record) => write(put(sql, slices, stored, record)),
    remove: (path) => write(remove(sql, slices, path))
  }
  return api
})
