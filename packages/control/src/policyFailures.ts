/** What changes of the policy fail with, as answers. */
import { BadRequest, Conflict, problem, Unavailable } from "@mcpgw/api/ApiError"
import { compile } from "@mcpgw/policy/compile"
import type { PolicyDocument } from "@mcpgw/policy/PolicyDocument"
import type { PolicyError } from "@mcpgw/policy/PolicyError"
import type { PolicyChanged, PolicyReadOnly, PolicyUnavailable } from "@mcpgw/policy/PolicyWriteError"
import * as Effect from "effect/Effect"
import type { Caller } from "./access.ts"

const conflict = (error: PolicyChanged | PolicyReadOnly): Conflict =>
  new Conflict(problem("The policy was not changed", error.message))

/** Whoever changes the policy still administers by the next one. */
export const wouldLockOut = new Conflict(
  problem("The policy was not changed", "By that policy you would be an administrator no more; another one may do it")
)

/** Passes when the caller administers by that policy too. */
export const keepsAdministrator = (who: Caller, next: PolicyDocument): Effect.Effect<PolicyDocument, Conflict> =>
  compile(next).isAdmin(who.claims) ? Effect.succeed(next) : wouldLockOut

/** A text that was sent. */
export const invalidText = (error: PolicyError): BadRequest =>
  new BadRequest(problem("The policy is not valid", error.message))

/** The text that is there. */
const unusable = (error: PolicyError): Conflict => new Conflict(problem("The policy was not changed", error.message))

const away =
  (sentence: string) =>
  (error: PolicyUnavailable): Effect.Effect<never, Unavailable> =>
    Effect.zipRight(Effect.logError(error.message), new Unavailable(problem(sentence, error.message)))

/** Its text, where it is kept; what it decides goes on from memory. */
export const unreadablePolicy = away("The policy can not be read now")

/** Of what only reads. */
export const readFailures = { PolicyUnavailable: unreadablePolicy, PolicyError: unusable }

export const policyFailures = {
  PolicyUnavailable: away("The policy can not be changed now"),
  PolicyError: unusable,
  PolicyChanged: conflict,
  PolicyReadOnly: conflict
}
