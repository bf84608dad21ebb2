/** Captures the services once, as plain objects, for the edge: the hot path makes synchronous calls on them (design.md §4). */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { Circuits } from "@mcpgw/egress/Breaker"
import { Deadlines } from "@mcpgw/egress/Deadlines"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { OpenCalls } from "@mcpgw/proxy/OpenCalls"
import { ProxyRouter } from "@mcpgw/proxy/ProxyRouter"
import { SessionGate } from "@mcpgw/proxy/SessionGate"
import { Registry } from "@mcpgw/registry/Registry"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import { AuditSink } from "@mcpgw/telemetry/AuditSink"
import { Metrics } from "@mcpgw/telemetry/Metrics"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import { GatewayConfig } from "./config.ts"
import { controlPlane } from "./controlPlane.ts"
import { type ControlPlane, EdgeServices } from "./edge.ts"
import { makeMcpCheck } from "./EdgeChecks.ts"
import type { Pipeline } from "./pipeline.ts"
import { Settle } from "./Settle.ts"

const makePipeline = Effect.gen(function* () {
  const config = yield* GatewayConfig
  const auth = yield* AuthLayer
  const policy = yield* ScopePolicy
  const router = yield* ProxyRouter
  const keys = yield* KeyRing
  const settle = new Settle(yield* AuditSink, yield* Metrics)
  const deadlines = yield* Effect.acquireRelease(
    Effect.sync(() => new Deadlines()),
    (wheel) => Effect.sync(() => wheel.stop())
  )
  const runtime = yield* Effect.runtime()
  const run = Runtime.runPromise(runtime)
  const fork = Runtime.runFork(runtime)
  const pipeline: Pipeline = {
    edge: makeMcpCheck(config),
    auth,
    // A fiber only here: a credential that was never seen has to be verified.
    authenticate: (credential) => run(Effect.merge(auth.authenticate(credential))),
    policy,
    router,
    sessions: new SessionGate(keys),
    gates: [],
    openCalls: new OpenCalls(config.maxStreams),
    settle,
    deadlines,
    publicUrl: config.publicUrl,
    maxBodyBytes: config.maxBody,
    underway: { count: 0 },
    log: (level, message, fields) => {
      const log = level === "error" ? Effect.logError(message) : Effect.logDebug(message)
      fork(Effect.annotateLogs(log, fields))
    }
  }
  return pipeline
})

/** A stream is open longer than whatever let it in: how often its caller is asked about. A look at a store shows in the next round. */
const ROUNDS = "2 seconds"

const endLostStreams = ({ auth, router }: Pipeline) =>
  Effect.sync(() => router.endLost(auth.holds)).pipe(
    Effect.catchAllCause((cause) => Effect.logError("Open streams could not be checked", cause)),
    Effect.schedule(Schedule.spaced(ROUNDS)),
    Effect.forkScoped
  )

export const layerEdgeServices = Layer.scoped(
  EdgeServices,
  Effect.gen(function* () {
    const pipeline = yield* makePipeline
    yield* endLostStreams(pipeline)
    const metrics = yield* Metrics
    const registry = yield* Registry
    metrics.gauge("mcpgw_open_streams", "Streams now open towards clients", pipeline.router.openStreams)
    const { outageSince } = yield* ChangeFeed
    metrics.gauge("mcpgw_store_reachable", "1 while the store can be reached, else 0", () => (outageSince() ? 0 : 1))
    const circuits = yield* Circuits
    metrics.gauge("mcpgw_open_circuits", "Server addresses not dialled because they failed in a row", circuits.open)
    const { unwritten } = pipeline.settle
    metrics.gauge(
      "mcpgw_audit_rows_suppressed_total",
      "Refusals of unknown callers beyond 100 a second, not written",
      unwritten
    )
    metrics.gauge("mcpgw_registered_servers", "Servers in the registry", () => registry.snapshot().servers.size)
    const runtime = yield* Effect.runtime()
    const load = Runtime.runPromise(runtime)
    const make = yield* controlPlane
    let loaded: Promise<ControlPlane> | undefined
    return {
      pipeline,
      operations: {
        metrics,
        registry,
        policy: pipeline.policy,
        storeOutSince: outageSince,
        run: Runtime.runPromise(runtime)
      },
      control: () => (loaded ??= load(make)),
      closeWatchers: () => void loaded?.then((control) => control.closeWatchers())
    }
  })
)
