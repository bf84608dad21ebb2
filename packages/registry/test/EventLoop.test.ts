import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import { inSlices, mapInSlices, turn } from "../src/EventLoop.ts"

/** How often the event loop has turned since. */
const countTurns = () => {
  let turns = 0
  let running = true
  const tick = (): void => {
    turns++
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
  return { read: () => turns, stop: () => (running = false) }
}

describe("EventLoop", () => {
  it.effect("turn lets what waits for the event loop go first; yieldNow does not", () =>
    Effect.gen(function* () {
      let waiting = true
      setImmediate(() => (waiting = false))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.isTrue(waiting)
      yield* turn
      assert.isFalse(waiting)
    })
  )

  it.effect("every item is worked on once, in order, and slices are no longer than asked", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), async (items, size) => {
          const slices: Array<readonly [ReadonlyArray<number>, number]> = []
          await Effect.runPromise(
            inSlices(items, size, (slice, position) => Effect.sync(() => void slices.push([slice, position])))
          )
          assert.deepStrictEqual(
            slices.flatMap(([slice]) => slice),
            items
          )
          assert.isTrue(slices.every(([slice]) => slice.length <= size))
          assert.deepStrictEqual(
            slices.map(([, position]) => position),
            slices.map((_, i) => i)
          )
        }),
        { numRuns: 30 }
      )
    )
  )

  it.effect("the loop turns between slices, and not at all for a few items", () =>
    Effect.gen(function* () {
      const turns = countTurns()
      assert.deepStrictEqual(yield* mapInSlices([1, 2, 3], 3, (n) => n + 1), [2, 3, 4])
      assert.strictEqual(turns.read(), 0)
      const many = Array.from({ length: 30 }, (_, i) => i)
      assert.deepStrictEqual(yield* mapInSlices(many, 3, (n) => n), many)
      assert.isAtLeast(turns.read(), 9)
      turns.stop()
    })
  )

  it.effect("interrupted, it does no more", () =>
    Effect.gen(function* () {
      let done = 0
      const fiber = yield* Effect.fork(inSlices([1, 2, 3], 1, () => Effect.sync(() => void done++)))
      yield* Effect.yieldNow()
      yield* Fiber.interruptFork(fiber)
      yield* Effect.repeatN(turn, 5)
      assert.strictEqual(done, 1)
    })
  )
})
