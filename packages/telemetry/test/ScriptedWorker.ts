/** Audit workers that do only what a test says. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { SpawnWorker, ToWorker, WorkerEvents } from "../src/AuditProtocol.ts"
import { type AuditSqliteOptions, makeSink } from "../src/AuditSqlite.ts"

export interface Life {
  readonly received: Array<ToWorker>
  readonly events: WorkerEvents
  terminated: boolean
}

/** Workers that say nothing by themselves, except that they open. */
export const script = (written: (life: number) => number = () => 0) => {
  const lives: Array<Life> = []
  const spawn: SpawnWorker = (events) => {
    const life: Life = { received: [], events, terminated: false }
    const index = lives.push(life) - 1
    return {
      send: (message) => {
        life.received.push(message)
        if (typeof message === "object" && message.type === "open")
          events.message({ type: "opened", written: written(index) })
      },
      terminate: () => {
        life.terminated = true
      }
    }
  }
  return { lives, spawn }
}

/** A sink over it. Closing it waits for the worker, so a test that does not script that leaves it open. */
export const open = (spawn: SpawnWorker, more?: Partial<AuditSqliteOptions>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const sink = yield* makeSink(spawn, { path: "scripted.db", ...more }).pipe(Scope.extend(scope))
    return { sink, close: Scope.close(scope, Exit.void) }
  })
