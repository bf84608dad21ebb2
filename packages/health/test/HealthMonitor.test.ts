import { describe, expect, it } from "@effect/vitest"
import { isRoutable } from "@mcpgw/domain/Server"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { HealthMonitor } from "../src/HealthMonitor.ts"
import { HealthStore } from "../src/HealthStore.ts"
import { Probe, type ProbeResult } from "../src/Probe.ts"
import { registryOf } from "./support/Registries.ts"
import { record } from "./support/Scripted.ts"
import { healthMonitorSuite } from "./suites/healthMonitorSuite.ts"
import { down, healthy, pass, settled, start } from "./support/Monitors.ts"

const suiteLayer = Layer.unwrapScoped(
  Effect.map(registryOf([record()]), ({ layer }) =>
    HealthMonitor.layer({ intervalSeconds: 30 }).pipe(
      Layer.provide(
        Layer.merge(
          Probe.layerOf(() => healthy),
          HealthStore.layerMemory
        )
      ),
      Layer.provide(layer)
    )
  )
)
healthMonitorSuite("layer", suiteLayer)
healthMonitorSuite("layerNoop", HealthMonitor.layerNoop)

describe("HealthMonitor.layer on the interval (contracts §2.11)", () => {
  it.scoped("probes enabled servers at start, then each again and again; disabled ones never", () =>
    Effect.gen(function* () {
      const { probed, status } = yield* start([record(), record({ path: "/off", is_enabled: false })], () => healthy)
      expect(probed).toEqual(["/clock"])
      expect(status()).toBe("healthy")
      expect(status("/off")).toBe("disabled")
      yield* pass(26)
      expect(probed).toHaveLength(1)
      yield* pass(7.1)
      expect(probed).toHaveLength(2)
      yield* pass(33.1 * 10)
      expect(probed.length).toBeGreaterThanOrEqual(12)
      expect(probed.length).toBeLessThanOrEqual(2 + 13)
    })
  )

  it.scoped("a first probe shows checking, which is routable", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<ProbeResult>()
      const { monitor, status } = yield* start([record()], () => Deferred.await(gate))
      expect(status()).toBe("checking")
      expect(isRoutable(monitor.status("/clock"))).toBe(true)
      yield* Deferred.succeed(gate, down)
      yield* settled
      const now = new Date(yield* Clock.currentTimeMillis).toISOString()
      expect(monitor.status("/clock")).toEqual({ status: "unhealthy: connection error", last_checked_iso: now })
    })
  )

  it.scoped("later probes leave the status alone until they finish", () =>
    Effect.gen(function* () {
      let answers: Effect.Effect<ProbeResult> = Effect.succeed(down)
      const { status, probed } = yield* start([record()], () => answers)
      answers = Effect.never
      yield* pass(34)
      expect(probed).toHaveLength(2)
      expect(status()).toBe("unhealthy: connection error")
    })
  )

  it.scoped("a dead server delays no other (field.md 5)", () =>
    Effect.gen(function* () {
      const dead = (path: string) => path === "/clock"
      const { probed, status } = yield* start([record(), record({ path: "/well" })], ({ path }) =>
        dead(path) ? Effect.never : healthy
      )
      yield* pass(33.1 * 5)
      expect(status("/well")).toBe("healthy")
      expect(probed.filter(dead)).toHaveLength(1)
      expect(probed.length).toBeGreaterThanOrEqual(6)
    })
  )

  it.scoped("many servers do not burst, and all get their turn", () =>
    Effect.gen(function* () {
      let inFlight = 0
      let most = 0
      const many = Array.from({ length: 200 }, (_, i) => record({ path: `/s${i}` }))
      const { probed } = yield* start(
        many,
        () =>
          Effect.acquireUseRelease(
            Effect.sync(() => (most = Math.max(most, ++inFlight))),
            () => Effect.as(Effect.sleep(50), healthy),
            () => Effect.sync(() => inFlight--)
          ),
        { intervalSeconds: 300 }
      )
      expect(probed.length).toBeLessThanOrEqual(16)
      yield* TestClock.adjust("60 seconds")
      yield* settled
      expect(new Set(probed).size).toBe(200)
      expect(most).toBeLessThanOrEqual(16)
    })
  )

  it.scoped("closing the scope ends every loop and probe", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const { probed, close } = yield* start([record(), record({ path: "/slow" })], ({ path }) =>
        path === "/slow" ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++)) : healthy
      )
      yield* close
      yield* pass(300)
      expect(probed).toHaveLength(2)
      expect(interrupted).toBe(1)
    })
  )
})

describe("HealthMonitor.layer following the registry", () => {
  it.scoped("registered: probed at once, inventory stored before health", () =>
    Effect.gen(function* () {
      const { registry, status } = yield* start([], () => healthy)
      yield* registry.save(record())
      yield* settled
      expect(status()).toBe("healthy")
      expect(registry.log).toEqual(["registered unknown", "health checking", "tools checking", "health healthy"])
    })
  )

  it.scoped("another URL: probed at once; another description: not", () =>
    Effect.gen(function* () {
      const { registry, probed } = yield* start([record()], () => healthy)
      yield* registry.save(record({ description: "better" }))
      yield* settled
      expect(probed).toHaveLength(1)
      yield* registry.save(record({ proxy_pass_url: "http://other.internal/" }))
      yield* settled
      expect(probed).toHaveLength(2)
    })
  )

  it.scoped("a URL changed under a probe: the old answer does not count", () =>
    Effect.gen(function* () {
      const { registry, status } = yield* start([record()], ({ proxy_pass_url }) =>
        proxy_pass_url.includes("clock") ? Effect.as(Effect.sleep("5 seconds"), down) : healthy
      )
      yield* registry.save(record({ proxy_pass_url: "http://other.internal/" }))
      yield* settled
      expect(status()).toBe("healthy")
      yield* pass(10)
      expect(status()).toBe("healthy")
      expect(registry.log).not.toContain(`health ${down.status}`)
    })
  )

  it.scoped("disabled: health says so and probing stops; enabled again: probed at once", () =>
    Effect.gen(function* () {
      const { registry, status, probed } = yield* start([record()], () => healthy)
      yield* registry.save(record({ is_enabled: false }))
      yield* settled
      expect(status()).toBe("disabled")
      yield* pass(120)
      expect(probed).toHaveLength(1)
      yield* registry.save(record())
      yield* settled
      expect(status()).toBe("healthy")
      expect(probed).toHaveLength(2)
    })
  )

  it.scoped("disabled under a probe: its answer does not count", () =>
    Effect.gen(function* () {
      const { registry, status } = yield* start([record()], () => Effect.as(Effect.sleep("5 seconds"), healthy))
      yield* registry.save(record({ is_enabled: false }))
      yield* pass(10)
      expect(status()).toBe("disabled")
    })
  )

  it.scoped("removed: forgotten; registered anew: probed at once", () =>
    Effect.gen(function* () {
      const { registry, status, probed } = yield* start([record()], () => healthy)
      yield* registry.remove("/clock")
      yield* pass(120)
      expect(probed).toHaveLength(1)
      expect(status()).toBe("unknown")
      yield* registry.save(record())
      yield* settled
      expect(probed).toHaveLength(2)
      expect(status()).toBe("healthy")
    })
  )

  it.scoped("a store that is down costs the inventory, not the health", () =>
    Effect.gen(function* () {
      let result = down
      const { registry, status } = yield* start([record()], () => result)
      registry.breakStore()
      result = healthy
      yield* pass(34)
      expect(status()).toBe("healthy")
      expect(registry.get("/clock")?.record.tool_list).toEqual([])
    })
  )
})
