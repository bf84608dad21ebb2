import { assert, describe, it } from "@effect/vitest"
import * as Store from "@mcpgw/store/Store"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { turn } from "@mcpgw/registry/EventLoop"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { DiscoveryError, DiscoveryIndex } from "../src/DiscoveryIndex.ts"
import * as IndexSync from "../src/IndexSync.ts"
import { finance, small, time, tool, weather } from "./suites/fixtures.ts"

const registryOf = (records: ReadonlyArray<ServerRecord>) =>
  Layer.provide(
    Registry.layer,
    Layer.tap(RegistryStore.layerMemory, (context) =>
      Effect.flatMap(Effect.provide(RegistryStore, context), (store) =>
        Effect.forEach(records, (record) => store.put(record), { discard: true })
      )
    )
  )

const lexical = Layer.provide(DiscoveryIndex.layerLexical, Store.layerMemory)

/** The real index behind a door that refuses the first `refusals` upserts and writes down the paths of all. */
const guarded = (log: Array<string>, refusals: number) =>
  Layer.provide(
    Layer.effect(
      DiscoveryIndex,
      Effect.map(DiscoveryIndex, (index) => ({
        ...index,
        upsert: (record: ServerRecord) =>
          Effect.suspend(() =>
            log.push(record.path) <= refusals ? Effect.fail(new DiscoveryError({ cause: "no" })) : index.upsert(record)
          )
      }))
    ),
    lexical
  )

const found = (text: string) =>
  Effect.flatMap(DiscoveryIndex, (index) =>
    Effect.map(index.search({ text, kinds: ["tool"], limit: 5 }), (hits) => hits.map((hit) => hit.path))
  )

/** Lets the background work until `condition` holds; fails after many turns. */
const eventually = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 500; tries++) {
      if (yield* condition) return
      yield* turn
    }
    assert.fail("it never came true")
  })

const pathsAre = (...expected: ReadonlyArray<string>) =>
  Effect.flatMap(DiscoveryIndex, (index) =>
    Effect.map(index.paths, (paths) => [...paths].sort().join() === [...expected].sort().join())
  )

describe("IndexSync.layer", () => {
  it.effect("indexes what the registry holds at start", () =>
    Effect.gen(function* () {
      yield* eventually(pathsAre("/currenttime", "/fininfo", "/team/weather"))
      assert.strictEqual((yield* found("forecast for a city"))[0], "/team/weather")
    }).pipe(Effect.provide(IndexSync.layer.pipe(Layer.provideMerge(Layer.merge(registryOf(small), lexical)))))
  )

  it.effect("follows registrations, edits, tools and removals", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { path, proxy_pass_url, server_name } = weather
      yield* registry.register({ path, proxy_pass_url, server_name }, "admin")
      yield* eventually(pathsAre("/currenttime", "/team/weather"))
      yield* registry.setTools(path, [tool("tide_table", "High water")])
      yield* eventually(Effect.map(found("high water"), (paths) => paths.includes(path)))
      yield* registry.update(path, { tool_list: [tool("moon_phase")] })
      yield* eventually(Effect.map(found("moon"), (paths) => paths.includes(path)))
      assert.deepStrictEqual(yield* found("water"), [])
      yield* registry.remove(path)
      yield* eventually(pathsAre("/currenttime"))
    }).pipe(Effect.provide(IndexSync.layer.pipe(Layer.provideMerge(Layer.merge(registryOf([time]), lexical)))))
  )

  it.effect("drops what an earlier run left and the registry has no more", () =>
    Effect.gen(function* () {
      const index = yield* DiscoveryIndex
      yield* index.upsert(finance)
      yield* Effect.gen(function* () {
        yield* eventually(pathsAre("/currenttime"))
      }).pipe(Effect.provide(Layer.provide(IndexSync.layer, registryOf([time]))))
    }).pipe(Effect.provide(lexical))
  )

  it.effect("a failure is tried again, later each time, and only what failed", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      yield* eventually(Effect.sync(() => log.length === 3))
      assert.isTrue(yield* pathsAre("/team/weather"))
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(log.length, 3)
      yield* TestClock.adjust("1 millis")
      yield* eventually(pathsAre("/currenttime", "/fininfo", "/team/weather"))
      assert.deepStrictEqual(log, [...small.map((record) => record.path as string), "/currenttime", "/fininfo"])
    }).pipe(Effect.provide(IndexSync.layer.pipe(Layer.provideMerge(Layer.merge(registryOf(small), guarded(log, 2))))))
  })

  it.effect("a change of health or of nothing indexed writes nothing", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      const registry = yield* Registry
      yield* eventually(pathsAre("/currenttime"))
      yield* registry.setHealth("/currenttime", { status: "healthy", last_checked_iso: null })
      yield* registry.register({ path: "/last", proxy_pass_url: time.proxy_pass_url, server_name: "Last" }, "admin")
      yield* eventually(pathsAre("/currenttime", "/last"))
      assert.deepStrictEqual(log, ["/currenttime", "/last"])
    }).pipe(Effect.provide(IndexSync.layer.pipe(Layer.provideMerge(Layer.merge(registryOf([time]), guarded(log, 0))))))
  })
})
