/**
 * Removal of audit rows by age: asks the worker, at start and every hour, to remove what is older than the retention, a bounded batch
 * at a time so that rows to be written go in between. Removes nothing itself and knows no file.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Prune, Pruned } from "./AuditProtocol.ts"

/** A few ms of the worker's time. */
const BATCH_ROWS = 2_000
const BETWEEN_PASSES = Duration.hours(1)
/** A worker that is being replaced does not answer; the next pass goes on where this one ended. */
const ANSWER_WITHIN = Duration.minutes(1)
const DAY_MS = 86_400_000

export interface Retention {
  /** Takes the worker's answers. */
  readonly answered: (answer: Pruned) => void
  /** Runs for ever. */
  readonly run: Effect.Effect<never>
}

/** `send` passes a request to the worker there is, if any. */
export const makeRetention = (days: number, send: (request: Prune) => void): Retention => {
  let waiting: ((answer: Pruned) => void) | undefined
  const ask = (request: Prune) =>
    Effect.async<Pruned>((resume) => {
      waiting = (answer) => resume(Effect.succeed(answer))
      send(request)
      return Effect.sync(() => (waiting = undefined))
    }).pipe(Effect.timeoutOption(ANSWER_WITHIN))

  const pass = Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const request: Prune = { type: "prune", before: at - days * DAY_MS, at, rows: BATCH_ROWS }
    let removed = 0
    let more = true
    while (more) {
      const answer = Option.getOrUndefined(yield* ask(request))
      removed += answer?.rows ?? 0
      more = answer?.more ?? false
    }
    if (removed > 0) yield* Effect.logInfo(`${removed} audit rows older than ${days} days removed`)
  })

  return {
    answered: (answer) => waiting?.(answer),
    run: Effect.forever(Effect.zipRight(pass, Effect.sleep(BETWEEN_PASSES)))
  }
}
