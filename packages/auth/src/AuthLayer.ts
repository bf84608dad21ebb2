/**
 * **AuthLayer** — from a presented credential to a `Principal`. Verification is cached, admission is not (design.md §6):
 * `cached` holds verified claims, `admit` checks expiry, revocation and audience on every request.
 * Never produces a principal for a credential that did not verify.
 */
import type { Claims, Principal } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isRevoked, makeAdmit, refusal } from "./Admission.ts"
import type { AuthBusy, AuthUnavailable, Unauthenticated } from "./AuthError.ts"
import type { Credential } from "./Credential.ts"
import { makeVerification, type VerificationOptions } from "./internal/verification.ts"
import { Revocations } from "./Revocations.ts"
import { issuerOf } from "./UnverifiedJwt.ts"
import { Verifiers } from "./Verifiers.ts"

export interface AuthLayerApi {
  /** Hot: verified claims of a credential seen before, or undefined. Does not check expiry: `admit` does. */
  readonly cached: (credential: Credential) => Claims | undefined
  /**
   * Hot: may these claims be used at this resource now? `resources` are the audiences that name it, any of which will do:
   * the gateway's public URL and the route's own. `now` is epoch milliseconds.
   */
  readonly admit: (claims: Claims, resources: ReadonlyArray<string>, now: number) => Principal | Unauthenticated
  /**
   * Hot: does what was opened with these claims go on? False once they were taken back: revoked by id or with their subject, or dead by the word
   * of who verified them. Never for their age: a call is not cut because its token has run out meanwhile. Where that takes a look at a store,
   * the look is begun, and its outcome is the answer to the next question.
   */
  readonly holds: (claims: Claims) => boolean
  /** Hot: is a credential that nobody has seen before to come again later, as `authenticate` would say, without the cost of asking it? */
  readonly busy: (credential: Credential) => AuthBusy | undefined
  /** Cold: verifies, single-flight per credential, and caches. */
  readonly authenticate: (credential: Credential) => Effect.Effect<Claims, Unauthenticated | AuthUnavailable | AuthBusy>
  /** Does a bearer value belong to us — verified here, or naming an issuer we trust? Such a value never goes upstream. */
  readonly isOurs: (bearer: string) => boolean
}

export type AuthLayerOptions = VerificationOptions

/** What `AuthLayer.layer` uses. */
export const defaults: AuthLayerOptions = {
  capacity: 10_000,
  maxAge: "10 minutes",
  refusedCapacity: 1_000,
  refusedFor: "10 seconds",
  places: 320,
  deadline: "10 seconds"
}

export class AuthLayer extends Context.Tag("@mcpgw/auth/AuthLayer")<AuthLayer, AuthLayerApi>() {
  /** Production, with `defaults`. */
  static get layer(): Layer.Layer<AuthLayer, never, Verifiers | Revocations> {
    return production
  }

  /** Production, with other bounds. Call it once: every call makes another cache. */
  static layerWith(options: Partial<AuthLayerOptions>): Layer.Layer<AuthLayer, never, Verifiers | Revocations> {
    return makeLayer({ ...defaults, ...options })
  }

  /** Knows exactly these credentials, bearer or cookie alike; for tests and embedding. Admission is the production one. */
  static layerStatic(tokens: Readonly<Record<string, Claims>>): Layer.Layer<AuthLayer, never, Revocations> {
    return makeStatic(new Map(Object.entries(tokens)))
  }

  /** Knows nobody. Every bearer value counts as ours, so that none travels on. */
  static get layerReject(): Layer.Layer<AuthLayer> {
    return reject
  }
}

const makeLayer = (options: AuthLayerOptions): Layer.Layer<AuthLayer, never, Verifiers | Revocations> =>
  Layer.scoped(
    AuthLayer,
    Effect.gen(function* () {
      const verifiers = yield* Verifiers
      const revocations = yield* Revocations
      const verification = yield* makeVerification(verifiers, options)
      return {
        ...verification,
        admit: makeAdmit(revocations),
        holds: (claims) => !isRevoked(revocations, claims) && verification.holds(claims)
      }
    })
  )

const production = makeLayer(defaults)

const makeStatic = (tokens: ReadonlyMap<string, Claims>): Layer.Layer<AuthLayer, never, Revocations> =>
  Layer.effect(
    AuthLayer,
    Effect.map(Revocations, (revocations) => {
      const issuers = new Set([...tokens.values()].map((claims) => claims.issuer))
      return {
        cached: (credential) => tokens.get(credential.value),
        busy: () => undefined,
        admit: makeAdmit(revocations),
        holds: (claims) => !isRevoked(revocations, claims),
        authenticate: (credential) => {
          const claims = tokens.get(credential.value)
          return claims === undefined ? Effect.fail(refusal("unknown_issuer")) : Effect.succeed(claims)
        },
        isOurs: (bearer) => tokens.has(bearer) || issuers.has(issuerOf(bearer) ?? "")
      }
    })
  )

const reject: Layer.Layer<AuthLayer> = Layer.succeed(AuthLayer, {
  cached: () => undefined,
  busy: () => undefined,
  admit: () => refusal("unknown_issuer"),
  holds: () => false,
  authenticate: () => Effect.fail(refusal("unknown_issuer")),
  isOurs: () => true
})
