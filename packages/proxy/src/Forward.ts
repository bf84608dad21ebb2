/** What goes in and out of one exchange with a server. Knows nothing of how requests reach the gateway. */
import type { Principal } from "@mcpgw/domain/Principal"
import type { Envelope } from "@mcpgw/mcp/Envelope"
import type { BoundSession } from "@mcpgw/mcp/SessionSeal"
import type { UpstreamFailureReason } from "@mcpgw/egress/Upstream"
import type { AuthorizedCall } from "@mcpgw/policy/AuthorizedCall"
import type { OnEnd } from "./Outcome.ts"
import type { Target } from "./Target.ts"

/** A session the caller presented and that is theirs. */
export interface PresentedSession {
  /** As the client knows it. */
  readonly sealed: string
  readonly bound: BoundSession
}

export interface Outbound {
  /** Proof, one per message of the body: nothing is dispatched without. */
  readonly calls: readonly [AuthorizedCall, ...Array<AuthorizedCall>]
  readonly principal: Principal
  readonly target: Target
  readonly method: "GET" | "POST" | "DELETE"
  /** The client's, lower-case. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined without a body. Sent as it is. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  readonly envelope: Envelope | undefined
  /** With its `?`, or empty. */
  readonly search: string
  readonly session: PresentedSession | undefined
  /** The caller's own credential for the server, already known not to be ours. */
  readonly clientAuthorization: string | undefined
  /** URL the client used, without query. */
  readonly originalUrl: string
  readonly remote: string
  readonly proto: "http" | "https"
  readonly signal: AbortSignal
  /** When the call came, `performance.now()`: its total deadline counts from here. */
  readonly started: number
}

/** An exchange that gave no answer worth relaying. The gateway words the refusal. */
export interface ForwardFailure {
  readonly _tag: "ForwardFailure"
  readonly reason:
    | UpstreamFailureReason
    /** The server did not accept the credential sent for it. */
    | "credential_refused"
    /** Not dispatched: what should be sent along is not there. `detail` may be shown. */
    | "credential_missing"
    /** The server answered with a redirect. */
    | "redirected"
    /** No MCP endpoint at the registered URL. */
    | "no_endpoint"
    /** The answer is no MCP answer, or larger than may be read. */
    | "unreadable"
    /** More messages than one 2024-11-05 stream may have under way. */
    | "crowded"
    /** A message for a 2024-11-05 stream that is not open here. */
    | "no_stream"
    /** The answer's body stood still past the idle deadline. */
    | "idle_timeout"
    /** The answer took longer in all than it may. */
    | "total_timeout"
    /** Not dispatched: a task id that is not the caller's at this server. */
    | "unknown_task"
    /** The same, of a client that has not said it knows tasks. */
    | "undeclared_tasks"
    /** The same, asked with a method that the Tasks extension does not have. */
    | "unknown_task_method"
    /** Not dispatched: a `requestState` that is not the caller's for this request. */
    | "foreign_state"
  /** For logs only; may name internal hosts (S-19). */
  readonly detail: string
  /** When it is worth asking again; undefined: nobody knows. */
  readonly retryAfterSeconds: number | undefined
}

export const failure = (
  reason: ForwardFailure["reason"],
  detail: string,
  retryAfterSeconds?: number | undefined
): ForwardFailure => ({ _tag: "ForwardFailure", reason, detail, retryAfterSeconds })

export type ForwardResult = Response | ForwardFailure

export type Forward = (outbound: Outbound, onEnd: OnEnd) => Promise<ForwardResult>
