/** The compiled policy: immutable tables and the pure questions one asks of them. */
import type { Access, Decision } from "@mcpgw/domain/Decision"
import type { Limits } from "@mcpgw/domain/Principal"
import type { JsonEdit } from "@mcpgw/mcp/JsonEdit"

/**
 * Whoever is judged: identity-provider groups (mapped by `group_mappings`) and scope names held directly.
 * Tables are remembered by the object's identity: make a new object for other groups or scopes, never write into one.
 */
export interface Subject {
  readonly groups: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  /**
   * What of that counts: see `Limits`. One with `servers` or `tools` gives up every permission but `list_service` on the servers left, and
   * never makes an administrator.
   */
  readonly limits?: Limits
}

/** `UI-Scopes` permissions of contracts.md §2.1, and `manage_group`, whose names are groups'. */
export type Permission =
  | "list_service"
  | "register_service"
  | "health_check_service"
  | "toggle_service"
  | "modify_service"
  | "manage_group"

/** What `filterList` would do to a message, for those who do it to the text it came in. */
export interface JudgedList {
  /** Undefined when nothing has to change. */
  readonly edit: JsonEdit | undefined
  /** Entries to be left out. */
  readonly hidden: number
  /** A list could not be read, and an error is to stand in its place. */
  readonly refused: boolean
}

/** What `filterList` made of a message. */
export interface Filtered {
  /** The same reference when nothing had to change. */
  readonly message: unknown
  readonly changed: boolean
  /** Entries left out. */
  readonly hidden: number
  /** A list could not be read, and an error stands in its place. */
  readonly refused: boolean
}

/** A decision with everything that led to it. For administrators; never shown to a refused caller. */
export interface Explanation extends Decision {
  readonly scopes: ReadonlyArray<string>
  /** Every rule looked at, in order, with whether it granted and why not. */
  readonly considered: ReadonlyArray<{ readonly rule: string; readonly granted: boolean; readonly why: string }>
}

/** A compiled policy: never changes, knows no HTTP, never waits. */
export interface Policy {
  /** Effective scope names: mapped groups in order, then own scopes, first occurrence kept. */
  readonly scopesOf: (subject: Subject) => ReadonlyArray<string>
  readonly decide: (subject: Subject, access: Access) => Decision
  /** Has the subject any effective grant on the server? Decides 403 at the route and what the protocol implies. */
  readonly hasGrant: (subject: Subject, server: string) => boolean
  /** Scopes each of which alone is a grant on the server, in the policy's order. For challenges, not for the hot path. */
  readonly grantingScopes: (server: string) => ReadonlyArray<string>
  /**
   * Takes list entries the subject may not use out of a JSON-RPC message or batch and marks `cacheScope` private.
   * Everything else passes as it is; a list that can not be judged is replaced by a JSON-RPC error.
   */
  readonly filterList: (subject: Subject, server: string, message: unknown) => Filtered
  /** The judgement behind `filterList`, which is `editValue` of this edit and nothing more. */
  readonly judgeList: (subject: Subject, server: string, message: unknown) => JudgedList
  readonly explain: (subject: Subject, access: Access) => Explanation
  /**
   * May the subject do this to the server with that display name? (`UI-Scopes`) Entries are compared with the display
   * name and, when it is given, with the technical path: the files in use hold both (contracts.md §2.1).
   */
  readonly permits: (subject: Subject, permission: Permission, displayName: string, path?: string) => boolean
  /** Holds the scope `mcp-registry-admin`, and the policy knows that name. */
  readonly isAdmin: (subject: Subject) => boolean
  /** May have tokens made for other people: an administrator, or holds `mcp-token-vending`, and the policy knows that name. */
  readonly canVendTokens: (subject: Subject) => boolean
  /** Groups the policy maps to scopes. */
  readonly groupMappings: number
  readonly mapsGroup: (group: string) => boolean
  /**
   * Names that lead nowhere, a sentence each: scopes that are not defined, servers that are not registered. A few at most, the rest is counted;
   * never of what the shipped policy names. `isServer` is asked with paths.
   */
  readonly doubts: (isServer: (path: string) => boolean) => ReadonlyArray<string>
  /** contracts.md §2.6 `can_modify_servers`; scope names the policy does not know count for nothing. */
  readonly canModifyServers: (subject: Subject) => boolean
}
