/**
 * **Imports** — brings servers of other registries here, once or again and again. Jobs are kept in the store: one that was running when its
 * process ended goes on in the next. Knows no callers' rights.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { breakOff, iso, LEASE_MS, runImport, type Running, type RunLimits } from "../internal/importRun.ts"
import { type ImportStoreApi, makeImportStore } from "../internal/importStore.ts"
import type { Registry } from "../Registry.ts"
import type { StoreUnavailable } from "../RegistryError.ts"
import type { Versions } from "../v01/Versions.ts"
import type { ItemReport } from "./itemReport.ts"
import { ImportChanged, ImportNotFound, InvalidImport } from "./ImportError.ts"
import { type ImportJob, type ImportRequest, LEAST_INTERVAL_SECONDS, NO_PROGRESS } from "./ImportJob.ts"
import { SOURCE_LIMITS, sourceBase } from "./Source.ts"
import type { SourceFetch } from "./SourceFetch.ts"

export type { RunLimits } from "../internal/importRun.ts"

/** A job as it is now, and the name of the credential that it needs no more. */
export interface Turned extends ImportJob {
  readonly dropped: string | undefined
}

export interface ImportsApi {
  /** Begins at once, in the background. */
  readonly start: (request: ImportRequest, by: string) => Effect.Effect<ImportJob, InvalidImport | StoreUnavailable>
  /**
   * Goes on with the newest import from there that was interrupted or cancelled, or is a mirror whose last run failed, where it was.
   * `credential`: the name of one that takes the place of the one before.
   */
  readonly resume: (
    from: string,
    by: string,
    credential?: string
  ) => Effect.Effect<Turned, InvalidImport | ImportChanged | ImportNotFound | StoreUnavailable>
  readonly get: (id: string) => Effect.Effect<ImportJob, ImportNotFound | StoreUnavailable>
  /** The newest first. */
  readonly all: Effect.Effect<ReadonlyArray<ImportJob>, StoreUnavailable>
  /** Ends a job, or a mirror for good; what it brought stays. */
  readonly cancel: (id: string) => Effect.Effect<Turned, ImportChanged | ImportNotFound | StoreUnavailable>
  /**
   * What became of at most `most` entries of its last run, 20,000 unless given, from the `after`th on. Kept of the last 20 jobs and of those that go
   * on, the first 20,000 of each.
   */
  readonly items: (
    id: string,
    after: number,
    most?: number
  ) => Effect.Effect<ReadonlyArray<ItemReport>, StoreUnavailable>
  /** Names of the credentials that jobs no longer need which ended by themselves in this process; for one reader. The oldest give way. */
  readonly dropped: Stream.Stream<string>
  /** Names of the credentials that a job may still need; of one that ended for good none is. */
  readonly credentials: Effect.Effect<ReadonlySet<string>, StoreUnavailable>
}

export class Imports extends Context.Tag("@mcpgw/registry/Imports")<Imports, ImportsApi>() {
  /** Jobs in the SQL store; works on them until its scope ends. */
  static layerSql(
    limits: Partial<RunLimits> = {}
  ): Layer.Layer<Imports, MigrationFailed | DatabaseNewer, SqlClient.SqlClient | Registry | SourceFetch | Versions> {
    return Layer.scoped(Imports, make({ ...SOURCE_LIMITS, maxPages: 2_000, maxEntries: 100_000, ...limits }))
  }
}

/** How often it is looked for jobs of others that ended, and for mirrors whose time has come. */
const LOOK = Duration.seconds(15)
/** Jobs worked on at once: a slow registry does not hold up another. */
const WORKERS = 3
const MOST_ITEMS = 20_000
const MOST_NAMES = 1_000
/** Credentials nobody has taken note of yet; what is lost is swept. */
const MOST_DROPPED = 1_000

const nowMillis = Clock.currentTimeMillis

const baseOf = (from: string) =>
  Either.mapLeft(sourceBase(from), (problem) => new InvalidImport({ field: "from", problem }))

const checked = (request: ImportRequest): Either.Either<ImportRequest, InvalidImport> =>
  Either.gen(function* () {
    const { everySeconds, names } = request
    const from = yield* baseOf(request.from)
    if (everySeconds !== undefined && everySeconds < LEAST_INTERVAL_SECONDS) {
      return yield* Either.left(
        new InvalidImport({ field: "everySeconds", problem: `must be at least ${LEAST_INTERVAL_SECONDS}` })
      )
    }
    if (everySeconds !== undefined && request.dryRun === true) {
      return yield* Either.left(new InvalidImport({ field: "dryRun", problem: "is of no use to a mirror" }))
    }
    if (names !== undefined && (names.length === 0 || names.length > MOST_NAMES)) {
      return yield* Either.left(new InvalidImport({ field: "names", problem: `must hold 1 to ${MOST_NAMES} names` }))
    }
    return { ...request, from, ...(names === undefined ? {} : { names: [...new Set(names)] }) }
  })

const newJob = (request: ImportRequest, by: string) =>
  Effect.map(nowMillis, (now): ImportJob => ({
    id: crypto.randomUUID(),
    request,
    state: "running",
    progress: NO_PROGRESS,
    cursor: null,
    updatedSince: null,
    newestSeen: null,
    nextAt: null,
    claims: 0,
    worker: null,
    createdAt: iso(now),
    createdBy: by,
    resumedBy: null
  }))

