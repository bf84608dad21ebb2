/** Laws of every `HealthStore`: one turn at a time, and what was found stays found, of the version it was found of. */
import { assert, describe, it } from "@effect/vitest"
import type { HealthStatus } from "@mcpgw/domain/Server"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type Claim, type Found, HealthStore } from "../../src/HealthStore.ts"

const AT = "2026-01-01T00:00:00.000Z"

const found = (status: HealthStatus, more: Partial<Found> = {}): Found => ({
  path: "/a",
  print: "1",
  health: { status, last_checked_iso: AT },
  byCalls: false,
  ...more
})

const claim = (now: number, more: Partial<Claim> = {}): Claim => ({
  path: "/a",
  print: "1",
  why: "due",
  now,
  until: now + 30,
  latest: now + 10_000,
  ...more
})

/** `layer`: a store with nothing in it. */
export const healthStoreSuite = <E>(name: string, layer: () => Layer.Layer<HealthStore, E>): void => {
  const over = <A, E2>(body: (store: HealthStore["Type"]) => Effect.Effect<A, E2>) =>
    Effect.scoped(Effect.flatMap(HealthStore, body).pipe(Effect.provide(layer())))

  describe(`HealthStore contract: ${name}`, () => {
    it.effect("nobody has checked: a turn, once; the next who asks learns when it ends", () =>
      over((store) =>
        Effect.gen(function* () {
          assert.isUndefined(yield* store.claim(claim(100)))
          const first = yield* store.claim(claim(110))
          assert.deepStrictEqual(first, {
            path: "/a",
            print: "1",
            health: { status: "checking", last_checked_iso: null },
            byCalls: false,
            due: 130,
            restUntil: 0
          })
          assert.isUndefined(yield* store.claim(claim(110, { path: "/b" })))
          // Whoever had it never said what came of it.
          assert.isUndefined(yield* store.claim(claim(130)))
        })
      )
    )

    it.effect("what many report at once is all kept, and the timetable that was told, whoever of two is first", () =>
      over((store) =>
        Effect.gen(function* () {
          const paths = Array.from({ length: 300 }, (_, i) => `/many/${i}`)
          const all = (report: (path: string, i: number) => ReturnType<typeof store.report>) =>
            Effect.forEach(paths, report, { concurrency: "unbounded", discard: true })
          yield* all((path, i) =>
            Effect.all(
              [
                store.report(found("healthy", { path }), { due: i + 1, restUntil: 7 }),
                store.report(found("unhealthy: timeout", { path }))
              ],
              { concurrency: "unbounded", discard: true }
            )
          )
          for (const { due, health, path, restUntil } of yield* store.all) {
            assert.deepStrictEqual([due, restUntil], [paths.indexOf(path) + 1, 7])
            assert.include(["healthy", "unhealthy: timeout"], health.status)
          }
          yield* all((path, i) => store.report(found("error: broken", { path, byCalls: i % 2 === 0 })))
          const known = new Map((yield* store.all).map((one) => [one.path, one]))
          assert.strictEqual(known.size, 300)
          for (const [i, path] of paths.entries()) {
            const expected = found("error: broken", { path, byCalls: i % 2 === 0 })
            assert.deepStrictEqual(known.get(path), { ...expected, due: i + 1, restUntil: 7 })
          }
        })
      )
    )

    it.effect("of many who ask at once one has the turn", () =>
      over((store) =>
        Effect.gen(function* () {
          for (const now of [100, 200, 300]) {
            const asked = Array.from({ length: 12 }, () => store.claim(claim(now)))
            const known = yield* Effect.all(asked, { concurrency: "unbounded" })
            assert.lengthOf(
              known.filter((one) => one === undefined),
              1
            )
          }
        })
      )
    )

    it.effect("what is reported is known, and nobody's turn until it is due", () =>
      over((store) =>
        Effect.gen(function* () {
          yield* store.claim(claim(100))
          yield* store.report(found("healthy"), { due: 400, restUntil: 0 })
          const known = { ...found("healthy"), due: 400, restUntil: 0 }
          assert.deepStrictEqual(yield* store.claim(claim(399)), known)
          assert.deepStrictEqual(yield* store.all, [known])
          assert.isUndefined(yield* store.claim(claim(400)))
          // The turn alone takes nothing away.
          assert.deepStrictEqual(yield* store.all, [{ ...known, due: 430 }])
          yield* store.report(found("unhealthy: timeout"), { due: 800, restUntil: 0 })
          assert.deepStrictEqual((yield* store.all)[0]?.health.status, "unhealthy: timeout")
        })
      )
    )

    it.effect(
      "after failed calls the time does not count, but the server's wish to rest does; whoever asks has a turn",
      () =>
        over((store) =>
          Effect.gen(function* () {
            yield* store.report(found("healthy"), { due: 900, restUntil: 500 })
            assert.strictEqual((yield* store.claim(claim(499, { why: "failed" })))?.restUntil, 500)
            assert.isUndefined(yield* store.claim(claim(500, { why: "failed" })))
            yield* store.report(found("healthy"), { due: 900, restUntil: 700 })
            assert.isUndefined(yield* store.claim(claim(600, { why: "asked" })))
            assert.isDefined(yield* store.claim(claim(610)))
          })
        )
    )

    it.effect("what calls say leaves the timetable; a check that says the same takes its place", () =>
      over((store) =>
        Effect.gen(function* () {
          const times = { due: 900, restUntil: 500 }
          yield* store.report(found("healthy"), times)
          yield* store.report(found("unhealthy: timeout", { byCalls: true }))
          assert.deepStrictEqual(yield* store.all, [{ ...found("unhealthy: timeout", { byCalls: true }), ...times }])
          yield* store.report(found("unhealthy: timeout"), { due: 950, restUntil: 0 })
          assert.deepStrictEqual(yield* store.all, [{ ...found("unhealthy: timeout"), due: 950, restUntil: 0 }])
          yield* store.report(found("error: x", { path: "/b", byCalls: true }))
          assert.isUndefined(yield* store.claim(claim(1, { path: "/b" })))
        })
      )
    )

    it.effect("another version: anybody's turn at once, and nothing is known of it", () =>
      over((store) =>
        Effect.gen(function* () {
          yield* store.report(found("unhealthy: timeout", { byCalls: true }), { due: 900, restUntil: 800 })
          assert.isUndefined(yield* store.claim(claim(100, { print: "2" })))
          const [known] = yield* store.all
          assert.deepStrictEqual(known, {
            path: "/a",
            print: "2",
            health: { status: "checking", last_checked_iso: null },
            byCalls: false,
            due: 130,
            restUntil: 0
          })
        })
      )
    )

    it.effect("a time that only a clock gone wrong can have set keeps nobody from checking", () =>
      over((store) =>
        Effect.gen(function* () {
          yield* store.report(found("healthy"), { due: 4_000_000_000_000, restUntil: 4_000_000_000_000 })
          assert.isUndefined(yield* store.claim(claim(100, { why: "failed" })))
          yield* store.report(found("healthy"), { due: 4_000_000_000_000, restUntil: 0 })
          assert.isUndefined(yield* store.claim(claim(100)))
        })
      )
    )

    it.effect("forgets the version it is told, and no newer one", () =>
      over((store) =>
        Effect.gen(function* () {
          yield* store.report(found("healthy", { print: "2" }), { due: 900, restUntil: 0 })
          yield* store.forget("/a", "1")
          assert.lengthOf(yield* store.all, 1)
          yield* store.forget("/a", "2")
          assert.deepStrictEqual(yield* store.all, [])
        })
      )
    )
  })
}
