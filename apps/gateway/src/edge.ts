/**
 * **edge** — the scoped layer that owns `Bun.serve`. Captures the services once and hands each request, by path, to operations,
 * the control plane or the pipeline. On release it drains: calls in flight finish, streams end cleanly, then the port closes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { GatewayConfig, type GatewayConfigApi } from "./config.ts"
import { makeEntrance } from "./Entrance.ts"
import { serveMetrics } from "./MetricsPort.ts"
import { operate, type Operations } from "./operations.ts"
import { handle, type Pipeline } from "./pipeline.ts"
import { opening, type PortUnavailable } from "./PortUnavailable.ts"
import { lengthRequired, type Refusal, respond, tooLarge } from "./refusals.ts"
import { trailOf } from "./Settle.ts"

/** The registry's API and everything else that is not the data plane. */
export interface ControlPlane {
  readonly handle: (request: Request, info: { readonly remote: string }) => Promise<Response>
}

export interface EdgeParts {
  readonly pipeline: Pipeline
  readonly operations: Omit<Operations, "draining">
  /** Loaded when first asked for, so that the data plane answers sooner. */
  readonly control: () => Promise<ControlPlane>
}

/** What the edge serves; made in `layers.ts`. */
export class EdgeServices extends Context.Tag("@mcpgw/gateway/EdgeServices")<EdgeServices, EdgeParts>() {}

/** Where the gateway listens. */
export class Edge extends Context.Tag("@mcpgw/gateway/Edge")<Edge, { readonly url: string }>() {
  static readonly layer: Layer.Layer<Edge, PortUnavailable, EdgeServices | GatewayConfig> = Layer.scoped(
    Edge,
    Effect.suspend(() => make)
  )
}

/** First path segments that are not servers'. */
const CONTROL = /^\/(?:api|v0|v0\.1|oauth|oauth2|\.well-known|openapi\.json|docs)(?:\/|$)/

const make = Effect.gen(function* () {
  const config = yield* GatewayConfig
  const parts = yield* EdgeServices
  const state = { draining: false }
  const operations: Operations = { ...parts.operations, draining: () => state.draining }
  yield* serveMetrics(config, operations, parts.pipeline.settle)
  const server = yield* Effect.acquireRelease(listen(config, parts, operations), (server) =>
    drain(config, parts, server, state)
  )
  // Whoever signs in first should not wait for it, and neither should a call that comes right after the start.
  yield* Effect.forkScoped(Effect.delay(Effect.promise(parts.control), WARM_UP))
  return { url: `${config.tlsCert === undefined ? "http" : "https"}://${server.hostname}:${server.port}` }
})

/** When the control plane is loaded unasked. */
const WARM_UP = "1 second"

type Server = Bun.Server<undefined>

const listen = (config: GatewayConfigApi, parts: EdgeParts, operations: Operations) =>
  opening("MCPGW_HOST and MCPGW_PORT", config, () =>
    Bun.serve({
      hostname: config.host,
      port: config.port,
      // Quiet streams live; Bun's default of ten seconds cuts them (W-21).
      idleTimeout: 0,
      // Judged by us, so that the refusal has words and is recorded; Bun would close with a bare 413.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      ...(config.tlsCert === undefined || config.tlsKey === undefined
        ? {}
        : { tls: { cert: Bun.file(config.tlsCert), key: Bun.file(config.tlsKey) } }),
      fetch: router(config, parts, operations)
    })
  )

const router = (config: GatewayConfigApi, { pipeline, control }: EdgeParts, operations: Operations) => {
  const enter = makeEntrance(config, config.port, pipeline.settle)
  return (request: Request, server: Server): Promise<Response> | Response => {
    const ctx = enter(request, server)
    if (ctx instanceof Response) return ctx
    if (CONTROL.test(ctx.pathname)) {
      const size = controlBodyProblem(request, config.maxBody)
      if (size !== undefined) {
        pipeline.settle.refused(trailOf(ctx), size)
        return respond(size)
      }
      return control().then((control) => control.handle(request, { remote: ctx.remote }))
    }
    return operate(operations, ctx.method, ctx.pathname) ?? handle(pipeline, ctx)
  }
}

/** Control-plane bodies are read whole by their handlers: their length must be known, and small. */
const controlBodyProblem = (request: Request, limit: number): Refusal | undefined => {
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) return undefined
  const length = request.headers.get("content-length")
  return length === null ? lengthRequired() : Number(length) > limit ? tooLarge(limit) : undefined
}

/** How often the drain looks whether calls are left. */
const spaced = Schedule.spaced("50 millis")

const until = (done: () => boolean): Effect.Effect<void, string> =>
  Effect.suspend(() => (done() ? Effect.void : Effect.fail("busy"))).pipe(Effect.retry(spaced))

const drain = (config: GatewayConfigApi, { pipeline }: EdgeParts, server: Server, state: { draining: boolean }) =>
  Effect.gen(function* () {
    state.draining = true
    yield* Effect.logInfo(`draining: ${server.pendingRequests} requests in flight`)
    const { router } = pipeline
    router.closeStreams("idle")
    const stopped = server.stop(false)
    // Finalizers are uninterruptible; without this the deadline would wait for the last call.
    const quiet = Effect.interruptible(until(() => server.pendingRequests === 0))
    const inTime = yield* quiet.pipe(Effect.timeoutOption(`${config.drain} seconds`))
    if (inTime._tag === "None") {
      yield* Effect.logWarning(
        `closing ${server.pendingRequests} requests that did not finish within MCPGW_DRAIN_SECONDS`
      )
      router.closeStreams("all")
      yield* Effect.sleep("200 millis")
      yield* Effect.promise(() => server.stop(true))
    } else yield* Effect.promise(() => stopped)
    // Connections are gone, their calls may still be on the way to the record, which closes after us.
    yield* Effect.interruptible(until(() => pipeline.underway.count === 0)).pipe(Effect.timeoutOption("1 second"))
  }).pipe(Effect.catchAll((error) => Effect.logError("draining failed", error)))
