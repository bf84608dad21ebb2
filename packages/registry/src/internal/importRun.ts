/**
 * One run of an import: page after page, each entry applied, and how far it is saved after each page, so that another process goes on where this
 * one ended. Applying an entry twice is applying it once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import { turn } from "../EventLoop.ts"
import { applyEntry, type ApplyOptions, namesInUse } from "../import/applyEntry.ts"
import { brief, type ItemReport } from "../import/itemReport.ts"
import { counted, type ImportJob, type ImportProgress, NO_PROGRESS } from "../import/ImportJob.ts"
import { changedAt } from "../import/Importable.ts"
import { rehearsal } from "../import/rehearsal.ts"
import { fetchOne, fetchPage, type SourceFailed, type SourceLimits } from "../import/Source.ts"
import type { ImportStoreApi, Told } from "./importStore.ts"

/** Limits of a run. */
export interface RunLimits extends SourceLimits {
  readonly maxPages: number
  readonly maxEntries: number
}

/** A process that says nothing for so long, in milliseconds, has left its job to others. */
export const LEASE_MS = 60_000

/** Sources may write an entry a little after the moment they date it. */
const OVERLAP_MS = 60_000

/** Entries applied between two turns of the event loop, and two looks whether it was cancelled. */
const AT_ONCE = 10

export const iso = (millis: number): string => new Date(millis).toISOString()

interface Page {
  readonly items: ReadonlyArray<unknown>
  /** What is known without an entry. */
  readonly missing: ReadonlyArray<ItemReport>
  readonly next: string | undefined
}

const missing = (name: string): ItemReport => ({
  name,
  version: null,
  path: null,
  outcome: "refused",
  field: "names",
  reason: "the registry does not know this server"
})

export interface Running {
  readonly store: ImportStoreApi
  /** Told of a credential that a job names no more. */
  readonly drop: (credential: string) => Effect.Effect<unknown>
  readonly limits: RunLimits
}

/** Named servers are asked for one by one; the cursor counts them. */
const namedPage = (job: ImportJob, names: ReadonlyArray<string>, { limits }: Running) =>
  Effect.gen(function* () {
    const position = Number(job.cursor ?? 0)
    const name = names[position]
    if (name === undefined) return { items: [], missing: [], next: undefined } satisfies Page
    const found = yield* fetchOne(job.request, name, limits)
    const next = position + 1 < names.length ? String(position + 1) : undefined
    return found === undefined
      ? ({ items: [], missing: [missing(name)], next } satisfies Page)
      : ({ items: [found], missing: [], next } satisfies Page)
  })

const listPage = (job: ImportJob, { limits }: Running) =>
  Effect.map(
    fetchPage(job.request, { cursor: job.cursor ?? undefined, updatedSince: job.updatedSince ?? undefined }, limits),
    ({ entries, nextCursor }): Page => ({ items: entries, missing: [], next: nextCursor })
  )

const newest = (seen: string | null, items: ReadonlyArray<unknown>): string | null =>
  items.reduce<string | null>((latest, item) => {
    const at = changedAt(item)
    return at !== undefined && (latest === null || at > latest) ? at : latest
  }, seen)

/** Applies entries as long as `goesOn`; how many it came to is how many it tells of. */
const apply = <E, R>(items: ReadonlyArray<unknown>, options: ApplyOptions, goesOn: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    const reports: Array<ItemReport> = []
    for (let start = 0; start < items.length; start += AT_ONCE) {
      if (start > 0) yield* turn
      if (!(yield* goesOn)) break
      for (const item of items.slice(start, start + AT_ONCE)) reports.push(brief(yield* applyEntry(item, options)))
    }
    return reports
  })

/** What is remembered of a cursor, to know it again: thousands of them cost little. */
const digest = (cursor: string): string => createHash("sha256").update(cursor).digest("base64")

/** What stops a run before its end; undefined: nothing. `seen`: digests of its cursors. */
const excess = (progress: ImportProgress, next: string, seen: ReadonlySet<string>, limits: RunLimits) =>
  seen.has(digest(next))
    ? "The registry repeats its cursor: what follows can not be had"
    : progress.pages >= limits.maxPages
      ? `There are more than ${limits.maxPages} pages`
      : progress.seen >= limits.maxEntries
        ? `There are more than ${limits.maxEntries} servers`
        : undefined

const page = (job: ImportJob, options: ApplyOptions, running: Running) =>
  Effect.gen(function* () {
    const { names } = job.request
    const found: Page = yield* names === undefined ? listPage(job, running) : namedPage(job, names, running)
    // It may have been cancelled while the source was asked, or since, and be another's.
    const goesOn = Effect.flatMap(Clock.currentTimeMillis, (now) => running.store.renew(job, iso(now + LEASE_MS)))
    const applied = yield* apply(found.items, options, goesOn)
    const items = [...found.missing, ...applied]
    const told: Told = { position: job.progress.seen, items }
    const progress = counted(job.progress, items)
    if (applied.length < found.items.length) {
      return { isWhole: false, job: { ...job, progress }, next: undefined, told } as const
    }
    const done: ImportJob = {
      ...job,
      progress: { ...progress, pages: progress.pages + 1 },
      newestSeen: newest(job.newestSeen, found.items),
      claims: 0,
      cursor: found.next ?? null
    }
    return { isWhole: true, job: done, next: found.next, told } as const
  })

