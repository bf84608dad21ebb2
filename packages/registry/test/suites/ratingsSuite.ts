/** Laws of every `Ratings` layer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Ratings } from "../../src/Ratings.ts"

/** Runs the laws over `layer`, built anew for each. */
export const ratingsSuite = <E>(name: string, layer: () => Layer.Layer<Ratings, E>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, Ratings>) =>
    Effect.provide(effect, Layer.orDie(Layer.suspend(layer)))
  const server = { path: "/a", registered_at: "2026-01-01T00:00:00.000Z" }

  describe(`Ratings contract: ${name}`, () => {
    it.effect("one rating of each rater counts, the last one; the average is rounded to hundredths", () =>
      Effect.gen(function* () {
        const ratings = yield* Ratings
        assert.deepStrictEqual(yield* ratings.summary(server, "x"), { average: 0, count: 0, own: undefined })
        yield* ratings.rate(server, "x", 1)
        yield* ratings.rate(server, "y", 4)
        yield* ratings.rate(server, "z", 4)
        assert.deepStrictEqual(yield* ratings.rate(server, "x", 5), { average: 4.33, count: 3, own: 5 })
        assert.deepStrictEqual(yield* ratings.summary(server, "nobody"), { average: 4.33, count: 3, own: undefined })
      }).pipe(run)
    )

    it.effect("a server registered anew at the same path begins without ratings, and others keep theirs", () =>
      Effect.gen(function* () {
        const ratings = yield* Ratings
        const anew = { ...server, registered_at: "2026-02-02T00:00:00.000Z" }
        const other = { ...server, path: "/a/b" }
        yield* ratings.rate(server, "x", 2)
        yield* ratings.rate(other, "x", 3)
        assert.strictEqual((yield* ratings.summary(anew, "x")).count, 0)
        assert.deepStrictEqual(yield* ratings.rate(anew, "x", 4), { average: 4, count: 1, own: 4 })
        yield* ratings.forget("/a")
        assert.strictEqual((yield* ratings.summary(anew, "x")).count, 0)
        assert.strictEqual((yield* ratings.summary(other, "x")).average, 3)
      }).pipe(run)
    )
  })
}
