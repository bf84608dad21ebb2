/**
 * Argon2id through the runtime, a few at a time: one hash takes 19 MiB and tens of milliseconds, and strangers can ask for it.
 * Never logs a password, never puts one into an error.
 */
import { makeBoundedTurns } from "@mcpgw/domain/Turns"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type Argon2Cost, PasswordCost } from "../PasswordCost.ts"

/** Of a password nobody knows, with the same cost: what is verified when there is no account. */
export const nobodys = ({ memoryCost, timeCost }: Argon2Cost): string =>
  `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=1$CqPUyOJRZvRYMrRbIjEtmR5MSQJSSTqLrUclCacS/tk$R8SU9ySTfxfqHnQMRum08RtH1YMEwAbUQae5hvWxC9Y`
const CONCURRENT = 2
const WAITING = 32
const MAX_LENGTH = 1_024

/** Too many wait for a hash. */
export class HasherBusy extends Data.TaggedError("HasherBusy") {}
/** The runtime refused: a stored hash is damaged, or memory is short. */
export class HasherFailed extends Data.TaggedError("HasherFailed") {}

export interface Passwords {
  readonly hash: (password: string) => Effect.Effect<string, HasherBusy | HasherFailed>
  /** Does the same work when there is no hash, so that time does not tell whether an account exists. */
  readonly verify: (password: string, hash: string | undefined) => Effect.Effect<boolean, HasherBusy | HasherFailed>
}

export const makePasswords: Effect.Effect<Passwords> = Effect.gen(function* () {
  const cost = yield* PasswordCost
  const inTurn = makeBoundedTurns(CONCURRENT, WAITING, () => new HasherBusy())
  const noAccounts = nobodys(cost)
  // Not interruptible while hashing: the runtime goes on computing, and the place must stay taken as long.
  const bounded = <A>(work: () => Promise<A>): Effect.Effect<A, HasherBusy | HasherFailed> =>
    inTurn(Effect.uninterruptible(Effect.tryPromise({ try: work, catch: () => new HasherFailed() })))
  return {
    hash: (password) => bounded(() => Bun.password.hash(password, { algorithm: "argon2id", ...cost })),
    verify: (password, hash) => {
      const usable = hash !== undefined && password !== "" && password.length <= MAX_LENGTH
      return bounded(() => Bun.password.verify(usable ? password : "-", usable ? hash : noAccounts)).pipe(
        Effect.map((matches) => usable && matches)
      )
    }
  }
})
