/** **DiscoveryIndex** — find a server or a tool by words. Knows nothing of callers' rights: the asker filters hits. */
import type { ServerRecord } from "@mcpgw/domain/Server"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class DiscoveryError extends Schema.TaggedError<DiscoveryError>()("DiscoveryError", { cause: Schema.Defect }) {}

export interface ServerHit {
  readonly kind: "server"
  readonly path: string
  /** 0…1, best first. */
  readonly score: number
}

export interface ToolHit {
  readonly kind: "tool"
  readonly path: string
  readonly tool: string
  readonly score: number
}

export type Hit = ServerHit | ToolHit

export interface SearchQuery {
  readonly text: string
  readonly kinds: ReadonlyArray<Hit["kind"]>
  /** Per kind. */
  readonly limit: number
}

export interface DiscoveryIndexApi {
  /** How hits are ranked; shown to the asker as `search_mode`. */
  readonly mode: "lexical-only" | "hybrid"
  readonly search: (query: SearchQuery) => Effect.Effect<ReadonlyArray<Hit>, DiscoveryError>
  /** Adds or replaces a server and all its tools. */
  readonly upsert: (record: ServerRecord) => Effect.Effect<void, DiscoveryError>
  readonly remove: (path: string) => Effect.Effect<void, DiscoveryError>
}

export class DiscoveryIndex extends Context.Tag("@mcpgw/discovery/DiscoveryIndex")<
  DiscoveryIndex,
  DiscoveryIndexApi
>() {}
