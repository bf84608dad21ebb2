/**
 * **Registry** — which servers there are. Hot side: one immutable snapshot, swapped by reference. Cold side: changes, stored
 * before they take effect. Knows nothing of callers' rights or of HTTP.
 */
import type { ServerPath } from "@mcpgw/domain/Ids"
import type { Health, RegisteredServer, Registration } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { InvalidServer, ServerExists, ServerNotFound } from "./RegistryError.ts"
import type { StoreUnavailable } from "./RegistryStore.ts"

export interface Snapshot {
  /** Grows by one with every change. */
  readonly revision: number
  readonly servers: ReadonlyMap<string, RegisteredServer>
}

export type RegistryChange =
  | {
      readonly kind: "registered" | "updated" | "toggled" | "health" | "tools"
      readonly path: ServerPath
      readonly server: RegisteredServer
    }
  | { readonly kind: "removed"; readonly path: ServerPath }

export interface RegistryApi {
  /** Hot: what holds now. */
  readonly snapshot: () => Snapshot
  /** Hot: one server by path; slashes around it do not count. */
  readonly get: (path: string) => RegisteredServer | undefined
  readonly register: (
    registration: Registration,
    by: string
  ) => Effect.Effect<RegisteredServer, ServerExists | InvalidServer | StoreUnavailable>
  /** Changes the named fields and leaves every other as it was. */
  readonly update: (
    path: string,
    patch: Partial<Omit<Registration, "path">>
  ) => Effect.Effect<RegisteredServer, ServerNotFound | InvalidServer | StoreUnavailable>
  readonly remove: (path: string) => Effect.Effect<RegisteredServer, ServerNotFound | StoreUnavailable>
  readonly toggle: (
    path: string,
    enabled: boolean
  ) => Effect.Effect<RegisteredServer, ServerNotFound | StoreUnavailable>
  /** In memory only: health is observed, not stored. Nothing happens for a path that is gone. */
  readonly setHealth: (path: string, health: Health) => Effect.Effect<void>
  /** Stores the tool inventory when it differs from what is known. */
  readonly setTools: (path: string, tools: ReadonlyArray<Tool>) => Effect.Effect<void, StoreUnavailable>
  /** Every change from now on, in order; a slow reader loses none (its queue is sliding only past 10,000). */
  readonly changes: Stream.Stream<RegistryChange>
}

export class Registry extends Context.Tag("@mcpgw/registry/Registry")<Registry, RegistryApi>() {}
