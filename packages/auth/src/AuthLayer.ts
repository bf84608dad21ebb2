/**
 * **AuthLayer** — from a presented credential to a `Principal`. Verification is cached, admission is not (design.md §6):
 * `cached` holds verified claims, `admit` checks expiry, revocation and audience on every request.
 * Never produces a principal for a credential that did not verify.
 */
import type { Claims, Principal } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AuthUnavailable, Unauthenticated } from "./AuthError.ts"
import type { Credential } from "./Credential.ts"

export interface AuthLayerApi {
  /** Hot: verified claims of a credential seen before, or undefined. Does not check expiry: `admit` does. */
  readonly cached: (credential: Credential) => Claims | undefined
  /**
   * Hot: may these claims be used at this resource now? `resources` are the audiences that name it, any of which will do:
   * the gateway's public URL and the route's own. `now` is epoch milliseconds.
   */
  readonly admit: (claims: Claims, resources: ReadonlyArray<string>, now: number) => Principal | Unauthenticated
  /** Cold: verifies, single-flight per credential, and caches. */
  readonly authenticate: (credential: Credential) => Effect.Effect<Claims, Unauthenticated | AuthUnavailable>
  /** Does a bearer value belong to us — verified here, or naming an issuer we trust? Such a value never goes upstream. */
  readonly isOurs: (bearer: string) => boolean
}

export class AuthLayer extends Context.Tag("@mcpgw/auth/AuthLayer")<AuthLayer, AuthLayerApi>() {}
