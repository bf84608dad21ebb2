/**
 * **RegistryStore** in SQL: a row per server with the record as JSON, and long tool inventories in rows of their own beside it
 * (toolSlices.ts). A record is stored at one moment: what is beside it is written before, and what it replaces is removed after. Every row
 * carries the number of its last change, so that nobody writes over what another process wrote and this one has not read.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { makeTurns } from "@mcpgw/domain/Turns"
import { ChangeFeed, type ChangeFeedApi } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Migrations"
import { MigrationFailed } from "@mcpgw/store/StoreError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { migrations } from "../Migrations.ts"
import { StoreUnavailable } from "../RegistryError.ts"
import type { PutCondition, RegistryStoreApi } from "../RegistryStore.ts"
import { makeToolSlices, SLICE, type ToolSlices } from "./toolSlices.ts"

/** Topic of the feed; its items are paths. */
const TOPIC = "registry"

interface Row {
  readonly path: string
  readonly record: string
  readonly inventory: number | null
  readonly revision: number | string
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

/** What the store is made of, and what this process knows of the rows. */
interface Parts {
  readonly sql: SqlClient.SqlClient
  readonly feed: ChangeFeedApi
  readonly slices: ToolSlices
  readonly stored: Stored
  /** By path: the change that was last read or written here. */
  readonly known: Map<string, number>
}

type Held = Pick<Row, "path" | "inventory" | "revision">

/** The row of a path, in whatever case its letters are. */
const heldAt = ({ sql }: Parts, path: string): Effect.Effect<ReadonlyArray<Held>, SqlError> =>
  sql<Held>`SELECT path, inventory, revision FROM registry_servers WHERE lower(path) = lower(${path})`

const inventoryOf = (rows: ReadonlyArray<Held>, path: string): number | null =>
  rows.find((row) => row.path === path)?.inventory ?? null

/** Another process is ahead: nothing was written. */
const AHEAD = "another process has changed it"
/** Its tools were taken for left behind by a process that was starting; they are written once more. */
const LOST = "another process removed what was being written"

/** That is an answer, no failure. */
const ifAhead = <A, E>(change: Effect.Effect<A, E>): Effect.Effect<A | false, E> =>
  Effect.catchIf(
    change,
    (error) => error === AHEAD,
    () => Effect.succeed(false as const)
  )

const holds = ({ known }: Parts, path: string, rows: ReadonlyArray<Held>, when: PutCondition): boolean => {
  if (when === "always") return true
  if (when === "absent") return rows.length === 0
  const row = rows.find((held) => held.path === path)
  return row !== undefined && Number(row.revision) === known.get(path)
}

const put = (parts: Parts, record: ServerRecord, when: PutCondition) =>
  Effect.gen(function* () {
    const { feed, known, slices, sql, stored } = parts
    const { path, tool_list } = record
    const isLong = tool_list.length > SLICE
    const seen = isLong ? inventoryOf(yield* heldAt(parts, path), path) : null
    const same = isLong && seen !== null && stored.get(tool_list) === seen
    const inventory = !isLong ? null : same ? seen : yield* slices.write(tool_list)
    const text = yield* encodeRecord(isLong ? { ...record, tool_list: [] } : record)
    const [before, revision] = yield* feed.write(TOPIC, [path], (revision) =>
      Effect.gen(function* () {
        const rows = yield* heldAt(parts, path)
        if (!holds(parts, path, rows, when)) return yield* Effect.fail(AHEAD)
        if (inventory !== null && !(yield* slices.isWhole(inventory, tool_list))) return yield* Effect.fail(LOST)
        yield* sql`INSERT INTO registry_servers ${sql.insert({ path, record: text, inventory, revision })}
          ON CONFLICT (path) DO UPDATE SET record = excluded.record, inventory = excluded.inventory,
            revision = excluded.revision`
        return [inventoryOf(rows, path), revision] as const
      })
    )
    known.set(path, revision)
    if (inventory !== null) stored.set(tool_list, inventory)
    yield* slices.settle(inventory, before)
    return true
  }).pipe(Effect.retry({ times: 3, while: (error) => error === LOST }), ifAhead)

const remove = (parts: Parts, path: string, when: "always" | "unchanged") =>
  Effect.gen(function* () {
    const { feed, known, slices, sql } = parts
    const before = yield* feed.write(TOPIC, [path], () =>
      Effect.gen(function* () {
        const rows = yield* heldAt(parts, path)
        if (!holds(parts, path, rows, when)) return yield* Effect.fail(AHEAD)
        yield* sql`DELETE FROM registry_servers WHERE path = ${path}`
        return inventoryOf(rows, path)
      })
    )
    known.delete(path)
    yield* slices.settle(null, before)
    return true
  }).pipe(ifAhead)

const read = (parts: Parts, row: Row): Effect.Effect<Option.Option<ServerRecord>> => {
  parts.known.set(row.path, Number(row.revision))
  return readRow(parts.slices, parts.stored, row)
}

const all = (parts: Parts) =>
  parts.sql<Row>`SELECT path, record, inventory, revision FROM registry_servers ORDER BY path`.pipe(
    Effect.flatMap((rows) => Effect.forEach(rows, (row) => read(parts, row))),
    Effect.map((records) => records.flatMap(Option.toArray))
  )

const get = (parts: Parts, path: string) =>
  Effect.gen(function* () {
    const [row] = yield* parts.sql<Row>`
      SELECT path, record, inventory, revision FROM registry_servers WHERE path = ${path}`
    if (row !== undefined) return Option.getOrUndefined(yield* read(parts, row))
    parts.known.delete(path)
    return undefined
  })

/** Creates the tables when they are absent. */
export const makeSqlStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const feed = yield* ChangeFeed
  yield* migrate(migrations)
  const slices = yield* Effect.mapError(
    makeToolSlices(sql),
    ({ message }) => new MigrationFailed({ id: "registry-0002-tools", problem: message })
  )
  const parts: Parts = { sql, feed, slices, stored: new WeakMap(), known: new Map() }
  const inTurn = makeTurns()
  /** One after the other; what a change left behind is removed before the next. */
  const write = <A, E>(change: Effect.Effect<A, E>) =>
    Effect.zipLeft(change, slices.sweep).pipe(Effect.mapError(unavailable), inTurn)
  const api: RegistryStoreApi = {
    all: Effect.mapError(all(parts), unavailable),
    get: (path) => Effect.mapError(get(parts, path), unavailable),
    put: (record, when = "always") => write(put(parts, record, when)),
    remove: (path, when = "always") => write(remove(parts, path, when)),
    watch: (take) => Effect.mapError(feed.watch(TOPIC, take), unavailable)
  }
  return api
})
