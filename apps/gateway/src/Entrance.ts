/** What every port of the gateway does first with a request: who calls, and may they (the checks for every route). */
import { forwardedBy } from "./ClientAddress.ts"
import type { GatewayConfigApi } from "./config.ts"
import { makeEntryCheck } from "./EdgeChecks.ts"
import { respond } from "./refusals.ts"
import { type HttpServer, makeContext, type RequestContext } from "./RequestContext.ts"
import { type Settle, trailOf } from "./Settle.ts"

/** The request as it is known from here on, or the answer of a refusal, which is recorded. */
export type Entrance = (request: Request, server: HttpServer) => RequestContext | Response

/** For a port of the gateway's host. `dress` finishes the answer of a refusal. */
export const makeEntrance = (
  config: GatewayConfigApi,
  port: number,
  settle: Settle,
  dress: (ctx: RequestContext, response: Response) => Response = (_, response) => response
): Entrance => {
  const check = makeEntryCheck({ ...config, port })
  const trusted = config.trustedProxies
  return (request, server) => {
    const peer = server.requestIP(request)?.address ?? ""
    const ctx = makeContext(
      request,
      server,
      peer,
      trusted === undefined ? undefined : forwardedBy(trusted, peer, request.headers)
    )
    const refused = check(ctx)
    if (refused === undefined) return ctx
    settle.refused(trailOf(ctx), refused)
    return dress(ctx, respond(refused))
  }
}
