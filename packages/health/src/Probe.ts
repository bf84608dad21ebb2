/** **Probe** port: one MCP handshake with one server. Never fails: the result says how it went. */
import type { HealthStatus, ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export interface ProbeResult {
  readonly status: HealthStatus
  /** The whole inventory (all pages) when the server offers tools and answered; undefined when it was not asked or failed. */
  readonly tools: ReadonlyArray<Tool> | undefined
}

export interface ProbeApi {
  readonly probe: (record: ServerRecord) => Effect.Effect<ProbeResult>
}

export class Probe extends Context.Tag("@mcpgw/health/Probe")<Probe, ProbeApi>() {}
