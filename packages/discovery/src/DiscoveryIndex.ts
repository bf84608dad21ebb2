/** **DiscoveryIndex** — find a server or a tool by words. Knows nothing of callers' rights: the asker says what to keep. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { normalizePath } from "@mcpgw/domain/Ids"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { DiscoveryBusy, DiscoveryError } from "./DiscoveryError.ts"
import type { Hit, SearchQuery } from "./Hit.ts"
import { makeLexical } from "./internal/lexicalIndex.ts"

export { DiscoveryBusy, DiscoveryError } from "./DiscoveryError.ts"
export type { Hit, Named, SearchQuery, ServerHit, ToolHit } from "./Hit.ts"

export interface DiscoveryIndexApi {
  /** How hits are ranked; shown to the asker as `search_mode`. */
  readonly mode: "lexical-only" | "hybrid"
  /** Best first within each kind, kinds in the order asked for. Any text is safe; one without words finds nothing. */
  readonly search: (query: SearchQuery) => Effect.Effect<ReadonlyArray<Hit>, DiscoveryError | DiscoveryBusy>
  /**
   * Adds or replaces a server and all its tools; nothing is done when it is indexed as it is. Done in short pieces, yet seen all at once:
   * a search finds the server as it was or as it is.
   */
  readonly upsert: (record: ServerRecord) => Effect.Effect<void, DiscoveryError>
  readonly remove: (path: string) => Effect.Effect<void, DiscoveryError>
  /** Paths of the servers it holds, so that a follower can drop those which are gone. */
  readonly paths: Effect.Effect<ReadonlyArray<string>, DiscoveryError>
}

export class DiscoveryIndex extends Context.Tag("@mcpgw/discovery/DiscoveryIndex")<
  DiscoveryIndex,
  DiscoveryIndexApi
>() {
  /** Full-text search in the SQL store (SQLite FTS5). */
  static get layerLexical(): Layer.Layer<DiscoveryIndex, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> {
    return layerLexical
  }

  /** Answers any text with these hits, fewer as servers are removed; for tests of those who ask. */
  static layerOf(hits: ReadonlyArray<Hit>): Layer.Layer<DiscoveryIndex> {
    return Layer.sync(DiscoveryIndex, () => makeFixed(hits))
  }
}

const layerLexical: Layer.Layer<DiscoveryIndex, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> = Layer.effect(
  DiscoveryIndex,
  makeLexical
)

const makeFixed = (hits: ReadonlyArray<Hit>): DiscoveryIndexApi => {
  const held = new Set(hits.map((hit) => hit.path))
  return {
    mode: "lexical-only",
    search: ({ keep = () => true, kinds, limit, text }) =>
      Effect.sync(() =>
        kinds.flatMap((kind) =>
          hits
            .filter((hit) => hit.kind === kind && held.has(hit.path) && /[\p{L}\p{N}]/u.test(text) && keep(hit))
            .sort((a, b) => b.score - a.score)
            .slice(0, limit)
        )
      ),
    upsert: (record) => Effect.sync(() => void held.add(record.path)),
    remove: (path) => Effect.sync(() => void held.delete(normalizePath(path))),
    paths: Effect.sync(() => [...held])
  }
}
