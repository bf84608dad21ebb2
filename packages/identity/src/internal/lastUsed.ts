/**
 * When what was last used, kept in memory and written down together once a minute and at the end: a request never writes. Bounded; what is
 * used while it is full goes unrecorded.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/** Things used between two writings. */
const MOST = 10_000

export class LastUsed {
  private pending = new Map<string, number>()

  /** Hot. `at` in epoch milliseconds. */
  touch(id: string, at: number): void {
    if (this.pending.size < MOST || this.pending.has(id)) this.pending.set(id, at)
  }

  /** What is not written yet; otherwise what is `stored`. */
  of(id: string, stored: number | undefined): number | undefined {
    return this.pending.get(id) ?? stored
  }

  /** All that is not written yet, to be written now. */
  take(): ReadonlyArray<readonly [id: string, at: number]> {
    const taken = [...this.pending]
    this.pending = new Map()
    return taken
  }

  /** Could not be written: kept for the next time, unless used again since. */
  giveBack(taken: ReadonlyArray<readonly [id: string, at: number]>): void {
    for (const [id, at] of taken) if (!this.pending.has(id)) this.touch(id, at)
  }
}

/** Writes once a minute, and when the scope closes. `what` names it in a warning. */
export const keepWritten = <E>(
  used: LastUsed,
  what: string,
  write: (taken: ReadonlyArray<readonly [id: string, at: number]>) => Effect.Effect<void, E>
): Effect.Effect<void, never, Scope.Scope> => {
  const once = Effect.suspend(() => {
    const taken = used.take()
    if (taken.length === 0) return Effect.void
    return Effect.catchAll(write(taken), (cause) =>
      Effect.zipRight(
        Effect.sync(() => used.giveBack(taken)),
        Effect.logWarning(`When ${what} were last used could not be written`, cause)
      )
    )
  })
  return Effect.gen(function* () {
    yield* Effect.addFinalizer(() => once)
    yield* Effect.forkScoped(Effect.schedule(once, Schedule.spaced("1 minute")))
  })
}
