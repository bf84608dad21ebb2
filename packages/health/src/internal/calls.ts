/** Lets what calls say of servers take effect: marks, heals, and checks a marked one ever less often until a check has the last word. */
import { isRoutable } from "@mcpgw/domain/Server"
import type { RegistryApi } from "@mcpgw/registry/Registry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { CallObserver } from "../HealthMonitor.ts"
import type { Known } from "../HealthStore.ts"
import { CallWatch, type Verdict } from "./callWatch.ts"
import type { Checks } from "./checks.ts"
import { printOf, type Shared } from "./shared.ts"

/** Pauses before the checks of a server that calls marked, milliseconds: a moment of rest for it, and for who watches; then its usual interval finds it. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000]

export interface Calls extends CallObserver {
  /** The server is gone. */
  readonly forget: (path: string) => void
  /** What another process found has taken effect here. */
  readonly heard: (known: Known) => void
}

export const watchCalls = (
  registry: RegistryApi,
  checks: Checks,
  shared: Shared
): Effect.Effect<Calls, never, Scope.Scope> =>
  Effect.gen(function* () {
    const verdicts = yield* Queue.unbounded<Verdict>()
    const watch = new CallWatch((verdict) => verdicts.unsafeOffer(verdict))
    const rechecks = yield* FiberMap.make<string>()
    /** What is on its way to the others; the next verdict waits for no store. */
    const reports = yield* FiberMap.make<string>()

    /** Not before the server wants to be called again, if it said so. */
    const checkedOnceRested = (path: string) =>
      Effect.gen(function* () {
        let checked = yield* checks.check(path, "failed")
        while (Option.isSome(checked) && !checked.value.own) {
          const wait = checked.value.restUntil - (yield* Clock.currentTimeMillis)
          if (wait <= 0) break
          yield* Effect.sleep(wait)
          checked = yield* checks.check(path, "failed")
        }
        return checked
      })

    const recheck = (path: string) =>
      Effect.gen(function* () {
        let restUntil = 0
        for (const pause of PAUSES_MS) {
          yield* Effect.sleep(Math.max(pause, restUntil - (yield* Clock.currentTimeMillis)))
          const before = registry.get(path)?.health
          if (before === undefined || isRoutable(before)) return
          const checked = yield* checkedOnceRested(path)
          watch.settled(path)
          if (Option.isNone(checked) || isRoutable(checked.value.health)) return
          restUntil = checked.value.restUntil
        }
      })

    const follow = ({ path, status }: Verdict) =>
      Effect.gen(function* () {
        const server = registry.get(path)
        if (server === undefined || server.health.status === "disabled") return watch.settled(path)
        if (status === undefined) {
          // Whatever a check said meanwhile: a real call was answered.
          yield* FiberMap.remove(rechecks, path)
          if (isRoutable(server.health)) return
        } else if (!isRoutable(server.health)) return watch.settled(path)
        const now = new Date(yield* Clock.currentTimeMillis).toISOString()
        const health = { status: status ?? "healthy", last_checked_iso: now } as const
        yield* registry.setHealth(path, health)
        yield* Effect.logInfo(status === undefined ? `${path} answers again` : `${path} is ${status}, as its calls say`)
        if (status !== undefined) yield* FiberMap.run(rechecks, path, recheck(path))
        const found = { path: server.record.path, print: printOf(server.record), health, byCalls: true }
        yield* FiberMap.run(reports, path, shared.report(found))
      })

    yield* Queue.take(verdicts).pipe(Effect.flatMap(follow), Effect.forever, Effect.forkScoped)
    return {
      answered: (path) => watch.answered(path),
      failed: (path, reason, caller, since) => watch.failed(path, reason, caller, since),
      forget: (path) => watch.forget(path),
      heard: ({ byCalls, health, path }) => (byCalls && !isRoutable(health) ? watch.mark(path) : watch.settled(path))
    }
  })
