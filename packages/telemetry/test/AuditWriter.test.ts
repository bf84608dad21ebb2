/** The sink's conduct towards its worker, over a scripted one: what is sent, sent again, waited for. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { type Life, open, script } from "./ScriptedWorker.ts"
import { rows } from "./fixtures.ts"

const ids = (life: Life | undefined): ReadonlyArray<string> =>
  (life?.received ?? []).flatMap((message) =>
    typeof message === "string" ? message.split("\n").map((body) => String(JSON.parse(body)[0])) : []
  )
const batches = (life: Life | undefined): number =>
  (life?.received ?? []).filter((message) => typeof message === "string").length

const yields = Effect.repeatN(Effect.yieldNow(), 20)

describe("audit sink and its worker", () => {
  it.effect("rows leave when a batch is full, the rest after intervalMs", () =>
    Effect.gen(function* () {
      const { lives, spawn } = script()
      const { sink } = yield* open(spawn, { batchRows: 10 })
      rows(25).forEach(sink.append)
      assert.strictEqual(ids(lives[0]).length, 20)
      yield* yields
      yield* TestClock.adjust("24 millis")
      assert.strictEqual(batches(lives[0]), 2)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(ids(lives[0]).length, 25)
      assert.strictEqual(batches(lives[0]), 3)
    })
  )

  it.effect("an idle sink sends nothing", () =>
    Effect.gen(function* () {
      const { lives, spawn } = script()
      yield* open(spawn)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(lives[0]?.received.length, 1)
    })
  )

  it.effect("a dead worker is replaced; only what was not committed is sent again, once", () =>
    Effect.gen(function* () {
      // The first life committed its first batch and died before it could say so.
      const { lives, spawn } = script((life) => (life === 0 ? 0 : 10))
      const { sink } = yield* open(spawn, { batchRows: 10 })
      rows(25).forEach(sink.append)
      lives[0]?.events.died("gone")
      yield* yields
      assert.strictEqual(lives.length, 1)
      yield* TestClock.adjust("250 millis")
      assert.isTrue(lives[0]?.terminated)
      assert.deepStrictEqual(
        ids(lives[1]),
        rows(25)
          .slice(10)
          .map((one) => one.id)
      )
    })
  )

  it.effect(
    "while no row gets through the delay grows, to 30 seconds at most, and rows beyond the bound are lost",
    () =>
      Effect.gen(function* () {
        const { lives, spawn } = script()
        const { sink } = yield* open(spawn, { batchRows: 5, capacity: 12 })
        rows(20).forEach(sink.append)
        assert.strictEqual(sink.lost(), 8)
        for (const delay of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
          const before = lives.length
          lives.at(-1)?.events.message({ type: "failed", operation: "write", reason: "disk is full" })
          yield* yields
          yield* TestClock.adjust(delay - 1)
          assert.strictEqual(lives.length, before)
          yield* TestClock.adjust(1)
          assert.strictEqual(lives.length, before + 1)
          assert.strictEqual(ids(lives.at(-1)).length, 12)
        }
        lives.at(-1)?.events.message(5)
        lives.at(-1)?.events.message({ type: "failed", operation: "write", reason: "disk is full" })
        yield* yields
        const before = lives.length
        yield* TestClock.adjust("250 millis")
        assert.strictEqual(lives.length, before + 1)
      })
  )

  it.effect("flush waits over a worker's death", () =>
    Effect.gen(function* () {
      const { lives, spawn } = script()
      const { sink } = yield* open(spawn)
      rows(3).forEach(sink.append)
      const fiber = yield* Effect.fork(sink.flush)
      yield* yields
      lives[0]?.events.died("gone")
      yield* yields
      yield* TestClock.adjust("250 millis")
      assert.isNull(yield* Fiber.poll(fiber).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit))))
      const sync = lives[1]?.received.find((message) => typeof message === "object" && message.type === "sync")
      assert.isDefined(sync)
      if (typeof sync !== "object" || sync.type !== "sync") return
      lives[1]?.events.message(3)
      lives[1]?.events.message({ type: "synced", id: sync.id })
      yield* Fiber.join(fiber)
    })
  )

  it.effect("closing gives a silent worker five seconds and one more, then ends it", () =>
    Effect.gen(function* () {
      const { lives, spawn } = script()
      const { close, sink } = yield* open(spawn)
      rows(3).forEach(sink.append)
      const fiber = yield* Effect.fork(close)
      yield* yields
      yield* TestClock.adjust("5 seconds")
      assert.isFalse(lives[0]?.terminated)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
      assert.isTrue(lives[0]?.terminated)
      assert.deepStrictEqual(lives[0]?.received.at(-1), { type: "close" })
      assert.strictEqual(lives.length, 1)
      assert.strictEqual(sink.lost(), 3)
    })
  )
})
