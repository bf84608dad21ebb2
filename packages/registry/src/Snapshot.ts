/** What the registry shows at one moment, and what happens between two. Plain immutable data. */
import type { ServerPath } from "@mcpgw/domain/Ids"
import type { RegisteredServer } from "@mcpgw/domain/Server"

export interface Snapshot {
  /** Grows by one with every change; a check that only confirms a known status is none. */
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
