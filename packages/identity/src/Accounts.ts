/**
 * **Accounts** — people: local ones, with a password, and those of identity providers, without. Only argon2id hashes are stored; there is
 * no default password. Never tells whether an account exists: unknown name, wrong password and disabled account take the same work and
 * give the same answer. Never lets a provider's word take over an account that is not that provider's.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import {
  type AccountDisabled,
  type AccountExists,
  AccountsUnavailable,
  InvalidAccount,
  InvalidCredentials,
  TooManyAttempts
} from "./AccountError.ts"
import {
  type AccountChange,
  type AccountStore,
  LOCAL_ACCOUNT,
  makeMemoryStore,
  makeSqlStore,
  toldToOthers
} from "./internal/accountStore.ts"
import { idOf, USERNAME } from "./internal/accountName.ts"
import { MIN_PASSWORD_LENGTH, weakness } from "./internal/passwordStrength.ts"
import { createAccount } from "./internal/newAccount.ts"
import { makePasswords, type Passwords } from "./internal/passwords.ts"
import { signIn } from "./internal/signIn.ts"
import { stored } from "./internal/stored.ts"
import { Throttle } from "./internal/throttle.ts"
import { migrations } from "./Migrations.ts"

export {
  AccountDisabled,
  AccountExists,
  AccountsUnavailable,
  InvalidAccount,
  InvalidCredentials,
  TooManyAttempts
} from "./AccountError.ts"

export interface Account {
  /** 1 to 128 letters, digits and `._@+-`, not starting with punctuation. Two spellings that differ in case are one account. */
  readonly username: string
  readonly groups: ReadonlyArray<string>
}

/** All that is kept of a person. */
export interface AccountDetails extends Account {
  /** `local`, or the name of the identity provider that vouches for the person. */
  readonly provider: string
  /** The provider's own name of the person (`sub`); undefined for local accounts. */
  readonly subject: string | undefined
  readonly email: string | undefined
  readonly displayName: string | undefined
  /** Signs in nowhere, whatever is proven. */
  readonly disabled: boolean
}

/** A local account that is to be made. */
export type NewAccount = Account & Partial<Pick<AccountDetails, "email" | "displayName">>

/** What an identity provider says of the person who has just signed in there. */
export interface Profile {
  /** Never reused by the provider for another person, and never changed. */
  readonly subject: string
  /** What the person is called; the account's name is made from it once. */
  readonly username: string
  readonly email: string | undefined
  readonly displayName: string | undefined
  readonly groups: ReadonlyArray<string>
}

/** The person of a federated sign-in, and what it changed. */
export interface SignedIn {
  readonly account: AccountDetails
  readonly created: boolean
  /** They are in other groups than at the sign-in before: older sessions hold what no longer is. Callers use `Sessions.endAll`. */
  readonly groupsChanged: boolean
}

export interface AccountsApi {
  /** Checks a password, with the same work for known and unknown users. `remote` is the caller's address. */
  readonly verify: (
    username: string,
    password: string,
    remote: string
  ) => Effect.Effect<AccountDetails, InvalidCredentials | TooManyAttempts | AccountsUnavailable>
  readonly get: (username: string) => Effect.Effect<AccountDetails | undefined, AccountsUnavailable>
  /** The account of a provider's person; undefined when they have not signed in here yet. */
  readonly ofSubject: (
    provider: string,
    subject: string
  ) => Effect.Effect<AccountDetails | undefined, AccountsUnavailable>
  /**
   * Creates a local account, enabled, or replaces one; a provider's account is refused. Does not end the person's sessions: callers that
   * change a password use `Sessions.endAll`.
   */
  readonly put: (account: Account, password: string) => Effect.Effect<void, InvalidAccount | AccountsUnavailable>
  /** A new local account, enabled. The password is held to what a person's own new one is held to. */
  readonly create: (
    account: NewAccount,
    password: string
  ) => Effect.Effect<AccountDetails, InvalidAccount | AccountExists | AccountsUnavailable>
  /** With its password; false when there is no such account. Callers end what was made with it. */
  readonly remove: (username: string) => Effect.Effect<boolean, AccountsUnavailable>
  /**
   * The account of a provider's person, made at the first sign-in and refreshed at each: groups, e-mail and display name are what the
   * provider says now. `provider` is any name but `local`. A name that is taken becomes `{name}@{provider}`.
   */
  readonly signIn: (
    provider: string,
    profile: Profile
  ) => Effect.Effect<SignedIn, AccountDisabled | InvalidAccount | AccountsUnavailable>
  /** Replaces an account's groups; false when there is no such account. Callers end the person's sessions, whose groups are older. */
  readonly setGroups: (username: string, groups: ReadonlyArray<string>) => Effect.Effect<boolean, AccountsUnavailable>
  /** Shuts an account out, or in again; false when there is no such account. Callers end the person's sessions. */
  readonly disable: (username: string, disabled: boolean) => Effect.Effect<boolean, AccountsUnavailable>
  /**
   * Changes the password of a local account, by whoever knows the one it has; throttled as `verify` is. A new one that can not be taken is
   * refused before the old one is tried. Callers end the person's sessions.
   */
  readonly changePassword: (
    username: string,
    passwords: { readonly old: string; readonly new: string },
    remote: string
  ) => Effect.Effect<void, InvalidCredentials | InvalidAccount | TooManyAttempts | AccountsUnavailable>
  /** Everybody, by name. */
  readonly list: Effect.Effect<ReadonlyArray<AccountDetails>, AccountsUnavailable>
  readonly isEmpty: Effect.Effect<boolean, AccountsUnavailable>
  /** Hot: how many changes were made to accounts, as far as is known here. Who remembers something of an account looks again when it moved. */
  readonly revision: () => number
}

