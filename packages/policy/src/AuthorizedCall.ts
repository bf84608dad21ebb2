/** Proof that the policy allowed a call. Dispatch takes nothing else, so that no path goes round the policy. */
import type { Access, Decision } from "@mcpgw/domain/Decision"
import type { Principal } from "@mcpgw/domain/Principal"
import type { Policy } from "./Policy.ts"

export class AuthorizedCall {
  readonly _tag = "AuthorizedCall"
  readonly principal: Principal
  readonly access: Access
  readonly decision: Decision
  /** Makes the type nominal: nothing else is an AuthorizedCall. */
  protected readonly proof = true
  private constructor(principal: Principal, access: Access, decision: Decision) {
    this.principal = principal
    this.access = access
    this.decision = decision
  }

  /** Judges and, when allowed, constructs; there is no other way to one. */
  static judge(policy: Policy, principal: Principal, access: Access): AuthorizedCall | Denied {
    const decision = policy.decide(principal.claims, access)
    return decision.allowed
      ? new AuthorizedCall(principal, access, decision)
      : { _tag: "Denied", principal, access, decision }
  }
}

export interface Denied {
  readonly _tag: "Denied"
  readonly principal: Principal
  readonly access: Access
  readonly decision: Decision
}
