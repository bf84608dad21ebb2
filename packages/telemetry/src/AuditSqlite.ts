/**
 * **AuditSink** over a SQLite file of its own, written by a worker thread: the serving thread encodes a row (≈ 0.6 µs) and
 * posts batches, it never touches the file and never waits for its lock (design.md §4.5).
 * A killed process loses at most the rows of the last `intervalMs` plus one write. When the file can not be written the
 * worker is replaced with growing delays, rows wait in the bounded buffer, and what does not fit is counted as lost.
 */
import type { AuditRow } from "@mcpgw/domain/Audit"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { FromWorker, SpawnWorker, WorkerPort } from "./AuditProtocol.ts"
import { makeQueue } from "./AuditQueue.ts"
import { encodeRow } from "./AuditRecord.ts"
import { AuditError, AuditSink, type AuditSinkApi } from "./AuditSink.ts"

export interface AuditSqliteOptions {
  /** The file, created when absent; its folder must exist. */
  readonly path: string
  /** Rows held in memory at most, sent and unsent. Default 32 768 (about 10 MB). */
  readonly capacity?: number
  /** Rows that make a batch leave at once. Default 256. */
  readonly batchRows?: number
  /** Milliseconds after which a smaller batch leaves. Default 50. */
  readonly intervalMs?: number
}

const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 30_000
const CLOSE_FLUSH = Duration.seconds(5)
const CLOSE_WORKER = Duration.seconds(1)

/** One life of the worker. */
interface Session {
  readonly port: WorkerPort
  /** Rows already committed under this sink's token. */
  readonly opened: Deferred.Deferred<number, AuditError>
  readonly failed: Deferred.Deferred<AuditError>
  readonly closed: Deferred.Deferred<void>
}

