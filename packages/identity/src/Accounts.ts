/** **Accounts** — local people. Only argon2id hashes are stored; there is no default password. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export interface Account {
  readonly username: string
  readonly groups: ReadonlyArray<string>
}

export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {}) {}

/** Five failures in 15 minutes per account or address. */
export class TooManyAttempts extends Schema.TaggedError<TooManyAttempts>()("TooManyAttempts", {
  retryAfterSeconds: Schema.Number
}) {}

export class AccountsUnavailable extends Schema.TaggedError<AccountsUnavailable>()("AccountsUnavailable", {
  cause: Schema.Defect
}) {}

export interface AccountsApi {
  /** Checks a password in constant time, known user or not. */
  readonly verify: (
    username: string,
    password: string,
    remote: string
  ) => Effect.Effect<Account, InvalidCredentials | TooManyAttempts | AccountsUnavailable>
  readonly get: (username: string) => Effect.Effect<Account | undefined, AccountsUnavailable>
  /** Creates or replaces. */
  readonly put: (account: Account, password: string) => Effect.Effect<void, AccountsUnavailable>
  readonly isEmpty: Effect.Effect<boolean, AccountsUnavailable>
}

export class Accounts extends Context.Tag("@mcpgw/identity/Accounts")<Accounts, AccountsApi>() {}
