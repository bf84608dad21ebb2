/**
 * Work that waits its turn, first come, first served, a few at a time. Effect's own semaphore wakes all who wait whenever a place becomes free,
 * and each that finds it taken waits anew upon its old wait: ten thousand that wait for one place cost fifty million wakings and gigabytes
 * (seen in 3.19; the code of 3.22 is the same). Here each is woken once, when the place is its own.
 */
import * as Effect from "effect/Effect"

/** Does the work when its turn has come; who is interrupted while waiting leaves the line, and does none of it. Do not nest. */
export type InTurn = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

interface Waiting {
  hasPlace: boolean
  wake: () => void
}

/** `places`: how many work at a time. */
export const makeTurns = (places = 1): InTurn => {
  let free = places
  // In the order they came; one that is in the middle can leave at once.
  const line = new Set<Waiting>()

  const release = Effect.sync(() => {
    const [next] = line
    if (next === undefined) {
      free++
      return
    }
    // The place is handed over, so that nobody who comes now can be quicker.
    line.delete(next)
    next.hasPlace = true
    next.wake()
  })

  const place = (restore: <A, E, R>(waiting: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      if (free > 0) {
        free--
        return Effect.void
      }
      const waiting: Waiting = { hasPlace: false, wake: () => {} }
      line.add(waiting)
      const leave = Effect.suspend(() => {
        if (waiting.hasPlace) return release
        line.delete(waiting)
        return Effect.void
      })
      const wait = Effect.async<void>((resume) => {
        waiting.wake = () => resume(Effect.void)
        if (waiting.hasPlace) waiting.wake()
      })
      // The place may be handed over between the interruption and the end it makes: who leaves gives it on.
      return Effect.onError(restore(wait), () => leave)
    })

  return (work) =>
    Effect.uninterruptibleMask((restore) => Effect.zipRight(place(restore), Effect.ensuring(restore(work), release)))
}

/**
 * The same with an end to the line: who comes when `waiting` others wait already is told `full` at once, and does none of the work.
 */
export const makeBoundedTurns = <Full>(places: number, waiting: number, full: () => Full) => {
  const inTurn = makeTurns(places)
  let inside = 0
  const leave = Effect.sync(() => void inside--)
  return <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E | Full, R> =>
    Effect.suspend((): Effect.Effect<A, E | Full, R> => {
      if (inside >= places + waiting) return Effect.fail(full())
      inside++
      return Effect.ensuring(inTurn(work), leave)
    })
}
