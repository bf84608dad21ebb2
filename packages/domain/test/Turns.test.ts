import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import { makeBoundedTurns, makeTurns } from "../src/Turns.ts"

const settled = Effect.repeatN(Effect.yieldNow(), 20)

describe("turns", () => {
  it.effect("first come, first served, never more at a time than there are places", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns(2)
      const done: Array<number> = []
      let working = 0
      let most = 0
      const work = (i: number) =>
        Effect.gen(function* () {
          most = Math.max(most, ++working)
          yield* settled
          working--
          done.push(i)
        })
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, i) => i),
        (i) => inTurn(work(i)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([most, done], [2, Array.from({ length: 20 }, (_, i) => i)])
    })
  )

  it.effect("a place is free again after success, failure, defect and interruption", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      assert.strictEqual(yield* inTurn(Effect.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(inTurn(Effect.fail("no"))), "no")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(inTurn(Effect.die("broken")))))
      const stuck = yield* Effect.fork(inTurn(Effect.never))
      yield* settled
      yield* Fiber.interrupt(stuck)
      assert.strictEqual(yield* inTurn(Effect.succeed(2)), 2)
    })
  )

  it.effect("who must not be interrupted waits on, and does the work", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      const [go, did] = [yield* Deferred.make<void>(), new Set<string>()]
      const first = yield* Effect.fork(inTurn(Deferred.await(go)))
      yield* settled
      const second = yield* Effect.fork(Effect.uninterruptible(inTurn(Effect.sync(() => did.add("second")))))
      yield* settled
      yield* Fiber.interruptFork(second)
      yield* settled
      yield* Deferred.succeed(go, undefined)
      yield* Effect.zipRight(Fiber.join(first), Fiber.await(second))
      assert.deepStrictEqual([...did], ["second"])
    })
  )

  it.effect("who leaves the line does none of the work and takes nobody's place", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      const [go, did] = [yield* Deferred.make<void>(), new Set<string>()]
      const first = yield* Effect.fork(inTurn(Deferred.await(go)))
      yield* settled
      const second = yield* Effect.fork(inTurn(Effect.sync(() => did.add("second"))))
      const third = yield* Effect.fork(inTurn(Effect.sync(() => did.add("third"))))
      yield* settled
      yield* Fiber.interrupt(second)
      yield* Deferred.succeed(go, undefined)
      yield* Effect.zipRight(Fiber.join(first), Fiber.join(third))
      assert.deepStrictEqual([...did], ["third"])
    })
  )

  it.effect(
    "property: whoever is interrupted when, all others have their turn and all places are free in the end",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 1, max: 3 }),
            fc.array(fc.record({ turns: fc.nat(6), stoppedAfter: fc.option(fc.nat(25)) }), { maxLength: 25 }),
            (places, workers) =>
              Effect.runPromise(
                Effect.gen(function* () {
                  const inTurn = makeTurns(places)
                  let working = 0
                  const done = new Set<number>()
                  const work = (i: number, turns: number) =>
                    Effect.gen(function* () {
                      assert.isAtMost(++working, places)
                      yield* Effect.repeatN(Effect.yieldNow(), turns)
                      done.add(i)
                    }).pipe(Effect.ensuring(Effect.sync(() => void working--)))
                  const fibers = yield* Effect.forEach(workers, ({ turns }, i) => Effect.fork(inTurn(work(i, turns))))
                  const exits = yield* Effect.forEach(
                    workers,
                    ({ stoppedAfter }, i) => {
                      const fiber = fibers[i] ?? Fiber.void
                      return stoppedAfter === null
                        ? Fiber.await(fiber)
                        : Effect.zipRight(Effect.repeatN(Effect.yieldNow(), stoppedAfter), Fiber.interrupt(fiber))
                    },
                    { concurrency: "unbounded" }
                  )
                  for (const [i, exit] of exits.entries()) {
                    if (workers[i]?.stoppedAfter === null) assert.isTrue(Exit.isSuccess(exit))
                    if (Exit.isSuccess(exit)) assert.isTrue(done.has(i))
                  }
                  // All places at once, or this never ends.
                  const go = yield* Deferred.make<void>()
                  let inside = 0
                  const all = yield* Effect.forkAll(
                    Array.from({ length: places }, () =>
                      inTurn(
                        Effect.zipRight(
                          Effect.sync(() => ++inside === places && Deferred.unsafeDone(go, Exit.void)),
                          Deferred.await(go)
                        )
                      )
                    )
                  )
                  yield* Fiber.join(all)
                })
              )
          ),
          { numRuns: 150 }
        )
      )
  )

  it.effect("a line that is full takes nobody more, and somebody again when one has left it", () =>
    Effect.gen(function* () {
      const inTurn = makeBoundedTurns(1, 2, () => "full" as const)
      const go = yield* Deferred.make<void>()
      const inside = yield* Effect.forEach([1, 2, 3], () => Effect.fork(inTurn(Deferred.await(go))))
      yield* settled
      assert.strictEqual(yield* Effect.flip(inTurn(Effect.void)), "full")
      yield* Effect.forEach(inside.slice(2), Fiber.interrupt)
      const another = yield* Effect.fork(inTurn(Effect.succeed(4)))
      yield* settled
      assert.strictEqual(yield* Effect.flip(inTurn(Effect.void)), "full")
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(another), 4)
      assert.strictEqual(yield* inTurn(Effect.succeed(5)), 5)
    })
  )

  it.effect("a crowd costs each a waking: twenty thousand wait for one place", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      let done = 0
      yield* Effect.forEach(
        Array.from({ length: 20_000 }),
        () =>
          inTurn(
            Effect.zipRight(
              Effect.yieldNow(),
              Effect.sync(() => void done++)
            )
          ),
        { concurrency: "unbounded", discard: true }
      )
      assert.strictEqual(done, 20_000)
    })
  )
})
