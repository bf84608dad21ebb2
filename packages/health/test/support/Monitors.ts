/** A monitor over scripted probes, on the test clock. */
import { type HealthStatus, type ServerRecord } from "@mcpgw/domain/Server"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { HealthMonitor, type MonitorOptions } from "../../src/HealthMonitor.ts"
import { HealthStore } from "../../src/HealthStore.ts"
import { Probe, type ProbeResult } from "../../src/Probe.ts"
import { registryOf } from "./Registries.ts"

export const tool = (name: string) => ({
  name,
  parsed_description: { main: "", args: null, returns: null, raises: null },
  schema: {}
})
export const healthy: ProbeResult = { status: "healthy", tools: [tool("now")] }
export const down: ProbeResult = { status: "unhealthy: connection error", tools: undefined }
export const throttled: ProbeResult = { status: "unhealthy: status 429", tools: undefined, retryAfterSeconds: 0 }

export type Script = (record: ServerRecord) => ProbeResult | Effect.Effect<ProbeResult>

/** A monitor over these servers; `probed` keeps the paths as they are probed. */
export const start = (
  records: ReadonlyArray<ServerRecord>,
  script: Script,
  options: Partial<MonitorOptions> = {},
  store = HealthStore.layerMemory
) =>
  Effect.gen(function* () {
    const registry = yield* registryOf(records)
    const probed: Array<string> = []
    const probe = Probe.layerOf((record) => {
      probed.push(record.path)
      return script(record)
    })
    const scope = yield* Scope.make()
    const layer = HealthMonitor.layer({ intervalSeconds: 30, ...options })
    const context = yield* Layer.buildWithScope(
      Layer.provide(layer, Layer.mergeAll(probe, registry.layer, store)),
      scope
    )
    const close = Scope.close(scope, Exit.void)
    yield* Effect.addFinalizer(() => close)
    yield* settled
    const monitor = Context.get(context, HealthMonitor)
    const status = (path = "/clock"): HealthStatus => monitor.status(path).status
    return { registry, monitor, probed, status, close }
  })

/** Lets every fiber that can run do so. */
export const settled = TestClock.adjust(0).pipe(Effect.zipRight(Effect.yieldNow()), Effect.repeatN(1))
export const pass = (seconds: number) => Effect.zipRight(TestClock.adjust(seconds * 1_000), settled)
