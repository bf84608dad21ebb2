/** Laws of `ChangeFeed` over every database: two processes over one store, each with its own layer. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Changed, ChangeFeed } from "../../src/ChangeFeed.ts"

type Process = Context.Context<ChangeFeed | SqlClient.SqlClient>

/** A process over the store at hand. */
type Start<E> = Effect.Effect<Process, E, Scope.Scope>

/** What a process is told of a topic, look by look. */
const watching = (process: Process, topic: string) =>
  Effect.gen(function* () {
    const told: Array<Changed> = []
    yield* Context.get(process, ChangeFeed).watch(topic, (changed) => Effect.sync(() => void told.push(changed)))
    return told
  })

const look = (process: Process) => Context.get(process, ChangeFeed).look
const write = (process: Process, topic: string, items: ReadonlyArray<string>) =>
  Context.get(process, ChangeFeed).write(topic, items, Effect.succeed)

/** `open`: a store with nothing in it, as a layer that each process builds for itself. */
export const changeFeedSuite = <E>(
  name: string,
  open: () => Promise<Layer.Layer<ChangeFeed | SqlClient.SqlClient, E>>
): void => {
  const over = <A, E2>(body: (start: Start<E>) => Effect.Effect<A, E2, Scope.Scope>) =>
    Effect.flatMap(Effect.promise(open), (layer) => body(Layer.build(Layer.fresh(layer))))

  describe(`ChangeFeed contract: ${name}`, () => {
    it.scoped("design §1: what one process writes the others are told, once, and it is not told itself", () =>
      over((start) =>
        Effect.gen(function* () {
          const [a, b] = [yield* start, yield* start]
          yield* write(a, "x", ["before"])
          const [toldA, toldB] = [yield* watching(a, "x"), yield* watching(b, "x")]
          yield* write(a, "x", ["1", "2"])
          yield* write(b, "x", ["3"])
          yield* write(a, "y", ["other topic"])
          yield* write(a, "x", ["1"])
          for (const process of [a, b, a, b]) yield* look(process)
          assert.deepStrictEqual(toldA, [["3"]])
          assert.deepStrictEqual(toldB, [["1", "2"]])
        })
      )
    )

    it.scoped("a write that fails tells nobody, and its number is given to the next", () =>
      over((start) =>
        Effect.gen(function* () {
          const [a, b] = [yield* start, yield* start]
          const told = yield* watching(b, "x")
          const first = yield* write(a, "x", ["1"])
          const failed = Context.get(a, ChangeFeed).write("x", ["2"], () => Effect.fail("refused"))
          assert.strictEqual(yield* Effect.flip(failed), "refused")
          yield* look(b)
          assert.deepStrictEqual(told, [["1"]])
          assert.strictEqual(yield* write(b, "x", ["3"]), first + 1)
          // The number was this process's own for a moment; it must not take the other's for it.
          const toldA = yield* watching(a, "x")
          assert.strictEqual(yield* write(b, "x", ["4"]), first + 2)
          yield* look(a)
          assert.deepStrictEqual(toldA, [["4"]])
        })
      )
    )

    it.scoped("what was not taken is handed over again, and holds up no other topic", () =>
      over((start) =>
        Effect.gen(function* () {
          const [a, b] = [yield* start, yield* start]
          let fails = 2
          const taken: Array<Changed> = []
          yield* Context.get(b, ChangeFeed).watch("x", (changed) =>
            fails-- > 0 ? Effect.fail("later") : Effect.sync(() => void taken.push(changed))
          )
          const other = yield* watching(b, "y")
          yield* write(a, "x", ["1"])
          yield* write(a, "y", ["2"])
          yield* look(b)
          assert.deepStrictEqual([taken, other], [[], [["2"]]])
          yield* write(a, "x", ["3"])
          yield* look(b)
          yield* look(b)
          assert.deepStrictEqual(taken, [["1", "3"]])
        })
      )
    )

    it.scoped(
      "who was away for more than is kept, and who finds another store in its place, reads everything again",
      () =>
        over((start) =>
          Effect.gen(function* () {
            const [a, b] = [yield* start, yield* start]
            const told = yield* watching(b, "x")
            const sql = Context.get(b, SqlClient.SqlClient)
            yield* write(a, "x", ["1"])
            yield* write(a, "x", ["2"])
            yield* sql`DELETE FROM store_changes WHERE revision = 1`
            yield* look(b)
            assert.deepStrictEqual(told, ["everything"])
            yield* sql`UPDATE store_heads SET revision = 1`
            yield* look(b)
            yield* look(b)
            assert.deepStrictEqual(told, ["everything", "everything"])
          })
        )
    )

    it.scoped("numbers never become visible out of their order, however many write at once", () =>
      over((start) =>
        Effect.gen(function* () {
          const [a, b, c] = [yield* start, yield* start, yield* start]
          const told = yield* watching(c, "x")
          const writes = Array.from({ length: 16 }, (_, i) => write(i % 2 === 0 ? a : b, "x", [String(i)]))
          yield* Effect.all([Effect.all(writes, { concurrency: 8 }), Effect.repeatN(look(c), 12)], { concurrency: 2 })
          yield* look(c)
          const items = told.flatMap((changed) => (changed === "everything" ? ["everything"] : changed))
          assert.deepStrictEqual(
            items.map(Number).toSorted((x, y) => x - y),
            Array.from(writes.keys())
          )
        })
      )
    )
  })
}
