/**
 * `MCPGW_REDIRECT_PORT`: plain HTTP beside a gateway with TLS. Leads everything to the public URL, but MCP: those routes are refused in
 * words, because MCP clients follow no redirect to another origin (W-15). Reads no credential and no body. Loopback may ask `/health`
 * and `/ready` here, as on the main port.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { GatewayConfigApi } from "./config.ts"
import { isProbe } from "./EdgeChecks.ts"
import { makeEntrance } from "./Entrance.ts"
import { type Operations, operate } from "./operations.ts"
import { opening, type PortUnavailable } from "./PortUnavailable.ts"
import { plainHttp, respond } from "./refusals.ts"
import { isControl, isOperation } from "./routes.ts"
import { type Settle, trailOf } from "./Settle.ts"

/** Nothing when no port is set. */
export const serveRedirects = (
  config: GatewayConfigApi,
  operations: Operations,
  settle: Settle
): Effect.Effect<void, PortUnavailable, Scope.Scope> => {
  const { host, publicUrl, redirectPort: port } = config
  const { origin } = new URL(publicUrl)
  if (port === undefined) return Effect.void
  const enter = makeEntrance(config, port, settle)
  const answer = (request: Request, server: Bun.Server<undefined>): Promise<Response> | Response => {
    const ctx = enter(request, server)
    if (ctx instanceof Response) return ctx
    const { method, pathname, search } = ctx
    const probed = isProbe(ctx) ? operate(operations, method, pathname) : undefined
    if (probed !== undefined) return probed
    if (isOperation(method, pathname) || isControl(pathname)) {
      return new Response(null, { status: 308, headers: { location: origin + pathname + search } })
    }
    const refused = plainHttp(origin + pathname)
    settle.refused(trailOf(ctx), refused)
    return respond(refused)
  }
  const open = opening("MCPGW_HOST and MCPGW_REDIRECT_PORT", { host, port }, () =>
    Bun.serve({ hostname: host, port, fetch: answer })
  )
  return Effect.asVoid(Effect.acquireRelease(open, (server) => Effect.promise(() => server.stop(true))))
}
