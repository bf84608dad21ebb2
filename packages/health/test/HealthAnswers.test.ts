import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type ProbeResult } from "../src/Probe.ts"
import { record } from "./support/Scripted.ts"
import { down, healthy, pass, settled, start, throttled, tool } from "./support/Monitors.ts"

describe("HealthMonitor.layer, answers", () => {
  it.scoped("changed tools are handed to the registry; a failed list leaves the known ones", () =>
    Effect.gen(function* () {
      let result = healthy
      const { registry } = yield* start([record()], () => result)
      const known = () => registry.get("/clock")?.record.tool_list.map(({ name }) => name)
      result = { status: "healthy", tools: [tool("now"), tool("then")] }
      yield* pass(34)
      expect(known()).toEqual(["now", "then"])
      result = { status: "healthy", tools: undefined }
      yield* pass(34)
      expect(known()).toEqual(["now", "then"])
    })
  )

  it.scoped("come back later: what was good stays so for a while, then counts (field.md 24)", () =>
    Effect.gen(function* () {
      let result = healthy
      const { status, monitor } = yield* start([record()], () => result)
      result = throttled
      for (let times = 0; times < 3; times++) {
        expect((yield* monitor.probeNow("/clock")).status).toBe("healthy")
      }
      yield* monitor.probeNow("/clock")
      expect(status()).toBe("unhealthy: status 429")
    })
  )

  it.scoped("Retry-After is honoured, up to ten minutes", () =>
    Effect.gen(function* () {
      const { probed } = yield* start([record()], () => ({ ...throttled, retryAfterSeconds: 86_400 }))
      yield* pass(595)
      expect(probed).toHaveLength(1)
      yield* pass(6)
      expect(probed).toHaveLength(2)
    })
  )

  it.scoped("a probe that breaks is an error status, and the loop goes on", () =>
    Effect.gen(function* () {
      const { status, probed } = yield* start([record()], () => Effect.die("bug"))
      expect(status()).toBe("error: the probe itself failed")
      yield* pass(34)
      expect(probed).toHaveLength(2)
    })
  )

  it.scoped("onChecked hears of each finished check with its seconds; what it throws changes nothing", () =>
    Effect.gen(function* () {
      const heard: Array<unknown> = []
      const onChecked = (...what: ReadonlyArray<unknown>) => {
        heard.push(what)
        throw new Error("observer")
      }
      const slow = Effect.as(Effect.sleep("1500 millis"), healthy)
      const { status } = yield* start([record()], () => slow, { onChecked })
      yield* pass(2)
      expect(heard).toEqual([["/clock", "healthy", 1.5]])
      expect(status()).toBe("healthy")
    })
  )
})

describe("HealthMonitor.layer, probeNow", () => {
  it.scoped("is single-flight per path, also with the loop's own probe", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<ProbeResult>()
      const { monitor, probed } = yield* start([record()], () => Deferred.await(gate))
      const asking = yield* Effect.fork(
        Effect.all([monitor.probeNow("/clock"), monitor.probeNow("clock")], { concurrency: "unbounded" })
      )
      yield* settled
      expect(probed).toHaveLength(1)
      yield* Deferred.succeed(gate, healthy)
      expect((yield* Fiber.join(asking)).map(({ status }) => status)).toEqual(["healthy", "healthy"])
    })
  )

  it.scoped("goes on for others when one who asked leaves", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<ProbeResult>()
      let first = true
      const { monitor, status } = yield* start([record()], () => {
        const answer = first ? down : Deferred.await(gate)
        first = false
        return answer
      })
      const one = yield* Effect.fork(monitor.probeNow("/clock"))
      const other = yield* Effect.fork(monitor.probeNow("/clock"))
      yield* settled
      yield* Fiber.interrupt(one)
      yield* Deferred.succeed(gate, healthy)
      expect((yield* Fiber.join(other)).status).toBe("healthy")
      expect(status()).toBe("healthy")
    })
  )

  it.scoped("does not wait behind the background's probes", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 40 }, (_, i) => record({ path: `/s${i}` }))
      const { monitor, registry } = yield* start(many, ({ path }) => (path === "/new" ? healthy : Effect.never))
      yield* pass(40)
      yield* registry.save(record({ path: "/new" }))
      yield* settled
      expect(monitor.status("/new").status).toBe("healthy")
    })
  )

  it.scoped("follows a server that changes under it", () =>
    Effect.gen(function* () {
      const { monitor, registry } = yield* start([record()], ({ proxy_pass_url }) =>
        proxy_pass_url.includes("clock") ? Effect.never : healthy
      )
      const asking = yield* Effect.fork(monitor.probeNow("/clock"))
      yield* settled
      yield* registry.save(record({ proxy_pass_url: "http://other.internal/" }))
      yield* settled
      expect((yield* Fiber.join(asking)).status).toBe("healthy")
    })
  )

  it.scoped("fails for a server that is not there, also when it goes meanwhile", () =>
    Effect.gen(function* () {
      const { monitor, registry } = yield* start([record()], () => Effect.never)
      expect((yield* Effect.flip(monitor.probeNow("/nowhere")))._tag).toBe("ServerNotFound")
      const asking = yield* Effect.fork(Effect.flip(monitor.probeNow("/clock")))
      yield* settled
      yield* registry.remove("/clock")
      yield* settled
      expect((yield* Fiber.join(asking)).path).toBe("/clock")
    })
  )

  it.scoped("does not probe a disabled server", () =>
    Effect.gen(function* () {
      const { monitor, probed } = yield* start([record({ is_enabled: false })], () => healthy)
      expect((yield* monitor.probeNow("/clock")).status).toBe("disabled")
      expect(probed).toEqual([])
    })
  )
})

describe("per-server interval", () => {
  it.scoped("health_interval_seconds of a record is kept, ±10 %, whatever the others have", () =>
    Effect.gen(function* () {
      const often = record({ path: "/often", health_interval_seconds: 5 })
      const { probed } = yield* start([record(), often], () => healthy, { intervalSeconds: 100 })
      yield* Effect.repeatN(pass(1), 99)
      const count = (path: string) => probed.filter((one) => one === path).length
      expect(count("/often")).toBeGreaterThanOrEqual(18)
      expect(count("/often")).toBeLessThanOrEqual(24)
      expect(count("/clock")).toBeLessThanOrEqual(3)
    })
  )
})
