/** Laws of two processes over one store: what one does the other sees, and neither loses what the other wrote. */
import { assert, describe, it } from "@effect/vitest"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import type * as Store from "@mcpgw/store/Store"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Registry, type RegistryApi } from "../../src/Registry.ts"
import { RegistryStore } from "../../src/RegistryStore.ts"
import { registration, tool } from "./fixtures.ts"

const recordOf = (registry: RegistryApi) => Effect.fromNullable(registry.get("/a")?.record)

/** `kept`: a store with nothing in it at first, the same at each build. */
export const processesSuite = (name: string, kept: Effect.Effect<Store.StoreLayer>): void => {
  /** Two processes, and what makes the second one look. */
  const two = Effect.gen(function* () {
    const store = yield* kept
    const open = Layer.build(
      Layer.fresh(Registry.layer.pipe(Layer.provide(RegistryStore.layerSql), Layer.provideMerge(store)))
    )
    const [a, b] = yield* Effect.all([open, open])
    const looksOf = (process: Context.Context<ChangeFeed>) => Context.get(process, ChangeFeed).look
    return {
      a: Context.get(a, Registry),
      b: Context.get(b, Registry),
      look: Effect.zipRight(looksOf(a), looksOf(b))
    }
  })

  describe(`Registry of two processes over ${name}`, () => {
    it.scoped("design §1: the other follows, with the same events in the same order, and none for its own", () =>
      Effect.gen(function* () {
        const { a, b, look } = yield* two
        const own = yield* Effect.flatMap(a.subscribe, (changes) =>
          Effect.fork(Stream.runCollect(Stream.take(changes, 6)))
        )
        const seen = yield* Effect.flatMap(b.subscribe, (changes) =>
          Effect.fork(Stream.runCollect(Stream.take(changes, 5)))
        )
        yield* a.register(registration("/a"), "admin")
        yield* look
        yield* a.update("/a", { description: "d", proxy_pass_url: "http://127.0.0.1:9/" })
        yield* look
        yield* a.toggle("/a", false)
        yield* look
        assert.strictEqual(b.get("/a")?.health.status, "disabled")
        yield* a.setTools("/a", [tool("x")])
        yield* look
        assert.deepStrictEqual(b.get("/a")?.record, a.get("/a")?.record)
        yield* a.remove("/a")
        yield* look
        assert.isUndefined(b.get("/a"))
        // Free again, for both.
        yield* b.register(registration("/A"), "admin")
        yield* look
        assert.isDefined(a.get("/A"))
        const kinds = ["registered", "updated", "toggled", "tools", "removed"]
        const kindsOf = (changes: Chunk.Chunk<{ readonly kind: string }>) =>
          Chunk.toArray(changes).map(({ kind }) => kind)
        assert.deepStrictEqual(kindsOf(yield* Fiber.join(seen)), kinds)
        assert.deepStrictEqual(kindsOf(yield* Fiber.join(own)), [...kinds, "registered"])
      })
    )

    it.scoped(
      "of two registrations of one path, in whatever case, one wins; the other says ServerExists and follows",
      () =>
        Effect.gen(function* () {
          const { a, b, look } = yield* two
          const results = yield* Effect.all(
            [
              a.register(registration("/Time"), "x"),
              b.register(registration("/time"), "y"),
              b.register(registration("/other"), "y")
            ].map(Effect.either),
            { concurrency: "unbounded" }
          )
          const failed = results.flatMap((result) => (result._tag === "Left" ? [result.left._tag] : []))
          assert.deepStrictEqual(failed, ["ServerExists"])
          yield* look
          assert.strictEqual(a.snapshot().servers.size, 2)
          assert.deepStrictEqual(
            [...a.snapshot().servers.keys()].toSorted(),
            [...b.snapshot().servers.keys()].toSorted()
          )
        })
    )

    it.scoped("edits upon an old record lose no field of the other's, and both end at the same", () =>
      Effect.gen(function* () {
        const { a, b, look } = yield* two
        yield* a.register(registration("/a"), "admin")
        yield* look
        yield* a.update("/a", { description: "of a" })
        // b has not looked: its record is old.
        yield* b.update("/a", { tags: ["of b"] })
        yield* a.toggle("/a", false)
        yield* b.setTools("/a", [tool("x")])
        const edits = Array.from({ length: 10 }, (_, i) => [
          a.update("/a", { num_stars: i }),
          b.update("/a", { license: `L${i}` })
        ])
        yield* Effect.all(edits.flat(), { concurrency: "unbounded" })
        yield* look
        const record = a.get("/a")?.record
        assert.deepStrictEqual(b.get("/a")?.record, record)
        assert.deepInclude(record, { description: "of a", tags: ["of b"], is_enabled: false, num_tools: 1 })
        assert.match(record?.license ?? "", /^L\d$/)
      })
    )

    it.scoped("RFC 9110 §13.1.1: of two that change what both have read one does, and the other is told", () =>
      Effect.gen(function* () {
        const { a, b, look } = yield* two
        yield* a.register(registration("/a"), "admin")
        yield* look
        for (let round = 0; round < 10; round++) {
          const read = { a: yield* recordOf(a), b: yield* recordOf(b) }
          assert.deepStrictEqual(read.a, read.b)
          const both = [
            a.exactly(read.a).update({ description: `a ${round}` }),
            round % 2 === 0
              ? b.exactly(read.b).update({ tags: [`b ${round}`] })
              : b.exactly(read.b).toggle(!read.b.is_enabled)
          ]
          // Nobody looks in between: what each has read is all it knows.
          const done = yield* Effect.forEach(round % 3 === 0 ? both.toReversed() : both, Effect.either, {
            concurrency: "unbounded"
          })
          const refused = done.flatMap((one) => (one._tag === "Left" ? [one.left._tag] : []))
          assert.deepStrictEqual(refused, ["ServerChanged"])
          // Who was refused has what holds, before any look.
          assert.deepStrictEqual(yield* recordOf(a), yield* recordOf(b))
          yield* look
        }
        // Another server at the same path is another server.
        const [oldA, oldB] = [yield* recordOf(a), yield* recordOf(b)]
        yield* a.exactly(oldA).remove
        yield* a.register(registration("/a", { server_name: "Another" }), "admin")
        assert.strictEqual((yield* Effect.flip(b.exactly(oldB).remove))._tag, "ServerChanged")
        assert.strictEqual(b.get("/a")?.record.server_name, "Another")
        yield* b.exactly(yield* recordOf(b)).remove
        assert.strictEqual((yield* Effect.flip(a.exactly(yield* recordOf(a)).remove))._tag, "ServerNotFound")
      })
    )

    it.scoped("reread: what another process wrote is there before the next look", () =>
      Effect.gen(function* () {
        const { a, b, look } = yield* two
        yield* a.register(registration("/a"), "admin")
        assert.isUndefined(b.get("/a"))
        assert.deepStrictEqual((yield* b.reread("a/"))?.record, a.get("/a")?.record)
        yield* a.remove("/a")
        assert.isUndefined(yield* b.reread("/a"))
        yield* look
        assert.isUndefined(b.get("/a"))
      })
    )

    it.scoped("what the other has removed is not brought back by an edit; who was away for long reads it all", () =>
      Effect.gen(function* () {
        const { a, b, look } = yield* two
        yield* a.register(registration("/a"), "admin")
        yield* look
        yield* a.remove("/a")
        assert.strictEqual((yield* Effect.flip(b.update("/a", { description: "d" })))._tag, "ServerNotFound")
        assert.isUndefined(b.get("/a"))
        yield* look
        assert.strictEqual(a.snapshot().servers.size, 0)
      })
    )
  })
}
