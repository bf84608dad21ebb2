/** Contract of the `Revocations` port; run over every layer of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Revocations } from "../../src/Revocations.ts"

export const revocationsSuite = (name: string, layer: Layer.Layer<Revocations, unknown>): void => {
  describe(`Revocations contract: ${name}`, () => {
    it.scoped("does not name what was never revoked", () =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        expect(revocations.has("a")).toBe(false)
        expect(revocations.has("")).toBe(false)
      }).pipe(Effect.provide(layer))
    )

    it.scoped("names a revoked id from then on, and no other", () =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        yield* revocations.revoke("a", 3_600)
        expect(revocations.has("a")).toBe(true)
        expect(revocations.has("A")).toBe(false)
        expect(revocations.has("a ")).toBe(false)
      }).pipe(Effect.provide(layer))
    )

    it.scoped("revoking twice is revoking once", () =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        yield* revocations.revoke("a", 3_600)
        yield* revocations.revoke("a", 60)
        expect(revocations.has("a")).toBe(true)
      }).pipe(Effect.provide(layer))
    )

    it.scoped("takes ids as they are: quotes, spaces, anything a foreign issuer puts into jti", () =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        const odd = `x'); DROP TABLE revocations; -- "\u{1F511}`
        yield* revocations.revoke(odd, 3_600.5)
        expect(revocations.has(odd)).toBe(true)
      }).pipe(Effect.provide(layer))
    )

    it.scoped("S-08: a subject is revoked up to a moment, which only moves forward; no other is", () =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        expect(revocations.hasSubject("iss", "alice", undefined)).toBe(false)
        yield* revocations.revokeSubject("iss", "alice", 100.25)
        yield* revocations.revokeSubject("iss", "alice", 50)
        const dead = (issuedAt: number | undefined) => revocations.hasSubject("iss", "alice", issuedAt)
        expect([dead(undefined), dead(0), dead(100), dead(100.25)]).toEqual([true, true, true, true])
        expect([dead(100.251), dead(101)]).toEqual([false, false])
        yield* revocations.revokeSubject("iss", "alice", 101)
        expect(dead(101)).toBe(true)
        for (const [issuer, subject] of [
          ["iss", "Alice"],
          ["is", "salice"],
          ["iss2", "alice"],
          ["", ""]
        ] as const) {
          expect(revocations.hasSubject(issuer, subject, undefined)).toBe(false)
        }
      }).pipe(Effect.provide(layer))
    )
  })
}
