/**
 * **Metrics** — plain counters, published on scrape. Names and labels: contracts.md §2.12, with lower-case `success`.
 * The hot side allocates little and never waits. Label values that callers choose are bounded in number.
 * Layers: `layerNoop` and `layerRecording` here, `layer` in Prometheus.ts.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** `method` is the JSON-RPC method ("" when unread), `server` the server path ("" when none). Durations are seconds. */
export type Sample =
  | {
      readonly type: "auth_request"
      readonly success: boolean
      readonly method: string
      readonly server: string
      /** First 12 hex digits of SHA-256 of the user name, "" when unknown. */
      readonly userHash: string
      readonly seconds: number
    }
  | {
      readonly type: "tool_execution"
      readonly toolName: string
      readonly serverPath: string
      readonly serverName: string
      readonly success: boolean
      readonly method: string
      readonly userHash: string
      readonly clientName: string
      readonly clientVersion: string
      readonly seconds: number
    }
  | {
      readonly type: "protocol_latency"
      readonly flowStep: "initialize_to_tools_list" | "tools_list_to_tools_call" | "full_protocol_flow"
      readonly seconds: number
    }
  | {
      readonly type: "health_check"
      readonly server: string
      readonly success: boolean
      readonly status: string
      readonly seconds: number
    }
  | { readonly type: "tool_discovery"; readonly success: boolean; readonly results: number; readonly seconds: number }

export interface MetricsApi {
  /** Hot. */
  readonly record: (sample: Sample) => void
  /**
   * A value read at scrape time, such as audit rows lost or streams open. A name ending in `_total` is rendered as a counter.
   * A second registration of a name replaces the first. A malformed name is a programmer's error and throws.
   */
  readonly gauge: (name: string, help: string, read: () => number) => void
  /** Prometheus text exposition format 0.0.4. */
  readonly render: Effect.Effect<string>
  readonly flush: Effect.Effect<void>
}

export class Metrics extends Context.Tag("@mcpgw/telemetry/Metrics")<Metrics, MetricsApi>() {}

/** Forgets everything. */
export const layerNoop: Layer.Layer<Metrics> = Layer.succeed(Metrics, {
  record: () => {},
  gauge: () => {},
  render: Effect.succeed(""),
  flush: Effect.void
})

export interface MetricsSamplesApi {
  /** Everything recorded so far, oldest first. */
  readonly read: Effect.Effect<ReadonlyArray<Sample>>
  /** Names of the registered gauges and their value now. */
  readonly gauges: Effect.Effect<ReadonlyMap<string, number>>
}

/** Reading side of `layerRecording`. */
export class MetricsSamples extends Context.Tag("@mcpgw/telemetry/MetricsSamples")<
  MetricsSamples,
  MetricsSamplesApi
>() {}

/** Keeps every sample, for tests. Renders nothing. */
export const layerRecording: Layer.Layer<Metrics | MetricsSamples> = Layer.effectContext(
  Effect.sync(() => {
    const samples: Array<Sample> = []
    const gauges = new Map<string, () => number>()
    return Context.make(Metrics, {
      record: (sample) => void samples.push(sample),
      gauge: (name, _help, read) => void gauges.set(name, read),
      render: Effect.succeed(""),
      flush: Effect.void
    }).pipe(
      Context.add(MetricsSamples, {
        read: Effect.sync(() => samples.slice()),
        gauges: Effect.sync(() => new Map(Array.from(gauges, ([name, read]) => [name, read()])))
      })
    )
  })
)
