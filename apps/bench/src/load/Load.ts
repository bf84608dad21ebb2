/** One burst of load on one arm, by whichever generator there is: wrk, or the bundled one. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { BenchFailed } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { type Machine, program } from "../machine.ts"
import { BODY_HEAD, BODY_TAIL, HEADERS } from "./call.ts"
import { wrkScript } from "./wrkScript.ts"

/** What a burst came to. Latencies in microseconds. */
export const Burst = Schema.Struct({
  requests: Schema.Number,
  seconds: Schema.Number,
  p50: Schema.Number,
  p99: Schema.Number,
  /** Connections that failed, answers that were none or had a status from 400. */
  errors: Schema.Number,
  /** Calls answered 429 where that will do. */
  busy: Schema.optionalWith(Schema.Number, { default: () => 0 })
})
export type Burst = typeof Burst.Type & {
  /** The generator's own CPU time per request, microseconds: what it can not have added to the arm. */
  readonly ownCpu: number
}

const decode = Schema.decodeUnknown(Schema.parseJson(Burst))

export interface LoadSpec {
  readonly url: string
  readonly token: string
  readonly connections: number
  readonly seconds: number
}

export interface Load {
  readonly name: string
  readonly run: (spec: LoadSpec) => Effect.Effect<Burst, BenchFailed>
}

/** What every generator prints: the result, and their own CPU time in microseconds. */
const RESULT = /^RESULT (\{.*\}) CPU (\d+)$/m

export const read = (output: string): Effect.Effect<Burst, BenchFailed> =>
  Effect.gen(function* () {
    const [, json, cpu] = RESULT.exec(output) ?? []
    if (json === undefined)
      return yield* new BenchFailed({ problem: `the load generator printed no result:\n${output}` })
    const burst = yield* Effect.mapError(decode(json), () => new BenchFailed({ problem: `not a result: ${json}` }))
    return { ...burst, ownCpu: burst.requests === 0 ? 0 : Number(cpu) / burst.requests }
  })

/** `folder` holds the generator's script. */
export const make = (machine: Machine, folder: string): Load => {
  const { wrk } = machine
  const execute = (command: ReadonlyArray<string>): Effect.Effect<Burst, BenchFailed> =>
    Effect.scoped(
      Child.start({ name: "load generator", command: machine.loading(command), env: machine.env }).pipe(
        Effect.flatMap((child) => child.finished),
        Effect.flatMap(read)
      )
    )
  if (wrk === undefined) {
    return {
      name: "bundled",
      run: ({ url, token, connections, seconds }) =>
        execute(machine.bun(program("./load/generator.ts"), url, token, String(connections), String(seconds)))
    }
  }
  const script = join(folder, "call.lua")
  writeFileSync(script, wrkScript({ head: BODY_HEAD, tail: BODY_TAIL, headers: HEADERS }), { mode: 0o600 })
  return {
    name: "wrk",
    run: ({ url, token, connections, seconds }) =>
      execute([wrk, "-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, url, "--", token])
  }
}
