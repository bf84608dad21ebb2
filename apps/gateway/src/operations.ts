/** `/`, `/health`, `/ready`, `/metrics`: for whoever runs the gateway. Public, and holds nothing about callers. */
import type { ScopePolicyApi } from "@mcpgw/policy/ScopePolicy"
import type { RegistryApi } from "@mcpgw/registry/Registry"
import type { MetricsApi } from "@mcpgw/telemetry/Metrics"
import { CONTENT_TYPE } from "@mcpgw/telemetry/PrometheusText"
import type * as Effect from "effect/Effect"
import { doubtsNow } from "./policyDoubts.ts"
import type { TlsStatus } from "./TlsReload.ts"

export interface Operations {
  readonly metrics: MetricsApi
  readonly policy: ScopePolicyApi
  readonly registry: RegistryApi
  /** Since when the store can not be reached, in epoch milliseconds. */
  readonly storeOutSince: () => number | undefined
  readonly run: <A>(effect: Effect.Effect<A>) => Promise<A>
  readonly draining: () => boolean
  /** Undefined: served without TLS. */
  readonly tls: () => TlsStatus | undefined
}

/** Undefined: not one of these paths. */
export const operate = (
  operations: Operations,
  method: string,
  pathname: string
): Promise<Response> | Response | undefined => {
  if (method !== "GET" && method !== "HEAD") return undefined
  switch (pathname) {
    case "/":
      return Response.json(ROOT)
    case "/health":
      return Response.json({ status: "healthy", service: "mcp-gateway-registry" })
    case "/ready":
      return ready(operations)
    case "/metrics":
      return operations
        .run(operations.metrics.render)
        .then((text) => new Response(text, { headers: { "content-type": CONTENT_TYPE } }))
    default:
      return undefined
  }
}

const ROOT = {
  service: "mcpgw",
  about: "MCP gateway & registry",
  servers: "/api/servers",
  mcp: "/{server-path}/mcp",
  openapi: "/openapi.json",
  ready: "/ready"
}

/** `since`: the last moment at which what is known of the store was all there is, as ISO 8601. */
const storeView = (since: number | undefined) =>
  since === undefined ? { reachable: true } : { reachable: false, since: new Date(since).toISOString() }

/** 200 while requests are served, from the last snapshot when the store is out; a policy or a certificate that could not be taken is said here, the last good one still holds. And what the policy that holds names in vain. */
const ready = ({ policy, registry, draining, storeOutSince, tls }: Operations): Response => {
  const { revision, problem } = policy.status()
  const shown = tls()
  const body = {
    ready: !draining(),
    draining: draining(),
    policy: { revision, problem: problem ?? null, warnings: doubtsNow(policy.current(), registry) },
    registry: { revision: registry.snapshot().revision, servers: registry.snapshot().servers.size },
    store: storeView(storeOutSince()),
    ...(shown === undefined ? {} : { tls: shown })
  }
  return Response.json(body, { status: draining() ? 503 : 200 })
}
