/**
 * The account of a person an identity provider vouches for. Found by provider and subject alone: neither an equal name nor an equal
 * e-mail address ever leads to somebody else's account.
 */
import * as Effect from "effect/Effect"
import { AccountDisabled, AccountsUnavailable, InvalidAccount } from "../AccountError.ts"
import type { AccountDetails, Profile, SignedIn } from "../Accounts.ts"
import { candidates, idOf } from "./accountName.ts"
import { type AccountStore, LOCAL } from "./accountStore.ts"
import { stored } from "./stored.ts"

type Failure = AccountDisabled | InvalidAccount | AccountsUnavailable

export const signIn = (store: AccountStore, provider: string, profile: Profile): Effect.Effect<SignedIn, Failure> =>
  Effect.gen(function* () {
    if (provider === LOCAL || provider === "" || profile.subject === "") {
      return yield* new InvalidAccount({ problem: "A provider has another name than local, and its people a subject" })
    }
    const known = yield* stored(store.findSubject(provider, profile.subject))
    if (known !== undefined) return yield* refresh(store, known.account, profile)
    const account = yield* create(store, provider, profile)
    if (account !== undefined) return { account, created: true, groupsChanged: false }
    // Two first sign-ins at once: the other one made it.
    const made = yield* stored(store.findSubject(provider, profile.subject))
    return made === undefined
      ? yield* new AccountsUnavailable({ cause: new Error("no name is free for the new account") })
      : yield* refresh(store, made.account, profile)
  })

const create = (
  store: AccountStore,
  provider: string,
  { displayName, email, groups, subject, username }: Profile
): Effect.Effect<AccountDetails | undefined, AccountsUnavailable> =>
  Effect.gen(function* () {
    for (const name of candidates(provider, username, subject)) {
      const account = { username: name, groups, provider, subject, email, displayName, disabled: false }
      if (yield* stored(store.insert(idOf(name), { account, passwordHash: undefined }))) return account
    }
    return undefined
  })

const refresh = (
  store: AccountStore,
  before: AccountDetails,
  { displayName, email, groups }: Profile
): Effect.Effect<SignedIn, AccountDisabled | AccountsUnavailable> =>
  Effect.gen(function* () {
    const account = yield* stored(store.change(idOf(before.username), { groups, email, displayName }))
    if (account === undefined || account.disabled) return yield* new AccountDisabled({ username: before.username })
    return { account, created: false, groupsChanged: !sameGroups(before.groups, groups) }
  })

const sameGroups = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((group) => b.includes(group))
