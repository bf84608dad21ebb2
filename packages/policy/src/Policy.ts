/** The compiled policy: immutable tables and the pure questions one asks of them. */
import type { Access, Decision } from "@mcpgw/domain/Decision"

/** Whoever is judged: identity-provider groups (mapped by `group_mappings`) and scope names held directly. */
export interface Subject {
  readonly groups: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
}

/** `UI-Scopes` permissions of contracts.md §2.1. */
export type Permission =
  | "list_service"
  | "register_service"
  | "health_check_service"
  | "toggle_service"
  | "modify_service"

export interface Filtered {
  /** The same reference when nothing had to change. */
  readonly message: unknown
  readonly changed: boolean
  /** Entries left out. */
  readonly hidden: number
}

export interface Explanation extends Decision {
  readonly scopes: ReadonlyArray<string>
  /** Every rule looked at, in order, with whether it granted and why not. */
  readonly considered: ReadonlyArray<{ readonly rule: string; readonly granted: boolean; readonly why: string }>
}

export interface Policy {
  /** Effective scope names: mapped groups in order, then own scopes, first occurrence kept. */
  readonly scopesOf: (subject: Subject) => ReadonlyArray<string>
  readonly decide: (subject: Subject, access: Access) => Decision
  /** Has the subject any effective grant on the server? Decides 403 at the route and what the protocol implies. */
  readonly hasGrant: (subject: Subject, server: string) => boolean
  /** Takes list entries the subject may not use out of a JSON-RPC message or batch; marks `cacheScope` private. */
  readonly filterList: (subject: Subject, server: string, message: unknown) => Filtered
  readonly explain: (subject: Subject, access: Access) => Explanation
  /** May the subject do this to the server with that display name? (`UI-Scopes`) */
  readonly permits: (subject: Subject, permission: Permission, displayName: string) => boolean
  /** Holds the scope `mcp-registry-admin`. */
  readonly isAdmin: (subject: Subject) => boolean
  /** contracts.md §2.6 `can_modify_servers`. */
  readonly canModifyServers: (subject: Subject) => boolean
}
