/**
 * **Revocations** port: which token and session ids are dead, and up to which moment everything of a subject is. `has` and `hasSubject` are
 * asked on every request and do no I/O.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { RevokedSubjects } from "./RevokedSubjects.ts"

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
  /**
   * Hot: is what was issued to this subject at `issuedAt` (epoch seconds) dead? What does not say when it was issued counts as old.
   * `issuer` and `subject` as `Claims` spell them.
   */
  readonly hasSubject: (issuer: string, subject: string, issuedAt: number | undefined) => boolean
  /**
   * Ends all that was issued to a subject up to and including `before`, in epoch seconds, fractions allowed: tokens, sessions, keys, known
   * here or not. Durable, and at once, as `revoke`. Kept for ever; a later call can only move the moment forward. A token states whole
   * seconds, so one made within the second of `before` is dead too.
   */
  readonly revokeSubject: (issuer: string, subject: string, before: number) => Effect.Effect<void, RevocationNotStored>
}

export class Revocations extends Context.Tag("@mcpgw/auth/Revocations")<Revocations, RevocationsApi>() {
  /** Forgets at exit; for tests. The durable layer is in `@mcpgw/identity`. */
  static get layerMemory(): Layer.Layer<Revocations> {
    return memory
  }
}

const memory: Layer.Layer<Revocations> = Layer.sync(Revocations, () => {
  const revoked = new Set<string>()
  const subjects = new RevokedSubjects()
  return {
    has: (id) => revoked.has(id),
    revoke: (id) => Effect.sync(() => void revoked.add(id)),
    hasSubject: (issuer, subject, issuedAt) => subjects.has(issuer, subject, issuedAt),
    revokeSubject: (issuer, subject, before) => Effect.sync(() => void subjects.revoke(issuer, subject, before))
  }
})
