/** **HealthMonitor** — whether each server answers a real MCP handshake, on an interval and on demand; feeds the registry. */
import type { Health } from "@mcpgw/domain/Server"
import type { ServerNotFound } from "@mcpgw/registry/RegistryError"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export interface HealthMonitorApi {
  /** Hot: the last known health, `unknown` for a path never seen. */
  readonly status: (path: string) => Health
  /** Probes now, waits for the result, stores health and — when healthy — the tool inventory. Single-flight per path. */
  readonly probeNow: (path: string) => Effect.Effect<Health, ServerNotFound>
}

export class HealthMonitor extends Context.Tag("@mcpgw/health/HealthMonitor")<HealthMonitor, HealthMonitorApi>() {}
