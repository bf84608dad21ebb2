/** **Revocations** port: which token and session ids are dead. `has` is asked on every request and does no I/O. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** The revocation holds in this process, and could not be written down: it would not outlive a restart. */
export class RevocationNotStored extends Schema.TaggedError<RevocationNotStored>()("RevocationNotStored", {
  cause: Schema.Defect
}) {}

export interface RevocationsApi {
  readonly has: (tokenId: string) => boolean
  /**
   * Durable once it succeeds. Takes effect here at once, also when it then fails to be stored.
   * `expiresAt` in epoch seconds: after it the entry may be swept, because the token is refused for its age.
   */
  readonly revoke: (tokenId: string, expiresAt: number) => Effect.Effect<void, RevocationNotStored>
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
