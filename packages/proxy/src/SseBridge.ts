/**
 * Speaks 2024-11-05's HTTP+SSE to a client in front of a server that speaks Streamable HTTP only: every message posted is one
 * exchange with the server, and whatever comes back is written on the client's one stream. The streams live in this process: a
 * message posted to another replica finds none. Judges nothing; each message was judged before it comes here.
 */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import type { Deadlines } from "@mcpgw/egress/Deadlines"
import { randomUUID } from "node:crypto"
import { BridgedStream } from "./BridgedStream.ts"
import { failure, type Forward, type ForwardResult, type Outbound } from "./Forward.ts"
import { HTTP_SSE_VERSION, messagesPath } from "./HttpSse.ts"
import type { OpenStreams } from "./OpenStreams.ts"
import type { OnEnd } from "./Outcome.ts"
import { streamHeaders } from "./ResponseHeaders.ts"
import { sealFor, SessionGate } from "./SessionGate.ts"

export interface SseBridgeParts {
  readonly keys: KeyRingApi
  readonly streams: OpenStreams
  readonly deadlines: Deadlines
  /** Carries one message over Streamable HTTP. */
  readonly forward: Forward
  readonly sessionSeconds: number
  /** As of `BridgedParts`. */
  readonly heartbeatMs: number
  readonly stallMs: number
  readonly maxMessageBytes: number
}

const MAX_STREAMS = 10_000

export class SseBridge {
  private readonly bridged = new Map<string, BridgedStream>()
  private readonly sessions: SessionGate
  private readonly parts: SseBridgeParts

  constructor(parts: SseBridgeParts) {
    this.parts = parts
    this.sessions = new SessionGate(parts.keys)
  }

  readonly forward: Forward = (outbound, onEnd) =>
    outbound.target.leg === "sse" ? Promise.resolve(this.open(outbound, onEnd)) : this.post(outbound, onEnd)

  private open(outbound: Outbound, onEnd: OnEnd): ForwardResult {
    const { principal, target } = outbound
    const id = randomUUID()
    const sealed = sealFor(this.parts.keys, {
      use: "bridge",
      claims: principal.claims,
      server: target.server,
      version: HTTP_SSE_VERSION,
      upstreamId: id,
      lifeSeconds: this.parts.sessionSeconds
    })
    if (sealed === undefined || this.bridged.size >= MAX_STREAMS) return failure("broken", "no stream can be opened")
    const { deadlines, forward, streams } = this.parts
    const stream = new BridgedStream({
      opening: outbound,
      forward,
      deadlines,
      heartbeatMs: this.parts.heartbeatMs,
      openSession: (presented) => this.sessions.open(presented, principal.claims, target.server, Date.now()),
      stallMs: this.parts.stallMs,
      maxMessageBytes: this.parts.maxMessageBytes,
      onEnd: (ending) => {
        this.bridged.delete(id)
        streams.delete(stream)
        onEnd(ending, { status: 200, session: undefined })
      }
    })
    this.bridged.set(id, stream)
    streams.add(stream)
    return new Response(stream.start(messagesPath(target.server, sealed)), {
      headers: streamHeaders({ "content-type": "text/event-stream" })
    })
  }

  private async post(outbound: Outbound, onEnd: OnEnd): Promise<ForwardResult> {
    const stream = this.bridged.get(outbound.session?.bound.upstreamId ?? "")
    return stream === undefined
      ? failure("no_stream", "the stream is closed, or another replica's")
      : stream.carry(outbound, onEnd)
  }
}
