/**
 * The end of every way of signing in, whoever proved the person: a new session, its cookie, and an end to what the browser came with. Asks
 * for no proof: only call it with an account that was proved just now. Never begins one for who has been shut out meanwhile.
 */
import * as Effect from "effect/Effect"
import { AccountDisabled } from "./AccountError.ts"
import { type Account, Accounts, type AccountsUnavailable } from "./Accounts.ts"
import { sessionValues, setCookie } from "./SessionCookie.ts"
import { type SessionOrigin, Sessions } from "./Sessions.ts"

export interface Beginning {
  readonly account: Account
  readonly origin: SessionOrigin
  readonly publicUrl: string
  /** The request's `Cookie` header. */
  readonly cookieHeader: string | undefined
}

export interface Begun {
  /** The session's value. */
  readonly value: string
  /** To be sent as `Set-Cookie`. */
  readonly cookie: string
}

/** Ends the browser's earlier session, be it its own or one that was put there (fixation), then begins the new one. */
export const beginSession = ({
  account,
  cookieHeader,
  origin,
  publicUrl
}: Beginning): Effect.Effect<Begun, AccountDisabled | AccountsUnavailable, Accounts | Sessions> =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    yield* Effect.forEach(sessionValues(cookieHeader), sessions.end, { discard: true })
    const value = yield* create(account, origin)
    return { value, cookie: setCookie(publicUrl, value, sessions.seconds) }
  })

/** Proving takes time. What ended the person's sessions in that time did not see this one, so the account is looked at once it is there. */
const create = (
  account: Account,
  origin: SessionOrigin
): Effect.Effect<string, AccountDisabled | AccountsUnavailable, Accounts | Sessions> =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const value = yield* sessions.create(account, origin)
    const now = yield* (yield* Accounts).get(account.username)
    const isOut = now === undefined || now.disabled
    if (!isOut && JSON.stringify(now.groups) === JSON.stringify(account.groups)) return value
    yield* sessions.end(value)
    return yield* isOut ? new AccountDisabled({ username: account.username }) : create(now, origin)
  })
