/** dispatch: carries the allowed call to the server and hands its answer to the client; settles when it ends. */
import type { Principal } from "@mcpgw/domain/Principal"
import type { AuthorizedCall } from "@mcpgw/policy/AuthorizedCall"
import type { Target } from "@mcpgw/proxy/Target"
import type { Pipeline } from "../pipeline.ts"
import { forwardFailed, type Refusal } from "../refusals.ts"
import type { RequestContext } from "../RequestContext.ts"
import type { Trail } from "../Settle.ts"
import type { Read } from "./read.ts"

export interface Dispatch {
  readonly principal: Principal
  readonly clientAuthorization: string | undefined
  readonly target: Target
  readonly read: Read
  readonly calls: readonly [AuthorizedCall, ...Array<AuthorizedCall>]
}

export const dispatch = async (
  pipeline: Pipeline,
  ctx: RequestContext,
  trail: Trail,
  { principal, clientAuthorization, target, read, calls }: Dispatch
): Promise<Response | Refusal> => {
  const result = await pipeline.router.forward(
    {
      calls,
      principal,
      target,
      method: ctx.method === "POST" ? "POST" : ctx.method === "DELETE" ? "DELETE" : "GET",
      headers: ctx.fields,
      body: read.body,
      envelope: read.envelope,
      search: ctx.search,
      session: read.session,
      clientAuthorization,
      originalUrl: pipeline.publicUrl + ctx.pathname,
      remote: ctx.remote,
      proto: ctx.forwarded?.scheme ?? (pipeline.publicUrl.startsWith("https:") ? "https" : "http"),
      signal: ctx.request.signal
    },
    (ending, { status, session }) =>
      pipeline.settle.ended(trail, calls, status, ending, session ?? read.session?.sealed)
  )
  if (!(result instanceof Response)) {
    if (result.reason !== "aborted") {
      const { reason, detail } = result
      pipeline.log("debug", "a server failed", { id: ctx.id, server: target.server.record.path, reason, detail })
    }
    return forwardFailed(target.server.record.path.slice(1), result, read.envelope?.messages[0].id ?? null)
  }
  return result
}
