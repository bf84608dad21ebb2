/**
 * The end of every way of signing in, whoever proved the person: a new session, its cookie, and an end to what the browser came with. Asks
 * for no proof: only call it with an account that was proved just now.
 */
import * as Effect from "effect/Effect"
import type { Account, AccountsUnavailable } from "./Accounts.ts"
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
}: Beginning): Effect.Effect<Begun, AccountsUnavailable, Sessions> =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    yield* Effect.forEach(sessionValues(cookieHeader), sessions.end, { discard: true })
    const value = yield* sessions.create(account, origin)
    return { value, cookie: setCookie(publicUrl, value, sessions.seconds) }
  })
