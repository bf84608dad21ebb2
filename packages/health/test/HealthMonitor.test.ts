import { describe, expect, it } from "@effect/vitest"
import { type HealthStatus, isRoutable, type ServerRecord } from "@mcpgw/domain/Server"
import { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { HealthMonitor, type MonitorOptions } from "../src/HealthMonitor.ts"
import { HealthStore } from "../src/HealthStore.ts"
import { Probe, type ProbeResult } from "../src/Probe.ts"
import { registryOf } from "./support/Registries.ts"
import { record } from "./support/Scripted.ts"
import { healthMonitorSuite } from "./suites/healthMonitorSuite.ts"

const tool = (name: string) => ({
  name,
  parsed_description: { main: "", args: null, returns: null, raises: null },
  schema: {}
})
const healthy: ProbeResult = { status: "healthy", tools: [tool("now")] }
const down: ProbeResult = { status: "unhealthy: connection error", tools: undefined }
const throttled: ProbeResult = { status: "unhealthy: status 429", tools: undefined, retryAfterSeconds: 0 }

type Script = (record: ServerRecord) => ProbeResult | Effect.Effect<ProbeResult>

/** A monitor over these servers; `probed` keeps the paths as they are probed. */
const start = (
  records: ReadonlyArray<ServerRecord>,
  script: Script,
  options: Partial<MonitorOptions> = {},
  store = HealthStore.layerMemory
) =>
  Effect.gen(function* () {
    const registry = yield* registryOf(records)
    const probed: Array<string> = []
    const probe = Probe.layerOf((record) => {
      probed.push(record.path)
      return script(record)
    })
    const scope = yield* Scope.make()
    const layer = HealthMonitor.layer({ intervalSeconds: 30, ...options })
    const context = yield* Layer.buildWithScope(
      Layer.provide(layer, Layer.mergeAll(probe, registry.layer, store)),
      scope
    )
    const close = Scope.close(scope, Exit.void)
    yield* Effect.addFinalizer(() => close)
    yield* settled
    const monitor = Context.get(context, HealthMonitor)
    const status = (path = "/clock"): HealthStatus => monitor.status(path).status
    return { registry, monitor, probed, status, close }
  })

/** Lets every fiber that can run do so. */
const settled = TestClock.adjust(0).pipe(Effect.zipRight(Effect.yieldNow()), Effect.repeatN(1))
const pass = (seconds: number) => Effect.zipRight(TestClock.adjust(seconds * 1_000), settled)

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

describe("design §6: what real calls say", () => {
  const alice = { issuer: "i", subject: "alice" }
  const bob = { issuer: "i", subject: "bob" }

  it.scoped("three transport failures in a row mark a server at once, and have it checked until it is well", () =>
    Effect.gen(function* () {
      let up = true
      const { monitor, probed, status } = yield* start([record()], () => (up ? healthy : down))
      up = false
      monitor.calls.failed("/clock", "refused", alice, performance.now())
      monitor.calls.failed("/clock", "refused", alice, performance.now())
      yield* settled
      expect(status()).toBe("healthy")
      monitor.calls.failed("/clock", "connect_timeout", alice, performance.now())
      yield* settled
      expect(status()).toMatch(/^unhealthy: (?:timeout|connection error)$/)
      const before = probed.length
      yield* pass(1)
      yield* pass(2)
      expect(probed.length).toBeGreaterThanOrEqual(before + 2)
      up = true
      yield* pass(4)
      expect(status()).toBe("healthy")
    })
  )

  it.scoped("an answer in between begins the count anew; the next one after a mark heals", () =>
    Effect.gen(function* () {
      const { monitor, status } = yield* start([record()], () => Effect.never)
      const { answered, failed } = monitor.calls
      for (const _ of [1, 2]) failed("/clock", "refused", alice, performance.now())
      answered("/clock")
      for (const _ of [1, 2]) failed("/clock", "refused", alice, performance.now())
      yield* settled
      expect(status()).toBe("checking")
      failed("/clock", "refused", alice, performance.now())
      yield* settled
      expect(status()).toBe("unhealthy: connection error")
      answered("/clock")
      yield* settled
      expect(status()).toBe("healthy")
    })
  )

  it.scoped("S-16: what a request may bring about itself counts when several callers had it", () =>
    Effect.gen(function* () {
      const { monitor, status } = yield* start([record()], () => Effect.never)
      const { failed } = monitor.calls
      for (let i = 0; i < 50; i++)
        failed("/clock", i % 2 === 0 ? "first_byte_timeout" : "broken", alice, performance.now())
      for (let i = 0; i < 50; i++) failed("/clock", "aborted", bob, performance.now())
      for (let i = 0; i < 50; i++) failed("/clock", "blocked_address", bob, performance.now())
      yield* settled
      expect(status()).toBe("checking")
      failed("/clock", "first_byte_timeout", bob, performance.now())
      yield* settled
      expect(status()).toBe("unhealthy: timeout")
    })
  )

  it.scoped("S-16: calls that fail after others of later were answered count for nothing", () =>
    Effect.gen(function* () {
      const { monitor, status } = yield* start([record()], () => Effect.never)
      const came = performance.now() - 1
      monitor.calls.answered("/clock")
      for (let i = 0; i < 16; i++) monitor.calls.failed("/clock", "first_byte_timeout", i % 2 === 0 ? alice : bob, came)
      yield* settled
      expect(status()).toBe("checking")
    })
  )

  it.scoped("a server switched off, or unknown, stays what it is", () =>
    Effect.gen(function* () {
      const { monitor, status } = yield* start([record({ is_enabled: false })], () => healthy)
      for (const path of ["/clock", "/nowhere"]) {
        for (const _ of [1, 2, 3]) monitor.calls.failed(path, "refused", alice, performance.now())
        yield* settled
        monitor.calls.answered(path)
      }
      yield* settled
      expect([status(), status("/nowhere")]).toEqual(["disabled", "unknown"])
    })
  )

  it.scoped("issue 6: checks after failed calls wait as long as the server asks", () =>
    Effect.gen(function* () {
      let result = healthy
      const { monitor, probed, status } = yield* start([record()], () => result, { intervalSeconds: 3_600 })
      result = { ...throttled, retryAfterSeconds: 120 }
      for (const _ of [1, 2, 3]) monitor.calls.failed("/clock", "refused", alice, performance.now())
      yield* settled
      yield* pass(1)
      expect([probed.length, status()]).toEqual([2, "unhealthy: status 429"])
      yield* pass(118)
      expect(probed).toHaveLength(2)
      result = healthy
      yield* pass(2)
      expect([probed.length, status()]).toEqual([3, "healthy"])
    })
  )

  it.scoped(
    "issue 6: and do not begin while it asked, at an earlier check, to be left alone; whoever asks is answered",
    () =>
      Effect.gen(function* () {
        let result = healthy
        const { monitor, probed, status } = yield* start([record()], () => result, { intervalSeconds: 3_600 })
        result = { ...throttled, retryAfterSeconds: 120 }
        expect((yield* monitor.probeNow("/clock")).status).toBe("healthy")
        for (const _ of [1, 2, 3]) monitor.calls.failed("/clock", "refused", alice, performance.now())
        yield* settled
        expect(status()).toBe("unhealthy: connection error")
        yield* pass(118)
        expect(probed).toHaveLength(2)
        result = healthy
        yield* pass(3)
        expect([probed.length, status()]).toEqual([3, "healthy"])
        yield* monitor.probeNow("/clock")
        expect(probed).toHaveLength(4)
      })
  )
})

describe("a store of health that is away", () => {
  it.scoped("checks go on, by this process alone, and calls mark and heal as ever", () =>
    Effect.gen(function* () {
      const away = new StoreUnavailable({ cause: "down" })
      const store = Layer.succeed(HealthStore, {
        claim: () => away,
        report: () => away,
        forget: () => away,
        all: away,
        watch: () => away
      })
      const { monitor, probed, status } = yield* start([record()], () => healthy, {}, store)
      expect(status()).toBe("healthy")
      yield* pass(33.1 * 4)
      expect(probed.length).toBeGreaterThanOrEqual(4)
      expect(probed.length).toBeLessThanOrEqual(6)
      for (const _ of [1, 2, 3]) {
        monitor.calls.failed("/clock", "refused", { issuer: "i", subject: "a" }, performance.now())
      }
      yield* settled
      expect(status()).toBe("unhealthy: connection error")
      monitor.calls.answered("/clock")
      yield* settled
      expect(status()).toBe("healthy")
    })
  )
})
