/**
 * Whose signature is checked when. The runtime checks signatures on threads that share the cores with the one that serves calls, so a flood of
 * new tokens would take a core from callers who are known: one is checked at a time, and no more than a quarter of the time. Where the process
 * is busy a check takes longer, and the rest after it, too. Waiting for an issuer's keys is not checking.
 */

/** Shorter rests are saved up: timers are no finer. */
const LEAST_REST_MILLIS = 1
/** A moment in which the whole process stood still is not the check's, and nobody's wait. */
const MOST_REST_MILLIS = 50

/** For each moment of checking, so many of rest. */
const RESTS = 3

/** One line for all verifiers of this process: it is the process's cores that are shared. */
let line: Promise<void> = Promise.resolve()
let owed = 0

const rest = async (): Promise<void> => {
  if (owed < LEAST_REST_MILLIS) return
  const millis = owed
  owed = 0
  await new Promise<void>((done) => setTimeout(done, millis))
}

/** Runs a check when its turn has come, unless nobody waits for it any more; rejects as the check does. */
export const inTurn = <A>(check: () => Promise<A>, signal: AbortSignal): Promise<A> => {
  const mine = line.then(async () => {
    signal.throwIfAborted()
    const began = performance.now()
    return check().finally(() => {
      owed = Math.min(MOST_REST_MILLIS, owed + RESTS * (performance.now() - began))
    })
  })
  line = mine.then(rest, rest)
  return mine
}
