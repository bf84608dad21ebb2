/** policy: every message is judged on the resolved target; nothing is dispatched unless all are allowed. */
import type { Principal } from "@mcpgw/domain/Principal"
import type { Message } from "@mcpgw/mcp/Envelope"
import type { JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import type { AuthorizedCall } from "@mcpgw/policy/AuthorizedCall"
import { HTTP_DELETE, HTTP_GET } from "@mcpgw/policy/Methods"
import type { Target } from "@mcpgw/proxy/Target"
import type { Pipeline } from "../pipeline.ts"
import { denied, type Refusal, sessionNeeded } from "../refusals.ts"
import type { RequestContext } from "../RequestContext.ts"
import type { Read } from "./read.ts"

export interface Judged {
  readonly _tag: "Judged"
  /** One per message. */
  readonly calls: readonly [AuthorizedCall, ...Array<AuthorizedCall>]
}

export const judge = (
  pipeline: Pipeline,
  ctx: RequestContext,
  principal: Principal,
  target: Target,
  read: Read
): Judged | Refusal => {
  const server = target.server.record.path
  if (read.envelope === undefined) {
    // Opening the stream of HTTP+SSE is to it what `initialize` is to other transports.
    const bound = read.session !== undefined || target.leg === "sse"
    // Bound to a session the protocol needs it; without one it is a method like any other, judged by the rules.
    const method = !bound ? ctx.method : ctx.method === "GET" ? HTTP_GET : HTTP_DELETE
    const call = pipeline.policy.decide(principal, { server, method, tool: undefined })
    if (call._tag !== "Denied") return { _tag: "Judged", calls: [call] }
    return bound ? denied(call, undefined, 0, undefined) : sessionNeeded()
  }
  const { batch, messages } = read.envelope
  const [first, ...rest] = messages
  const call = pipeline.policy.decide(principal, { server, method: first.method, tool: first.tool })
  if (call._tag === "Denied") {
    const refused = denied(call, first.id, 0, batch ? requestsBeside(messages, 0) : undefined)
    // What is answered to a post of HTTP+SSE is its status; nobody reads the body as the answer (W-33).
    return target.leg === "messages" ? { ...refused, status: 403 } : refused
  }
  const calls: [AuthorizedCall, ...Array<AuthorizedCall>] = [call]
  for (const [i, message] of rest.entries()) {
    const next = pipeline.policy.decide(principal, { server, method: message.method, tool: message.tool })
    if (next._tag === "Denied") return denied(next, message.id, i + 1, requestsBeside(messages, i + 1))
    calls.push(next)
  }
  return { _tag: "Judged", calls }
}

/** Ids of a batch's other requests: each is owed an answer. */
const requestsBeside = (messages: ReadonlyArray<Message>, index: number): ReadonlyArray<JsonRpcId> =>
  messages.flatMap(({ kind, id }, i) => (i === index || kind !== "request" || id === undefined ? [] : [id]))
