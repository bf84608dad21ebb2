/** How signing in and keeping accounts can fail. Nothing here repeats a password, or tells whether an account exists. */
import * as Schema from "effect/Schema"

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

/** Who proved to be this person may not sign in: an administrator disabled the account. */
export class AccountDisabled extends Schema.TaggedError<AccountDisabled>()("AccountDisabled", {
  username: Schema.String
}) {}

/** A name or password that can not be stored. Says what is wrong, never repeats the value. */
export class InvalidAccount extends Schema.TaggedError<InvalidAccount>()("InvalidAccount", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** There is an account of that name, in whatever case its letters are. */
export class AccountExists extends Schema.TaggedError<AccountExists>()("AccountExists", { username: Schema.String }) {
  override get message(): string {
    return `There is an account called ${this.username}`
  }
}
