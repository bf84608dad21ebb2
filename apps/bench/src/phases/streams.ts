/** Idle event streams: what each costs in memory and CPU while nothing is said, and what an event on it costs. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { startBareProxy } from "../arms/bunServers.ts"
import { prepare, start, tokenFor } from "../arms/Gateway.ts"
import { verifyGoverned } from "../arms/governed.ts"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import type { StreamFigures, StreamSample } from "../figures.ts"
import { type Machine, program } from "../machine.ts"
import { cpuTime, resident } from "../proc.ts"
import type { Progress } from "../progress.ts"

const ROUNDS = 3
const REST_SECONDS = 3
const EVENTS = 20
/** Opened first and kept out of the figures: what a process needs once is not a stream's cost. */
const WARM_UP = 50

interface Relay {
  readonly url: string
  readonly token: string
  readonly pid: number
}

export interface StreamParts {
  readonly machine: Machine
  readonly upstream: string
  readonly folder: string
  readonly streams: number
  readonly progress: Progress
}

const bareRelay = ({ machine, upstream }: StreamParts): Effect.Effect<Relay, BenchFailed, Scope.Scope> =>
  Effect.map(startBareProxy(machine, upstream), ({ origin, pid }) => ({ url: `${origin}/mcp`, token: "none", pid }))

const gatewayRelay = (
  { machine, upstream, folder }: StreamParts,
  round: number
): Effect.Effect<Relay, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const home = yield* prepare(join(folder, `streams-${round}`), upstream)
    const gateway = yield* start(machine, home)
    const token = yield* tokenFor(home)
    yield* verifyGoverned(gateway, home, token)
    return { url: gateway.mcp, token, pid: gateway.pid }
  })

const open = (machine: Machine, { url, token }: Relay, count: number) =>
  Effect.gen(function* () {
    const command = machine.loading(machine.bun(program("./load/streamClient.ts"), url, token, String(count)))
    const client = yield* Child.start({ name: "stream client", command, env: machine.env })
    yield* client.printed(/^opened$/m)
    return client
  })

const broadcast = (upstream: string): Effect.Effect<void, BenchFailed> =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(`${upstream}/broadcast`, { method: "POST" })
      await response.text()
    },
    catch: (cause) => new BenchFailed({ problem: `the echo server sent no events: ${wordsOf(cause)}` })
  })

const measure = (
  { machine, upstream, streams }: StreamParts,
  relay: Relay
): Effect.Effect<StreamSample, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const pids = [relay.pid]
    yield* open(machine, relay, WARM_UP)
    yield* Effect.sleep("1 second")
    const memory = resident(pids)
    const fresh = cpuTime(pids)
    const client = yield* open(machine, relay, streams)
    yield* Effect.sleep("1 second")
    const opened = cpuTime(pids)
    yield* Effect.sleep(`${REST_SECONDS} seconds`)
    const rested = cpuTime(pids)
    const held = resident(pids)
    for (let i = 1; i <= EVENTS; i++) {
      yield* broadcast(upstream)
      yield* client.printed(new RegExp(`^events ${i}$`, "m"))
    }
    const told = cpuTime(pids)
    return {
      memory: (held - memory) / streams,
      opening: (opened - fresh) / streams,
      idle: (rested - opened) / REST_SECONDS,
      event: (told - rested) / EVENTS / (streams + WARM_UP)
    }
  })

/** A relayed stream holds two sockets. */
const enoughFiles = (streams: number): Effect.Effect<void, BenchFailed> =>
  Effect.suspend(() => {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? Infinity)
    const needed = 2 * (streams + WARM_UP) + 200
    const problem = `--streams ${streams} needs ${needed} open files, the limit is ${limit}: raise it with ulimit -n ${needed}`
    return needed <= limit ? Effect.void : Effect.fail(new BenchFailed({ problem }))
  })

export const streamsPhase = (parts: StreamParts): Effect.Effect<StreamFigures, BenchFailed> =>
  Effect.gen(function* () {
    yield* enoughFiles(parts.streams)
    const bare: Array<StreamSample> = []
    const mcpgw: Array<StreamSample> = []
    for (let round = 0; round < ROUNDS; round++) {
      yield* parts.progress(`streams, round ${round + 1} of ${ROUNDS}: bare`)
      bare.push(yield* Effect.scoped(Effect.flatMap(bareRelay(parts), (relay) => measure(parts, relay))))
      yield* parts.progress(`streams, round ${round + 1} of ${ROUNDS}: mcpgw`)
      mcpgw.push(yield* Effect.scoped(Effect.flatMap(gatewayRelay(parts, round), (relay) => measure(parts, relay))))
    }
    return { streams: parts.streams, bare, mcpgw }
  })
