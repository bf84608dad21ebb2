/** **RegistryStore** port: server records at rest. One contract suite runs over every layer. */
import * as SqlClient from "@effect/sql/SqlClient"
import { ServerRecord } from "@mcpgw/domain/Server"
import { migrate } from "@mcpgw/store/Migrations"
import type { Migration } from "@mcpgw/store/Migrations"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()("StoreUnavailable", {
  cause: Schema.Defect
}) {
  override get message(): string {
    return "The registry's store can not be reached; reads go on, changes are refused"
  }
}

export interface RegistryStoreApi {
  /** Every record that can be read; one that can not is logged by its path and left where it is. */
  readonly all: Effect.Effect<ReadonlyArray<ServerRecord>, StoreUnavailable>
  /** Inserts or replaces by path. */
  readonly put: (record: ServerRecord) => Effect.Effect<void, StoreUnavailable>
  readonly remove: (path: string) => Effect.Effect<void, StoreUnavailable>
}

export class RegistryStore extends Context.Tag("@mcpgw/registry/RegistryStore")<RegistryStore, RegistryStoreApi>() {
  /** Lives and dies with the process. */
  static get layerMemory(): Layer.Layer<RegistryStore> {
    return layerMemory
  }

  /** Table `registry_servers` of the SQL store: the path and the record as JSON. */
  static get layerSqlite(): Layer.Layer<RegistryStore, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> {
    return layerSqlite
  }
}

const layerMemory: Layer.Layer<RegistryStore> = Layer.sync(RegistryStore, () => {
  const records = new Map<string, ServerRecord>()
  return {
    all: Effect.sync(() => [...records.values()]),
    put: (record) => Effect.sync(() => void records.set(record.path, record)),
    remove: (path) => Effect.sync(() => void records.delete(path))
  }
})

const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    id: "registry-0001-servers",
    statements: ["CREATE TABLE registry_servers (path TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL)"]
  }
]

interface Row {
  readonly path: string
  readonly record: string
}

const RecordJson = Schema.parseJson(ServerRecord)
const decodeRecord = Schema.decodeUnknown(RecordJson)
const encodeRecord = Schema.encode(RecordJson)

const unavailable = (cause: unknown): StoreUnavailable => new StoreUnavailable({ cause })

/** Header values may be secret, so only where the problem lies is logged, not what was held. */
const readRow = (row: Row): Effect.Effect<Option.Option<ServerRecord>> =>
  decodeRecord(row.record).pipe(
    Effect.filterOrFail(
      (record) => record.path === row.path,
      () => "path differs from its key"
    ),
    Effect.map(Option.some),
    Effect.catchAll((problem) =>
      Effect.as(
        Effect.logError(`The stored record of ${row.path} can not be read and is left out`).pipe(
          Effect.annotateLogs("problem", typeof problem === "string" ? problem : problem.issue._tag)
        ),
        Option.none()
      )
    )
  )

const layerSqlite: Layer.Layer<RegistryStore, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> = Layer.effect(
  RegistryStore,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* migrate(MIGRATIONS)
    return {
      all: sql<Row>`SELECT path, record FROM registry_servers ORDER BY path`.pipe(
        Effect.mapError(unavailable),
        Effect.flatMap((rows) => Effect.forEach(rows, readRow)),
        Effect.map((records) => records.flatMap(Option.toArray))
      ),
      put: (record) =>
        encodeRecord(record).pipe(
          Effect.flatMap(
            (text) => sql`INSERT INTO registry_servers ${sql.insert({ path: record.path, record: text })}
              ON CONFLICT (path) DO UPDATE SET record = excluded.record`
          ),
          Effect.asVoid,
          Effect.mapError(unavailable)
        ),
      remove: (path) =>
        sql`DELETE FROM registry_servers WHERE path = ${path}`.pipe(Effect.asVoid, Effect.mapError(unavailable))
    }
  })
)
