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
  })
}
