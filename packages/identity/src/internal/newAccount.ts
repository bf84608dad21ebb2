/** A new local account: name and password are judged, and nobody's account is replaced. */
import * as Effect from "effect/Effect"
import { AccountExists, type AccountsUnavailable, InvalidAccount } from "../AccountError.ts"
import type { AccountDetails, NewAccount } from "../Accounts.ts"
import { idOf, USERNAME } from "./accountName.ts"
import { type AccountStore, LOCAL_ACCOUNT } from "./accountStore.ts"
import { MIN_PASSWORD_LENGTH, weakness } from "./passwordStrength.ts"
import type { Passwords } from "./passwords.ts"
import { stored } from "./stored.ts"

/** What stands against a name and a password, here as at a provider that is administered from here. */
export const judged = (username: string, password: string): Effect.Effect<void, InvalidAccount> => {
  if (!USERNAME.test(username)) {
    return new InvalidAccount({ problem: "A username has 1 to 128 letters, digits or . _ @ + -" })
  }
  const weak = weakness(username, password)
  if (weak === undefined) return Effect.void
  const problem = `The password ${weak}; it may hold ${MIN_PASSWORD_LENGTH} to 1024 characters that are not a common password`
  return new InvalidAccount({ problem })
}

export const createAccount = (
  store: AccountStore,
  passwords: Passwords,
  { displayName, email, groups, username }: NewAccount,
  password: string
): Effect.Effect<AccountDetails, InvalidAccount | AccountExists | AccountsUnavailable> =>
  Effect.gen(function* () {
    yield* judged(username, password)
    const passwordHash = yield* stored(passwords.hash(password))
    const account = { ...LOCAL_ACCOUNT, username, groups, email, displayName }
    const done = yield* stored(store.insert(idOf(username), { account, passwordHash }))
    return done ? account : yield* new AccountExists({ username })
  })
