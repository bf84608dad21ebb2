/** One life of the audit worker, from start to failure or close. Knows nothing of rows; AuditSqlite.ts decides what is sent. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { FromWorker, SpawnWorker, WorkerPort } from "./AuditProtocol.ts"
import { AuditError } from "./AuditSink.ts"

/** One life of the worker. */
export interface Session {
  readonly port: WorkerPort
  /** Rows already committed under this sink's token. */
  readonly opened: Deferred.Deferred<number, AuditError>
  readonly failed: Deferred.Deferred<AuditError>
  readonly closed: Deferred.Deferred<void>
}

/** Starts a worker and asks it to open `path`; `onMessage` gets acknowledgements and answers to `sync` and `prune`. */
export const startSession = (
  spawn: SpawnWorker,
  path: string,
  token: string,
  onMessage: (message: FromWorker) => void
): Effect.Effect<Session> =>
  Effect.gen(function* () {
    const opened = yield* Deferred.make<number, AuditError>()
    const failed = yield* Deferred.make<AuditError>()
    const closed = yield* Deferred.make<void>()
    const fail = (operation: "open" | "write", reason: string): void => {
      const error = new AuditError({ path, operation, reason })
      Deferred.unsafeDone(opened, Effect.fail(error))
      Deferred.unsafeDone(failed, Effect.succeed(error))
    }
    const port = spawn({
      message: (message) => {
        if (typeof message === "number" || message.type === "synced" || message.type === "pruned")
          return onMessage(message)
        if (message.type === "opened") return Deferred.unsafeDone(opened, Effect.succeed(message.written))
        if (message.type === "failed") return fail(message.operation, message.reason)
        Deferred.unsafeDone(closed, Effect.void)
      },
      died: (reason) => {
        fail("write", reason)
        Deferred.unsafeDone(closed, Effect.void)
      }
    })
    port.send({ type: "open", path, token })
    return { port, opened, failed, closed }
  })
