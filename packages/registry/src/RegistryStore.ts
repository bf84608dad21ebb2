/**
 * **RegistryStore** port: server records at rest, for one process or several. One contract suite runs over every layer.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Changed, ChangeFeed } from "@mcpgw/store/ChangeFeed"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { makeSqlStore } from "./internal/sqlStore.ts"
import type { StoreUnavailable } from "./RegistryError.ts"

export { StoreUnavailable } from "./RegistryError.ts"

/**
 * What must be so for a record to be stored; asked and stored at one moment, whatever other processes do. `absent`: nothing is stored under the path, in whatever case; `unchanged`: what is stored is
 * what `all`, `get` or `put` last gave or took here, and no other process has written since.
 */
export type PutCondition = "always" | "absent" | "unchanged"

export interface RegistryStoreApi {
  /** Every record that can be read; one that can not is logged by its path and left where it is. */
  readonly all: Effect.Effect<ReadonlyArray<ServerRecord>, StoreUnavailable>
  /** The record as it is stored now; undefined: none is, or it can not be read. */
  readonly get: (path: string) => Effect.Effect<ServerRecord | undefined, StoreUnavailable>
  /** Inserts or replaces by path. False: what must be so is not (`always` unless given), and nothing was written. */
  readonly put: (record: ServerRecord, when?: PutCondition) => Effect.Effect<boolean, StoreUnavailable>
  /**
   * True: none is there now; with `always`, which is meant unless given, whether one was or not. False, with `unchanged` alone: none was there, or
   * it was not what was last given or taken here, and nothing was removed.
   */
  readonly remove: (path: string, when?: "always" | "unchanged") => Effect.Effect<boolean, StoreUnavailable>
  /** Hands over the paths that other processes write from now on, as `ChangeFeed` does. */
  readonly watch: (
    take: (changed: Changed) => Effect.Effect<void, StoreUnavailable>
  ) => Effect.Effect<void, StoreUnavailable, Scope.Scope>
}

export class RegistryStore extends Context.Tag("@mcpgw/registry/RegistryStore")<RegistryStore, RegistryStoreApi>() {
  /** Lives and dies with the process. */
  static get layerMemory(): Layer.Layer<RegistryStore> {
    return layerMemory
  }

  /** Tables `registry_servers` and `registry_tools` of the SQL store, records as JSON. */
  static get layerSql(): SqlLayer {
    return layerSql
  }
}

type SqlLayer = Layer.Layer<RegistryStore, MigrationFailed | DatabaseNewer, SqlClient.SqlClient | ChangeFeed>

const layerMemory: Layer.Layer<RegistryStore> = Layer.sync(RegistryStore, () => {
  const records = new Map<string, ServerRecord>()
  const isTaken = (path: string): boolean =>
    [...records.keys()].some((known) => known.toLowerCase() === path.toLowerCase())
  return {
    all: Effect.sync(() => [...records.values()]),
    get: (path) => Effect.sync(() => records.get(path)),
    put: (record, when = "always") =>
      Effect.sync(() => {
        if (when === "absent" ? isTaken(record.path) : when === "unchanged" && !records.has(record.path)) return false
        records.set(record.path, record)
        return true
      }),
    remove: (path, when = "always") => Effect.sync(() => records.delete(path) || when === "always"),
    watch: () => Effect.void
  }
})

const layerSql: SqlLayer = Layer.effect(
  RegistryStore,
  Effect.suspend(() => makeSqlStore)
)
