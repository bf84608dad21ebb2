/**
 * What is known here of people, over a verifier that knows only a provider's tokens: who was shut out here is shut out with their provider's
 * token too, and a person there who is called like somebody here goes by the name that signing in would give them. Never makes a refused
 * token good, and changes neither issuer nor subject.
 */
import { refusal } from "@mcpgw/auth/Admission"
import { AuthUnavailable, type Unauthenticated } from "@mcpgw/auth/AuthError"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type AccountDetails, Accounts, type AccountsApi, type AccountsUnavailable } from "./Accounts.ts"
import { AGENT_SUBJECT } from "./Agents.ts"
import { candidates, USERNAME } from "./internal/accountName.ts"

/** How long the token of somebody with an account here holds without a look at it. */
export const FRESH_MILLIS = 3_000

interface Seen {
  readonly revision: number
  readonly until: number
}

/** Over the verifier of the identity provider of this name. */
export const ofPeople = (provider: string, tokens: Verifier): Effect.Effect<Verifier, never, Accounts> =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const clock = yield* Effect.clock
    const seen = new Memo<Claims, Seen>()
    const known = (claims: Claims): Effect.Effect<Claims, Unauthenticated | AccountsUnavailable> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        // Read before anything is looked up: a change meanwhile makes the result old at once.
        const revision = accounts.revision()
        const person = yield* accounts.ofSubject(provider, claims.subject)
        if (person?.disabled === true) return yield* refusal("account_disabled")
        const username = yield* nameOf(accounts, provider, claims, person)
        const named = username === claims.username ? claims : { ...claims, username }
        seen.set(named, { revision, until: person === undefined ? Infinity : now + FRESH_MILLIS })
        return named
      })
    return {
      ...tokens,
      verify: (credential) =>
        tokens.verify(credential).pipe(
          Effect.flatMap(known),
          Effect.catchTag("AccountsUnavailable", () => Effect.fail(unavailable()))
        ),
      holds: (claims) => {
        if (tokens.holds?.(claims) === false) return false
        const entry = seen.get(claims)
        if (entry === undefined) return true
        return entry.revision === accounts.revision() && entry.until > clock.unsafeCurrentTimeMillis()
      },
      // Under another name than it was opened with, nothing goes on either.
      stillHolds: (claims) =>
        known(claims).pipe(
          Effect.map((now) => now === claims),
          Effect.catchTags({
            Unauthenticated: () => Effect.succeed(false),
            AccountsUnavailable: () => Effect.fail(unavailable())
          })
        )
    }
  })

const unavailable = (): AuthUnavailable =>
  new AuthUnavailable({ issuer: "accounts", problem: "account store not reachable" })

type Named = Pick<Claims, "username" | "subject">

/** Servers and the record are told a name, and know no issuer: nobody may choose theirs to be another's (S-14). */
const nameOf = (
  accounts: AccountsApi,
  provider: string,
  { subject, username }: Named,
  person: AccountDetails | undefined
): Effect.Effect<string, AccountsUnavailable> =>
  Effect.gen(function* () {
    if (!(yield* isTaken(accounts, username, person))) return username
    if (person !== undefined) return person.username
    const [, ...others] = candidates(provider, username, subject)
    for (const name of others) if (!(yield* isTaken(accounts, name, undefined))) return name
    // It holds a digest of the subject.
    return others.at(-1) ?? subject
  })

/** Is it the name of an agent, or of an account that is not this person's? */
const isTaken = (
  accounts: AccountsApi,
  name: string,
  person: AccountDetails | undefined
): Effect.Effect<boolean, AccountsUnavailable> => {
  if (name.toLowerCase().startsWith(AGENT_SUBJECT)) return Effect.succeed(true)
  // No account has such a name.
  if (!USERNAME.test(name)) return Effect.succeed(false)
  return Effect.map(accounts.get(name), (owner) => owner !== undefined && owner.username !== person?.username)
}
