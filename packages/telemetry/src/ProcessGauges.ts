/** Gauges an operator expects of any process, under the names Prometheus clients use, and the audit sink's own. */
import { existsSync, readdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AuditSink } from "./AuditSink.ts"
import { Metrics, type MetricsApi } from "./Metrics.ts"

const OPEN_FILES = "/proc/self/fd"

/** Memory, CPU, start time and, where the system tells, open files. Read on scrape. */
export const registerProcessGauges = (metrics: Pick<MetricsApi, "gauge">): void => {
  const cpuSeconds = (): number => {
    const { system, user } = process.cpuUsage()
    return (user + system) / 1e6
  }
  metrics.gauge("process_cpu_seconds_total", "User and system CPU time spent, in seconds", cpuSeconds)
  metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes", () => process.memoryUsage.rss())
  metrics.gauge(
    "process_start_time_seconds",
    "Start time since the Unix epoch in seconds",
    () => Math.round(performance.timeOrigin / 10) / 100
  )
  if (existsSync(OPEN_FILES))
    metrics.gauge("process_open_fds", "Open file descriptors", () => readdirSync(OPEN_FILES).length)
}

/** Shows `AuditSink.lost` as `mcpgw_audit_rows_lost_total`. */
export const layerAudit: Layer.Layer<never, never, AuditSink | Metrics> = Layer.effectDiscard(
  Effect.gen(function* () {
    const sink = yield* AuditSink
    const metrics = yield* Metrics
    metrics.gauge("mcpgw_audit_rows_lost_total", "Audit rows that could not be kept", sink.lost)
  })
)
