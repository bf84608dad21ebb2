/** dispatch: what is carried to the server for an allowed call, and what the client hears when no answer comes back. */
import type { Principal } from "@mcpgw/domain/Principal"
import type { AuthorizedCall } from "@mcpgw/policy/AuthorizedCall"
import type { ForwardFailure, Outbound } from "@mcpgw/proxy/Forward"
import type { Target } from "@mcpgw/proxy/Target"
import type { Pipeline } from "../pipeline.ts"
import { forwardFailed, type Refusal } from "../refusals.ts"
import type { RequestContext } from "../RequestContext.ts"
import type { Read } from "./read.ts"

export interface Dispatch {
  readonly principal: Principal
  readonly clientAuthorization: string | undefined
  readonly target: Target
  readonly read: Read
  readonly calls: readonly [AuthorizedCall, ...Array<AuthorizedCall>]
}

/** The call as the router takes it. */
export const outboundOf = (
  pipeline: Pipeline,
  ctx: RequestContext,
  { principal, clientAuthorization, target, read, calls }: Dispatch
): Outbound => ({
  calls,
  principal,
  target,
  method: ctx.method === "POST" ? "POST" : ctx.method === "DELETE" ? "DELETE" : "GET",
  headers: ctx.headers,
  body: read.body,
  envelope: read.envelope,
  search: ctx.search,
  session: read.session,
  clientAuthorization,
  originalUrl: pipeline.publicUrl + ctx.pathname,
  remote: ctx.remote,
  proto: ctx.forwarded?.scheme ?? (pipeline.publicUrl.startsWith("https:") ? "https" : "http"),
  signal: ctx.request.signal,
  started: ctx.started
})

/** The server gave no answer worth relaying. */
export const undelivered = (
  pipeline: Pipeline,
  ctx: RequestContext,
  { target, read }: Dispatch,
  failure: ForwardFailure
): Refusal => {
  const { reason, detail } = failure
  const { path } = target.server.record
  const refused = forwardFailed(path.slice(1), failure, read.envelope?.messages[0].id ?? null)
  if (refused.outcome === "error")
    pipeline.log("debug", "a server failed", { id: ctx.id, server: path, reason, detail })
  return refused
}
