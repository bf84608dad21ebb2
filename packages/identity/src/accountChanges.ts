/**
 * What is changed of an account, and all that has to end by it, so that no door changes one and forgets the other. Asks for no right: who may
 * change whom is decided by the callers.
 */
import type { RevocationNotStored, Revocations } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import type { InvalidAccount, InvalidCredentials, TooManyAttempts } from "./AccountError.ts"
import { type AccountDetails, Accounts, type AccountsUnavailable } from "./Accounts.ts"
import { AuthorizationServer, type GrantsUnavailable } from "./AuthorizationServer.ts"
import { endAccess, type Person } from "./endAccess.ts"
import { LOCAL, Sessions } from "./Sessions.ts"

/** What an administrator may change; what is absent stays. */
export interface AccountEdit {
  readonly groups?: ReadonlyArray<string>
  readonly disabled?: boolean
}

type Failure = AccountsUnavailable | GrantsUnavailable | RevocationNotStored

/**
 * All that was ever made with an account, or that its person allowed: sessions, tokens, keys, and what clients hold and are remembered for.
 * `username` as the account spells it.
 */
export const endEverything = (
  issuer: string,
  username: string
): Effect.Effect<void, Failure, AuthorizationServer | Revocations | Sessions> =>
  Effect.gen(function* () {
    yield* endAccess({ issuer, subject: username, username })
    yield* (yield* AuthorizationServer).endAll(username)
  })

/**
 * Undefined: there is no such account. Who is disabled or loses a group loses all that was made with it: sessions, what clients were allowed,
 * tokens and keys. So does a provider's person whenever their groups are set: what they lost there since they last signed in is not known here.
 * Who else gains one signs in anew to have it. `names`: all under which they were given something, here and at a provider. Failed half way, the
 * same again ends what was not ended.
 */
export const editAccount = (
  names: ReadonlyArray<Person>,
  username: string,
  { disabled, groups }: AccountEdit
): Effect.Effect<AccountDetails | undefined, Failure, Accounts | AuthorizationServer | Revocations | Sessions> =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const before = yield* accounts.get(username)
    if (before === undefined) return undefined
    const after = { ...before, groups: groups ?? before.groups, disabled: disabled ?? before.disabled }
    const isLess = before.groups.some((group) => !after.groups.includes(group))
    const isMore = after.groups.some((group) => !before.groups.includes(group))
    const isUnknown = groups !== undefined && before.provider !== LOCAL
    const endAll = Effect.zipRight(
      Effect.forEach(names, endAccess, { discard: true }),
      Effect.flatMap(AuthorizationServer, (server) => server.endAll(username))
    )
    const ends = isLess || isUnknown || disabled === true
    // Shutting out waits for nothing; a group stays until all has ended, so that a failure leaves it to be taken away again.
    if (disabled !== undefined) yield* accounts.disable(username, disabled)
    if (ends) yield* endAll
    if (groups !== undefined) {
      yield* accounts.setGroups(username, groups)
      // Once more for what was made meanwhile.
      if (ends) yield* endAll
      else if (isMore) yield* (yield* Sessions).endAll(username)
    }
    return after
  })

/** A person's own password. `session`: the one they change it in (its `Claims.tokenId`), which goes on. */
export interface PasswordChange {
  readonly username: string
  readonly old: string
  readonly new: string
  /** Address of the caller. */
  readonly remote: string
  readonly session: string
}

/** Ends the person's other sessions, and what clients were allowed: whoever had the old password may have let them in. Tokens and keys stay. */
export const changePassword = (
  change: PasswordChange
): Effect.Effect<
  void,
  AccountsUnavailable | GrantsUnavailable | InvalidAccount | InvalidCredentials | TooManyAttempts,
  Accounts | AuthorizationServer | Sessions
> =>
  Effect.gen(function* () {
    const { remote, session, username } = change
    yield* (yield* Accounts).changePassword(username, { old: change.old, new: change.new }, remote)
    yield* (yield* Sessions).endAll(username, session)
    yield* (yield* AuthorizationServer).endAll(username)
  })
