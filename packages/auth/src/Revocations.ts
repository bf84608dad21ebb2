/** **Revocations** port: which token and session ids are dead. `has` is asked on every request and does no I/O. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface RevocationsApi {
  readonly has: (tokenId: string) => boolean
  /** Durable once it returns. `expiresAt` in epoch seconds: after it the entry may be swept. */
  readonly revoke: (tokenId: string, expiresAt: number) => Effect.Effect<void>
}

export class Revocations extends Context.Tag("@mcpgw/auth/Revocations")<Revocations, RevocationsApi>() {
  /** Forgets at exit; for tests. The durable layer is in `@mcpgw/identity`. */
  static get layerMemory(): Layer.Layer<Revocations> {
    return memory
  }
}

const memory: Layer.Layer<Revocations> = Layer.sync(Revocations, () => {
  const revoked = new Set<string>()
  return { has: (id) => revoked.has(id), revoke: (id) => Effect.sync(() => void revoked.add(id)) }
})
