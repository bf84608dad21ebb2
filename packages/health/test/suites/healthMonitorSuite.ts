/** What every HealthMonitor layer owes its users. */
import { describe, expect, it } from "@effect/vitest"
import { isRoutable, NEVER_CHECKED } from "@mcpgw/domain/Server"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { HealthMonitor } from "../../src/HealthMonitor.ts"

/** The layer must know an enabled server at `/clock` that is well. */
export const healthMonitorSuite = (name: string, layer: Layer.Layer<HealthMonitor>): void => {
  const law = (title: string, body: Effect.Effect<void, unknown, HealthMonitor>): void =>
    it.effect(title, () => Effect.provide(body, layer))

  describe(`HealthMonitor.${name}`, () => {
    law(
      "a path never seen is unknown, and routable",
      Effect.gen(function* () {
        const { status } = yield* HealthMonitor
        expect(status("/nowhere")).toEqual(NEVER_CHECKED)
        expect(isRoutable(status("/nowhere"))).toBe(true)
      })
    )

    law(
      "probeNow answers a health that status then holds; slashes do not count",
      Effect.gen(function* () {
        const { probeNow, status } = yield* HealthMonitor
        const health = yield* probeNow("clock/")
        expect(isRoutable(health)).toBe(true)
        expect(status("/clock")).toEqual(health)
        expect(status("clock/")).toEqual(health)
      })
    )

    law(
      "probeNow may be asked many times at once",
      Effect.gen(function* () {
        const { probeNow } = yield* HealthMonitor
        const all = yield* Effect.all(
          Array.from({ length: 20 }, () => probeNow("/clock")),
          { concurrency: "unbounded" }
        )
        expect(new Set(all.map((health) => JSON.stringify(health))).size).toBe(1)
      })
    )
  })
}
