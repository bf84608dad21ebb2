/** The micro benches, in a process of their own on the serving core. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { BenchFailed } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import type { MicroGroup } from "../figures.ts"
import { type Machine, program } from "../machine.ts"

const Groups = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      name: Schema.String,
      cases: Schema.Array(
        Schema.Struct({
          name: Schema.String,
          ns: Schema.Array(Schema.Number),
          bar: Schema.optionalWith(Schema.Number, { exact: true }),
          limitNs: Schema.optionalWith(Schema.Number, { exact: true }),
          over: Schema.optionalWith(Schema.Number, { exact: true })
        })
      )
    })
  )
)
const decode = Schema.decodeUnknown(Groups)

export const microPhase = (machine: Machine, rounds: number): Effect.Effect<ReadonlyArray<MicroGroup>, BenchFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      const command = machine.serving(machine.bun(program("./micro/main.ts"), String(rounds)))
      const child = yield* Child.start({ name: "micro benches", command, env: machine.env })
      const output = yield* child.finished
      const json = /^MICRO (.*)$/m.exec(output)?.[1] ?? ""
      return yield* Effect.mapError(
        decode(json),
        () => new BenchFailed({ problem: `the micro benches printed:\n${output}` })
      )
    })
  )
