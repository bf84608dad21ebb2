import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assert, describe } from "vitest"
import { makePasswords, NOBODYS } from "../src/internal/passwords.ts"

describe("passwords", () => {
  it.effect("who has no account costs the same work as who has: algorithm, memory and passes", () =>
    Effect.gen(function* () {
      const passwords = yield* makePasswords
      const real = yield* passwords.hash("correct horse battery 1")
      const cost = (hash: string) => hash.split("$").slice(0, 4)
      assert.deepEqual(cost(NOBODYS), cost(real))
      assert.strictEqual(NOBODYS.length, real.length)
      assert.isFalse(yield* passwords.verify("-", undefined))
      assert.isFalse(yield* passwords.verify("-", NOBODYS))
      assert.isTrue(yield* passwords.verify("correct horse battery 1", real))
    })
  )
})
