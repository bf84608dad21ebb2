/** Laws of every `DiscoveryIndex` layer that holds `small`, whatever its ranking. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { DiscoveryIndex } from "../../src/DiscoveryIndex.ts"
import type { Hit } from "../../src/DiscoveryIndex.ts"
import { finance, small, time } from "./fixtures.ts"

/** Words that lead to every server and to tools of each. */
export const BROAD = "current time stock prices weather forecast"

const BOTH: ReadonlyArray<Hit["kind"]> = ["server", "tool"]

const keyOf = (hit: Hit): string => (hit.kind === "tool" ? `${hit.path}#${hit.tool}` : hit.path)

const check = (hits: ReadonlyArray<Hit>, limit: number): void => {
  for (const kind of BOTH) {
    const scores = hits.filter((hit) => hit.kind === kind).map((hit) => hit.score)
    assert.isAtMost(scores.length, limit)
    assert.deepStrictEqual(
      scores,
      scores.toSorted((a, b) => b - a)
    )
    for (const score of scores) assert.isTrue(score >= 0 && score <= 1, String(score))
  }
  assert.strictEqual(new Set(hits.map(keyOf)).size, hits.length)
}

/** Runs the laws over `layer`, built anew for each and filled with `small` through the port. */
export const discoverySuite = <E>(name: string, layer: () => Layer.Layer<DiscoveryIndex, E>): void => {
  const filled = Layer.suspend(layer).pipe(
    Layer.tap((context) =>
      Effect.flatMap(Effect.provide(DiscoveryIndex, context), (index) =>
        Effect.forEach(small, index.upsert, { discard: true })
      )
    ),
    Layer.orDie
  )
  const run = <A, E2>(effect: Effect.Effect<A, E2, DiscoveryIndex>) => Effect.provide(effect, Layer.fresh(filled))

  describe(`DiscoveryIndex contract: ${name}`, () => {
    it.effect("finds servers and tools, best first, scores 0 to 1, kinds in the order asked for", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const hits = yield* index.search({ text: BROAD, kinds: BOTH, limit: 10 })
        check(hits, 10)
        assert.sameMembers(
          hits.flatMap((hit) => (hit.kind === "server" ? [hit.path] : [])),
          small.map((record) => record.path as string)
        )
        assert.isAtLeast(hits.filter((hit) => hit.kind === "tool").length, 3)
        const reversed = yield* index.search({ text: BROAD, kinds: ["tool", "server"], limit: 10 })
        assert.strictEqual(reversed[0]?.kind, "tool")
      }).pipe(run)
    )

    it.effect("answers only the kinds asked for and at most the limit of each", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        for (const kind of BOTH) {
          const one = yield* index.search({ text: BROAD, kinds: [kind], limit: 1 })
          assert.deepStrictEqual(
            one.map((hit) => hit.kind),
            [kind]
          )
          assert.deepStrictEqual(yield* index.search({ text: BROAD, kinds: [kind], limit: 0 }), [])
        }
        assert.strictEqual((yield* index.search({ text: BROAD, kinds: BOTH, limit: 2 })).length, 4)
        assert.deepStrictEqual(yield* index.search({ text: BROAD, kinds: [], limit: 2 }), [])
      }).pipe(run)
    )

    it.effect("what is not kept takes no place and no tool of it is answered", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const all = yield* index.search({ text: BROAD, kinds: BOTH, limit: 50 })
        for (const { path } of small) {
          const without = yield* index.search({
            text: BROAD,
            kinds: BOTH,
            limit: 50,
            keep: (found) => found.path !== path
          })
          check(without, 50)
          assert.deepStrictEqual(without.map(keyOf), all.filter((hit) => hit.path !== path).map(keyOf))
        }
        const last = all.findLast((hit) => hit.kind === "tool")
        const only = yield* index.search({
          text: BROAD,
          kinds: BOTH,
          limit: 1,
          keep: (found) => found.kind === "tool" && last !== undefined && keyOf({ ...found, score: 0 }) === keyOf(last)
        })
        assert.deepStrictEqual(only.map(keyOf), last === undefined ? [] : [keyOf(last)])
        assert.deepStrictEqual(yield* index.search({ text: BROAD, kinds: BOTH, limit: 5, keep: () => false }), [])
      }).pipe(run)
    )

    it.effect("the same question gets the same answer", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const ask = index.search({ text: BROAD, kinds: BOTH, limit: 10 })
        assert.deepStrictEqual(yield* ask, yield* ask)
      }).pipe(run)
    )

    it.effect("a text without words finds nothing", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        for (const text of ["", "   ", "\0", "🎉🕐", `"'*():^-+{}`, "\n\t"]) {
          assert.deepStrictEqual(yield* index.search({ text, kinds: BOTH, limit: 5 }), [], JSON.stringify(text))
        }
      }).pipe(run)
    )

    it.effect("any text is safe", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const fixed = [
          `time" OR "x`,
          "time NEAR(zone, 3)",
          "name:time",
          "time AND NOT zone",
          "time*",
          "^time",
          "-time",
          "{name description}: time",
          "time\0zone",
          "time'; DROP TABLE discovery_tools; --",
          "ＴＩＭＥ 時間 время 🕐 time",
          "\ud800 time \udfff",
          "time ".repeat(2_000),
          `"`.repeat(10_000)
        ]
        const texts = [
          ...fixed,
          ...fc.sample(fc.string({ unit: "binary", maxLength: 60 }), { numRuns: 60, seed: 7 }),
          ...fc.sample(fc.stringMatching(/^[a-z"*():^ +{}.-]{1,20}$/), { numRuns: 60, seed: 7 })
        ]
        for (const text of texts) check(yield* index.search({ text, kinds: BOTH, limit: 5 }), 5)
        assert.isNotEmpty(yield* index.search({ text: "time", kinds: ["tool"], limit: 5 }))
      }).pipe(run)
    )

    it.effect("a removed server is found no more, nor its tools; others stay; unknown paths are fine", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        yield* index.remove("fininfo/")
        yield* index.remove("/nobody")
        const hits = yield* index.search({ text: BROAD, kinds: BOTH, limit: 10 })
        assert.notInclude(
          hits.map((hit) => hit.path),
          finance.path
        )
        assert.include(
          hits.map((hit) => hit.path),
          time.path
        )
        assert.sameMembers([...(yield* index.paths)], ["/currenttime", "/team/weather"])
      }).pipe(run)
    )

    it.effect("adding a server again makes no second hit", () =>
      Effect.gen(function* () {
        const index = yield* DiscoveryIndex
        const ask = index.search({ text: BROAD, kinds: BOTH, limit: 50 })
        const before = yield* ask
        yield* index.upsert(time)
        assert.deepStrictEqual(yield* ask, before)
        assert.strictEqual((yield* index.paths).length, small.length)
      }).pipe(run)
    )
  })
}
