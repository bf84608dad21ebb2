/** Imports that are cancelled or resumed in the middle of something: what is done is told, and two who turn one at once do not undo each other. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { Imports } from "../src/import/Imports.ts"
import { makeImportStore } from "../src/internal/importStore.ts"
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
      yield* imports.resume(source.url, "ann")
      const whole = yield* settled(id)
      assert.deepInclude(whole.progress, { seen: 200, unchanged: brought, created: 200 - brought })
      assert.lengthOf(yield* imports.items(id, 0), 200)
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive(
    "who turns a job that is not as it was read any more does nothing: cancelled, it is not begun again",
    () =>
      Effect.gen(function* () {
        const source = yield* sourceRegistry(many(3))
        source.trouble = () => ({ status: 401, body: "" })
        const imports = yield* Imports
        const store = yield* makeImportStore
        const { id } = yield* imports.start({ from: source.url, credential: "first" }, "admin")
        const read = yield* settled(id)
        const turns = (state: "running" | "cancelled", credential?: string) => {
          const { credential: _old, ...request } = read.request
          return store.turn(read, {
            state,
            request: credential === undefined ? request : { ...request, credential },
            resumedBy: null
          })
        }
        assert.isTrue(yield* turns("cancelled"))
        assert.isFalse(yield* turns("running", "second"))
        assert.isFalse(yield* turns("cancelled"))
        const now = yield* imports.get(id)
        assert.deepInclude(now, { state: "cancelled" })
        assert.isUndefined(now.request.credential)
        // Begun again and again at work, it is another's, although its state is the one it was read in.
        yield* imports.resume(source.url, "ann", "third")
        const again = yield* settled(id)
        assert.deepInclude(again, { state: "interrupted", createdBy: "admin", resumedBy: "ann" })
        assert.isFalse(yield* turns("cancelled"))
        assert.strictEqual((yield* imports.get(id)).request.credential, "third")
        assert.deepInclude(yield* imports.cancel(id), { state: "cancelled", resumedBy: "ann", dropped: "third" })
        assert.deepInclude(yield* imports.cancel(id), { state: "cancelled", dropped: undefined })
      }).pipe(Effect.provide(layer()))
  )

  it.scopedLive(
    "a job that changes whenever it is to be turned is neither resumed nor cancelled, and both say so",
    () =>
      Effect.gen(function* () {
        const source = yield* sourceRegistry(many(3))
        source.trouble = () => ({ status: 401, body: "" })
        const imports = yield* Imports
        const { id } = yield* imports.start({ from: source.url, credential: "first" }, "admin")
        const read = yield* settled(id)
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TRIGGER another BEFORE UPDATE OF request ON registry_imports BEGIN SELECT RAISE(IGNORE); END`
        for (const turn of [imports.resume(source.url, "ann", "second"), imports.cancel(id)]) {
          const failure = yield* Effect.flip(turn)
          assert.strictEqual(failure._tag, "ImportChanged")
          assert.match(failure.message, /was changed meanwhile/)
        }
        assert.deepStrictEqual(yield* imports.get(id), read)
        yield* sql`DROP TRIGGER another`
        assert.deepInclude(yield* imports.resume(source.url, "ann", "second"), { id, dropped: "first" })
      }).pipe(Effect.provide(layer()))
  )
})
