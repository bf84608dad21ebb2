/**
 * Who may hand out what outlives a request: tokens, keys, secrets and groups. Never a caller who came with a token or a key: a stolen one
 * must die with its revocation, so it can not have made others.
 */
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import { type Caller, caller } from "./access.ts"
import { RequestTrail } from "./RequestTrail.ts"

/** Ways to have signed in oneself, here or at an identity provider. */
const SIGNED_IN: ReadonlySet<Claims["method"]> = new Set(["session_cookie", "oidc"])

const named: Partial<Record<Claims["method"], string>> = { api_key: "An API key" }

/** `what` follows "can not". */
export const signedIn = ({ method }: Claims, what: string): Effect.Effect<void, Forbidden> =>
  SIGNED_IN.has(method)
    ? Effect.void
    : new Forbidden(
        problem(
          `${named[method] ?? "A token"} can not ${what}`,
          "Sign in, at /api/auth/login or your identity provider, and use that"
        )
      )

const notAdmin = new Forbidden(problem("Administrators only", "This takes the scope mcp-registry-admin"))

/** The caller, who must be an administrator. `rule` is what the audit record says. */
export const administrator = (rule: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = rule
    const who = yield* caller
    if (!who.isAdmin) return yield* notAdmin
    return who
  })

/** The same, who must have signed in: for what gives somebody more than they had. */
export const grantor = (rule: string, what: string) =>
  Effect.gen(function* () {
    const who: Caller = yield* administrator(rule)
    yield* signedIn(who.claims, what)
    const trail = yield* RequestTrail
    trail.decision = "allow"
    return who
  })
