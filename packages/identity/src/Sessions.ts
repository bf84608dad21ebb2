/** **Sessions** — server-side browser sessions behind the cookie `mcp_gateway_session`. The store holds only the id's digest. */
import type { Claims } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Account, AccountsUnavailable } from "./Accounts.ts"

export const SESSION_COOKIE = "mcp_gateway_session"
/** Eight hours, contracts.md §2.6. */
export const SESSION_SECONDS = 28_800

export interface SessionsApi {
  /** Returns the cookie's value: 256 random bits, base64url. */
  readonly create: (account: Account) => Effect.Effect<string, AccountsUnavailable>
  /** Claims of a living session; undefined for an unknown, expired or ended one. */
  readonly find: (value: string) => Effect.Effect<Claims | undefined, AccountsUnavailable>
  /** Ends it everywhere at once; unknown values are fine. */
  readonly end: (value: string) => Effect.Effect<void, AccountsUnavailable>
}

export class Sessions extends Context.Tag("@mcpgw/identity/Sessions")<Sessions, SessionsApi>() {}
