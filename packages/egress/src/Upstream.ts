/** **Upstream** port: one exchange with an MCP server, whatever its kind. Never retries, never follows redirects. */
import * as Context from "effect/Context"

export interface ExchangeRequest {
  readonly method: "GET" | "POST" | "DELETE"
  /** Absolute; `http(s)` or `in-process://{name}/…`. */
  readonly url: string
  /** Left as it is: the same object may be sent again. */
  readonly headers: Headers
  /** Sent as it is. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  /** Aborting it closes the exchange, body included. The layer aborts it itself when a deadline passes. */
  readonly controller: AbortController
  /** An administrator vouched for this URL: private and loopback addresses may be dialled. */
  readonly trustedAddress: boolean
}

export type UpstreamFailureReason =
  | "refused"
  | "unreachable"
  | "unknown_host"
  | "blocked_address"
  | "connect_timeout"
  | "first_byte_timeout"
  | "broken"
  | "aborted"

/** Rejection of `exchange`. `detail` is for logs; it may name internal hosts and is never sent to a client (S-19). */
export class UpstreamFailure extends Error {
  readonly _tag = "UpstreamFailure"
  readonly reason: UpstreamFailureReason
  constructor(reason: UpstreamFailureReason, detail: string, options?: { readonly cause?: unknown }) {
    super(detail, options)
    this.reason = reason
  }
}

export interface UpstreamApi {
  /**
   * Resolves when the response head is here; the body streams. Rejects only with `UpstreamFailure`.
   * The connect and first-byte deadlines are the layer's; the idle deadline of the body is the relay's.
   */
  readonly exchange: (request: ExchangeRequest) => Promise<Response>
}

export class Upstream extends Context.Tag("@mcpgw/egress/Upstream")<Upstream, UpstreamApi>() {}
