/** The load phase: every arm once per round, in an order that turns, so that each meets the machine's moods alike. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import type { Arm } from "../arms/Arm.ts"
import { startBareProxy } from "../arms/bunServers.ts"
import { type Gateway, type GatewayHome, prepare, start, tokenFor } from "../arms/Gateway.ts"
import { countAudit, verifyGoverned } from "../arms/governed.ts"
import * as Nginx from "../arms/nginx.ts"
import { startOther } from "../arms/otherGateway.ts"
import { BenchFailed } from "../BenchFailed.ts"
import type { AuditFigures, LoadFigures, LoadSample } from "../figures.ts"
import { type Burst, type Load, make as makeLoad } from "../load/Load.ts"
import type { Machine } from "../machine.ts"
import { type ArmName, armsOf, type Options } from "../options.ts"
import { cpuTime } from "../proc.ts"
import type { Progress } from "../progress.ts"

export interface LoadParts {
  readonly options: Options
  readonly machine: Machine
  /** Origin of the echo server. */
  readonly upstream: string
  /** A folder of this phase's own. */
  readonly folder: string
  readonly progress: Progress
}

interface Governed {
  readonly gateway: Gateway
  readonly home: GatewayHome
}

interface Running {
  readonly arm: Arm
  readonly governed?: Governed
}

const WARM_UP_SECONDS = 2
/** Lets what was begun end, such as the write of the last audit rows, so that it is counted where it belongs. */
const AFTERMATH = "250 millis"

const startGateway = ({ machine, folder, upstream }: LoadParts): Effect.Effect<Running, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const home = yield* prepare(join(folder, "gateway"), upstream)
    const gateway = yield* start(machine, home)
    const token = yield* tokenFor(home)
    yield* verifyGoverned(gateway, home, token)
    const arm: Arm = {
      name: "mcpgw",
      what: "the gateway, fully governed, audit rows on disk",
      url: gateway.mcp,
      token,
      pids: [gateway.pid]
    }
    return { arm, governed: { gateway, home } }
  })

/** Undefined: not possible on this machine. */
const startArm = (parts: LoadParts, name: ArmName): Effect.Effect<Running | undefined, BenchFailed, Scope.Scope> => {
  const { machine, folder, upstream } = parts
  const only = (arm: Arm): Running => ({ arm })
  const mcp = (origin: string) => `${origin}/mcp`
  switch (name) {
    case "direct":
      return Effect.succeed(only({ name, what: "nothing", url: mcp(upstream), token: "none", pids: [] }))
    case "bare":
      return Effect.map(startBareProxy(machine, upstream), ({ origin, pid }) =>
        only({ name, what: "Bun.serve and fetch", url: mcp(origin), token: "none", pids: [pid] })
      )
    case "nginx":
      return machine.nginx === undefined
        ? Effect.succeed(undefined)
        : Effect.map(Nginx.plain(machine, machine.nginx, folder, upstream), only)
    case "nginx-auth":
      return machine.nginx === undefined
        ? Effect.succeed(undefined)
        : Effect.map(Nginx.withAuth(machine, machine.nginx, folder, upstream), only)
    case "mcpgw":
      return startGateway(parts)
    case "against":
      return parts.options.against === undefined
        ? Effect.succeed(undefined)
        : Effect.map(startOther(machine, parts.options.against, join(folder, "against"), upstream), only)
  }
}

const burst = (load: Load, arm: Arm, connections: number, seconds: number): Effect.Effect<Burst, BenchFailed> =>
  Effect.filterOrFail(
    load.run({ url: arm.url, token: arm.token, connections, seconds }),
    ({ errors, requests }) => errors === 0 && requests > 0,
    ({ errors, requests }) => new BenchFailed({ problem: `${arm.name}: ${errors} of ${requests} calls failed` })
  )

const measure = (load: Load, arm: Arm, { connections, seconds }: Options) =>
  Effect.gen(function* () {
    const before = cpuTime(arm.pids)
    const seen = yield* burst(load, arm, connections, seconds)
    yield* Effect.sleep(AFTERMATH)
    const cpu = (cpuTime(arm.pids) - before) / seen.requests
    const sample: LoadSample = {
      cpu,
      rate: seen.requests / seen.seconds,
      p50: seen.p50,
      p99: seen.p99,
      ownCpu: seen.ownCpu
    }
    return { sample, requests: seen.requests }
  })

export const rotated = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

/** Ends the gateway, then counts: what is on disk now is what survives. */
const auditOf = (
  { gateway, home }: Governed,
  answered: number,
  cutOff: number
): Effect.Effect<AuditFigures, BenchFailed> =>
  Effect.gen(function* () {
    yield* gateway.stop
    const { answered: rows, rows: all, sequence } = yield* countAudit(home)
    return { answered, rows, cutOff, gapless: all === sequence }
  })

export const loadPhase = (parts: LoadParts): Effect.Effect<LoadFigures, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { options, progress } = parts
    const load = makeLoad(parts.machine, parts.folder)
    const started = yield* Effect.forEach(armsOf(options), (name) => startArm(parts, name))
    const running = started.filter((one) => one !== undefined)
    const samples = new Map<ArmName, Array<LoadSample>>(running.map(({ arm }) => [arm.name, []]))
    // The call that proved it governed was answered too.
    let answered = 1
    let bursts = 0
    for (const { arm, governed } of running) {
      yield* progress(`warming up ${arm.name}`)
      const { requests } = yield* burst(load, arm, options.connections, WARM_UP_SECONDS)
      if (governed !== undefined) answered += requests
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const { arm, governed } of rotated(running, round)) {
        yield* progress(`round ${round + 1} of ${options.rounds}: ${arm.name}`)
        const { sample, requests } = yield* measure(load, arm, options)
        samples.get(arm.name)?.push(sample)
        if (governed !== undefined) answered += requests
      }
      bursts = round + 2
    }
    const governed = running.find((one) => one.governed !== undefined)?.governed
    const audit = governed === undefined ? undefined : yield* auditOf(governed, answered, bursts * options.connections)
    const arms = running.map(({ arm: { name, what } }) => ({ name, what, samples: samples.get(name) ?? [] }))
    return { generator: load.name, arms, audit }
  })
