/** Who a browser is, by our own session's cookie, and what an account still is. The provider's session alone signs nobody in. */
import type { Claims } from "@mcpgw/domain/Principal"
import type * as Effect from "effect/Effect"
import type { Account, AccountsApi } from "../Accounts.ts"
import { sessionValues } from "../SessionCookie.ts"
import { SESSION_SECONDS, type SessionsApi } from "../Sessions.ts"

export interface Person {
  readonly account: Account
  /** Digest of the session. */
  readonly session: string
  /** Epoch seconds. */
  readonly signedInAt: number
}

export interface People {
  /** The account as it is now; undefined when it is gone or disabled. */
  readonly account: (username: string) => Promise<Account | undefined>
  /** Of the first living session among a request's cookies. */
  readonly person: (cookieHeader: string | undefined) => Promise<Person | undefined>
}

type Run = <A, E>(effect: Effect.Effect<A, E>) => Promise<A>

const isDisabled = (account: Account): boolean => "disabled" in account && account.disabled === true

export const makePeople = (accounts: AccountsApi, sessions: SessionsApi, run: Run): People => {
  const account = async (username: string): Promise<Account | undefined> => {
    const found = await run(accounts.get(username))
    return found === undefined || isDisabled(found) ? undefined : found
  }
  return {
    account,
    person: async (cookieHeader) => {
      for (const value of sessionValues(cookieHeader)) {
        const claims: Claims | undefined = await run(sessions.find(value))
        const found = claims === undefined ? undefined : await account(claims.username)
        if (claims === undefined || found === undefined) continue
        return { account: found, session: claims.tokenId ?? "", signedInAt: claims.expiresAt - SESSION_SECONDS }
      }
      return undefined
    }
  }
}
