import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layerMemory } from "../src/AuditMemory.ts"
import { AuditSink } from "../src/AuditSink.ts"
import { layerNoop, layerRecording, Metrics, MetricsSamples } from "../src/Metrics.ts"
import { layerAudit } from "../src/ProcessGauges.ts"
import { layer } from "../src/Prometheus.ts"
import { rows } from "./fixtures.ts"
import { metricsSuite, SAMPLES } from "./suites/MetricsSuite.ts"

metricsSuite("layer", layer())
metricsSuite("layerNoop", layerNoop)
metricsSuite("layerRecording", layerRecording)

describe("layerRecording", () => {
  it.effect("keeps samples and gauges for a test to read", () =>
    Effect.gen(function* () {
      const metrics = yield* Metrics
      const samples = yield* MetricsSamples
      for (const sample of SAMPLES) metrics.record(sample)
      metrics.gauge("streams_open", "Open streams", () => 3)
      assert.deepStrictEqual(yield* samples.read, SAMPLES)
      assert.deepStrictEqual(yield* samples.gauges, new Map([["streams_open", 3]]))
    }).pipe(Effect.provide(layerRecording))
  )
})

describe("process gauges", () => {
  it.effect("an operator finds memory, start time, CPU and open files", () =>
    Effect.gen(function* () {
      const text = yield* Effect.flatMap(Metrics, (metrics) => metrics.render)
      const value = (name: string): number => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1])
      assert.isAbove(value("process_resident_memory_bytes"), 1_000_000)
      assert.isAbove(value("process_start_time_seconds"), 1_700_000_000)
      assert.isAbove(value("process_cpu_seconds_total"), 0)
      if (process.platform === "linux") assert.isAbove(value("process_open_fds"), 2)
      assert.include(text, "# TYPE process_cpu_seconds_total counter\n")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("design §4.5: lost audit rows are said in the metrics", () =>
    Effect.gen(function* () {
      const sink = yield* AuditSink
      rows(7).forEach(sink.append)
      const text = yield* Effect.flatMap(Metrics, (metrics) => metrics.render)
      assert.include(text, "# TYPE mcpgw_audit_rows_lost_total counter\nmcpgw_audit_rows_lost_total 2\n")
    }).pipe(Effect.provide(layerAudit.pipe(Layer.provideMerge(Layer.merge(layer(), layerMemory({ capacity: 5 }))))))
  )
})
