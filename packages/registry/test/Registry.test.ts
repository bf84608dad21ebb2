import { assert, describe, it } from "@effect/vitest"
import * as Store from "@mcpgw/store/Store"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Registry } from "../src/Registry.ts"
import { RegistryStore, StoreUnavailable } from "../src/RegistryStore.ts"
import type { RegistryStoreApi } from "../src/RegistryStore.ts"
import { record, registration } from "./suites/fixtures.ts"
import { registrySuite } from "./suites/registrySuite.ts"

registrySuite("RegistryStore.layerMemory", () => RegistryStore.layerMemory)
registrySuite("RegistryStore.layerSql", () => Layer.provide(RegistryStore.layerSql, Store.layerMemory))

const emptyStore: RegistryStoreApi = {
  all: Effect.succeed([]),
  get: () => Effect.succeed(undefined),
  put: () => Effect.succeed(true),
  remove: () => Effect.succeed(true),
  watch: () => Effect.void
}
const over = (store: Partial<RegistryStoreApi>) =>
  Layer.provide(Registry.layer, Layer.succeed(RegistryStore, { ...emptyStore, ...store }))

describe("Registry.layer", () => {
  it.effect("a restart finds what was registered, edited, switched and seen", () => {
    const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-registry-")), "a.db")
    const layer = Registry.layer.pipe(
      Layer.provide(RegistryStore.layerSql),
      Layer.provide(Store.layerSqlite({ filename }))
    )
    const first = Effect.gen(function* () {
      const registry = yield* Registry
      yield* registry.register(registration("/a"), "admin")
      yield* registry.register(registration("/b"), "admin")
      yield* registry.register(registration("/c"), "admin")
      yield* registry.update("/a", { description: "d" })
      yield* registry.toggle("/b", false)
      yield* registry.remove("/c")
      return [...registry.snapshot().servers.values()].map((server) => server.record)
    })
    const second = Effect.map(Registry, (registry) => [...registry.snapshot().servers.values()])
    return Effect.gen(function* () {
      const stored = yield* Effect.provide(first, layer)
      const loaded = yield* Effect.provide(second, layer)
      assert.deepStrictEqual(
        loaded.map((server) => server.record),
        stored
      )
      assert.deepStrictEqual(
        loaded.map((server) => server.health.status),
        ["unknown", "disabled"]
      )
    })
  })

  it.effect("design §10: while the store is out, reads go on and a refused change has no effect", () => {
    const down = Effect.fail(new StoreUnavailable({ cause: "down" }))
    return Effect.gen(function* () {
      const registry = yield* Registry
      const before = registry.snapshot()
      const attempts: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
        registry.register(registration("/b"), "admin"),
        registry.update("/a", { description: "d" }),
        registry.toggle("/a", false),
        registry.setTools("/a", []),
        registry.remove("/a")
      ]
      for (const attempt of attempts) assert.strictEqual((yield* Effect.flip(attempt))._tag, "StoreUnavailable")
      assert.strictEqual(registry.snapshot(), before)
      assert.strictEqual((yield* Effect.flip(registry.register(registration("/b"), "x")))._tag, "StoreUnavailable")
    }).pipe(Effect.provide(over({ all: Effect.succeed([record("/a")]), put: () => down, remove: () => down })))
  })

  it.effect("a change is not seen before it is stored; once storing it is not cut in half", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const entered = yield* Deferred.make<void>()
      const put = () => Effect.zipRight(Deferred.succeed(entered, undefined), Effect.as(Deferred.await(gate), true))
      yield* Effect.gen(function* () {
        const registry = yield* Registry
        const writer = yield* Effect.fork(registry.register(registration("/a"), "admin"))
        yield* Deferred.await(entered)
        assert.isUndefined(registry.get("/a"))
        const stop = yield* Effect.fork(Fiber.interrupt(writer))
        yield* Effect.yieldNow()
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(stop)
        assert.isDefined(registry.get("/a"))
      }).pipe(Effect.provide(over({ put })))
    })
  )

  it.scoped("a reader that is 5,000 changes behind loses none", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* registry.subscribe
      yield* Effect.forEach(
        Array.from({ length: 5_000 }),
        (_, i) => registry.setHealth("/a", { status: i % 2 === 0 ? "healthy" : "unknown", last_checked_iso: null }),
        { discard: true }
      )
      assert.strictEqual(Chunk.size(yield* Stream.runCollect(Stream.take(changes, 5_000))), 5_000)
    }).pipe(Effect.provide(over({ all: Effect.succeed([record("/a")]) })))
  )

  it.effect("the 1,000th registration writes one row and reads none, as the first", () => {
    const calls: Array<string> = []
    const all = Effect.sync(() => {
      calls.push("all")
      return []
    })
    const put = () => Effect.sync(() => calls.push("put") > 0)
    return Effect.gen(function* () {
      const registry = yield* Registry
      yield* Effect.forEach(Array.from({ length: 1_000 }), (_, i) => registry.register(registration(`/s${i}`), "x"), {
        discard: true
      })
      assert.strictEqual(registry.snapshot().servers.size, 1_000)
      assert.deepStrictEqual([calls.length, calls[0], new Set(calls.slice(1)).size], [1_001, "all", 1])
    }).pipe(Effect.provide(over({ all, put })))
  })
})
