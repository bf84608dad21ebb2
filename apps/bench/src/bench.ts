/** A whole run: phase after phase, each with processes and folders of its own; nothing is left behind. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startUpstream } from "./arms/bunServers.ts"
import type { BenchFailed } from "./BenchFailed.ts"
import type { Figures } from "./figures.ts"
import { look, type Machine } from "./machine.ts"
import { armsOf, type Options } from "./options.ts"
import { loadPhase } from "./phases/load.ts"
import { floodPhase } from "./phases/flood.ts"
import { microPhase } from "./phases/micro.ts"
import { registryPhase } from "./phases/registry.ts"
import { startPhase } from "./phases/start.ts"
import { streamsPhase } from "./phases/streams.ts"
import type { Progress } from "./progress.ts"

const temporary: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mcpgw-bench-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const missingOf = (options: Options, machine: Machine): ReadonlyArray<string> => {
  const arms = armsOf(options)
  return [
    ...(machine.nginx === undefined && arms.some((arm) => arm.startsWith("nginx"))
      ? ["nginx and nginx-auth: nginx is not installed"]
      : []),
    ...(arms.length > 0 && machine.wrk === undefined && options.generator === "any"
      ? ["nothing with wrk: it is not installed; the bundled generator costs more (see load CPU)"]
      : [])
  ]
}

export const bench = (options: Options, progress: Progress): Effect.Effect<Figures, BenchFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { only, rounds, seconds, connections, streams } = options
      const machine = yield* look(options)
      const folder = yield* temporary
      const { origin: upstream } = yield* startUpstream(machine)
      const when = <A>(
        wanted: boolean,
        phase: Effect.Effect<A, BenchFailed>
      ): Effect.Effect<A | undefined, BenchFailed> => (wanted ? phase : Effect.succeed(undefined))

      const parts = { options, machine, upstream, folder, progress }
      const load = yield* when(armsOf(options).length > 0, Effect.scoped(loadPhase(parts)))
      const start = yield* when(only.has("start"), startPhase(machine, upstream, folder, progress))
      const idle = yield* when(only.has("streams"), streamsPhase({ machine, upstream, folder, streams, progress }))
      const flood = yield* when(only.has("flood"), Effect.scoped(floodPhase(parts)))
      const asked = yield* when(only.has("registry"), Effect.scoped(registryPhase(parts)))
      const registry = typeof asked === "string" ? undefined : asked
      yield* progress("micro benches")
      const micro = yield* when(only.has("micro"), microPhase(machine, Math.max(rounds, 6)))
      yield* progress("")

      const { cores, pinned } = machine
      const setup = {
        bun: Bun.version,
        cores,
        pinned,
        rounds,
        seconds,
        connections,
        missing: [...missingOf(options, machine), ...(typeof asked === "string" ? [`registry: ${asked}`] : [])]
      }
      return { setup, load, start, streams: idle, flood, registry, micro }
    })
  )
