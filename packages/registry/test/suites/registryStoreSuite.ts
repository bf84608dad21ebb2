/** Laws of every `RegistryStore` layer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RegistryStore } from "../../src/RegistryStore.ts"
import { record, tool } from "./fixtures.ts"

/** Runs the laws over `layer`, built anew for each. */
export const registryStoreSuite = <E>(name: string, layer: () => Layer.Layer<RegistryStore, E>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, RegistryStore>) =>
    Effect.provide(effect, Layer.orDie(Layer.suspend(layer)))

  describe(`RegistryStore contract: ${name}`, () => {
    it.effect("starts empty", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* (yield* RegistryStore).all, [])
      }).pipe(run)
    )

    it.effect("contracts §2.9: gives back a record exactly, unknown fields of a tool's definition included", () =>
      Effect.gen(function* () {
        const store = yield* RegistryStore
        yield* store.put(record("/a"))
        assert.deepStrictEqual(yield* store.all, [record("/a")])
      }).pipe(run)
    )

    it.effect("put replaces by path and touches no other", () =>
      Effect.gen(function* () {
        const store = yield* RegistryStore
        yield* store.put(record("/a"))
        yield* store.put(record("/b"))
        yield* store.put(record("/a", { server_name: "Other", tool_list: [] }))
        const byPath = new Map((yield* store.all).map((found) => [found.path as string, found]))
        assert.strictEqual(byPath.size, 2)
        assert.strictEqual(byPath.get("/a")?.server_name, "Other")
        assert.deepStrictEqual(byPath.get("/b"), record("/b"))
      }).pipe(run)
    )

    it.effect("a long inventory comes back whole and in order, and is replaced and removed like a short one", () =>
      Effect.gen(function* () {
        const store = yield* RegistryStore
        const long = (count: number, prefix: string) =>
          record("/long", { tool_list: Array.from({ length: count }, (_, i) => tool(`${prefix}${i}`)) })
        const stored = Effect.map(store.all, (records) => records.find(({ path }) => path === "/long"))
        yield* store.put(record("/other"))
        for (const next of [long(250, "a"), long(101, "b"), long(2, "c"), long(100, "d"), long(320, "e")]) {
          yield* store.put(next)
          assert.deepStrictEqual(yield* stored, next)
        }
        yield* store.remove("/long")
        assert.deepStrictEqual(yield* store.all, [record("/other")])
      }).pipe(run)
    )

    it.effect("remove takes one away, and an unknown path is fine", () =>
      Effect.gen(function* () {
        const store = yield* RegistryStore
        yield* store.put(record("/a"))
        yield* store.put(record("/b"))
        yield* store.remove("/a")
        yield* store.remove("/nobody")
        assert.deepStrictEqual(
          (yield* store.all).map((found) => found.path as string),
          ["/b"]
        )
      }).pipe(run)
    )

    it.effect("a condition that is not met stores and removes nothing, and says so", () =>
      Effect.gen(function* () {
        const store = yield* RegistryStore
        assert.isFalse(yield* store.put(record("/a"), "unchanged"), "nothing was read there")
        assert.isFalse(yield* store.remove("/a", "unchanged"), "nothing is there")
        assert.isTrue(yield* store.remove("/a"), "gone it is")
        assert.deepStrictEqual(yield* store.all, [])
        assert.isTrue(yield* store.put(record("/a"), "absent"))
        assert.isFalse(yield* store.put(record("/a", { server_name: "Other" }), "absent"))
        assert.isFalse(yield* store.put(record("/A"), "absent"), "the same path in another case")
        assert.deepStrictEqual(yield* store.all, [record("/a")])
        const next = record("/a", { server_name: "Next" })
        assert.isTrue(yield* store.put(next, "unchanged"))
        assert.deepStrictEqual(yield* store.get("/a"), next)
        assert.isTrue(yield* store.remove("/a", "unchanged"))
        assert.isUndefined(yield* store.get("/a"))
      }).pipe(run)
    )

    it.effect("paths that differ in case or by a segment are different", () =>
      Effect.gen(function* () {
        const store = yield* RegistryStore
        for (const path of ["/a", "/A", "/a/b"]) yield* store.put(record(path))
        yield* store.remove("/a")
        assert.deepStrictEqual((yield* store.all).map((found) => found.path as string).sort(), ["/A", "/a/b"])
      }).pipe(run)
    )
  })
}
