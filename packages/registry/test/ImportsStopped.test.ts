/** Imports that are cancelled or resumed in the middle of something: what is done is told, and two who turn one at once do not undo each other. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Imports } from "../src/import/Imports.ts"
import { remoteEntry } from "./support/corpus.ts"
import { layer, records, settled, until } from "./support/importing.ts"
import { sourceRegistry } from "./support/sourceRegistry.ts"

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => remoteEntry(`com.example/s-${String(i).padStart(4, "0")}`))

describe("issue 6: imports that are stopped", () => {
  it.scopedLive("one that is cancelled in the middle of a page stops there, and tells what it brought", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry([])
      const page = JSON.stringify({ servers: many(200), metadata: { count: 200 } })
      source.trouble = () => ({ status: 200, body: page })
      const imports = yield* Imports
      const { id } = yield* imports.start({ from: source.url, enable: true }, "admin")
      yield* until(records, ({ length }) => length >= 20)
      assert.strictEqual((yield* imports.cancel(id)).state, "cancelled")
      const { length: soon } = yield* records
      const over = yield* Effect.timeout(
        until(imports.get(id), ({ progress }) => progress.finishedAt !== null),
        "10 seconds"
      )
      yield* Effect.sleep("100 millis")
      const { length: brought } = yield* records
      assert.isBelow(brought, soon + 50, "it went on")
      assert.strictEqual(over.state, "cancelled")
      assert.deepInclude(over.progress, { seen: brought, created: brought })
      assert.lengthOf(yield* imports.items(id, 0), brought)
      // It had not got past its first page: it begins anew, and finds what it had brought.
      yield* imports.resume(source.url)
      const whole = yield* settled(id)
      assert.deepInclude(whole.progress, { seen: 200, unchanged: brought, created: 200 - brought })
      assert.lengthOf(yield* imports.items(id, 0), 200)
    }).pipe(Effect.provide(layer()))
  )
})
