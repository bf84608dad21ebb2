/**
 * Makes sure that someone can sign in as administrator at first start (design.md §6: no default secrets). Never logs or returns a
 * configured password; a generated one is returned once, for the caller to show, and only its hash is kept.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Accounts, type AccountsUnavailable, InvalidAccount, type TooManyAttempts } from "./Accounts.ts"
import { LOCAL } from "./internal/accountStore.ts"
import { MIN_PASSWORD_LENGTH, weakness } from "./internal/passwordStrength.ts"
import { Sessions } from "./Sessions.ts"

/** Group of administrators in the default policy (contracts.md §2.6). */
export const ADMIN_GROUP = "mcp-registry-admin"

export { MIN_PASSWORD_LENGTH }

/** The configured password is weak; the start stops. Tells its length, never the value. */
export class WeakAdminPassword extends Schema.TaggedError<WeakAdminPassword>()("WeakAdminPassword", {
  length: Schema.Number,
  problem: Schema.String
}) {
  override get message(): string {
    return `ADMIN_PASSWORD (${this.length} characters) ${this.problem}; it may hold ${MIN_PASSWORD_LENGTH} to 1024 characters that are not a common password, or be left unset`
  }
}

export type AdminOutcome =
  | { readonly kind: "created"; readonly generated: Option.Option<Redacted.Redacted> }
  /** The configured password differed from the stored one; the person's sessions were ended. */
  | { readonly kind: "password-changed" }
  | { readonly kind: "unchanged" }

export interface AdminOptions {
  readonly username: string
  /** `ADMIN_PASSWORD`. */
  readonly password: Option.Option<Redacted.Redacted>
}

/** What is wrong with the configured password; undefined: nothing. For a start that wants to know before it opens anything. */
export const adminPasswordProblem = (username: string, password: Redacted.Redacted): WeakAdminPassword | undefined => {
  const value = Redacted.value(password)
  const problem = weakness(username, value)
  return problem === undefined ? undefined : new WeakAdminPassword({ length: value.length, problem })
}

/**
 * With no accounts: creates the administrator, with the configured password or a generated one of 24 characters (144 bits).
 * Otherwise, with a password configured: makes it the account's, creating the account if the name is new; the configuration wins over a
 * password changed since, so that an operator can always get back in. Otherwise: changes nothing.
 */
export const ensureAdmin = (
  options: AdminOptions
): Effect.Effect<
  AdminOutcome,
  WeakAdminPassword | InvalidAccount | AccountsUnavailable | TooManyAttempts,
  Accounts | Sessions
> =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const isEmpty = yield* accounts.isEmpty
    if (Option.isSome(options.password)) return yield* applyConfigured(options.username, options.password.value)
    if (!isEmpty) return { kind: "unchanged" } as const
    const generated = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url")
    yield* accounts.put({ username: options.username, groups: [ADMIN_GROUP] }, generated)
    return { kind: "created", generated: Option.some(Redacted.make(generated)) } as const
  })

const applyConfigured = (username: string, redacted: Redacted.Redacted) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const sessions = yield* Sessions
    const password = Redacted.value(redacted)
    const weak = adminPasswordProblem(username, redacted)
    if (weak !== undefined) return yield* weak
    const account = yield* accounts.get(username)
    if (account === undefined) {
      yield* accounts.put({ username, groups: [ADMIN_GROUP] }, password)
      return { kind: "created", generated: Option.none() } as const
    }
    if (account.provider !== LOCAL) {
      const problem = `ADMIN_USER: held the name of an account of the identity provider ${account.provider}; it may hold another name`
      return yield* new InvalidAccount({ problem })
    }
    const same = yield* accounts.verify(username, password, "startup").pipe(
      Effect.as(true),
      Effect.catchTag("InvalidCredentials", () => Effect.succeed(false))
    )
    if (same) return { kind: "unchanged" } as const
    yield* accounts.put(account, password)
    yield* sessions.endAll(account.username)
    return { kind: "password-changed" } as const
  })
