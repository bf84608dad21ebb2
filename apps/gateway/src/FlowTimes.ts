/** Seconds between the steps of a session's opening, for `mcp_protocol_latency_seconds`. Bounded; knows nothing of callers. */
import type { MetricsApi } from "@mcpgw/telemetry/Metrics"

type FlowSample = Extract<Parameters<MetricsApi["record"]>[0], { readonly type: "protocol_latency" }>

/** Seconds between the steps of a session's opening, contracts.md §2.12. Bounded: forgets the oldest sessions. */
export class FlowTimes {
  private readonly sessions = new Map<string, { readonly opened: number; listed: number | undefined }>()

  step(session: string, method: string): ReadonlyArray<FlowSample> | undefined {
    const now = performance.now()
    if (method === "initialize") {
      if (this.sessions.size >= MAX_FLOWS) this.sessions.delete(this.sessions.keys().next().value ?? session)
      this.sessions.set(session, { opened: now, listed: undefined })
      return undefined
    }
    if (method !== "tools/list" && method !== "tools/call") return undefined
    const times = this.sessions.get(session)
    if (times === undefined) return undefined
    if (method === "tools/list") {
      if (times.listed !== undefined) return undefined
      times.listed = now
      return [sample("initialize_to_tools_list", now - times.opened)]
    }
    this.sessions.delete(session)
    const full = sample("full_protocol_flow", now - times.opened)
    return times.listed === undefined ? [full] : [sample("tools_list_to_tools_call", now - times.listed), full]
  }
}

const MAX_FLOWS = 10_000

const sample = (flowStep: FlowSample["flowStep"], ms: number): FlowSample => ({
  type: "protocol_latency",
  flowStep,
  seconds: ms / 1000
})
