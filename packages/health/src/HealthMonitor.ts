/**
 * **HealthMonitor** — whether each server answers a real MCP handshake, on an interval and on demand; feeds the registry. Of the processes over
 * one store (`HealthStore`) one at a time checks a server, and all know what each finds.
 */
import { type Health, type HealthStatus, NEVER_CHECKED } from "@mcpgw/domain/Server"
import type { ExchangeCaller, UpstreamFailureReason } from "@mcpgw/egress/Upstream"
import type { Registry } from "@mcpgw/registry/Registry"
import type { ServerNotFound } from "@mcpgw/registry/RegistryError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { HealthStore } from "./HealthStore.ts"
import { makeMonitor } from "./internal/monitor.ts"
import type { Probe } from "./Probe.ts"

export interface HealthMonitorApi {
  /** Hot: the last known health, `unknown` for a path never seen. */
  readonly status: (path: string) => Health
  /**
   * Probes now, waits for the result, stores health and — when healthy — the tool inventory. Single-flight per path. A disabled
   * server is not probed: its health is `disabled`.
   */
  readonly probeNow: (path: string) => Effect.Effect<Health, ServerNotFound>
  /**
   * Hot: what a real call to the server came to. Three transport failures in a row make it unhealthy at once, and have it checked until
   * it is well; its next answer heals it.
   */
  readonly calls: CallObserver
}

export interface CallObserver {
  readonly answered: (path: string) => void
  /** `since`: when the call came, `performance.now()`. */
  readonly failed: (path: string, reason: UpstreamFailureReason, caller: ExchangeCaller, since: number) => void
}

export interface MonitorOptions {
  /** Seconds between two checks of one server, each ±10 %, by whichever process, unless its record names others. */
  readonly intervalSeconds: number
  /** Milliseconds before the first checks of the servers there are at the start; 0 unless given. Those registered later are checked at once. */
  readonly startDelayMs?: number
  /** Checks of the background loops in flight at once; urgent ones (just registered, asked for) have as many of their own. */
  readonly concurrency?: number
  /** Called after each finished check with its duration, for metrics. What it throws is logged. */
  readonly onChecked?: (path: string, status: HealthStatus, seconds: number) => void
}

export class HealthMonitor extends Context.Tag("@mcpgw/health/HealthMonitor")<HealthMonitor, HealthMonitorApi>() {
  /** Checks every enabled server from start to scope's end, and follows the registry's changes. */
  static layer(options: MonitorOptions): Layer.Layer<HealthMonitor, never, HealthStore | Probe | Registry> {
    return Layer.scoped(HealthMonitor, makeMonitor(options))
  }

  /** Knows nothing and checks nothing. */
  static get layerNoop(): Layer.Layer<HealthMonitor> {
    return noop
  }
}

const noop: Layer.Layer<HealthMonitor> = Layer.succeed(HealthMonitor, {
  status: () => NEVER_CHECKED,
  probeNow: () => Effect.succeed(NEVER_CHECKED),
  calls: { answered: () => {}, failed: () => {} }
})
