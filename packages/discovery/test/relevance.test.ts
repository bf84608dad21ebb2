/** What a score says (Hit.ts), in catalogues as small as they come. */
import { assert, describe, it } from "@effect/vitest"
import * as Store from "@mcpgw/store/Store"
import type { ServerRecord } from "@mcpgw/domain/Server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DiscoveryIndex } from "../src/DiscoveryIndex.ts"
import type { Named } from "../src/DiscoveryIndex.ts"
import { finance, server, small, time, tool, weather } from "./suites/fixtures.ts"

const memory = Layer.provide(DiscoveryIndex.layerLexical, Store.layerMemory)

/** Names and scores of the tools found in a catalogue of `records`. */
const scores = (records: ReadonlyArray<ServerRecord>, text: string, keep?: (found: Named) => boolean) =>
  Effect.gen(function* () {
    const index = yield* DiscoveryIndex
    yield* Effect.forEach(records, index.upsert, { discard: true })
    const hits = yield* index.search({ text, kinds: ["tool"], limit: 9, ...(keep === undefined ? {} : { keep }) })
    return hits.map((hit) => [hit.kind === "tool" ? hit.tool : "", hit.score] as const)
  }).pipe(Effect.provide(memory))

const serverScore = (records: ReadonlyArray<ServerRecord>, text: string) =>
  Effect.gen(function* () {
    const index = yield* DiscoveryIndex
    yield* Effect.forEach(records, index.upsert, { discard: true })
    return (yield* index.search({ text, kinds: ["server"], limit: 9 })).map((hit) => hit.score)
  }).pipe(Effect.provide(memory))

const alone = server("/alone", "Alone", { description: "By itself", tools: [tool("read_mail", "Reads the mail")] })

describe("relevance", () => {
  for (const [what, records] of [
    ["one server with one tool", [alone]],
    ["two servers", [alone, time]],
    ["the same words everywhere", [alone, { ...alone, path: time.path }]],
    ["several servers", [alone, ...small]]
  ] as const) {
    it.effect(`${what}: the best hit holds all words asked for, and has 1`, () =>
      Effect.gen(function* () {
        const [best] = yield* scores(records, "read mail")
        assert.deepStrictEqual(best, ["read_mail", 1])
        assert.strictEqual((yield* serverScore(records, "read mail"))[0], 1)
      })
    )

    it.effect(`${what}: of four words the best hit holds two, and has a half`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* scores(records, "read mail walrus xylophone"))[0], ["read_mail", 0.5])
      })
    )
  }

  it.effect("two words written as one, and a word still being typed, count as held", () =>
    Effect.gen(function* () {
      for (const text of ["time zone", "timezone", "current timez"]) {
        assert.strictEqual((yield* scores([time, finance], text))[0]?.[1], 1, text)
      }
    })
  )

  it.effect("scores fall with rank and never to nothing, in catalogues of one to three servers", () =>
    Effect.gen(function* () {
      for (const records of [[weather], [weather, time], small]) {
        const found = (yield* scores(records, "forecast of the current time for a city region")).map(
          ([, score]) => score
        )
        assert.isAtLeast(found.length, 2)
        assert.deepStrictEqual(
          found,
          found.toSorted((a, b) => b - a)
        )
        assert.isBelow(found.at(-1) ?? 1, found[0] ?? 0)
        assert.isTrue(found.every((score) => score > 0.05 && score <= 1))
      }
    })
  )

  it.effect("what is hidden from the asker moves no score", () =>
    Effect.gen(function* () {
      const hidden = server("/hidden", "Hidden", { tools: [tool("read_mail_mail", "read mail, mail, mail")] })
      const [best] = yield* scores([alone, time, hidden], "read mail", (found) => found.path !== "/hidden")
      assert.deepStrictEqual(best, ["read_mail", 1])
    })
  )
})
