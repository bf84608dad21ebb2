/** Keeps a policy up to date: looks again when it is told to and when time passes, and says once what is wrong. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { PolicyError } from "../PolicyError.ts"

/** Runs until the scope closes. The answer asks for a look at once; however often it is called meanwhile, one look follows. */
export const keepLooking = (every: Duration.DurationInput, look: Effect.Effect<void, PolicyError>) =>
  Effect.gen(function* () {
    const wake = yield* Queue.sliding<void>(1)
    yield* Effect.forkScoped(Effect.schedule(Queue.offer(wake, undefined), Schedule.spaced(every)))
    let said: string | undefined
    const once = look.pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.sync(() => (said = undefined)),
        onFailure: (error) => {
          if (said === error.message) return Effect.void
          said = error.message
          return Effect.logWarning("scope policy kept as it was").pipe(Effect.annotateLogs({ problem: error.message }))
        }
      })
    )
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Queue.take(wake), once)))
    return (): void => void Queue.unsafeOffer(wake, undefined)
  })