const keepLease = (store: ImportStoreApi, job: ImportJob) =>
  Effect.flatMap(Effect.delay(nowMillis, LEASE_MS / 3), (now) => store.renew(job, iso(now + LEASE_MS))).pipe(
    Effect.catchAll((error) => Effect.logDebug("The lease of an import could not be renewed", error)),
    Effect.forever
  )

/** How often work on a job may end with its process, or without a word, before the next page: then it is the job that does it. */
const MOST_CLAIMS = 3

const OUR_FAULT = "It broke off by an error of this gateway, which its log tells; it can be resumed"
const DEADLY = `Work on it was begun ${MOST_CLAIMS} times and broke off each time before it got on by a page; it can be resumed`

/** Works on whatever is to be worked on, one job after the other. */
const workAll = (store: ImportStoreApi, work: (job: ImportJob) => Effect.Effect<void, StoreUnavailable, Needs>) =>
  Effect.gen(function* () {
    for (;;) {
      const now = yield* nowMillis
      const job = yield* store.claim(iso(now), iso(now + LEASE_MS))
      if (job === undefined) return
      yield* work(job)
    }
  }).pipe(
    Effect.catchAll((error) => Effect.logWarning("Imports wait: the store can not be reached", error)),
    Effect.catchAllDefect((defect) => Effect.logError("Imports wait for the next look", Cause.die(defect)))
  )

type Needs = Registry | SourceFetch | Versions

const get = (store: ImportStoreApi, id: string) =>
  Effect.flatMap(store.find(id), (job) =>
    job === undefined ? Effect.fail(new ImportNotFound({})) : Effect.succeed(job)
  )

/** How often it is tried to cancel a job that changes just then. */
const TRIES = 5

/** Whatever it does; it ends in the state in which it was read, so that no credential of somebody who resumed it meanwhile is lost sight of. */
const cancel = (store: ImportStoreApi, id: string, tries = TRIES): ReturnType<ImportsApi["cancel"]> =>
  Effect.gen(function* () {
    const job = yield* get(store, id)
    if (job.state === "finished" || job.state === "cancelled") return { ...job, dropped: undefined }
    const { credential: dropped, ...request } = job.request
    if (yield* store.turn(job, { state: "cancelled", request, resumedBy: job.resumedBy }))
      return { ...(yield* get(store, id)), dropped }
    return yield* tries > 1 ? cancel(store, id, tries - 1) : new ImportChanged({ from: job.request.from })
  })

/** Can it be resumed? What a dry run had planned is gone with it. */
const canGoOn = ({ progress, request, state }: ImportJob): boolean =>
  request.dryRun !== true &&
  (state === "interrupted" || state === "cancelled" || (state === "waiting" && progress.problem !== null))

const make = (limits: RunLimits) =>
  Effect.gen(function* () {
    const store = yield* makeImportStore
    const poke = yield* Queue.sliding<void>(1)
    const dropped = yield* Queue.sliding<string>(MOST_DROPPED)
    const running: Running = { store, limits, drop: (credential) => Queue.offer(dropped, credential) }
    const work = (job: ImportJob) =>
      Effect.gen(function* () {
        if (job.claims > MOST_CLAIMS) return yield* breakOff(job, DEADLY, running)
        yield* Effect.forkScoped(keepLease(store, job))
        yield* runImport(job, running)
      }).pipe(
        Effect.onInterrupt(() => Effect.ignoreLogged(store.release(job))),
        Effect.scoped,
        Effect.catchAllDefect((defect) =>
          Effect.zipRight(Effect.logError("An import broke off", Cause.die(defect)), breakOff(job, OUR_FAULT, running))
        )
      )
    const look = Effect.zipRight(workAll(store, work), Effect.timeoutOption(Queue.take(poke), LOOK))
    for (let worker = 0; worker < WORKERS; worker++) yield* Effect.forkScoped(Effect.forever(look))
    const wake = Queue.offer(poke, undefined)
    const api: ImportsApi = {
      start: (request, by) =>
        Effect.gen(function* () {
          const job = yield* newJob(yield* checked(request), by)
          yield* store.add(job)
          yield* wake
          return job
        }),
      resume: (from, by, credential) =>
        Effect.gen(function* () {
          const base = yield* baseOf(from)
          const job = (yield* store.all).find((one) => one.request.from === base && canGoOn(one))
          if (job === undefined) return yield* new ImportNotFound({ from: base })
          const request = credential === undefined ? job.request : { ...job.request, credential }
          if (!(yield* store.turn(job, { state: "running", request, resumedBy: by })))
            return yield* new ImportChanged({ from: base })
          yield* wake
          const dropped = credential === undefined ? undefined : job.request.credential
          return { ...(yield* get(store, job.id)), dropped }
        }),
      get: (id) => get(store, id),
      all: store.all,
      cancel: (id) => cancel(store, id),
      dropped: Stream.fromQueue(dropped),
      items: (id, after, most = MOST_ITEMS) => store.items(id, after, most),
      credentials: Effect.map(
        store.all,
        (jobs) =>
          new Set(jobs.flatMap(({ request, state }) => (state === "finished" ? [] : (request.credential ?? []))))
      )
    }
    return api
  })
