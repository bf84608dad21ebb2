/**
 * The request's way on the data plane, top to bottom (design.md §3):
 * edge → auth → resolve → policy → gates → dispatch → filter, with settle around all of it.
 * Refusals answer without a fiber; only a credential never seen, the body and the server are waited for.
 */
import type { AuthLayerApi } from "@mcpgw/auth/AuthLayer"
import type { Deadlines } from "@mcpgw/egress/Deadlines"
import type { OpenCalls } from "@mcpgw/proxy/OpenCalls"
import type { ScopePolicyApi } from "@mcpgw/policy/ScopePolicy"
import type { ProxyRouterApi } from "@mcpgw/proxy/ProxyRouter"
import type { SessionGate } from "@mcpgw/proxy/SessionGate"
import { admitCaller, type Caller } from "./stages/auth.ts"
import { type Dispatch, outboundOf, undelivered } from "./stages/dispatch.ts"
import type { Gate } from "./stages/gates.ts"
import { judge } from "./stages/policy.ts"
import { type Read, readMessages } from "./stages/read.ts"
import { resolveTarget } from "./stages/resolve.ts"
import { readBody } from "./readBody.ts"
import type { EdgeCheck } from "./EdgeChecks.ts"
import { internal, type Refusal, respond, tooManyStreams, unrecordable } from "./refusals.ts"
import type { RequestContext } from "./RequestContext.ts"
import { type Settle, type Trail, trailOf } from "./Settle.ts"

export interface Pipeline {
  readonly edge: EdgeCheck
  readonly auth: AuthLayerApi
  readonly authenticate: (credential: Parameters<AuthLayerApi["authenticate"]>[0]) => Promise<Caller["outcome"]>
  readonly policy: ScopePolicyApi
  readonly router: ProxyRouterApi
  readonly sessions: SessionGate
  readonly gates: ReadonlyArray<Gate>
  readonly openCalls: OpenCalls
  readonly settle: Settle
  readonly deadlines: Deadlines
  readonly publicUrl: string
  readonly maxBodyBytes: number
  /** Requests that have no answer yet; the drain waits for them, so that what was cut off still goes on record. */
  readonly underway: { count: number }
  readonly log: (level: "debug" | "error", message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** Answers one request on an MCP route. Never rejects. */
export const handle = async (pipeline: Pipeline, ctx: RequestContext): Promise<Response> => {
  const trail = trailOf(ctx)
  pipeline.underway.count += 1
  try {
    const result = await run(pipeline, ctx, trail)
    if (result instanceof Response) return result
    pipeline.settle.refused(trail, result)
    return respond(result)
  } catch (error) {
    pipeline.log("error", "a request could not be handled", { id: ctx.id, error })
    const refused = internal()
    pipeline.settle.refused(trail, refused)
    return respond(refused)
  } finally {
    pipeline.underway.count -= 1
  }
}

const run = async (pipeline: Pipeline, ctx: RequestContext, trail: Trail): Promise<Response | Refusal> => {
  const edge = pipeline.edge(ctx)
  if (edge !== undefined) return edge

  const caller = admitCaller(pipeline, ctx)
  const admitted = caller instanceof Promise ? await caller : caller
  if (admitted._tag === "Refusal") return admitted
  const { principal, clientAuthorization } = admitted
  trail.principal = principal
  trail.authenticated = performance.now()

  const target = resolveTarget(pipeline, ctx, trail, principal)
  if (target._tag === "Refusal") return target

  const body = readBody(ctx, pipeline.maxBodyBytes, pipeline.deadlines)
  const arrived = body instanceof Promise ? await body : body
  const read = readMessages(pipeline, ctx, trail, target, principal, arrived)
  if (read._tag === "Refusal") return read

  const judged = judge(pipeline, ctx, principal, target, read)
  if (judged._tag !== "Judged") return judged

  if (!pipeline.settle.canRecord()) return unrecordable()
  for (const gate of pipeline.gates) {
    const refused = gate(judged.calls, target)
    if (refused !== undefined) return refused
  }

  return carry(pipeline, ctx, trail, { principal, clientAuthorization, target, read, calls: judged.calls })
}

const carry = async (
  pipeline: Pipeline,
  ctx: RequestContext,
  trail: Trail,
  dispatch: Dispatch
): Promise<Response | Refusal> => {
  const { read, calls, principal } = dispatch
  const { openCalls, settle } = pipeline
  const open = openCalls.enter(principal.claims, !awaitsAnswer(ctx, read))
  if (open === undefined) return tooManyStreams(openCalls.limit, read.envelope?.messages[0].id ?? null)
  let ended = false
  const outcome = await pipeline.router.forward(outboundOf(pipeline, ctx, dispatch), (ending, answered) => {
    ended = true
    openCalls.leave(open)
    settle.ended(trail, calls, answered.status, ending, answered.session ?? read.session?.sealed)
    // A stream that ends does not close a connection whose client takes nothing; the HTTP server's own timeout does.
    if (ending.kind === "aborted" && ending.stalled === true) ctx.server.timeout(ctx.request, 1)
  })
  if (outcome instanceof Response) return outcome
  if (!ended) openCalls.leave(open)
  return undelivered(pipeline, ctx, dispatch, outcome)
}

/** What only tells the server something, an end or a cancellation above all, is never one too many. */
const awaitsAnswer = ({ method }: RequestContext, { envelope }: Read): boolean =>
  envelope === undefined ? method === "GET" : envelope.messages.some(({ kind }) => kind === "request")
