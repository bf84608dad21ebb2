/**
 * Do callers whose token is known notice a flood of tokens that are not? One paced caller, alone, and beside as many other calls a second: of a
 * known token (the yardstick: the same load on every core), of distinct forged tokens, of distinct new valid ones. In turns within each round.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { prepare, signerFor, start } from "../arms/Gateway.ts"
import { verifyGoverned } from "../arms/governed.ts"
import { BenchFailed } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { FLOODS, type FloodFigures, type FloodName, type FloodSample } from "../figures.ts"
import { make as makeLoad, read } from "../load/Load.ts"
import { program } from "../machine.ts"
import { type LoadParts, rotated } from "./load.ts"

/** Connections of a flood are more than the gateway has places for verifications. Shares of what the gateway can do on this machine: a core that is full by calls alone would tell nothing about tokens. */
const CALLER = { share: 0.05, connections: 16 }
const FLOOD = { share: 0.15, connections: 400 }
const WARM_UP_SECONDS = 3
/** A flood goes on longer than the caller, who starts once it is under way. */
const LONGER = 6

interface Pace {
  readonly perSecond: number
  readonly connections: number
}

interface Flooded {
  readonly parts: LoadParts
  /** Calls a second the gateway answers at best. */
  readonly capacity: number
  readonly url: string
  readonly sign: Effect.Effect<string, BenchFailed>
  /** File of the caller's one token. */
  readonly known: string
}

interface Calls {
  readonly tokens: string
  readonly pace: Pace
  readonly seconds: number
  /** What each is to be answered with. */
  readonly status: number
  /** May they be told to come again? */
  readonly busy: boolean
}

/** Answers once the calls are under way; the result comes when all were answered. */
const begin = ({ parts: { machine }, url }: Flooded, { busy, pace, seconds, status, tokens }: Calls) =>
  Effect.gen(function* () {
    const args = [url, tokens, pace.connections, pace.perSecond, seconds, status, busy ? 429 : ""].map(String)
    const command = machine.loading(machine.bun(program("./load/paced.ts"), ...args))
    const child = yield* Child.start({ name: "paced calls", command, env: machine.env })
    yield* child.printed(/^going$/m)
    return child.finished.pipe(
      Effect.flatMap(read),
      Effect.filterOrFail(
        ({ errors }) => errors === 0,
        ({ errors }) => new BenchFailed({ problem: `${errors} paced calls were not answered ${status} in time` })
      )
    )
  })

const paceOf = ({ connections, share }: typeof CALLER, capacity: number): Pace => ({
  connections,
  perSecond: Math.max(1, Math.round(share * capacity))
})

/** As a real one, but for its signature. */
const forged = (token: string): string => token.replace(/[^.]*$/, randomBytes(64).toString("base64url"))

/** The calls beside the caller's; as many distinct tokens as calls are made before any is sent. Undefined: none. */
const floodOf = (
  { capacity, parts: { folder }, known, sign }: Flooded,
  name: FloodName,
  seconds: number
): Effect.Effect<Calls | undefined, BenchFailed> =>
  Effect.gen(function* () {
    const pace = paceOf(FLOOD, capacity)
    const calls = { tokens: known, pace, seconds, status: 200, busy: false }
    if (name === "alone") return undefined
    if (name === "cached") return calls
    const signed = yield* Effect.replicateEffect(sign, pace.perSecond * seconds)
    const tokens = join(folder, `tokens-${name}`)
    writeFileSync(tokens, (name === "new" ? signed : signed.map(forged)).join("\n"), { mode: 0o600 })
    return { ...calls, tokens, status: name === "new" ? 200 : 401, busy: true }
  })

/** The caller's calls, while the others are under way. */
const measure = (flooded: Flooded, name: FloodName, seconds: number): Effect.Effect<FloodSample, BenchFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      const calls = yield* floodOf(flooded, name, seconds + LONGER)
      const flood = calls === undefined ? undefined : yield* begin(flooded, calls)
      const began = performance.now()
      const pace = paceOf(CALLER, flooded.capacity)
      const caller = yield* begin(flooded, { tokens: flooded.known, pace, seconds, status: 200, busy: false })
      const { p50, p99 } = yield* caller
      const took = (performance.now() - began) / 1000
      if (flood === undefined) return { p50, p99, busy: 0 }
      const { busy, requests, seconds: lasted } = yield* flood
      if (took > lasted) return yield* new BenchFailed({ problem: `the ${name} calls ended before the caller's` })
      return { p50, p99, busy: busy / requests }
    })
  )

export const floodPhase = (parts: LoadParts): Effect.Effect<FloodFigures, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { folder, machine, options, progress, upstream } = parts
    const home = yield* prepare(join(folder, "flood"), upstream)
    const gateway = yield* start(machine, home)
    const sign = yield* signerFor(home)
    const token = yield* sign
    yield* verifyGoverned(gateway, home, token)
    const known = join(folder, "token-known")
    writeFileSync(known, token, { mode: 0o600 })
    yield* progress("finding the pace of the flood")
    const load = makeLoad(machine, folder)
    const burst = load.run({ url: gateway.mcp, token, connections: options.connections, seconds: WARM_UP_SECONDS })
    const rates = yield* Effect.map(Effect.replicateEffect(burst, 3), (bursts) =>
      bursts.map(({ requests, seconds }) => requests / seconds)
    )
    const flooded = { parts, capacity: Math.max(...rates), url: gateway.mcp, sign, known }
    yield* progress("warming up the flood")
    // What is late here is late for code that was never run before.
    for (const name of FLOODS) yield* Effect.ignore(measure(flooded, name, WARM_UP_SECONDS))
    const samples: Record<FloodName, Array<FloodSample>> = { alone: [], cached: [], forged: [], new: [] }
    for (let round = 0; round < options.rounds; round++) {
      for (const name of rotated(FLOODS, round)) {
        yield* progress(`flood, round ${round + 1} of ${options.rounds}: ${name}`)
        samples[name].push(yield* measure(flooded, name, options.seconds))
      }
    }
    const caller = paceOf(CALLER, flooded.capacity).perSecond
    return { caller, flood: paceOf(FLOOD, flooded.capacity).perSecond, samples }
  })
