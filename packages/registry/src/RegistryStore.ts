/** **RegistryStore** port: server records at rest. One contract suite runs over every layer. */
import type { ServerRecord } from "@mcpgw/domain/Server"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()("StoreUnavailable", {
  cause: Schema.Defect
}) {}

export interface RegistryStoreApi {
  readonly all: Effect.Effect<ReadonlyArray<ServerRecord>, StoreUnavailable>
  /** Inserts or replaces by path. */
  readonly put: (record: ServerRecord) => Effect.Effect<void, StoreUnavailable>
  readonly remove: (path: string) => Effect.Effect<void, StoreUnavailable>
}

export class RegistryStore extends Context.Tag("@mcpgw/registry/RegistryStore")<RegistryStore, RegistryStoreApi>() {}
