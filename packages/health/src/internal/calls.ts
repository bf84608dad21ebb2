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
import { CallWatch, type Verdict } from "./callWatch.ts"
import type { Checks } from "./checks.ts"

/** Pauses between the checks of a server that calls marked, milliseconds; then its usual interval finds it. */
const PAUSES_MS = [0, 1_000, 2_000, 4_000, 8_000, 16_000]

export const watchCalls = (registry: RegistryApi, checks: Checks): Effect.Effect<CallObserver, never, Scope.Scope> =>
  Effect.gen(function* () {
    const verdicts = yield* Queue.unbounded<Verdict>()
    const watch = new CallWatch((verdict) => verdicts.unsafeOffer(verdict))
    const rechecks = yield* FiberMap.make<string>()

    const recheck = (path: string) =>
      Effect.gen(function* () {
        for (const pause of PAUSES_MS) {
          yield* Effect.sleep(pause)
          const checked = yield* checks.check(path, true)
          watch.settled(path)
          if (Option.isNone(checked) || isRoutable(checked.value.health)) return
        }
      })

    const follow = ({ path, status }: Verdict) =>
      Effect.gen(function* () {
        const health = registry.get(path)?.health
        if (health === undefined || health.status === "disabled") return watch.settled(path)
        if (status === undefined) {
          // Whatever a check said meanwhile: a real call was answered.
          yield* FiberMap.remove(rechecks, path)
          if (isRoutable(health)) return
        } else if (!isRoutable(health)) return watch.settled(path)
        const now = new Date(yield* Clock.currentTimeMillis).toISOString()
        yield* registry.setHealth(path, { status: status ?? "healthy", last_checked_iso: now })
        if (status !== undefined) yield* FiberMap.run(rechecks, path, recheck(path))
      })

    yield* Queue.take(verdicts).pipe(Effect.flatMap(follow), Effect.forever, Effect.forkScoped)
    return {
      answered: (path) => watch.answered(path),
      failed: (path, reason, caller) => watch.failed(path, reason, caller)
    }
  })
