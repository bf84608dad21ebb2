/**
 * **ScopePolicy** — the service over a compiled `Policy`: which policy holds now, and how it changes.
 * The hot side is plain and synchronous; it never waits, logs or knows HTTP.
 */
import type { Access, Decision } from "@mcpgw/domain/Decision"
import type { Principal } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Policy } from "./Policy.ts"
import type { PolicyError } from "./PolicyError.ts"
import type { AuthorizedCall, Denied } from "./AuthorizedCall.ts"

export interface PolicyStatus {
  readonly revision: number
  /** Why the newest version was not taken; the last good one holds. Undefined when all is well. */
  readonly problem: string | undefined
}

export interface ScopePolicyApi {
  /** The policy that holds now, an immutable table; read it once per request. */
  readonly current: () => Policy
  /** Judges one call. The only maker of `AuthorizedCall`. */
  readonly decide: (principal: Principal, access: Access) => AuthorizedCall | Denied
  readonly status: () => PolicyStatus
  readonly reload: Effect.Effect<void, PolicyError>
  /** Revisions as they take effect. */
  readonly changes: Stream.Stream<number>
}

export class ScopePolicy extends Context.Tag("@mcpgw/policy/ScopePolicy")<ScopePolicy, ScopePolicyApi>() {}

export type { Access, Decision }