/** Limits on failed logins; what each means: `ThrottleOptions`. Remembering takes some 10 MB at the most. */
export const LOGIN_LIMITS = {
  perPair: 5,
  perAddress: 50,
  perAccount: 20,
  doubling: 5,
  windowMillis: 900_000,
  remembered: 50_000
} as const

export class Accounts extends Context.Tag("@mcpgw/identity/Accounts")<Accounts, AccountsApi>() {
  /** Forgets at exit; for tests. */
  static get layerMemory(): Layer.Layer<Accounts> {
    return memory
  }

  /** Table `accounts`; runs this package's migrations. */
  static get layerSql(): SqlLayer {
    return layerSql
  }
}

type SqlLayer = Layer.Layer<Accounts, MigrationFailed | DatabaseNewer | SqlError, SqlClient.SqlClient | ChangeFeed>

/** Topic of the feed. */
const TOPIC = "accounts"

/** Passwords longer than this are refused, in characters. */
export const MAX_PASSWORD_LENGTH = 1_024

/** `follow`: runs what it is given whenever another process has changed an account. */
const make = <E = never, R = never>(
  store: AccountStore,
  follow: (moved: Effect.Effect<void>) => Effect.Effect<void, E, R> = () => Effect.void
): Effect.Effect<AccountsApi, E, R> =>
  Effect.gen(function* () {
    const passwords = yield* makePasswords
    let revision = 0
    yield* follow(Effect.sync(() => void revision++))
    // Also when it failed: what was written then is not known.
    const changes = Effect.ensuring(Effect.sync(() => void revision++))
    const verify = makeVerify(store, passwords)
    const write = makePut(store, passwords)
    const put: AccountsApi["put"] = (account, password) => changes(write(account, password))
    const change = (username: string, change: AccountChange): Effect.Effect<boolean, AccountsUnavailable> =>
      Effect.map(changes(stored(store.change(idOf(username), change))), (account) => account !== undefined)
    return {
      verify,
      get: (username) => stored(Effect.map(store.find(idOf(username)), (found) => found?.account)),
      ofSubject: (provider, subject) =>
        stored(Effect.map(store.findSubject(provider, subject), (found) => found?.account)),
      put,
      create: (account, password) => changes(createAccount(store, passwords, account, password)),
      remove: (username) => changes(stored(store.remove(idOf(username)))),
      signIn: (provider, profile) => changes(signIn(store, provider, profile)),
      setGroups: (username, groups) => change(username, { groups }),
      disable: (username, disabled) => change(username, { disabled }),
      changePassword: (username, given, remote) =>
        Effect.gen(function* () {
          const problem = given.new === given.old ? "is the old one" : weakness(username, given.new)
          if (problem !== undefined) return yield* new InvalidAccount({ problem: notThisPassword(problem) })
          const account = yield* verify(username, given.old, remote)
          yield* put(account, given.new)
        }),
      list: stored(store.list),
      isEmpty: stored(store.isEmpty),
      revision: () => revision
    }
  })

const notThisPassword = (problem: string): string =>
  `The new password ${problem}; it may hold ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters that are not a common password`

const makeVerify = (store: AccountStore, passwords: Passwords): AccountsApi["verify"] => {
  const throttle = new Throttle(LOGIN_LIMITS)
  return (username, password, remote) =>
    Effect.gen(function* () {
      // An impossible name shares one place: it has no account, and must not fill the memory.
      const id = USERNAME.test(username) ? idOf(username) : ""
      const attempt = throttle.begin(remote, id, yield* Clock.currentTimeMillis)
      if (typeof attempt === "number") return yield* new TooManyAttempts({ retryAfterSeconds: attempt })
      const check = Effect.gen(function* () {
        const found = id === "" ? undefined : yield* stored(store.find(id))
        const matches = yield* passwords.verify(password, found?.passwordHash)
        return matches && found?.account.disabled === false ? found.account : undefined
      })
      const account = yield* check.pipe(
        Effect.tapError(() => Effect.sync(() => throttle.withdraw(attempt))),
        Effect.catchTags({
          HasherBusy: () => Effect.fail(new TooManyAttempts({ retryAfterSeconds: 2 })),
          HasherFailed: (cause) => Effect.fail(new AccountsUnavailable({ cause }))
        })
      )
      if (account === undefined) return yield* new InvalidCredentials()
      throttle.succeeded(attempt)
      return account
    })
}

const makePut =
  (store: AccountStore, passwords: Passwords): AccountsApi["put"] =>
  ({ groups, username }, password) =>
    Effect.gen(function* () {
      if (!USERNAME.test(username)) {
        return yield* new InvalidAccount({ problem: "A username has 1 to 128 letters, digits or . _ @ + -" })
      }
      if (password === "" || password.length > MAX_PASSWORD_LENGTH) {
        return yield* new InvalidAccount({ problem: `A password has 1 to ${MAX_PASSWORD_LENGTH} characters` })
      }
      const passwordHash = yield* stored(passwords.hash(password))
      const account = { ...LOCAL_ACCOUNT, username, groups }
      const done = yield* stored(store.putLocal(idOf(username), { account, passwordHash }))
      if (!done) return yield* new InvalidAccount({ problem: "The username is the account of an identity provider" })
    })

const memory: Layer.Layer<Accounts> = Layer.effect(
  Accounts,
  Effect.suspend(() => make(makeMemoryStore()))
)

const layerSql: SqlLayer = Layer.scoped(
  Accounts,
  Effect.gen(function* () {
    yield* migrate(migrations)
    const feed = yield* ChangeFeed
    const store = toldToOthers(makeSqlStore(yield* SqlClient.SqlClient), feed, TOPIC)
    return yield* make<SqlError, Scope.Scope>(store, (moved) => feed.watch(TOPIC, () => moved))
  })
)
