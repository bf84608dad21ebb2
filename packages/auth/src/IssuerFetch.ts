/**
 * **IssuerFetch** port: HTTP to the identity providers an operator configured: discovery, key sets, token and user-info endpoints. Bounded
 * in time and size, follows no redirect. Never for URLs that strangers choose: those need the address policy of `@mcpgw/egress`.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export type FetchFunction = (url: string, init?: RequestInit) => Promise<Response>

export interface FetchLimits {
  /** Longest body read, in bytes. */
  readonly maxBytes: number
  /** For the whole exchange, the body included. */
  readonly timeoutMillis: number
}

export const FETCH_LIMITS: FetchLimits = { maxBytes: 1_048_576, timeoutMillis: 5_000 }

export class IssuerFetch extends Context.Tag("@mcpgw/auth/IssuerFetch")<IssuerFetch, FetchFunction>() {
  /** The runtime's `fetch`, within `FETCH_LIMITS`. */
  static get layer(): Layer.Layer<IssuerFetch> {
    return production
  }

  /** Another way to reach them, within the same limits; for tests. */
  static layerOf(inner: FetchFunction, limits: FetchLimits = FETCH_LIMITS): Layer.Layer<IssuerFetch> {
    return Layer.succeed(IssuerFetch, limited(inner, limits))
  }
}

/**
 * Rejects for a redirect, for a longer body and when the time is up; the answer it gives has been read whole. A caller's `signal` counts
 * beside the time limit.
 */
export const limited = (inner: FetchFunction, limits: FetchLimits = FETCH_LIMITS): FetchFunction => {
  return async (url, init = {}) => {
    const timeout = AbortSignal.timeout(limits.timeoutMillis)
    const signal = init.signal === undefined || init.signal === null ? timeout : AbortSignal.any([init.signal, timeout])
    const late = aborted(signal)
    const response = await Promise.race([inner(url, { ...init, redirect: "manual", signal }), late])
    if (response.status >= 300 && response.status < 400) throw new Error("a redirect is not followed")
    const body = await readWithin(response, limits.maxBytes, late)
    const headers = new Headers(response.headers)
    // The body has been decoded and measured.
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) headers.delete(name)
    return new Response(mayHoldBody(response.status) ? body : null, { status: response.status, headers })
  }
}

const mayHoldBody = (status: number): boolean => status !== 204 && status !== 205

/** Rejects when the signal does; what it raced with is left behind. */
const aborted = (signal: AbortSignal): Promise<never> => {
  const never = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })
  never.catch(() => undefined)
  return never
}

const readWithin = async (
  response: Response,
  limit: number,
  late: Promise<never>
): Promise<Uint8Array<ArrayBuffer>> => {
  if (Number(response.headers.get("content-length") ?? 0) > limit) throw new Error("the answer is too large")
  if (response.body === null) return new Uint8Array(0)
  const reader = response.body.getReader()
  const chunks: Array<Uint8Array> = []
  let size = 0
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late])
      if (next.done || next.value === undefined) break
      size += next.value.byteLength
      if (size > limit) throw new Error("the answer is too large")
      chunks.push(next.value)
    }
  } catch (cause) {
    void reader.cancel().catch(() => undefined)
    throw cause
  }
  return joined(chunks, size)
}

const joined = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

const production: Layer.Layer<IssuerFetch> = Layer.sync(IssuerFetch, () => limited((url, init) => fetch(url, init)))
