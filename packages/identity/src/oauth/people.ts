/** Who a browser is, by our own session's cookie, and what an account still is. The provider's session alone signs nobody in. */
import type { Claims } from "@mcpgw/domain/Principal"
import type * as Effect from "effect/Effect"
import { cookieValues } from "@mcpgw/auth/Credential"
import type { Account, AccountsApi } from "../Accounts.ts"
import { cookieName } from "../SessionCookie.ts"
import type { SessionsApi } from "../Sessions.ts"

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
  /** Of the living session among a request's cookies. On an https gateway a cookie without the prefix counts not: a sibling host could plant it. */
  readonly person: (cookieHeader: string | undefined) => Promise<Person | undefined>
}

type Run = <A, E>(effect: Effect.Effect<A, E>) => Promise<A>

/** Exactly one: of two, one was planted. */
const sessionValue = (publicUrl: string, cookieHeader = ""): string | undefined => {
  const values = cookieValues(cookieHeader, cookieName(publicUrl))
  return values.length === 1 ? values[0] : undefined
}

export const makePeople = (publicUrl: string, accounts: AccountsApi, sessions: SessionsApi, run: Run): People => {
  const account = async (username: string): Promise<Account | undefined> => {
    const found = await run(accounts.get(username))
    return found?.disabled === false ? found : undefined
  }
  return {
    account,
    person: async (cookieHeader) => {
      const value = sessionValue(publicUrl, cookieHeader)
      const claims: Claims | undefined = value === undefined ? undefined : await run(sessions.find(value))
      const found = claims === undefined ? undefined : await account(claims.username)
      if (claims === undefined || found === undefined) return undefined
      return { account: found, session: claims.tokenId ?? "", signedInAt: claims.issuedAt ?? 0 }
    }
  }
}
