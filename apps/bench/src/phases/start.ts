/** Start and rest: how long until the first governed call is answered, and how much memory the gateway holds when nobody calls. */
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { type GatewayHome, launch, mcpOf, prepare, start, tokenFor } from "../arms/Gateway.ts"
import { callOnce, verifyGoverned } from "../arms/governed.ts"
import { BenchFailed } from "../BenchFailed.ts"
import type { StartFigures } from "../figures.ts"
import type { Machine } from "../machine.ts"
import { resident } from "../proc.ts"
import type { Progress } from "../progress.ts"

const STARTS = 5
const REST = "3 seconds"

/** First start: makes keys and account, then rests; answers how long and how much. */
const firstStart = (machine: Machine, home: GatewayHome) =>
  Effect.scoped(
    Effect.gen(function* () {
      const began = performance.now()
      const gateway = yield* start(machine, home)
      const first = performance.now() - began
      const token = yield* tokenFor(home)
      // The health check has loaded what it needs by then: memory at rest is not memory before work.
      yield* verifyGoverned(gateway, home, token)
      yield* Effect.sleep(REST)
      return { first, token, resident: resident([gateway.pid]) }
    })
  )

/** One later start, until a call is answered; a refused connection is asked again at once. */
const laterStart = (machine: Machine, home: GatewayHome, token: string): Effect.Effect<number, BenchFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      const began = performance.now()
      // Nobody holds a starting gateway on one core; only costs that are compared need that.
      yield* launch(machine, home, (command) => command)
      const ask: Effect.Effect<void> = Effect.catchAll(callOnce(mcpOf(home), token), () =>
        Effect.zipRight(Effect.sleep("3 millis"), ask)
      )
      yield* Effect.timeoutFail(ask, {
        duration: "20 seconds",
        onTimeout: () => new BenchFailed({ problem: "the gateway answered no call after its start" })
      })
      return performance.now() - began
    })
  )

export const startPhase = (
  machine: Machine,
  upstream: string,
  folder: string,
  progress: Progress
): Effect.Effect<StartFigures, BenchFailed> =>
  Effect.gen(function* () {
    yield* progress("first start")
    const home = yield* prepare(join(folder, "start"), upstream)
    const rest = yield* firstStart(machine, home)
    const starts: Array<number> = []
    for (let i = 0; i < STARTS; i++) {
      yield* progress(`start ${i + 1} of ${STARTS}`)
      starts.push(yield* laterStart(machine, home, rest.token))
    }
    return { first: rest.first, starts, resident: rest.resident }
  })
