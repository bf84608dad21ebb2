/** **Upstream** port: one exchange with an MCP server, whatever its kind. Never retries, never follows redirects. */
import * as Context from "effect/Context"

/** On whose behalf a request is sent. */
export interface ExchangeCaller {
  readonly issuer: string
  readonly subject: string
}

export interface ExchangeRequest {
  readonly method: "GET" | "POST" | "DELETE"
  /** Absolute; `http(s)` or `in-process://{name}/…`. */
  readonly url: string
  /** Lower-case names, without those of the connection. Never changed: the same object may be sent again, and is then cheaper. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent as it is. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  /** Of this exchange: aborting it closes the exchange, body included. */
  readonly signal: AbortSignal
  /** An administrator vouched for this URL: private and loopback addresses may be dialled. */
  readonly trustedAddress: boolean
  /** Undefined: the gateway's own. */
  readonly caller?: ExchangeCaller
  /** Asks how the server is: goes through whatever its last exchanges came to (`Breaker.ts`). */
  readonly probe?: true
}

/** A server's answer: its head, and its body as it comes. */
export interface UpstreamAnswer {
  readonly status: number
  /** Lower-case names; values of a repeated one joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** The whole body, when it came together with the head. */
  readonly whole: Uint8Array<ArrayBuffer> | undefined
  /**
   * The next part of the body, the `whole` one too; undefined at its end, or after `cancel`. One read at a time; what is not read
   * is not asked of the server. Rejects with `UpstreamFailure` when the exchange breaks or the caller has left.
   */
  readonly read: () => Promise<Uint8Array<ArrayBuffer> | undefined>
  /**
   * The next part when it is here already, so that nobody waits for what is there; undefined when it is not, when there is no more and
   * when the exchange broke: only `read` tells these apart. Never while a read waits.
   */
  readonly take: () => Uint8Array<ArrayBuffer> | undefined
  /** Closes the exchange, when it has not ended yet. */
  readonly cancel: () => void
}

export type UpstreamFailureReason =
  | "refused"
  | "unreachable"
  | "unknown_host"
  | "blocked_address"
  | "connect_timeout"
  | "first_byte_timeout"
  | "broken"
  /** The last exchanges failed, and nothing was dialled. */
  | "circuit_open"
  | "aborted"

/** Rejection of `exchange`. `detail` is for logs; it may name internal hosts and is never sent to a client (S-19). */
export class UpstreamFailure extends Error {
  readonly _tag = "UpstreamFailure"
  readonly reason: UpstreamFailureReason
  /** When it is worth asking again; undefined: nobody knows. */
  readonly retryAfterSeconds: number | undefined
  constructor(
    reason: UpstreamFailureReason,
    detail: string,
    options?: { readonly cause?: unknown; readonly retryAfterSeconds?: number }
  ) {
    super(detail, options)
    this.reason = reason
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

export interface UpstreamApi {
  /**
   * Resolves when the response head is here; the body streams. Rejects only with `UpstreamFailure`.
   * The connect and first-byte deadlines are the layer's; the idle deadline of the body is the relay's.
   */
  readonly exchange: (request: ExchangeRequest) => Promise<UpstreamAnswer>
}

export class Upstream extends Context.Tag("@mcpgw/egress/Upstream")<Upstream, UpstreamApi>() {}
