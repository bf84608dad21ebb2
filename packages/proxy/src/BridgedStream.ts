/**
 * One client's 2024-11-05 stream and the Streamable HTTP session behind it. What servers send is written anew, message by message: several
 * answers share the stream, and none may begin in the midst of another or say anything to the client but what it is asked for (W-32).
 */
import type { Claims } from "@mcpgw/domain/Principal"
import type { Deadline, Deadlines } from "@mcpgw/egress/Deadlines"
import { PROTOCOL_VERSION, SESSION_ID } from "@mcpgw/mcp/HeaderNames"
import { Code, errorBody, type JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import { eventOf, isEvents, messagesOf } from "./BridgedAnswer.ts"
import { failure, type Forward, type ForwardResult, type Outbound, type PresentedSession } from "./Forward.ts"
import type { OpenStream } from "./OpenStreams.ts"
import type { Ending, OnEnd } from "./Outcome.ts"

export interface BridgedParts {
  /** The request that opened it. */
  readonly opening: Outbound
  readonly forward: Forward
  readonly deadlines: Deadlines
  /** A session id as the client would know it; undefined when it is not theirs. */
  readonly openSession: (sealed: string) => PresentedSession | undefined
  /** Silence after which a comment is sent; 0: never. */
  readonly heartbeatMs: number
  /** How long bytes may wait for a client that takes none. */
  readonly stallMs: number
  /** Bytes one message of the server may have. */
  readonly maxMessageBytes: number
  /** Called once. */
  readonly onEnd: (ending: Extract<Ending, { readonly kind: "aborted" | "revoked" }>) => void
}

/** Bytes the client has not taken yet at which servers are held back. */
const HIGH_WATER = 64 * 1024
/** Messages whose answers are awaited or wait to be written: each may hold one answer in memory. */
const MAX_EXCHANGES = 64
const ACCEPT = "application/json, text/event-stream"

const unrecorded: OnEnd = () => undefined

export class BridgedStream implements OpenStream {
  readonly idle = true
  readonly claims: Claims
  private readonly parts: BridgedParts
  private readonly exchanges = new Set<AbortController>()
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined = undefined
  private session: PresentedSession | undefined = undefined
  private listening = false
  private over = false
  private beat: Deadline | undefined = undefined
  private taken: PromiseWithResolvers<void> | undefined = undefined
  private stall: Deadline | undefined = undefined

  constructor(parts: BridgedParts) {
    this.parts = parts
    this.claims = parts.opening.principal.claims
  }

  /** The client's stream; `endpoint` is where it posts its messages. */
  start(endpoint: string): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.controller = controller
          controller.enqueue(encoder.encode(`event: endpoint\ndata: ${endpoint}\n\n`))
          this.scheduleBeat()
        },
        pull: () => this.release(),
        cancel: () => this.end({ kind: "aborted" })
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER })
    )
  }

  /** Draining: the client sees a clean end. */
  close(): void {
    if (!this.over) this.controller?.close()
    this.end({ kind: "aborted" })
  }

  /** What was asked on it is ended with it. */
  revoke(): void {
    if (this.over) return
    this.controller?.enqueue(REVOKED)
    this.controller?.close()
    this.end({ kind: "revoked" })
  }

  /** Carries one message; its answer goes on the stream, the post itself is answered 202, or as the server refused it (W-33). */
  async carry(outbound: Outbound, onEnd: OnEnd): Promise<ForwardResult> {
    if (this.exchanges.size >= MAX_EXCHANGES) return failure("crowded", "too many answers are awaited on one stream")
    const result = await this.exchange(outbound, onEnd)
    if (!(result instanceof Response)) return result
    const sealed = result.headers.get(SESSION_ID)
    if (sealed !== null) this.session = this.parts.openSession(sealed) ?? this.session
    if (isRefused(result)) {
      // The session is not the client's to know.
      result.headers.delete(SESSION_ID)
      return result
    }
    // The first message that is only accepted is `notifications/initialized`: from then on the server may speak up.
    if (result.status === 202 && this.session !== undefined && !this.listening) void this.listen()
    return new Response(null, { status: 202 })
  }

  /** One exchange over Streamable HTTP, ended with the stream; its answer is written on the stream. */
  private async exchange(outbound: Outbound, onEnd: OnEnd): Promise<ForwardResult> {
    const own = new AbortController()
    this.exchanges.add(own)
    const result = await this.parts.forward(this.streamable(outbound, own.signal), onEnd)
    if (result instanceof Response && !isRefused(result)) void this.relay(result, awaitedBy(outbound), own)
    else this.exchanges.delete(own)
    return result
  }

  private streamable(outbound: Outbound, signal: AbortSignal): Outbound {
    const { session } = this
    const version = session?.bound.version ?? ""
    const headers = { ...outbound.headers, accept: ACCEPT, ...(version === "" ? {} : { [PROTOCOL_VERSION]: version }) }
    return { ...outbound, target: { ...outbound.target, leg: "mcp", rest: "" }, search: "", headers, session, signal }
  }

  /** The server's own messages. A server that offers no such stream says so, which is no message for the client. */
  private async listen(): Promise<void> {
    this.listening = true
    const own = new AbortController()
    this.exchanges.add(own)
    const result = await this.parts.forward(this.streamable(this.parts.opening, own.signal), unrecorded)
    if (result instanceof Response && isEvents(result) && !isRefused(result)) await this.relay(result, undefined, own)
    else own.abort()
    this.exchanges.delete(own)
  }

  private async relay(answer: Response, awaited: JsonRpcId | undefined, own: AbortController): Promise<void> {
    try {
      for await (const messages of messagesOf(answer, this.parts.maxMessageBytes, awaited !== undefined)) {
        await this.put(encoder.encode(messages.map(eventOf).join("")))
        if (this.over) break
      }
    } catch {
      // How it broke is on the exchange's own record; whoever waits for the answer has to hear of it here.
      if (awaited !== undefined)
        await this.put(encoder.encode(eventOf(errorBody(awaited, Code.upstreamFailed, BROKEN))))
    }
    this.exchanges.delete(own)
  }

  /** Waits until the client has taken enough of what it was sent before. */
  private async put(bytes: Uint8Array): Promise<void> {
    while (!this.over && (this.controller?.desiredSize ?? 1) <= 0) {
      this.stall ??= this.parts.deadlines.start(this.parts.stallMs, () => this.cut())
      this.taken ??= Promise.withResolvers()
      await this.taken.promise
    }
    if (this.over) return
    this.controller?.enqueue(bytes)
    this.beat?.extend(this.parts.heartbeatMs)
  }

  private release(): void {
    this.stall?.cancel()
    this.stall = undefined
    this.taken?.resolve()
    this.taken = undefined
  }

  /** The client takes nothing: it is given up. What closes its connection is told by `stalled`. */
  private cut(): void {
    if (!this.over) this.controller?.error(new Error("the client takes nothing"))
    this.end({ kind: "aborted", stalled: true })
  }

  /** Comments keep a quiet stream alive through whatever stands between. */
  private scheduleBeat(): void {
    const { deadlines, heartbeatMs } = this.parts
    if (heartbeatMs === 0) return
    this.beat = deadlines.start(heartbeatMs, () => {
      if (this.over) return
      if ((this.controller?.desiredSize ?? 0) > 0) this.controller?.enqueue(COMMENT)
      this.scheduleBeat()
    })
  }

  private end(ending: Parameters<BridgedParts["onEnd"]>[0]): void {
    if (this.over) return
    this.over = true
    this.beat?.cancel()
    this.release()
    for (const exchange of this.exchanges) exchange.abort()
    this.parts.onEnd(ending)
    if (this.session === undefined) return
    const left = new AbortController()
    const goodbye = { ...this.streamable(this.parts.opening, left.signal), method: "DELETE" as const }
    void this.parts.forward(goodbye, unrecorded).then((result) => {
      if (result instanceof Response) return result.body?.cancel()
      return undefined
    })
  }
}

const awaitedBy = ({ envelope }: Outbound): JsonRpcId | undefined =>
  envelope?.messages.find((message) => message.kind === "request")?.id

/** Nothing of it is for the stream: the post is told. */
const isRefused = ({ status }: Response): boolean => status >= 400

const BROKEN = "The server broke off before it had answered"

const encoder = new TextEncoder()
const COMMENT = encoder.encode(": keepalive\n\n")
const REVOKED = encoder.encode(": your access has been taken back\n\n")
