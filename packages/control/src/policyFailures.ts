/** What changes of the policy fail with, as answers. */
import { BadRequest, Conflict, problem, Unavailable } from "@mcpgw/api/ApiError"
import type { PolicyError } from "@mcpgw/policy/PolicyError"
import type { PolicyChanged, PolicyReadOnly, PolicyUnavailable } from "@mcpgw/policy/PolicyWriteError"
import * as Effect from "effect/Effect"

const conflict = (error: PolicyChanged | PolicyReadOnly): Conflict =>
  new Conflict(problem("The policy was not changed", error.message))

/** Whoever changes the policy still administers by the next one. */
export const wouldLockOut = new Conflict(
  problem("The policy was not changed", "By that text you would be an administrator no more; another one may do it")
)

/** A text that was sent. */
export const invalidText = (error: PolicyError): BadRequest =>
  new BadRequest(problem("The policy is not valid", error.message))

/** The text that is there. */
const unusable = (error: PolicyError): Conflict => new Conflict(problem("The policy was not changed", error.message))

export const policyUnavailable = (error: PolicyUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(
    Effect.logError(error.message),
    new Unavailable(problem("The policy can not be changed now", error.message))
  )

/** Of what only reads. */
export const readFailures = { PolicyUnavailable: policyUnavailable, PolicyError: unusable }

export const policyFailures = { ...readFailures, PolicyChanged: conflict, PolicyReadOnly: conflict }
