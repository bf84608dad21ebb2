/**
 * gates: what may still stop an allowed call. None today; rate limits, tool pins, approvals and information flow come here, one
 * small file each.
 */
import type { AuthorizedCall } from "@mcpgw/policy/AuthorizedCall"
import type { Target } from "@mcpgw/proxy/Target"
import type { Refusal } from "../refusals.ts"

/** Undefined: pass. */
export type Gate = (calls: ReadonlyArray<AuthorizedCall>, target: Target) => Refusal | undefined
