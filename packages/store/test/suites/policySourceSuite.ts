/** Laws of every `PolicySource` layer. Each is run over a source that begins empty. */
import { PolicySource } from "@mcpgw/domain/PolicySource"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"

const TEXTS = [
  "",
  "{}",
  "s: [{ server: one }]\r\n\n",
  "# gr\u00fc\u00df dich \u{1F600}\n",
  "a\u0000b",
  "x".repeat(300_000)
]

/** Lets a forked listener come to where it waits. */
const listening = Effect.yieldNow().pipe(Effect.repeatN(50))

/** Runs the laws over `layer`, built anew for each. */
export const policySourceSuite = <E>(name: string, layer: () => Layer.Layer<PolicySource, E>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, PolicySource>) =>
    Effect.provide(effect, Layer.orDie(Layer.suspend(layer)))
  const source = PolicySource

  describe(`PolicySource contract: ${name}`, () => {
    it.effect("holds nothing until something is written", () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* (yield* source).read)
      }).pipe(run)
    )

    it.effect("read gives back the newest text exactly, with the revision its write answered", () =>
      Effect.gen(function* () {
        const { read, write } = yield* source
        for (const text of TEXTS) {
          const revision = yield* write(text, "ann")
          assert.deepStrictEqual({ ...(yield* read) }, { text, revision })
        }
      }).pipe(run)
    )

    it.effect("of changes that replace the same revision one holds, and the others are told which is newest", () =>
      Effect.gen(function* () {
        const { read, replace, write } = yield* source
        assert.strictEqual((yield* Effect.flip(replace("b", "ann", 3)))._tag, "PolicySourceMoved")
        const first = yield* replace("a", "ann", 0)
        const outcomes = yield* Effect.all(
          ["b", "c", "d"].map((text) => Effect.either(replace(text, "ann", first))),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(
          outcomes.filter(({ _tag }) => _tag === "Right"),
          1
        )
        const newest = yield* read
        assert.include(["b", "c", "d"], newest?.text)
        const second = yield* write("e", "bob")
        assert.deepInclude(yield* Effect.flip(replace("f", "ann", newest?.revision ?? 0)), { newest: second })
        assert.strictEqual((yield* read)?.text, "e")
      }).pipe(run)
    )

    it.effect("any well-formed text comes back as it was, whoever wrote it", () =>
      Effect.gen(function* () {
        const { read, write } = yield* source
        const samples = fc.sample(fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), 200)
        for (const [text, by] of samples) {
          yield* write(text, by)
          assert.strictEqual((yield* read)?.text, text)
        }
      }).pipe(run)
    )

    it.effect("revisions rise from 1 with every write, the same text and writes at once included", () =>
      Effect.gen(function* () {
        const { read, write } = yield* source
        assert.strictEqual(yield* write("same", "ann"), 1)
        assert.isAbove(yield* write("same", "ann"), 1)
        const given = yield* Effect.all(
          TEXTS.map((text) => write(text, "bob")),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(given).size, TEXTS.length)
        assert.isAbove(Math.min(...given), 2)
        assert.strictEqual((yield* read)?.revision, Math.max(...given))
      }).pipe(run)
    )

    it.effect("changes: a listener of an empty source hears every write after it, in order", () =>
      Effect.gen(function* () {
        const { changes, write } = yield* source
        const heard = yield* Effect.fork(Stream.runCollect(Stream.take(changes, 5)))
        yield* listening
        const given = yield* Effect.forEach([0, 1, 2, 3, 4], (n) => write(String(n), "ann"))
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(heard)), given)
      }).pipe(run)
    )

    it.effect("changes: a late listener first hears the revision that holds, then what follows", () =>
      Effect.gen(function* () {
        const { changes, write } = yield* source
        yield* write("1", "ann")
        const holding = yield* write("2", "ann")
        const ready = yield* Deferred.make<number>()
        const heard = yield* changes.pipe(
          Stream.tap((revision) => Deferred.succeed(ready, revision)),
          Stream.take(2),
          Stream.runCollect,
          Effect.fork
        )
        assert.strictEqual(yield* Deferred.await(ready), holding)
        const next = yield* write("3", "ann")
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(heard)), [holding, next])
      }).pipe(run)
    )

    it.effect("changes: what is told can be read at that moment", () =>
      Effect.gen(function* () {
        const { changes, read, write } = yield* source
        const seen = yield* changes.pipe(
          Stream.mapEffect((revision) => Effect.map(read, (found) => (found?.revision ?? 0) >= revision)),
          Stream.take(3),
          Stream.runCollect,
          Effect.fork
        )
        yield* Effect.forEach(["a", "b", "c"], (text) => write(text, "ann"))
        yield* Effect.forEach(["d", "e", "f"], (text) => write(text, "ann"), { concurrency: 3 })
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(seen)), [true, true, true])
      }).pipe(run)
    )

    it.effect("changes: a listener who stops or never listens holds nobody up", () =>
      Effect.gen(function* () {
        const { changes, write } = yield* source
        const stuck = yield* Effect.fork(Stream.runForEach(changes, () => Effect.never))
        yield* write("0", "ann")
        yield* listening
        for (let n = 1; n <= 100; n++) yield* write(String(n), "ann")
        yield* Fiber.interrupt(stuck)
        const heard = yield* Stream.runHead(changes)
        assert.deepStrictEqual(heard._tag === "Some" && heard.value, 101)
      }).pipe(run)
    )
  })
}
