/**
 * Writes what is found of servers' health, all that waits in one transaction: thousands that change at once, as at a start, cost a few
 * transactions and not one each. Who reports is answered when it is written. Of one server the last report counts.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Found, Times } from "../HealthStore.ts"

export interface Report {
  readonly found: Found
  /** Undefined: the timetable stays as it is. */
  readonly times: Times | undefined
}

interface Waiting extends Report {
  readonly written: Deferred.Deferred<void, StoreUnavailable>
}

/** Written together, at most. */
const TOGETHER = 200

/** One a server: the last, with the last timetable that was told. */
const lastOfEach = (reports: ReadonlyArray<Report>): ReadonlyArray<Report> => {
  const last = new Map<string, Report>()
  for (const { found, times } of reports) {
    last.set(found.path, { found, times: times ?? last.get(found.path)?.times })
  }
  return [...last.values()]
}

/** `write`: of different servers, one at least; `bounded`: makes an end to what takes too long. */
export const makeReports = (
  write: (reports: ReadonlyArray<Report>) => Effect.Effect<void, SqlError>,
  bounded: <A>(effect: Effect.Effect<A, SqlError>) => Effect.Effect<A, StoreUnavailable>
): Effect.Effect<(report: Report) => Effect.Effect<void, StoreUnavailable>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<Waiting>()
    const some = Effect.flatMap(Queue.takeBetween(queue, 1, TOGETHER), (chunk) => {
      const waiting = [...chunk]
      return Effect.flatMap(Effect.exit(bounded(write(lastOfEach(waiting)))), (exit) =>
        Effect.forEach(waiting, ({ written }) => Deferred.done(written, exit), { discard: true })
      )
    })
    yield* Effect.forkScoped(Effect.forever(some))
    return (report) =>
      Effect.flatMap(Deferred.make<void, StoreUnavailable>(), (written) =>
        Effect.zipRight(Queue.offer(queue, { ...report, written }), Deferred.await(written))
      )
  })
