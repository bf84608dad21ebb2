/** **RegistryStore** port: server records at rest. One contract suite runs over every layer. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeSqliteStore } from "./internal/sqliteStore.ts"
import type { StoreUnavailable } from "./RegistryError.ts"

export { StoreUnavailable } from "./RegistryError.ts"

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

  /** Tables `registry_servers` and `registry_tools` of the SQL store, records as JSON. */
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

const layerSqlite: Layer.Layer<RegistryStore, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> = Layer.effect(
  RegistryStore,
  Effect.suspend(() => makeSqliteStore)
)
