/** **Verifiers** port: the ways in which a credential can be proven. Each recognises its own by shape, none falls back to another. */
import type { Claims } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AuthUnavailable, Unauthenticated } from "./AuthError.ts"
import type { Credential } from "./Credential.ts"

export interface Verifier {
  /** Shown in logs and `/ready`. */
  readonly name: string
  /** Is this credential mine to judge? By cookie, or by the unverified `iss` of a JWT. At most one verifier says yes. */
  readonly recognises: (credential: Credential) => boolean
  readonly verify: (credential: Credential) => Effect.Effect<Claims, Unauthenticated | AuthUnavailable>
  /**
   * Hot: do claims this verifier made still hold? Asked whenever remembered claims are used; once it says no they are forgotten, and the
   * credential is verified again. Absent: they hold for as long as they are remembered. No I/O.
   */
  readonly holds?: (claims: Claims) => boolean
  /**
   * Cold: `holds` said no of claims that something opened with them still goes on; are they to end? True: they hold, and `holds` says so again
   * for a while. Whether they have expired is not asked. Absent: what `holds` said is the answer.
   */
  readonly stillHolds?: (claims: Claims) => Effect.Effect<boolean, AuthUnavailable>
}

export class Verifiers extends Context.Tag("@mcpgw/auth/Verifiers")<Verifiers, ReadonlyArray<Verifier>>() {}
