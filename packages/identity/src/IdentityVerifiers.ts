/**
 * The verifiers of what this gateway hands out itself: its tokens, its API keys and its session cookies. Other issuers are added beside
 * them. None stands in for another: a cookie's value is no token, a token is no cookie, an agent's secret is neither.
 */
import { refusal } from "@mcpgw/auth/Admission"
import { AuthUnavailable } from "@mcpgw/auth/AuthError"
import { gateway, type IssuerMisconfigured } from "@mcpgw/auth/JwtVerifier"
import { type Verifier, Verifiers } from "@mcpgw/auth/Verifiers"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Agents } from "./Agents.ts"
import { SECRET_PREFIX } from "./ClientSecrets.ts"
import { ApiKeys, KEY_PREFIX } from "./ApiKeys.ts"
import { publicKeySet } from "./internal/publicKeySet.ts"
import type { MachineClients } from "./MachineClients.ts"
import { ofAgents, ofMachines } from "./MachineVerifiers.ts"
import { Sessions } from "./Sessions.ts"

export interface GatewayTokenOptions {
  /** `iss` of our tokens. */
  readonly issuer: string
  /** The gateway's public URL: `aud` of our tokens. */
  readonly audience: string
}

/** Accepts tokens signed with any of the ring's signing keys. */
export const gatewayTokens = (options: GatewayTokenOptions): Effect.Effect<Verifier, IssuerMisconfigured, KeyRing> =>
  Effect.flatMap(KeyRing, (ring) => {
    const keys = publicKeySet(ring.signing)
    return gateway({ ...options, keys: { kind: "local", keys: () => keys } })
  })

/** Accepts the values of living sessions. */
export const sessionCookies: Effect.Effect<Verifier, never, Sessions> = Effect.map(Sessions, (sessions) => ({
  name: "session cookies",
  recognises: (credential) => credential.kind === "cookie",
  verify: (credential) =>
    sessions.find(credential.value).pipe(
      Effect.mapError(() => new AuthUnavailable({ issuer: "sessions", problem: "session store not reachable" })),
      Effect.flatMap((claims) =>
        claims === undefined ? Effect.fail(refusal("session_expired")) : Effect.succeed(claims)
      )
    )
}))

/** Recognises whatever begins like a key or a secret of ours, so that none of either ever travels on. */
export const apiKeys: Effect.Effect<Verifier, never, ApiKeys> = Effect.map(ApiKeys, (keys) => ({
  name: "API keys",
  recognises: ({ kind, value }) =>
    kind === "bearer" && (value.startsWith(KEY_PREFIX) || value.startsWith(SECRET_PREFIX)),
  verify: ({ value }) => (value.startsWith(SECRET_PREFIX) ? Effect.fail(refusal("agent_secret")) : keys.verify(value)),
  holds: keys.holds,
  stillHolds: keys.stillHolds
}))

/** All of them, and the given ones of other issuers. */
export const layer = (
  options: GatewayTokenOptions,
  others: ReadonlyArray<Verifier> = []
): Layer.Layer<Verifiers, IssuerMisconfigured, KeyRing | Sessions | ApiKeys | Agents | MachineClients> =>
  Layer.effect(
    Verifiers,
    Effect.gen(function* () {
      const own = yield* Effect.all([Effect.flatMap(gatewayTokens(options), ofAgents), apiKeys, sessionCookies])
      return [...own, ...(yield* Effect.forEach(others, ofMachines))]
    })
  )
