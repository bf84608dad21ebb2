/** Laws of `Registry`, whatever store is below it. */
import { assert, describe, it } from "@effect/vitest"
import type { Registration } from "@mcpgw/domain/Server"
import { NEVER_CHECKED } from "@mcpgw/domain/Server"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { MAX_TOOLS } from "../../src/Inventory.ts"
import { Registry } from "../../src/Registry.ts"
import type { RegistryStore } from "../../src/RegistryStore.ts"
import { registration, tool } from "./fixtures.ts"

/** Gathers the next `count` changes made by `effect`. */
const changesOf = <A, E>(count: number, effect: Effect.Effect<A, E, Registry>) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const changes = yield* registry.subscribe
    yield* effect
    return Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(changes, count)))
  }).pipe(Effect.scoped)

/** Runs the laws over a registry above `store`, built anew for each. */
export const registrySuite = <E>(name: string, store: () => Layer.Layer<RegistryStore, E>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, Registry>) =>
    Effect.provide(effect, Layer.orDie(Layer.provide(Registry.layer, Layer.suspend(store))))

  describe(`Registry contract over ${name}`, () => {
    it.effect("contracts §2.10: what a registration leaves out has its default", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 0, 1))
        const { health, record } = yield* (yield* Registry).register(
          { server_name: " Time ", path: "currenttime/", proxy_pass_url: "http://127.0.0.1:8000/" },
          "admin"
        )
        assert.deepStrictEqual(health, NEVER_CHECKED)
        assert.deepStrictEqual(record as unknown, {
          server_name: "Time",
          description: "",
          path: "/currenttime",
          proxy_pass_url: "http://127.0.0.1:8000/",
          tags: [],
          num_tools: 0,
          num_stars: 0,
          is_python: false,
          license: "N/A",
          supported_transports: ["streamable-http"],
          headers: [],
          tool_list: [],
          is_enabled: true,
          trusted_address: false,
          registered_by: "admin",
          registered_at: "2026-01-01T00:00:00.000Z",
          updated_at: "2026-01-01T00:00:00.000Z"
        })
      }).pipe(run)
    )

    it.effect("a registration holds at once, by any spelling of its slashes; older snapshots do not move", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const before = registry.snapshot()
        const server = yield* registry.register(registration("/team/search"), "admin")
        for (const path of ["/team/search", "team/search", "/team/search/", "//team/search//"]) {
          assert.strictEqual(registry.get(path), server)
        }
        assert.isUndefined(registry.get("/team"))
        assert.strictEqual(before.servers.size, 0)
        assert.strictEqual(registry.snapshot().revision, before.revision + 1)
      }).pipe(run)
    )

    it.effect("contracts §2.8: a path is taken once, slashes and letter case aside; free again after removal", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        yield* registry.register(registration("/currenttime"), "admin")
        for (const path of ["/currenttime", "currenttime/", "/CurrentTime"]) {
          const error = yield* Effect.flip(registry.register(registration(path), "admin"))
          assert.strictEqual(error._tag, "ServerExists")
          assert.strictEqual(error.message, "Service with path '/currenttime' already exists")
        }
        yield* registry.remove("currenttime/")
        yield* registry.register(registration("/CurrentTime"), "admin")
      }).pipe(run)
    )

    it.effect("of many registrations of one path at once exactly one wins", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const results = yield* Effect.all(
          Array.from({ length: 20 }, () => Effect.either(registry.register(registration("/a"), "admin"))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(results.filter((result) => result._tag === "Right").length, 1)
        assert.strictEqual(registry.snapshot().revision, 1)
      }).pipe(run)
    )

    it.effect("an edit leaves every field it does not name as it was", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const full: Registration = registration("/a", {
          tool_list: [tool("x")],
          headers: [{ "X-Key": "$KEY" }],
          auth_provider: "keycloak",
          auth_type: "oauth",
          supported_transports: ["sse"],
          num_stars: 3,
          tags: ["t"],
          mcp_endpoint: "http://127.0.0.1:8000/x"
        })
        const before = yield* registry.register(full, "admin")
        yield* TestClock.adjust("1 minute")
        const after = yield* registry.update("a/", { description: "new" })
        assert.deepStrictEqual(after.record, {
          ...before.record,
          description: "new",
          updated_at: "1970-01-01T00:01:00.000Z"
        })
        const cleared = yield* registry.update("/a", { auth_provider: "", mcp_endpoint: "" })
        assert.notProperty(cleared.record, "auth_provider")
        assert.notProperty(cleared.record, "mcp_endpoint")
        assert.strictEqual(cleared.record.auth_type, "oauth")
      }).pipe(run)
    )

    it.effect("an edit that changes nothing is no change; an invalid one leaves the server as it was", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const before = yield* registry.register(registration("/a"), "admin")
        assert.strictEqual(yield* registry.update("/a", { description: "" }), before)
        const error = yield* Effect.flip(registry.update("/a", { proxy_pass_url: "ftp://example.org/" }))
        assert.strictEqual(error._tag, "InvalidServer")
        assert.strictEqual(registry.get("/a"), before)
        assert.strictEqual(registry.snapshot().revision, 1)
      }).pipe(run)
    )

    it.effect("health: a new address makes it unknown again, another edit does not", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const bad = { status: "unhealthy: timeout", last_checked_iso: "2026-01-01T00:00:00.000Z" } as const
        yield* registry.register(registration("/a"), "admin")
        yield* registry.setHealth("/a", bad)
        assert.deepStrictEqual((yield* registry.update("/a", { description: "d" })).health, bad)
        const patches = [{ proxy_pass_url: "http://127.0.0.1:9/" }, { mcp_endpoint: "http://127.0.0.1:9/m" }]
        for (const patch of patches) {
          yield* registry.setHealth("/a", bad)
          assert.deepStrictEqual((yield* registry.update("/a", patch)).health, NEVER_CHECKED)
        }
      }).pipe(run)
    )

    it.effect("health: the same status again moves the time but makes no event and no revision", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        yield* registry.register(registration("/a"), "admin")
        const changes = yield* changesOf(
          2,
          Effect.gen(function* () {
            yield* registry.setHealth("a", { status: "healthy", last_checked_iso: "2026-01-01T00:00:00.000Z" })
            yield* registry.setHealth("a", { status: "healthy", last_checked_iso: "2026-01-01T00:01:00.000Z" })
            assert.strictEqual(registry.get("/a")?.health.last_checked_iso, "2026-01-01T00:01:00.000Z")
            yield* registry.setHealth("/nobody", { status: "healthy", last_checked_iso: null })
            yield* registry.setHealth("a", { status: "unhealthy: timeout", last_checked_iso: null })
          })
        )
        assert.deepStrictEqual(
          changes.map((change) => change.kind !== "removed" && change.server.health.status),
          ["healthy", "unhealthy: timeout"]
        )
        assert.strictEqual(registry.snapshot().revision, 3)
      }).pipe(run)
    )

    it.effect("toggle: off is disabled, on is unknown; a late result undoes neither; twice is no change", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const healthy = { status: "healthy", last_checked_iso: null } as const
        yield* registry.register(registration("/a"), "admin")
        yield* registry.setHealth("/a", healthy)
        const off = yield* registry.toggle("/a/", false)
        assert.isFalse(off.record.is_enabled)
        assert.strictEqual(off.health.status, "disabled")
        yield* registry.setHealth("/a", healthy)
        assert.strictEqual(registry.get("/a"), off)
        assert.strictEqual(yield* registry.toggle("/a", false), off)
        assert.deepStrictEqual((yield* registry.toggle("/a", true)).health, NEVER_CHECKED)
        yield* registry.setHealth("/a", { status: "disabled", last_checked_iso: null })
        assert.deepStrictEqual(registry.get("/a")?.health, NEVER_CHECKED)
      }).pipe(run)
    )

    it.effect("tools: stored and counted when they differ, nothing when they do not or the path is gone", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        yield* registry.register(registration("/a"), "admin")
        yield* registry.setTools("a", [tool("x"), tool("y")])
        const seen = registry.snapshot()
        assert.strictEqual(registry.get("/a")?.record.num_tools, 2)
        yield* registry.setTools("/a", [tool("x"), tool("y")])
        yield* registry.setTools("/nobody", [tool("x")])
        assert.strictEqual(registry.snapshot(), seen)
        yield* registry.setTools("/a", [tool("x"), tool("y", "other words")])
        assert.strictEqual(registry.snapshot().revision, seen.revision + 1)
      }).pipe(run)
    )

    it.effect(
      "of more tools than are kept the first stay, all are counted, and the log says how many are left out",
      () => {
        const lines: Array<string> = []
        const logger = Logger.make((entry) => lines.push(Logger.stringLogger.log(entry)))
        const tools = Array.from({ length: MAX_TOOLS + 7 }, (_, i) => tool(`t${i}`))
        return Effect.gen(function* () {
          const registry = yield* Registry
          yield* registry.register(registration("/given", { tool_list: tools }), "admin")
          yield* registry.register(registration("/seen"), "admin")
          yield* registry.setTools("/seen", tools)
          for (const path of ["/given", "/seen"]) {
            const { num_tools, tool_list } = Option.getOrThrow(Option.fromNullable(registry.get(path)?.record))
            assert.deepStrictEqual([tool_list.length, tool_list.at(-1)?.name], [MAX_TOOLS, `t${MAX_TOOLS - 1}`])
            assert.strictEqual(num_tools, MAX_TOOLS + 7)
          }
          const seen = registry.snapshot()
          yield* registry.setTools("/seen", tools.slice(0, MAX_TOOLS), MAX_TOOLS + 7)
          assert.strictEqual(registry.snapshot(), seen)
          assert.strictEqual(
            lines.filter((line) => line.includes("/seen") && line.includes("7 are left out")).length,
            1
          )
        }).pipe(run, Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      }
    )

    it.effect("an edit of something else keeps a long inventory, the very same list", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        yield* registry.register(registration("/a"), "admin")
        yield* registry.setTools(
          "/a",
          Array.from({ length: 250 }, (_, i) => tool(`t${i}`))
        )
        const before = registry.get("/a")?.record.tool_list
        yield* registry.update("/a", { description: "other" })
        yield* registry.toggle("/a", false)
        assert.strictEqual(registry.get("/a")?.record.tool_list, before)
        assert.strictEqual(before?.length, 250)
      }).pipe(run)
    )

    it.effect("changes come in order, one per revision, with what holds after each", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const changes = yield* changesOf(
          6,
          Effect.gen(function* () {
            yield* registry.register(registration("/a"), "admin")
            yield* registry.update("/a", { description: "d" })
            yield* registry.setTools("/a", [tool("x")])
            yield* registry.setHealth("/a", { status: "healthy", last_checked_iso: null })
            yield* registry.toggle("/a", false)
            yield* registry.remove("/a")
          })
        )
        assert.deepStrictEqual(
          changes.map((change) => change.kind),
          ["registered", "updated", "tools", "health", "toggled", "removed"]
        )
        assert.isTrue(changes.every((change) => change.path === "/a"))
        assert.strictEqual(registry.snapshot().revision, 6)
      }).pipe(run)
    )

    it.effect("a stream of changes that is running hears what happens next", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const reader = yield* Effect.fork(Stream.runHead(registry.changes))
        // How soon a fiber gets to subscribe is the runtime's business, so changes go on until it has heard one.
        while ((yield* Fiber.poll(reader))._tag === "None") {
          yield* registry.register(registration(`/a${registry.snapshot().revision}`), "admin")
          yield* Effect.yieldNow()
        }
        assert.strictEqual(Option.getOrThrow(yield* Fiber.join(reader)).kind, "registered")
      }).pipe(run)
    )

    it.effect("exactly: a change of what was read is made while it holds, whatever its health, and not after", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const { record: first } = yield* registry.register(registration("/a"), "admin")
        yield* registry.setHealth("/a", { status: "healthy", last_checked_iso: null })
        const { record: second } = yield* registry.exactly(first).update({ description: "d" })
        // A check that found tools is a change like any other.
        yield* registry.setTools("/a", [tool("x")])
        for (const read of [first, second]) {
          for (const late of [
            registry.exactly(read).update({ license: "late" }),
            registry.exactly(read).toggle(false),
            registry.exactly(read).remove
          ]) {
            assert.strictEqual((yield* Effect.flip(late))._tag, "ServerChanged")
          }
        }
        const now = registry.get("/a")?.record
        assert.deepInclude(now, { description: "d", license: "N/A", is_enabled: true, num_tools: 1 })
        const third = yield* registry.exactly(now ?? first).toggle(false)
        yield* registry.exactly(third.record).remove
        assert.strictEqual((yield* Effect.flip(registry.exactly(third.record).remove))._tag, "ServerNotFound")
      }).pipe(run)
    )

    it.effect("an unknown path is ServerNotFound", () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        for (const effect of [registry.update("x", {}), registry.remove("x"), registry.toggle("x", true)]) {
          const error = yield* Effect.flip(effect)
          assert.strictEqual(error._tag, "ServerNotFound")
          assert.strictEqual(error.message, "No service is registered at '/x'")
        }
      }).pipe(run)
    )
  })
}
