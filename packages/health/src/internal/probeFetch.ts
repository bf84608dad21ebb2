/**
 * `fetch` for the MCP client that goes through the egress port, so that the dialler's address policy and in-process servers
 * hold for probes too. Notes what it saw: the client library's own errors do not tell statuses and causes apart. Follows nothing,
 * retries nothing, reads no more than its allowance.
 */
import { type UpstreamApi, UpstreamFailure } from "@mcpgw/egress/Upstream"
import { responseOf } from "@mcpgw/egress/WebAnswer"
import { type Failure, isAuthStatus, retryAfterSeconds } from "./failure.ts"

/** What the latest exchange came to. */
export interface Trace {
  /** Set when it failed; undefined after an answer of 2xx. */
  failure: Failure | undefined
  /** An `initialize` went out. */
  initializeSent: boolean
  /** Bytes of answers read so far, over all exchanges. */
  bytes: number
}

export const newTrace = (): Trace => ({ failure: undefined, initializeSent: false, bytes: 0 })

export interface FetchSettings {
  readonly upstream: UpstreamApi
  readonly trustedAddress: boolean
  /** Aborting it ends every exchange. */
  readonly signal: AbortSignal
  /** Whether GET is sent; the streamable HTTP transport's GET stream is of no use to a probe. */
  readonly allowGet: boolean
  readonly maxBytes: number
  readonly now: () => number
}

export type ProbeFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** A `fetch` that records into `trace`. */
export const probeFetch =
  (settings: FetchSettings, trace: Trace): ProbeFetch =>
  async (url, init) => {
    const method = init?.method ?? "GET"
    if (method !== "GET" && method !== "POST" && method !== "DELETE") return new Response(null, { status: 405 })
    if (method === "GET" && !settings.allowGet) return new Response(null, { status: 405 })
    const text = typeof init?.body === "string" ? init.body : undefined
    if (text !== undefined && /"method":"initialize"/.test(text)) trace.initializeSent = true
    const response = await exchange(settings, trace, method, String(url), init, text)
    return answered(settings, trace, response)
  }

const exchange = async (
  settings: FetchSettings,
  trace: Trace,
  method: "GET" | "POST" | "DELETE",
  url: string,
  init: RequestInit | undefined,
  text: string | undefined
): Promise<Response> => {
  const { upstream, trustedAddress } = settings
  const headers = new Headers(init?.headers).toJSON()
  const body = text === undefined ? undefined : new TextEncoder().encode(text)
  // One of the exchange's own, as the port wants it.
  const signal = AbortSignal.any([...(init?.signal ? [init.signal] : []), settings.signal])
  try {
    return responseOf(await upstream.exchange({ method, url, headers, body, signal, trustedAddress, probe: true }))
  } catch (cause) {
    trace.failure = { kind: "exchange", reason: cause instanceof UpstreamFailure ? cause.reason : "broken" }
    throw cause
  }
}

const answered = async (settings: FetchSettings, trace: Trace, response: Response): Promise<Response> => {
  const { status, headers } = response
  trace.failure = response.ok
    ? undefined
    : { kind: "http", status, retryAfterSeconds: retryAfterSeconds(headers.get("retry-after"), settings.now()) }
  if (response.body === null || status < 200) return response
  // Only a 4xx of the protocol's own has a body that matters: its JSON-RPC error. Others may hang or be pages.
  if (response.ok || (status >= 400 && status < 500 && status !== 429 && !isAuthStatus(status))) {
    return new Response(bounded(response.body, settings, trace), { status, headers })
  }
  await response.body.cancel().catch(() => undefined) // The exchange is over either way.
  return new Response(null, { status, headers })
}

const bounded = (
  body: ReadableStream<Uint8Array>,
  settings: FetchSettings,
  trace: Trace
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        trace.bytes += value.byteLength
        if (trace.bytes > settings.maxBytes) throw new RangeError("more than a probe reads")
        controller.enqueue(value)
      } catch (cause) {
        const tooLong = cause instanceof RangeError
        trace.failure ??= tooLong ? { kind: "unusable" } : { kind: "exchange", reason: "broken" }
        if (tooLong) await reader.cancel(cause)
        controller.error(cause)
      }
    },
    cancel: (reason) => reader.cancel(reason)
  })
}
