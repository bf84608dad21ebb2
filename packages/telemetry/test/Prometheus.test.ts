import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type { Sample } from "../src/Metrics.ts"
import { makePrometheus } from "../src/Prometheus.ts"
import { SAMPLES } from "./suites/MetricsSuite.ts"

const execution = (more?: Partial<Extract<Sample, { type: "tool_execution" }>>): Sample => ({
  type: "tool_execution",
  toolName: "t",
  serverPath: "/s",
  serverName: "S",
  success: true,
  method: "tools/call",
  userHash: "",
  clientName: "",
  clientVersion: "",
  seconds: 0.01,
  ...more
})

/** Value of the one line that starts with `name{` and holds every given fragment. */
const valueOf = (text: string, name: string, ...fragments: ReadonlyArray<string>): number => {
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) && fragments.every((fragment) => line.includes(fragment)))
  assert.strictEqual(lines.length, 1, `${name} ${fragments.join(" ")}: ${lines.length} lines`)
  return Number(lines[0]?.slice(lines[0].lastIndexOf(" ") + 1))
}

const sumOf = (text: string, name: string): number =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0)

const linesOf = (text: string, name: string): number =>
  text.split("\n").filter((line) => line.startsWith(`${name}{`)).length

describe("Prometheus text", () => {
  it.effect("contracts §2.12: every name, label and bucket (golden)", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus()
      for (const sample of SAMPLES) metrics.record(sample)
      metrics.record(execution({ serverName: 'say "hi"\\\n', success: false, seconds: 90 }))
      metrics.gauge("streams_open", "Open streams,\na \\ in help", () => 3)
      metrics.gauge("mcpgw_audit_rows_lost_total", "Audit rows that could not be kept", () => 0)
      const text = yield* metrics.render
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("golden/metrics.txt"))
    })
  )

  it.effect("contracts §2.12: counters carry every dimension, success in lower case", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus()
      for (const sample of SAMPLES) metrics.record(sample)
      const text = yield* metrics.render
      const labels = (name: string) =>
        Array.from(
          new RegExp(`^${name}\\{(.*)\\} `, "m").exec(text)?.[1]?.matchAll(/(\w+)="/g) ?? [],
          (m) => m[1]
        ).toSorted()
      const common = ["metric_type", "service"]
      assert.deepStrictEqual(
        labels("mcp_auth_requests_total"),
        [...common, "success", "method", "server", "user_hash"].toSorted()
      )
      assert.deepStrictEqual(
        labels("mcp_tool_executions_total"),
        [
          ...common,
          "tool_name",
          "server_path",
          "server_name",
          "success",
          "method",
          "user_hash",
          "client_name",
          "client_version"
        ].toSorted()
      )
      assert.deepStrictEqual(labels("mcp_health_checks_total"), [...common, "server", "status", "success"].toSorted())
      assert.deepStrictEqual(labels("mcp_tool_discovery_total"), [...common, "success"].toSorted())
      assert.deepStrictEqual(labels("mcp_protocol_latency_seconds_count"), [...common, "flow_step"].toSorted())
      assert.notMatch(text, /success="(?!true"|false")/)
    })
  )

  it.effect("buckets are cumulative, +Inf equals the count, odd durations count as 0", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus()
      for (const seconds of [0.001, 0.0011, 61, Number.NaN, -1, Infinity]) metrics.record(execution({ seconds }))
      const text = yield* metrics.render
      const name = "mcp_tool_execution_duration_seconds"
      assert.strictEqual(valueOf(text, `${name}_bucket`, 'le="0.001"'), 4)
      assert.strictEqual(valueOf(text, `${name}_bucket`, 'le="0.0025"'), 5)
      assert.strictEqual(valueOf(text, `${name}_bucket`, 'le="60"'), 5)
      assert.strictEqual(valueOf(text, `${name}_bucket`, 'le="+Inf"'), 6)
      assert.strictEqual(valueOf(text, `${name}_count`), 6)
      assert.closeTo(valueOf(text, `${name}_sum`), 61.0021, 1e-9)
    })
  )

  it.effect("callers can not make series without end: the rest counts as other, nothing goes uncounted", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus({ maxSeries: 20 })
      for (let index = 0; index < 500; index++) metrics.record(execution({ toolName: `tool${index}` }))
      metrics.record(execution({ toolName: "failing", success: false }))
      const text = yield* metrics.render
      assert.strictEqual(linesOf(text, "mcp_tool_executions_total"), 22)
      assert.strictEqual(sumOf(text, "mcp_tool_executions_total"), 501)
      assert.strictEqual(valueOf(text, "mcp_tool_executions_total", 'tool_name="other"', 'success="true"'), 480)
      assert.strictEqual(valueOf(text, "mcp_tool_executions_total", 'tool_name="tool7"'), 1)
      assert.strictEqual(linesOf(text, "mcp_tool_execution_duration_seconds_count"), 7)
      assert.strictEqual(sumOf(text, "mcp_tool_execution_duration_seconds_count"), 501)
    })
  )

  it.effect("a caller who says other, or a value beyond 200 characters, shares the other series: no line twice", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus()
      const other = { toolName: "other", serverPath: "other", serverName: "other", method: "other" }
      metrics.record(execution({ ...other, userHash: "other", clientName: "other", clientVersion: "other" }))
      metrics.record(execution({ clientName: "x".repeat(201) }))
      metrics.record(execution({ toolName: "y".repeat(100_000) }))
      const text = yield* metrics.render
      assert.strictEqual(valueOf(text, "mcp_tool_executions_total"), 3)
      assert.strictEqual(valueOf(text, "mcp_tool_execution_duration_seconds_count"), 3)
    })
  )

  it.effect("no label value can break out of its line or make two lines the same", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus()
      const value = FastCheck.string({
        unit: FastCheck.constantFrom("a", '"', "\\", "\n", ",", "{", "}", " ", "é"),
        maxLength: 6
      })
      FastCheck.assert(
        FastCheck.property(value, value, value, (toolName, clientName, method) =>
          metrics.record(execution({ toolName, clientName, method }))
        )
      )
      const text = yield* metrics.render
      const line = /^(#.*|[a-zA-Z_:][\w:]*(\{\w+="([^"\\\n]|\\["\\n])*"(,\w+="([^"\\\n]|\\["\\n])*")*\})? \S+)$/
      const lines = text.trimEnd().split("\n")
      for (const one of lines) assert.match(one, line)
      const series = lines.filter((one) => !one.startsWith("#")).map((one) => one.slice(0, one.lastIndexOf(" ")))
      assert.strictEqual(new Set(series).size, series.length)
    })
  )

  it.effect("a gauge is read at scrape; one that throws costs only itself; a malformed name throws", () =>
    Effect.gen(function* () {
      const metrics = makePrometheus()
      let open = 1
      metrics.gauge("streams_open", "Open streams", () => open)
      metrics.gauge("broken", "Breaks", () => {
        throw new Error("unreadable")
      })
      open = 7
      const text = yield* metrics.render
      assert.include(text, "# TYPE streams_open gauge\nstreams_open 7\n")
      assert.notInclude(text, "broken")
      assert.throws(() => metrics.gauge("not a name", "", () => 0))
    })
  )
})
