/** Reads what is asked: the session presented, and for a POST the messages, checked strictly before any decision. */
import type { Principal } from "@mcpgw/domain/Principal"
import { type Envelope, type Malformed, type Message, readEnvelope } from "@mcpgw/mcp/Envelope"
import { checkHeaderClaims } from "@mcpgw/mcp/HeaderClaims"
import { checkHeaderParams } from "@mcpgw/mcp/HeaderParams"
import { LAST_EVENT_ID, SESSION_ID } from "@mcpgw/mcp/HeaderNames"
import { isPseudoMethod } from "@mcpgw/policy/Methods"
import { SESSION_PARAMETER } from "@mcpgw/proxy/HttpSse"
import type { PresentedSession } from "@mcpgw/proxy/Forward"
import { speaksSse, type Target } from "@mcpgw/proxy/Target"
import { toolHeadersOf } from "@mcpgw/proxy/ToolHeaders"
import type { Pipeline } from "../pipeline.ts"
import { batchRefused, malformed, type Refusal, resumeWithoutSession, sessionNotFound } from "../refusals.ts"
import type { RequestContext } from "../RequestContext.ts"
import type { Trail } from "../Settle.ts"
import { malformed as malformedBecause } from "@mcpgw/mcp/Envelope"

export interface Read {
  readonly _tag: "Read"
  readonly session: PresentedSession | undefined
  readonly envelope: Envelope | undefined
  readonly body: Uint8Array<ArrayBuffer> | undefined
}

/** The only version whose sessions may send batches (W-16). */
const BATCH_VERSION = "2025-03-26"

/** `body` as it arrived; undefined for a method that has none. */
export const readMessages = (
  pipeline: Pipeline,
  ctx: RequestContext,
  trail: Trail,
  target: Target,
  principal: Principal,
  body: Uint8Array<ArrayBuffer> | Refusal | undefined
): Read | Refusal => {
  const sealed = target.leg === "mcp" ? ctx.headers[SESSION_ID] : messagesSeal(ctx, target)
  const use = target.leg === "mcp" ? "session" : speaksSse(target.server) ? "messages" : "bridge"
  const session =
    sealed === undefined ? undefined : pipeline.sessions.open(sealed, principal.claims, target.server, ctx.at, use)
  if (body === undefined) {
    if (sealed !== undefined && session === undefined) return sessionNotFound(null)
    // A stream of HTTP+SSE is not taken up again but opened anew, whatever the last one's events were called.
    const resumes = target.leg !== "sse" && ctx.headers[LAST_EVENT_ID] !== undefined
    if (session === undefined && resumes) return resumeWithoutSession()
    return { _tag: "Read", session, envelope: undefined, body: undefined }
  }
  if ("_tag" in body) return body
  const envelope = readEnvelope(body)
  if ("_tag" in envelope) return malformed(envelope)
  trail.messages = envelope.messages
  const problem = checkMethods(envelope)
  if (problem !== undefined) return problem
  const era = checkHeaderClaims(ctx.headers, envelope)
  if (typeof era !== "string") return malformed(era)
  if (era === "modern") {
    const lie = checkArguments(ctx, target, envelope.messages[0])
    return lie === undefined ? { _tag: "Read", session: undefined, envelope, body } : malformed(lie)
  }
  if (sealed !== undefined && session === undefined) return sessionNotFound(envelope.messages[0].id ?? null)
  if (envelope.batch && session?.bound.version !== BATCH_VERSION) return batchRefused()
  return { _tag: "Read", session, envelope, body }
}

/** What headers say of a call's arguments; only a modern body makes it worth believing (W-43). */
const checkArguments = ({ headers }: RequestContext, target: Target, message: Message): Malformed | undefined =>
  message.kind !== "request" || message.tool === undefined
    ? undefined
    : checkHeaderParams(headers, message, toolHeadersOf(target.server.record, message.tool))

/** A message of HTTP+SSE names its stream in the query; one that names none belongs to none. */
const messagesSeal = ({ search }: RequestContext, { leg }: Target): string | undefined =>
  leg === "messages" ? (new URLSearchParams(search).get(SESSION_PARAMETER) ?? "") : undefined

/** Names that mean something else inside the gateway can not be methods of a client. */
const checkMethods = (envelope: Envelope): Refusal | undefined => {
  const bad = envelope.messages.find((message) => message.kind !== "response" && isPseudoMethod(message.method))
  return bad === undefined
    ? undefined
    : malformed(malformedBecause("method", 'The key "method" holds no MCP method', { id: bad.id ?? null }))
}
