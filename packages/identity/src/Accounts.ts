/**
 * **Accounts** — local people. Only argon2id hashes are stored; there is no default password. Never tells whether an account exists:
 * unknown name and wrong password take the same work and give the same answer.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type AccountStore, makeMemoryStore, makeSqliteStore } from "./internal/accountStore.ts"
import { MIN_PASSWORD_LENGTH, weakness } from "./internal/passwordStrength.ts"
import { makePasswords, type Passwords } from "./internal/passwords.ts"
import { Throttle } from "./internal/throttle.ts"
import { migrations } from "./Migrations.ts"

export interface Account {
  /** 1 to 128 letters, digits and `._@+-`, not starting with punctuation. Two spellings that differ in case are one account. */
  readonly username: string
  readonly groups: ReadonlyArray<string>
}

export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {}) {}

/**
 * Too many failures within 15 minutes; sliding, forgotten at restart. Two limits: five of one account at one address, so that nobody
 * behind a shared address (an office, a proxy) can lock out the others there, and fifty at one address whatever the accounts. Never a
 * lock on the account alone: that would let anyone lock a person out from anywhere. When an account is failed on from many addresses,
 * those addresses wait ever longer between tries, and one that has not failed on it does not wait: the right password from elsewhere is
 * always let in. Also when too many logins wait for the hasher.
 */
export class TooManyAttempts extends Schema.TaggedError<TooManyAttempts>()("TooManyAttempts", {
  retryAfterSeconds: Schema.Number
}) {}

export class AccountsUnavailable extends Schema.TaggedError<AccountsUnavailable>()("AccountsUnavailable", {
  cause: Schema.Defect
}) {}

/** A name or password that can not be stored. Says what is wrong, never repeats the value. */
export class InvalidAccount extends Schema.TaggedError<InvalidAccount>()("InvalidAccount", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

export interface AccountsApi {
  /** Checks a password, with the same work for known and unknown users. `remote` is the caller's address. */
  readonly verify: (
    username: string,
    password: string,
    remote: string
  ) => Effect.Effect<Account, InvalidCredentials | TooManyAttempts | AccountsUnavailable>
  readonly get: (username: string) => Effect.Effect<Account | undefined, AccountsUnavailable>
  /** Creates or replaces. Does not end the person's sessions: callers that change a password use `Sessions.endAll`. */
  readonly put: (account: Account, password: string) => Effect.Effect<void, InvalidAccount | AccountsUnavailable>
  /**
   * Changes the password of a local account, by whoever knows the one it has; throttled as `verify` is. A new one that can not be taken is
   * refused before the old one is tried. Callers end the person's sessions.
   */
  readonly changePassword: (
    username: string,
    passwords: { readonly old: string; readonly new: string },
    remote: string
  ) => Effect.Effect<void, InvalidCredentials | InvalidAccount | TooManyAttempts | AccountsUnavailable>
  readonly isEmpty: Effect.Effect<boolean, AccountsUnavailable>
  /** Hot: how many changes this process has made to accounts. Who remembers something of an account looks again when it has moved. */
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
  static get layerSqlite(): Layer.Layer<Accounts, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> {
    return sqlite
  }
}

/** Passwords longer than this are refused, in characters. */
export const MAX_PASSWORD_LENGTH = 1_024

const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/

const make = (store: AccountStore): Effect.Effect<AccountsApi> =>
  Effect.map(makePasswords, (passwords) => {
    let revision = 0
    // Also when it failed: what was written then is not known.
    const changes = Effect.ensuring(Effect.sync(() => void revision++))
    const verify = makeVerify(store, passwords)
    const write = makePut(store, passwords)
    const put: AccountsApi["put"] = (account, password) => changes(write(account, password))
    return {
      verify,
      get: (username) => stored(Effect.map(store.find(idOf(username)), (found) => found?.account)),
      put,
      changePassword: (username, given, remote) =>
        Effect.gen(function* () {
          const problem = given.new === given.old ? "is the old one" : weakness(username, given.new)
          if (problem !== undefined) return yield* new InvalidAccount({ problem: notThisPassword(problem) })
          const account = yield* verify(username, given.old, remote)
          yield* put(account, given.new)
        }),
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
        return matches ? found?.account : undefined
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
  (account, password) =>
    Effect.gen(function* () {
      if (!USERNAME.test(account.username)) {
        return yield* new InvalidAccount({ problem: "A username has 1 to 128 letters, digits or . _ @ + -" })
      }
      if (password === "" || password.length > MAX_PASSWORD_LENGTH) {
        return yield* new InvalidAccount({ problem: `A password has 1 to ${MAX_PASSWORD_LENGTH} characters` })
      }
      const passwordHash = yield* stored(passwords.hash(password))
      yield* stored(store.put(idOf(account.username), { account, passwordHash }))
    })

const idOf = (username: string): string => username.toLowerCase()

const stored = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, AccountsUnavailable> =>
  Effect.mapError(effect, (cause) => new AccountsUnavailable({ cause }))

const memory: Layer.Layer<Accounts> = Layer.effect(
  Accounts,
  Effect.suspend(() => make(makeMemoryStore()))
)

const sqlite: Layer.Layer<Accounts, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> = Layer.effect(
  Accounts,
  Effect.gen(function* () {
    yield* migrate(migrations)
    return yield* make(makeSqliteStore(yield* SqlClient.SqlClient))
  })
)
