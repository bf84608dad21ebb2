/** A store's failure as the one failure callers are told of. */
import * as Effect from "effect/Effect"
import { AccountsUnavailable } from "../AccountError.ts"

export const stored = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, AccountsUnavailable> =>
  Effect.mapError(effect, (cause) => new AccountsUnavailable({ cause }))
