/** Takes from a person all they were ever given: for one who leaves, is disabled, or lost a credential. Removes no account. */
import { Revocations, type RevocationNotStored } from "@mcpgw/auth/Revocations"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { AccountsUnavailable } from "./Accounts.ts"
import { Sessions } from "./Sessions.ts"

export interface Person {
  /** As `Claims` of theirs spell it. */
  readonly issuer: string
  readonly subject: string
  /** Name of their account here, when they have one. */
  readonly username?: string | undefined
}

/** Every token, key and session issued up to now is refused from the very next request on; what is issued later is good. */
export const endAccess = ({
  issuer,
  subject,
  username
}: Person): Effect.Effect<void, RevocationNotStored | AccountsUnavailable, Revocations | Sessions> =>
  Effect.gen(function* () {
    const revocations = yield* Revocations
    const sessions = yield* Sessions
    yield* revocations.revokeSubject(issuer, subject, (yield* Clock.currentTimeMillis) / 1000)
    if (username !== undefined) yield* sessions.endAll(username)
  })