const startSession = (
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
        if (typeof message === "number" || message.type === "synced") return onMessage(message)
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

/** State shared by the hot side, the loops and the finalizer. */
const makeState = (spawn: SpawnWorker, options: AuditSqliteOptions) => {
  const queue = makeQueue(options.capacity ?? 32_768)
  const token = crypto.randomUUID()
  const waiters = new Map<number, () => void>()
  let attached: Session | undefined
  let nextWaiter = 0

  const post = (): void => {
    if (attached === undefined) return
    const batch = queue.take()
    if (batch !== undefined) attached.port.send(batch)
  }
  const onMessage = (message: FromWorker): void => {
    if (typeof message === "number") return queue.acknowledge(message)
    if (message.type !== "synced") return
    const resume = waiters.get(message.id)
    waiters.delete(message.id)
    resume?.()
  }
  /** Starts a worker and waits until the file is open; then sends again whatever the last one did not commit. */
  const attach = Effect.gen(function* () {
    const session = yield* startSession(spawn, options.path, token, onMessage)
    const written = yield* Deferred.await(session.opened).pipe(
      Effect.onError(() => Effect.sync(session.port.terminate))
    )
    queue.acknowledge(written)
    for (const batch of queue.inFlight()) session.port.send(batch)
    attached = session
    post()
    for (const id of waiters.keys()) session.port.send({ type: "sync", id })
    return session
  })
  const detach = (): void => {
    attached?.port.terminate()
    attached = undefined
  }
  const flush = Effect.async<void>((resume) => {
    const id = nextWaiter++
    waiters.set(id, () => resume(Effect.void))
    post()
    attached?.port.send({ type: "sync", id })
    return Effect.sync(() => void waiters.delete(id))
  })
  return { queue, post, attach, detach, flush, attached: () => attached }
}

type State = ReturnType<typeof makeState>

/** Replaces a failed worker. The delay doubles while no row gets through and starts over when one did. */
const supervise = (state: State, first: Session): Effect.Effect<never> => {
  let delay = FIRST_DELAY_MS
  const reattach: Effect.Effect<Session> = Effect.suspend(() => {
    const wait = delay
    delay = Math.min(delay * 2, LONGEST_DELAY_MS)
    return Effect.sleep(wait).pipe(
      Effect.zipRight(state.attach),
      Effect.catchAll((error) =>
        Effect.logError("audit record still unwritable", error.message).pipe(Effect.zipRight(reattach))
      )
    )
  })
  const watch = (session: Session): Effect.Effect<never> => {
    const before = state.queue.acknowledged()
    return Deferred.await(session.failed).pipe(
      Effect.tap((error) => Effect.logError("audit record unwritable, rows wait in memory", error.message)),
      Effect.flatMap(() => {
        if (state.queue.acknowledged() > before) delay = FIRST_DELAY_MS
        state.detach()
        return reattach
      }),
      Effect.tap(() => Effect.logInfo("audit record open again")),
      Effect.flatMap(watch)
    )
  }
  return watch(first)
}

/** Writes what is left, within five seconds, and ends the worker. What could not be written is said in the log. */
const close = (state: State): Effect.Effect<void> =>
  Effect.gen(function* () {
    // Finalizers are uninterruptible; the time limit needs this (style.md §5.5).
    yield* state.flush.pipe(Effect.interruptible, Effect.timeoutOption(CLOSE_FLUSH))
    const left = state.queue.held()
    if (left > 0) yield* Effect.logError("audit rows not written at close", left)
    const session = state.attached()
    if (session === undefined) return
    session.port.send({ type: "close" })
    yield* Deferred.await(session.closed).pipe(Effect.interruptible, Effect.timeoutOption(CLOSE_WORKER))
    state.detach()
  })

/** The sink over any worker; `layerSqlite` gives it the real one, tests a scripted one. */
export const makeSink = (
  spawn: SpawnWorker,
  options: AuditSqliteOptions
): Effect.Effect<AuditSinkApi, AuditError, Scope.Scope> =>
  Effect.gen(function* () {
    const batchRows = options.batchRows ?? 256
    const intervalMs = options.intervalMs ?? 50
    const state = makeState(spawn, options)
    const tick = yield* Queue.sliding<void>(1)
    let lost = 0
    let reported = 0
    let closed = false

    const first = yield* Effect.acquireRelease(Effect.interruptible(state.attach), () => Effect.sync(state.detach))
    yield* Effect.forkScoped(supervise(state, first))
    const reportLost = Effect.suspend(() => {
      if (lost === reported) return Effect.void
      const more = lost - reported
      reported = lost
      return Effect.logError("audit rows lost, the buffer is full", more)
    })
    const beat = Queue.take(tick).pipe(
      Effect.zipRight(Effect.sleep(intervalMs)),
      Effect.zipRight(Effect.sync(state.post)),
      Effect.zipRight(reportLost)
    )
    yield* Effect.forkScoped(Effect.forever(beat))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
      }).pipe(Effect.zipRight(close(state)), Effect.zipRight(reportLost))
    )

    const append = (row: AuditRow): void => {
      if (closed || !state.queue.push(encodeRow(row))) {
        if (lost++ === reported) tick.unsafeOffer(undefined)
        return
      }
      const waiting = state.queue.waiting()
      if (waiting >= batchRows) state.post()
      else if (waiting === 1) tick.unsafeOffer(undefined)
    }
    return { append, flush: state.flush, lost: () => lost }
  })

/** The real worker thread. `smol` keeps the thread's heap small; the figures are in bench/audit.ts. */
export const spawnThread: SpawnWorker = (events) => {
  const worker = new Worker(new URL("./AuditWorker.ts", import.meta.url), { name: "mcpgw-audit", smol: true })
  worker.addEventListener("message", (event: MessageEvent<FromWorker>) => events.message(event.data))
  worker.addEventListener("error", (event) => events.died(event.message))
  worker.addEventListener("close", () => events.died("worker thread ended"))
  return { send: (message) => worker.postMessage(message), terminate: () => worker.terminate() }
}

/** Opens the record, or fails the start with `AuditError`. Closing the scope flushes, closes the file and ends the thread. */
export const layerSqlite = (options: AuditSqliteOptions): Layer.Layer<AuditSink, AuditError> =>
  Layer.scoped(AuditSink, makeSink(spawnThread, options))
