/** Laws of every `KeyRing` layer: enough keys, of the right kind, that work. */
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto"

/** Runs the laws over `layer`. */
export const keyRingSuite = <E>(name: string, layer: () => Layer.Layer<KeyRing, E>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, KeyRing>) =>
    Effect.provide(effect, Layer.orDie(Layer.suspend(layer)))

  describe(`KeyRing contract: ${name}`, () => {
    it.effect("has at least one key per purpose, each with its own short id", () =>
      Effect.gen(function* () {
        const ring = yield* KeyRing
        const ids = [...ring.sealing, ...ring.signing].map((key) => key.id)
        assert.isAtLeast(ring.sealing.length, 1)
        assert.isAtLeast(ring.signing.length, 1)
        assert.strictEqual(new Set(ids).size, ids.length)
        for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{1,64}$/)
        for (const key of ring.sealing) assert.strictEqual(key.bytes.byteLength, 32)
      }).pipe(run)
    )

    it.effect("what a private half signs its public half verifies; the public half holds no secret", () =>
      Effect.gen(function* () {
        for (const key of (yield* KeyRing).signing) {
          const text = Buffer.from("text")
          const signature = sign(null, text, createPrivateKey({ key: { ...key.privateJwk }, format: "jwk" }))
          assert.isTrue(verify(null, text, createPublicKey({ key: { ...key.publicJwk }, format: "jwk" }), signature))
          assert.notProperty(key.publicJwk, "d")
          assert.strictEqual(key.publicJwk["kid"], key.id)
          assert.strictEqual(key.publicJwk["alg"], "EdDSA")
        }
      }).pipe(run)
    )
  })
}
