/** Other kinds of upstream, and how kinds are combined into one. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ExchangeRequest, Upstream, type UpstreamAnswer, type UpstreamApi, UpstreamFailure } from "./Upstream.ts"
import { answerOf } from "./WebAnswer.ts"

/** A server mounted in this process: a web-standard handler. */
export type InProcessHandler = (request: Request) => Promise<Response>

const IN_PROCESS = "in-process:"

/** Answers `in-process://{name}/…` from `handlers` and passes everything else to the upstream below. */
export const layerInProcess = (
  handlers: Readonly<Record<string, InProcessHandler>>
): Layer.Layer<Upstream, never, Upstream> =>
  Layer.effect(
    Upstream,
    Effect.map(Upstream, (below): UpstreamApi => ({
      exchange: (request) =>
        request.url.startsWith(IN_PROCESS) ? inProcess(handlers, request) : below.exchange(request)
    }))
  )

const inProcess = async (
  handlers: Readonly<Record<string, InProcessHandler>>,
  request: ExchangeRequest
): Promise<UpstreamAnswer> => {
  const url = new URL(request.url)
  const handler = Object.hasOwn(handlers, url.hostname) ? handlers[url.hostname] : undefined
  if (handler === undefined) throw new UpstreamFailure("unknown_host", `no bundled server ${url.hostname}`)
  const { method, headers, body, signal } = request
  const init: RequestInit = body === undefined ? { method, headers, signal } : { method, headers, signal, body }
  const left = Promise.withResolvers<never>()
  const leave = (): void => left.reject(signal.reason)
  if (signal.aborted) leave()
  signal.addEventListener("abort", leave, { once: true })
  try {
    // Servers check that they are addressed by a name of their own machine (W-10).
    const answer = signal.aborted
      ? left.promise
      : handler(new Request(`http://localhost${url.pathname}${url.search}`, init))
    return answerOf(tied(await Promise.race([answer, left.promise]), signal), signal)
  } catch (cause) {
    throw signal.aborted
      ? new UpstreamFailure("aborted", "the caller left", { cause })
      : new UpstreamFailure("broken", `bundled server ${url.hostname} failed`, { cause })
  } finally {
    signal.removeEventListener("abort", leave)
  }
}

/** The answer, its body ended by the signal as a connection's would be. */
const tied = (response: Response, signal: AbortSignal): Response =>
  response.body === null
    ? response
    : new Response(response.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal }), response)

/** A scripted upstream; for tests. Keeps nothing. */
export const layerOf = (answer: (request: ExchangeRequest) => Promise<Response>): Layer.Layer<Upstream> =>
  Layer.succeed(Upstream, { exchange: async (request) => answerOf(await answer(request), request.signal) })
