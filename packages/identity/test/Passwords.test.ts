import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assert, describe } from "vitest"
import { makePasswords, nobodys } from "../src/internal/passwords.ts"
import { PasswordCost } from "../src/PasswordCost.ts"

describe("passwords", () => {
  it.effect("who has no account costs the same work as who has: algorithm, memory and passes", () =>
    Effect.gen(function* () {
      const passwords = yield* makePasswords
      const real = yield* passwords.hash("correct horse battery 1")
      const nobodysHash = nobodys(yield* PasswordCost)
      const cost = (hash: string) => hash.split("$").slice(0, 4)
      assert.deepEqual(cost(real), ["", "argon2id", "v=19", "m=19456,t=2,p=1"])
      assert.deepEqual(cost(nobodysHash), cost(real))
      assert.strictEqual(nobodysHash.length, real.length)
      assert.isFalse(yield* passwords.verify("-", undefined))
      assert.isFalse(yield* passwords.verify("-", nobodysHash))
      assert.isTrue(yield* passwords.verify("correct horse battery 1", real))
    })
  )

  it.effect(
    "a hash keeps the cost it was made with, so that accounts of before can sign in when the cost has changed",
    () =>
      Effect.gen(function* () {
        const cheap = yield* Effect.provide(makePasswords, PasswordCost.layerLow)
        const old = yield* cheap.hash("correct horse battery 1")
        assert.match(old, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
        const passwords = yield* makePasswords
        assert.isTrue(yield* passwords.verify("correct horse battery 1", old))
        assert.isFalse(yield* passwords.verify("correct horse battery 2", old))
        assert.isFalse(yield* cheap.verify("-", undefined))
      })
  )
})
