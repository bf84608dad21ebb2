/** Quality on a real catalog: 70 servers with 527 tools and what people asked of them. Skipped where the data is absent. */
import { assert, describe, it } from "@effect/vitest"
import * as Store from "@mcpgw/store/Store"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DiscoveryIndex } from "../src/DiscoveryIndex.ts"
import { catalog, missing, tasks } from "./suites/livemcpbench.ts"

interface Quality {
  readonly recall5: number
  readonly recall10: number
  readonly mrr: number
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const round = (value: number): number => Math.round(value * 1000) / 1000

/** Mean recall at 5 and 10 and reciprocal rank of the first relevant tool among the first 10. */
const measure = (questions: ReadonlyArray<{ readonly text: string; readonly relevant: ReadonlySet<string> }>) =>
  Effect.gen(function* () {
    const index = yield* DiscoveryIndex
    const each = yield* Effect.forEach(questions, ({ relevant, text }) =>
      Effect.map(index.search({ text, kinds: ["tool"], limit: 10 }), (hits) => {
        const names = hits.map((hit) => (hit.kind === "tool" ? hit.tool : ""))
        const recall = (k: number) =>
          new Set(names.slice(0, k).filter((name) => relevant.has(name))).size / relevant.size
        const first = names.findIndex((name) => relevant.has(name))
        return { recall5: recall(5), recall10: recall(10), mrr: first < 0 ? 0 : 1 / (first + 1) }
      })
    )
    const quality: Quality = {
      recall5: round(mean(each.map((one) => one.recall5))),
      recall10: round(mean(each.map((one) => one.recall10))),
      mrr: round(mean(each.map((one) => one.mrr)))
    }
    return quality
  })

const reason = missing()
if (reason !== undefined) Effect.runSync(Console.log(`livemcpbench skipped: ${reason}`))

describe.skipIf(reason !== undefined)("DiscoveryIndex.layerLexical on a real catalog", () => {
  it.effect("finds the tools people's tasks need", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      const servers = catalog()
      assert.strictEqual(servers.length, 70)
      assert.strictEqual(
        servers.reduce((sum, record) => sum + record.tool_list.length, 0),
        527
      )
      yield* Effect.forEach(servers, index.upsert, { discard: true })
      const whole = yield* measure(tasks().map(({ query, relevant }) => ({ text: query, relevant })))
      const steps = yield* measure(tasks().map(({ relevant, steps }) => ({ text: steps.join(" "), relevant })))
      yield* Console.log(`whole task as asked: ${JSON.stringify(whole)}; annotator's steps: ${JSON.stringify(steps)}`)
      // A little below what was measured, so that a change which makes search worse is seen.
      const floors: ReadonlyArray<readonly [value: number, floor: number]> = [
        [whole.recall5, 0.34],
        [whole.recall10, 0.42],
        [whole.mrr, 0.45],
        [steps.recall5, 0.53],
        [steps.recall10, 0.66],
        [steps.mrr, 0.67]
      ]
      for (const [value, floor] of floors) assert.isAtLeast(value, floor)
    }).pipe(Effect.provide(Layer.provide(DiscoveryIndex.layerLexical, Store.layerMemory)))
  )
})
