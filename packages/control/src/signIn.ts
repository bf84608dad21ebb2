/**
 * The one rule of what a credential is strong enough for: whatever changes who may do what takes somebody who signed in. A token or a key that was
 * made to be kept, or lent to a client, may be stolen, and must not have given anybody more before it is revoked. Knows nobody's rights.
 */
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"

/** Ways to have signed in oneself: here, by a session or name and password, or at an identity provider. */
const SIGNED_IN: ReadonlySet<Claims["method"]> = new Set(["session_cookie", "oidc"])

export const hasSignedIn = ({ method }: Claims): boolean => SIGNED_IN.has(method)

const named: Partial<Record<Claims["method"], string>> = { api_key: "An API key" }

/** `what` follows "can not". */
export const signedIn = (claims: Claims, what: string): Effect.Effect<void, Forbidden> =>
  hasSignedIn(claims)
    ? Effect.void
    : new Forbidden(
        problem(
          `${named[claims.method] ?? "A token"} can not ${what}`,
          "Sign in yourself and use that: `mcpgw login --username NAME`, a browser at /login, or a token of your identity provider"
        )
      )
