/**
 * `/metrics` on a port of its own (`OTEL_PROMETHEUS_PORT`), for a Prometheus that is configured for the replaced system's: plain HTTP, on
 * the gateway's host, nothing else served. Open until the drain is over, so that it is seen.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { GatewayConfigApi } from "./config.ts"
import { makeEntrance } from "./Entrance.ts"
import { type Operations, operate } from "./operations.ts"
import { opening, type PortUnavailable } from "./PortUnavailable.ts"
import type { Settle } from "./Settle.ts"

/** Nothing when no port is set. */
export const serveMetrics = (
  config: GatewayConfigApi,
  operations: Operations,
  settle: Settle
): Effect.Effect<void, PortUnavailable, Scope.Scope> => {
  const { host, metricsPort: port } = config
  if (port === undefined) return Effect.void
  const enter = makeEntrance(config, port, settle)
  const answer = (request: Request, server: Bun.Server<undefined>): Promise<Response> | Response => {
    const entered = enter(request, server)
    if (entered instanceof Response) return entered
    const metrics = entered.pathname === "/metrics" ? operate(operations, entered.method, "/metrics") : undefined
    return metrics ?? Response.json({ detail: "Only GET /metrics is served here" }, { status: 404 })
  }
  const open = opening("MCPGW_HOST and OTEL_PROMETHEUS_PORT", { host, port }, () =>
    Bun.serve({ hostname: host, port, fetch: answer })
  )
  return Effect.asVoid(Effect.acquireRelease(open, (server) => Effect.promise(() => server.stop(true))))
}
