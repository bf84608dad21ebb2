/** Everything a store of this package fails with, as one failure its callers answer alike. */
import * as Effect from "effect/Effect"
import { AccountsUnavailable } from "../Accounts.ts"

export const stored = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, AccountsUnavailable> =>
  Effect.mapError(effect, (cause) => new AccountsUnavailable({ cause }))
