/** A new local account: name and password are judged, and nobody's account is replaced. */
import * as Effect from "effect/Effect"
import { AccountExists, type AccountsUnavailable, InvalidAccount } from "../AccountError.ts"
import type { Account, AccountDetails } from "../Accounts.ts"
import { idOf, USERNAME } from "./accountName.ts"
import { type AccountStore, LOCAL_ACCOUNT } from "./accountStore.ts"
import { MIN_PASSWORD_LENGTH, weakness } from "./passwordStrength.ts"
import type { Passwords } from "./passwords.ts"
import { stored } from "./stored.ts"

export const createAccount = (
  store: AccountStore,
  passwords: Passwords,
  { groups, username }: Account,
  password: string
): Effect.Effect<AccountDetails, InvalidAccount | AccountExists | AccountsUnavailable> =>
  Effect.gen(function* () {
    if (!USERNAME.test(username)) {
      return yield* new InvalidAccount({ problem: "A username has 1 to 128 letters, digits or . _ @ + -" })
    }
    const weak = weakness(username, password)
    if (weak !== undefined) {
      const problem = `The password ${weak}; it may hold ${MIN_PASSWORD_LENGTH} to 1024 characters that are not a common password`
      return yield* new InvalidAccount({ problem })
    }
    const passwordHash = yield* stored(passwords.hash(password))
    const account = { ...LOCAL_ACCOUNT, username, groups }
    const done = yield* stored(store.insert(idOf(username), { account, passwordHash }))
    return done ? account : yield* new AccountExists({ username })
  })
