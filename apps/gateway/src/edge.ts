/**
 * **edge** — the scoped layer that owns the listener. Captures the services once and hands each request, by path, to operations,
 * the control plane or the pipeline. On release it drains: calls in flight finish, streams end cleanly, then the port closes.
 */
import { serveSocket, type SocketPlane, wantsSocket } from "@mcpgw/control/healthSocket"
import { bodyLimit } from "@mcpgw/control/routes"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { GatewayConfig, type GatewayConfigApi } from "./config.ts"
import { makeCors } from "./Cors.ts"
import { makeEntrance } from "./Entrance.ts"
import { type Fetch, type Listener, openListener } from "./Listener.ts"
import { serveMetrics } from "./MetricsPort.ts"
import { operate, type Operations } from "./operations.ts"
import { handle, type Pipeline } from "./pipeline.ts"
import type { PortUnavailable } from "./PortUnavailable.ts"
import { serveRedirects } from "./RedirectPort.ts"
import { prefixOf } from "./prefix.ts"
import { lengthRequired, outsidePrefix, type Refusal, respond, tooLarge } from "./refusals.ts"
import type { RequestContext } from "./RequestContext.ts"
import { isControl } from "./routes.ts"
import { resourceDocument } from "@mcpgw/control/resourceDocument"
import { trailOf } from "./Settle.ts"
import { apiElsewhere, mcpElsewhere } from "./elsewhere.ts"
import { readPair, type TlsPaths, type TlsUnusable } from "./TlsPair.ts"
import { type TlsStatus, watchPair } from "./TlsReload.ts"

/** The registry's API and everything else that is not the data plane. */
export interface ControlPlane extends SocketPlane {
  readonly handle: (request: Request, info: { readonly remote: string }) => Promise<Response>
  readonly closeWatchers: () => void
}

export interface EdgeParts {
  readonly pipeline: Pipeline
  readonly operations: Omit<Operations, "draining" | "tls">
  /** Loaded when first asked for, so that the data plane answers sooner. */
  readonly control: () => Promise<ControlPlane>
  /** For draining: lets go whoever watches the control plane, when it is loaded. */
  readonly closeWatchers: () => void
}

/** What the edge serves; made in `layers.ts`. */
export class EdgeServices extends Context.Tag("@mcpgw/gateway/EdgeServices")<EdgeServices, EdgeParts>() {}

/** Where the gateway listens. */
export class Edge extends Context.Tag("@mcpgw/gateway/Edge")<Edge, { readonly url: string }>() {
  static readonly layer: Layer.Layer<Edge, PortUnavailable | TlsUnusable, EdgeServices | GatewayConfig> = Layer.scoped(
    Edge,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const config = yield* GatewayConfig
  const parts = yield* EdgeServices
  const paths = tlsPaths(config)
  const pair = paths === undefined ? undefined : yield* readPair(paths)
  const state: State = { draining: false, tls: () => undefined }
  const operations: Operations = { ...parts.operations, draining: () => state.draining, tls: () => state.tls() }
  yield* serveMetrics(config, operations, parts.pipeline.settle)
  yield* serveRedirects(config, operations, parts.pipeline.settle)
  const listener = yield* Effect.acquireRelease(
    openListener(config, pair, router(config, parts, operations)),
    (listener) => drain(config, parts, listener, state)
  )
  if (paths !== undefined && pair !== undefined) state.tls = yield* watchPair(paths, pair, listener.change)
  // Whoever signs in first should not wait for it, and neither should a call that comes right after the start.
  if (config.serves.api) yield* Effect.forkScoped(Effect.delay(Effect.promise(parts.control), WARM_UP))
  return { url: `${pair === undefined ? "http" : "https"}://${config.host}:${config.port}` }
})

interface State {
  draining: boolean
  tls: () => TlsStatus | undefined
}

/** When the control plane is loaded unasked. */
const WARM_UP = "1 second"

const tlsPaths = ({ tlsCert, tlsKey }: GatewayConfigApi): TlsPaths | undefined =>
  tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey }

const router = (config: GatewayConfigApi, { pipeline, control }: EdgeParts, operations: Operations): Fetch => {
  const cors = makeCors(config)
  const enter = makeEntrance(config, config.port, pipeline.settle, ({ headers, pathname }, response) =>
    isControl(pathname) ? response : cors.mark(headers["origin"], response)
  )
  const noMcp = mcpElsewhere(config)
  const handleMcp = (ctx: RequestContext): Promise<Response> => handle(pipeline, ctx)
  const serve = (ctx: RequestContext, ...[received, server]: Parameters<Fetch>): ReturnType<Fetch> => {
    const { request } = ctx
    if (config.serves.api && wantsSocket(ctx.method, ctx.pathname, ctx.headers["upgrade"])) {
      // The listener takes over none but the request it gave.
      return control().then((control) => serveSocket(control, received, server, ctx.remote))
    }
    if (isControl(ctx.pathname)) {
      const size = controlBodyProblem(request, bodyLimit(ctx.pathname, config.maxBody))
      if (size !== undefined) {
        pipeline.settle.refused(trailOf(ctx), size)
        return respond(size)
      }
      if (!config.serves.api) return resourceDocument(config.publicUrl, request, ctx.pathname) ?? apiElsewhere(config)
      return control().then((control) => control.handle(request, { remote: ctx.remote }))
    }
    const operation = operate(operations, ctx.method, ctx.pathname)
    if (operation !== undefined) return operation
    if (noMcp !== undefined) {
      pipeline.settle.refused(trailOf(ctx), noMcp)
      return respond(noMcp)
    }
    const origin = ctx.headers["origin"]
    return origin === undefined ? handle(pipeline, ctx) : cors.serve(ctx, origin, handleMcp)
  }
  const prefix = prefixOf(config.publicUrl)
  return (request, server) => {
    const entered = enter(request, server)
    if (entered instanceof Response) return entered
    if (prefix === undefined) return serve(entered, request, server)
    const ctx = prefix.inward(entered)
    if (ctx === undefined) {
      const refused = outsidePrefix(config.publicUrl)
      pipeline.settle.refused(trailOf(entered), refused)
      return respond(refused)
    }
    const answer = serve(ctx, request, server)
    return isControl(ctx.pathname) ? Promise.resolve(answer).then((given) => given && prefix.outward(given)) : answer
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

const drain = (config: GatewayConfigApi, { closeWatchers, pipeline }: EdgeParts, listener: Listener, state: State) =>
  Effect.gen(function* () {
    state.draining = true
    yield* Effect.logInfo(`draining: ${listener.pending()} requests in flight`)
    const { router } = pipeline
    router.closeStreams("idle")
    const stopped = listener.stop(false)
    closeWatchers()
    // Finalizers are uninterruptible; without this the deadline would wait for the last call.
    const quiet = Effect.interruptible(until(() => listener.pending() === 0))
    const inTime = yield* quiet.pipe(Effect.timeoutOption(`${config.drain} seconds`))
    if (inTime._tag === "None") {
      yield* Effect.logWarning(`closing ${listener.pending()} requests that did not finish within MCPGW_DRAIN_SECONDS`)
      router.closeStreams("all")
      yield* Effect.sleep("200 millis")
      yield* Effect.promise(() => listener.stop(true))
    } else yield* Effect.promise(() => stopped)
    // Connections are gone, their calls may still be on the way to the record, which closes after us.
    yield* Effect.interruptible(until(() => pipeline.underway.count === 0)).pipe(Effect.timeoutOption("1 second"))
  }).pipe(Effect.catchAll((error) => Effect.logError("draining failed", error)))
