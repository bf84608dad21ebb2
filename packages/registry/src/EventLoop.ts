/**
 * Long work in short pieces: requests are served between two of them. Decides nothing about what the work is.
 *
 * `Effect.yieldNow` is not enough here: it goes on in a microtask, and no socket or timer is looked at before those are done.
 */
import * as Effect from "effect/Effect"

/** Goes on after the event loop has turned once. */
export const turn: Effect.Effect<void> = Effect.async<void>((resume) => {
  const handle = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(handle))
})

/** Does `work` on `size` items at a time, in order, the loop turning in between. Up to `size` items cost no turn. */
export const inSlices = <A, E, R>(
  items: ReadonlyArray<A>,
  size: number,
  work: (slice: ReadonlyArray<A>, position: number) => Effect.Effect<void, E, R>
): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    for (let start = 0; start < items.length; start += size) {
      if (start > 0) yield* turn
      yield* work(items.slice(start, start + size), start / size)
    }
  })

/** What `transform` makes of each item, in slices like `inSlices`. */
export const mapInSlices = <A, B>(
  items: ReadonlyArray<A>,
  size: number,
  transform: (item: A) => B
): Effect.Effect<ReadonlyArray<B>> =>
  Effect.gen(function* () {
    const made: Array<B> = []
    yield* inSlices(items, size, (slice) =>
      Effect.sync(() => {
        for (const item of slice) made.push(transform(item))
      })
    )
    return made
  })
