/**
 * **Metrics** as plain counters in memory, rendered for Prometheus on scrape. Names and labels: contracts.md §2.12.
 * Counters carry every dimension. Duration histograms leave out `user_hash`, `client_name` and `client_version`: each series
 * is 18 lines, and no dashboard asks how long a user's calls take. `results` of a discovery is not exported.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type Histogram,
  makeHistogram,
  makeSeriesMap,
  observe,
  renderCounters,
  renderHistograms,
  type SeriesMap
} from "./MetricFamily.ts"
import { Metrics, type MetricsApi, type Sample } from "./Metrics.ts"
import { registerProcessGauges } from "./ProcessGauges.ts"
import { formatHeader, formatLabels, formatSample, isMetricName } from "./PrometheusText.ts"

export interface PrometheusOptions {
  /** Value of the `service` label. Default `mcpgw`. */
  readonly service?: string
  /** Series per counter family before callers' values become "other"; a quarter of it per histogram. Default 2 000. */
  readonly maxSeries?: number
}

interface FamilySpec {
  readonly metricType: Sample["type"]
  readonly counter?: { readonly name: string; readonly help: string }
  readonly histogram: { readonly name: string; readonly help: string }
  /** Varying labels; the first `fixed` are ours, the first `timed` are also on the histogram. */
  readonly labels: ReadonlyArray<string>
  readonly fixed: number
  readonly timed: number
}

const AUTH: FamilySpec = {
  metricType: "auth_request",
  counter: { name: "mcp_auth_requests_total", help: "Requests that were authenticated or refused" },
  histogram: { name: "mcp_auth_request_duration_seconds", help: "Time spent on authentication" },
  labels: ["success", "method", "server", "user_hash"],
  fixed: 1,
  timed: 3
}
const DISCOVERY: FamilySpec = {
  metricType: "tool_discovery",
  counter: { name: "mcp_tool_discovery_total", help: "Searches for tools" },
  histogram: { name: "mcp_tool_discovery_duration_seconds", help: "Time a search for tools took" },
  labels: ["success"],
  fixed: 1,
  timed: 1
}
const EXECUTION: FamilySpec = {
  metricType: "tool_execution",
  counter: { name: "mcp_tool_executions_total", help: "JSON-RPC messages relayed to MCP servers" },
  histogram: { name: "mcp_tool_execution_duration_seconds", help: "Time a relayed message took, to the last byte" },
  labels: [
    "success",
    "method",
    "server_path",
    "server_name",
    "tool_name",
    "user_hash",
    "client_name",
    "client_version"
  ],
  fixed: 1,
  timed: 5
}
const HEALTH: FamilySpec = {
  metricType: "health_check",
  counter: { name: "mcp_health_checks_total", help: "Health checks of MCP servers" },
  histogram: { name: "mcp_health_check_duration_seconds", help: "Time a health check took" },
  labels: ["success", "status", "server"],
  fixed: 2,
  timed: 3
}
const PROTOCOL: FamilySpec = {
  metricType: "protocol_latency",
  histogram: { name: "mcp_protocol_latency_seconds", help: "Time between the steps of an MCP session" },
  labels: ["flow_step"],
  fixed: 1,
  timed: 1
}

/** A counter that knows the histogram its durations go to, so that a sample needs one look-up. */
interface Series {
  count: number
  readonly histogram: Histogram
}

interface Family {
  readonly spec: FamilySpec
  readonly counters: SeriesMap<Series>
  readonly histograms: SeriesMap<Histogram>
}

const makeFamily = (spec: FamilySpec, maxSeries: number): Family => {
  const timed = { labels: spec.labels.slice(0, spec.timed), fixed: spec.fixed, maxSeries: Math.ceil(maxSeries / 4) }
  const histograms = makeSeriesMap(timed, makeHistogram)
  const counters = makeSeriesMap<Series>({ labels: spec.labels, fixed: spec.fixed, maxSeries }, (values) => ({
    count: 0,
    histogram: histograms.find(values.slice(0, spec.timed))
  }))
  return { spec, counters, histograms }
}

const renderFamily = (service: string, { spec, counters, histograms }: Family): string => {
  const constant = formatLabels(["service", "metric_type"], [service, spec.metricType])
  const counted =
    spec.counter === undefined ? "" : renderCounters(spec.counter.name, spec.counter.help, constant, counters.all)
  return counted + renderHistograms(spec.histogram.name, spec.histogram.help, constant, histograms.all)
}

const bool = (value: boolean): string => (value ? "true" : "false")

const hit = (family: Family, values: ReadonlyArray<string>, seconds: number): void => {
  const series = family.counters.find(values)
  series.count++
  observe(series.histogram, seconds)
}

const makeRecord = (maxSeries: number) => {
  const auth = makeFamily(AUTH, maxSeries)
  const discovery = makeFamily(DISCOVERY, maxSeries)
  const execution = makeFamily(EXECUTION, maxSeries)
  const health = makeFamily(HEALTH, maxSeries)
  const protocol = makeFamily(PROTOCOL, maxSeries)
  const record = (s: Sample): void => {
    switch (s.type) {
      case "auth_request":
        return hit(auth, [bool(s.success), s.method, s.server, s.userHash], s.seconds)
      case "tool_execution":
        return hit(
          execution,
          [
            bool(s.success),
            s.method,
            s.serverPath,
            s.serverName,
            s.toolName,
            s.userHash,
            s.clientName,
            s.clientVersion
          ],
          s.seconds
        )
      case "protocol_latency":
        return hit(protocol, [s.flowStep], s.seconds)
      case "health_check":
        return hit(health, [bool(s.success), s.status, s.server], s.seconds)
      case "tool_discovery":
        return hit(discovery, [bool(s.success)], s.seconds)
    }
  }
  return { record, families: [auth, discovery, execution, health, protocol] }
}

const renderGauge = (name: string, gauge: Gauge): Effect.Effect<string> =>
  Effect.try(() => gauge.read()).pipe(
    Effect.map(
      (value) =>
        formatHeader(name, gauge.help, name.endsWith("_total") ? "counter" : "gauge") + formatSample(name, "", value)
    ),
    // One unreadable value must not cost the scrape; it is absent, which a dashboard shows as such.
    Effect.catchAll((error) => Effect.logWarning(`gauge ${name} can not be read`, error).pipe(Effect.as("")))
  )

interface Gauge {
  readonly help: string
  readonly read: () => number
}

/** The service without process gauges; `layer` adds them. */
export const makePrometheus = (options?: PrometheusOptions): MetricsApi => {
  const service = options?.service ?? "mcpgw"
  const { families, record } = makeRecord(options?.maxSeries ?? 2000)
  const gauges = new Map<string, Gauge>()
  return {
    record,
    gauge: (name, help, read) => {
      if (!isMetricName(name)) throw new TypeError(`not a metric name: ${name}`)
      gauges.set(name, { help, read })
    },
    render: Effect.suspend(() =>
      Effect.forEach(gauges, ([name, gauge]) => renderGauge(name, gauge)).pipe(
        Effect.map((lines) => families.map((family) => renderFamily(service, family)).join("") + lines.join(""))
      )
    ),
    flush: Effect.void
  }
}

/** Counters in memory, and the gauges of this process. */
export const layer = (options?: PrometheusOptions): Layer.Layer<Metrics> =>
  Layer.sync(Metrics, () => {
    const metrics = makePrometheus(options)
    registerProcessGauges(metrics)
    return metrics
  })