const isMirror = ({ request }: ImportJob): boolean => request.everySeconds !== undefined

/** A job that does not go on, nor can be resumed, needs no credential. */
const withoutCredential = ({ request: { credential: _dropped, ...request }, ...job }: ImportJob): ImportJob => ({
  ...job,
  request
})

/** The run is over: a mirror waits for the next one, which asks for what changed since the newest change seen. */
const ended = (job: ImportJob, problem: string | null, now: number): ImportJob => {
  const progress = { ...job.progress, finishedAt: iso(now), problem }
  if (!isMirror(job)) return withoutCredential({ ...job, state: "finished", cursor: null, progress })
  // After a run that did not come to its end the next one asks for the same.
  const isWhole = problem === null && job.newestSeen !== null
  const since = isWhole ? iso(Date.parse(job.newestSeen) - OVERLAP_MS) : job.updatedSince
  const nextAt = iso(now + (job.request.everySeconds ?? 0) * 1_000)
  return { ...job, state: "waiting", cursor: null, updatedSince: since, nextAt, progress }
}

/** It failed: a mirror tries again in its time, any other import but a dry run can be resumed; either goes on where it is. */
const failed = (
  job: ImportJob,
  { anyPage = false, passing, problem }: Pick<SourceFailed, "anyPage" | "passing" | "problem">,
  now: number
): ImportJob => {
  const after: ImportJob = {
    ...job,
    claims: 0,
    // A cursor the source refuses is of no more use.
    cursor: passing || anyPage ? job.cursor : null,
    state: isMirror(job) ? "waiting" : "interrupted",
    nextAt: isMirror(job) ? iso(now + (job.request.everySeconds ?? 0) * 1_000) : null,
    progress: { ...job.progress, finishedAt: iso(now), problem }
  }
  return job.request.dryRun === true ? withoutCredential(after) : after
}

/** Ends the work on it. False: it was cancelled meanwhile, or others work on it. */
const leave = (before: ImportJob, after: ImportJob, { drop, store }: Running, told?: Told) =>
  Effect.tap(store.save(after, null, told), (written) => {
    const { credential } = before.request
    return written && credential !== undefined && after.request.credential === undefined
      ? drop(credential)
      : Effect.void
  })

/** What can not be worked on is not left running, for others to take up again and again. */
export const breakOff = ({ id, worker }: ImportJob, problem: string, running: Running) =>
  Effect.gen(function* () {
    const job = yield* running.store.find(id)
    if (job?.state !== "running" && job?.state !== "waiting") return
    const now = yield* Clock.currentTimeMillis
    yield* leave(job, { ...failed(job, { passing: true, problem }, now), worker }, running)
  })

const begun = (job: ImportJob, now: number): ImportJob =>
  job.state === "running" && job.progress.startedAt !== null && job.progress.finishedAt === null
    ? job
    : {
        ...job,
        state: "running",
        nextAt: null,
        progress:
          job.cursor === null
            ? { ...NO_PROGRESS, startedAt: iso(now) }
            : { ...job.progress, finishedAt: null, problem: null, startedAt: job.progress.startedAt ?? iso(now) }
      }

/** Of one that was cancelled in the middle of a page: what it did there stays done, and is told. */
const stopped = (job: ImportJob, told: Told | undefined, { store }: Running) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    store.tally({ ...job, progress: { ...job.progress, finishedAt: iso(now) } }, told)
  )

/** Works on a claimed job until it ends, its source fails, or somebody cancels it. */
export const runImport = (claimed: ImportJob, running: Running) =>
  Effect.gen(function* () {
    const { limits, store } = running
    const options: ApplyOptions = {
      source: claimed.request.from,
      enable: claimed.request.enable ?? false,
      rehearsal: claimed.request.dryRun === true ? yield* rehearsal : undefined,
      plain: new Set(claimed.request.variables ?? []),
      names: yield* namesInUse
    }
    let job = begun(claimed, yield* Clock.currentTimeMillis)
    let told: Told | undefined = job.progress.seen === 0 ? { position: 0, items: [] } : undefined
    const cursors = new Set<string>(job.cursor === null ? [] : [digest(job.cursor)])
    while (yield* store.save(job, iso((yield* Clock.currentTimeMillis) + LEASE_MS), told)) {
      const result = yield* Effect.either(page(job, options, running))
      const now = yield* Clock.currentTimeMillis
      if (Either.isLeft(result)) {
        if (result.left._tag === "StoreUnavailable") return yield* result.left
        if (yield* leave(job, failed(job, result.left, now), running)) return
        told = undefined
        break
      }
      const { isWhole, next } = result.right
      job = result.right.job
      told = result.right.told
      if (!isWhole) break
      const problem = next === undefined ? undefined : excess(job.progress, next, cursors, limits)
      if (next === undefined || problem !== undefined) {
        if (yield* leave(job, ended(job, problem ?? null, now), running, told)) return
        break
      }
      cursors.add(digest(next))
    }
    yield* stopped(job, told, running)
  })
