import { describe, expect, it } from "@effect/vitest"
import { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HealthStore } from "../src/HealthStore.ts"
import { record } from "./support/Scripted.ts"
import { down, healthy, pass, settled, start, throttled } from "./support/Monitors.ts"

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
