/**
 * **AuditSink** over a SQLite file of its own, written by a worker thread: the serving thread encodes a row and posts
 * batches (0.6 to 0.9 µs per row, bench/audit.ts); it never touches the file and never waits for its lock (design.md §4.5).
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
import type { FromWorker, SpawnWorker } from "./AuditProtocol.ts"
import { makeQueue } from "./AuditQueue.ts"
import { encodeRow } from "./AuditRecord.ts"
import { makeRetention } from "./AuditRetention.ts"
import { type Session, startSession } from "./AuditSession.ts"
import { type AuditError, AuditSink, type AuditSinkApi } from "./AuditSink.ts"

const DEFAULT_CAPACITY = 32_768

export interface AuditSqliteOptions {
  /** The file, created when absent; its folder must exist. */
  readonly path: string
  /** Rows held in memory at most, sent and unsent. Default 32 768 (about 10 MB). */
  readonly capacity?: number
  /** Rows that make a batch leave at once. Default 256. */
  readonly batchRows?: number
  /** Milliseconds after which a smaller batch leaves. Default 25: with the write itself well within the 100 that a kill may cost. */
  readonly intervalMs?: number
  /** Days a row is kept, counted from when its exchange began; more than 0. Undefined: for ever. Checked at start and every hour. */
  readonly retentionDays?: number | undefined
}

const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 30_000
const CLOSE_FLUSH = Duration.seconds(5)
const CLOSE_WORKER = Duration.seconds(1)

/** Flushes under way, by the id of the `sync` the worker must answer. */
const makeWaiters = () => {
  const waiters = new Map<number, () => void>()
  let next = 0
  return {
    add: (resume: () => void): number => {
      waiters.set(next, resume)
      return next++
    },
    remove: (id: number): void => void waiters.delete(id),
    resume: (id: number): void => {
      waiters.get(id)?.()
      waiters.delete(id)
    },
    ids: (): Iterable<number> => waiters.keys()
  }
}

/** State shared by the hot side, the loops and the finalizer. */
const makeState = (spawn: SpawnWorker, options: AuditSqliteOptions) => {
  const days = options.retentionDays
  const retention = days === undefined ? undefined : makeRetention(days, (request) => attached?.port.send(request))
  const queue = makeQueue(options.capacity ?? DEFAULT_CAPACITY)
  const token = crypto.randomUUID()
  const waiters = makeWaiters()
  let attached: Session | undefined

  const post = (): void => {
    if (attached === undefined) return
    const batch = queue.take()
    if (batch !== undefined) attached.port.send(batch)
  }
  const onMessage = (message: FromWorker): void => {
    if (typeof message === "number") return queue.acknowledge(message)
    if (message.type === "synced") waiters.resume(message.id)
    if (message.type === "pruned") retention?.answered(message)
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
    for (const id of waiters.ids()) session.port.send({ type: "sync", id })
    return session
  })
  const detach = (): void => {
    attached?.port.terminate()
    attached = undefined
  }
  const flush = Effect.async<void>((resume) => {
    const id = waiters.add(() => resume(Effect.void))
    post()
    attached?.port.send({ type: "sync", id })
    return Effect.sync(() => waiters.remove(id))
  })
  return { queue, post, attach, detach, flush, retention, attached: () => attached }
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

/** Counts lost rows and says so in the log, once per look instead of once per row. */
const makeLosses = () => {
  let lost = 0
  let reported = 0
  return {
    count: () => lost,
    /** True for the first loss since the last report. */
    add: (rows: number): boolean => {
      const first = lost === reported
      lost += rows
      return first
    },
    report: Effect.suspend(() => {
      if (lost === reported) return Effect.void
      const more = lost - reported
      reported = lost
      return Effect.logError("audit rows lost", more)
    })
  }
}

type Losses = ReturnType<typeof makeLosses>

/** Writes what is left, within five seconds, and ends the worker. What could not be written by then is lost. */
const close = (state: State, losses: Losses): Effect.Effect<void> =>
  Effect.gen(function* () {
    // Finalizers are uninterruptible; the time limit needs this (style.md §5.5).
    yield* state.flush.pipe(Effect.interruptible, Effect.timeoutOption(CLOSE_FLUSH))
    losses.add(state.queue.held())
    yield* losses.report
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
    const intervalMs = options.intervalMs ?? 25
    const state = makeState(spawn, options)
    const tick = yield* Queue.sliding<void>(1)
    const losses = makeLosses()
    let closed = false

    const first = yield* Effect.acquireRelease(Effect.interruptible(state.attach), () => Effect.sync(state.detach))
    yield* Effect.forkScoped(supervise(state, first))
    if (state.retention !== undefined) yield* Effect.forkScoped(state.retention.run)
    const beat = Queue.take(tick).pipe(
      Effect.zipRight(Effect.sleep(intervalMs)),
      Effect.zipRight(Effect.sync(state.post)),
      Effect.zipRight(losses.report)
    )
    yield* Effect.forkScoped(Effect.forever(beat))
    const stop = Effect.sync(() => {
      closed = true
    })
    yield* Effect.addFinalizer(() => Effect.zipRight(stop, close(state, losses)))

    const capacity = options.capacity ?? DEFAULT_CAPACITY
    // Refusals may fill half of the buffer and no more, so that a flood of them costs no call its row.
    const isFull = (row: AuditRow): boolean => row.decision !== "allow" && state.queue.held() >= capacity / 2
    const append = (row: AuditRow): void => {
      if (closed || isFull(row) || !state.queue.push(encodeRow(row))) {
        if (losses.add(1)) tick.unsafeOffer(undefined)
        return
      }
      const waiting = state.queue.waiting()
      if (waiting >= batchRows) state.post()
      else if (waiting === 1) tick.unsafeOffer(undefined)
    }
    const hasRoom = (): boolean => !closed && state.queue.held() < capacity
    return { append, hasRoom, flush: state.flush, lost: losses.count }
  })

/** The real worker thread. `smol` costs no CPU that could be measured and keeps resident growth under load at 30 MB, not 43. */
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
