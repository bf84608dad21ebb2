/** What every `Metrics` layer must do. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Metrics, type Sample } from "../../src/Metrics.ts"

/** One sample of each type. */
export const SAMPLES: ReadonlyArray<Sample> = [
  {
    type: "auth_request",
    success: true,
    method: "tools/call",
    server: "/currenttime",
    userHash: "a1b2c3d4e5f6",
    seconds: 0.0004
  },
  { type: "auth_request", success: false, method: "", server: "", userHash: "", seconds: 0.003 },
  { type: "tool_discovery", success: true, results: 4, seconds: 0.012 },
  {
    type: "tool_execution",
    toolName: "current_time_by_timezone",
    serverPath: "/currenttime",
    serverName: "Current Time",
    success: true,
    method: "tools/call",
    userHash: "a1b2c3d4e5f6",
    clientName: "cursor",
    clientVersion: "1.2.3",
    seconds: 0.25
  },
  { type: "protocol_latency", flowStep: "full_protocol_flow", seconds: 2 },
  { type: "health_check", server: "/currenttime", success: true, status: "healthy", seconds: 0.02 }
]

export const metricsSuite = (name: string, layer: Layer.Layer<Metrics>): void => {
  describe(`Metrics contract: ${name}`, () => {
    it.effect("takes every type of sample, a gauge, and renders and flushes at any time", () =>
      Effect.gen(function* () {
        const metrics = yield* Metrics
        assert.isString(yield* metrics.render)
        metrics.gauge("streams_open", "Open streams", () => 3)
        for (const sample of SAMPLES) metrics.record(sample)
        yield* metrics.flush
        const text = yield* metrics.render
        assert.isTrue(text === "" || text.endsWith("\n"))
      }).pipe(Effect.provide(layer))
    )
  })
}
