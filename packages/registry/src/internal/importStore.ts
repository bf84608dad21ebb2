/**
 * Import jobs in SQL, table `registry_imports`: one row a job; in `registry_import_items` what became of the entries of its last run, one row a
 * page. A process that works on a job holds a lease, so that no other does too.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { migrate } from "@mcpgw/store/Migrations"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type ImportJob, ImportProgress, ImportRequest, ImportState } from "../import/ImportJob.ts"
import { ItemReport } from "../import/itemReport.ts"
import { migrations } from "../Migrations.ts"
import { StoreUnavailable } from "../RegistryError.ts"

const Text = Schema.NullOr(Schema.String)
const Row = Schema.Struct({
  id: Schema.String,
  request: Schema.parseJson(ImportRequest),
  state: ImportState,
  progress: Schema.parseJson(ImportProgress),
  page_cursor: Text,
  updated_since: Text,
  newest_seen: Text,
  next_at: Text,
  claims: Schema.Int,
  worker: Text,
  created_at: Schema.String,
  created_by: Schema.String,
  resumed_by: Text
})
const decode = Schema.decodeUnknownEither(Row)

const jobsOf = (rows: ReadonlyArray<unknown>): ReadonlyArray<ImportJob> =>
  rows.flatMap((row) => {
    const read = decode(row)
    if (Either.isLeft(read)) return []
    const { created_at, created_by, newest_seen, next_at, page_cursor, resumed_by, updated_since, ...same } = read.right
    return [
      {
        ...same,
        cursor: page_cursor,
        updatedSince: updated_since,
        newestSeen: newest_seen,
        nextAt: next_at,
        createdAt: created_at,
        createdBy: created_by,
        resumedBy: resumed_by
      }
    ]
  })

const rowOf = (job: ImportJob) => ({
  id: job.id,
  source: job.request.from,
  request: JSON.stringify(job.request),
  state: job.state,
  progress: JSON.stringify(job.progress),
  page_cursor: job.cursor,
  updated_since: job.updatedSince,
  newest_seen: job.newestSeen,
  next_at: job.nextAt,
  claims: job.claims,
  worker: job.worker,
  created_at: job.createdAt,
  created_by: job.createdBy,
  resumed_by: job.resumedBy
})

/** Jobs kept; of the ones that ended the oldest are dropped. */
const KEPT = 200
/** Of so many of them, and of those that go on, it is kept what became of the first entries. */
const KEPT_TOLD = 20
const MOST_TOLD = 20_000

/** What became of entries of a run; the first of all begin it anew. */
export interface Told {
  /** Entries of the run before these. */
  readonly position: number
  readonly items: ReadonlyArray<ItemReport>
}

const Page = Schema.Struct({ position: Schema.Int, items: Schema.parseJson(Schema.Array(ItemReport)) })
const decodePages = Schema.decodeUnknownEither(Schema.Array(Page))

/** The reports from the `after`th on. */
const reportsOf = (rows: ReadonlyArray<unknown>, after: number): ReadonlyArray<ItemReport> =>
  Either.match(decodePages(rows), {
    onLeft: () => [],
    onRight: (pages) => pages.flatMap(({ items, position }) => items.slice(Math.max(0, after - position)))
  })

/** A job by the claim it is worked on by. */
type Claimed = Pick<ImportJob, "id" | "worker">

export interface ImportStoreApi {
  readonly add: (job: ImportJob) => Effect.Effect<void, StoreUnavailable>
  readonly find: (id: string) => Effect.Effect<ImportJob | undefined, StoreUnavailable>
  /** The newest first. */
  readonly all: Effect.Effect<ReadonlyArray<ImportJob>, StoreUnavailable>
  /** A job to work on until `leaseUntil`: one that runs and nobody works on, or a mirror whose time has come. */
  readonly claim: (now: string, leaseUntil: string) => Effect.Effect<ImportJob | undefined, StoreUnavailable>
  /**
   * How far it is, the lease, and what became of entries. False: it was cancelled meanwhile, or others work on it, and nothing was written.
   */
  readonly save: (job: ImportJob, leaseUntil: string | null, told?: Told) => Effect.Effect<boolean, StoreUnavailable>
  /** What a job did that was cancelled meanwhile: its counts and what became of entries, and nothing when others have begun on it since. */
  readonly tally: (job: ImportJob, told?: Told) => Effect.Effect<void, StoreUnavailable>
  /** What became of at most `most` entries of its last run, from the `after`th on. */
  readonly items: (
    id: string,
    after: number,
    most: number
  ) => Effect.Effect<ReadonlyArray<ItemReport>, StoreUnavailable>
  /** The lease of a job that is being worked on. False: it is not to be worked on any more. */
  readonly renew: (job: Claimed, leaseUntil: string) => Effect.Effect<boolean, StoreUnavailable>
  /** A job that is left in good order, for whoever claims it next. */
  readonly release: (job: Claimed) => Effect.Effect<void, StoreUnavailable>
  /**
   * From that state, and whoever works on it, to another. False: it is not as it was read any more, and stays as it is. Who worked on it may do no
   * more than tell what was done by then, and that only of one that is cancelled.
   */
  readonly turn: (
    was: ImportJob,
    to: Pick<ImportJob, "request" | "resumedBy" | "state">
  ) => Effect.Effect<boolean, StoreUnavailable>
}

/** Creates the table when it is absent. */
export const makeImportStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrate(migrations)
  const unavailable = Effect.mapError((cause: unknown) => new StoreUnavailable({ cause }))
  const prune = sql`DELETE FROM registry_imports WHERE state IN ('finished', 'interrupted', 'cancelled') AND id NOT IN (
    SELECT id FROM registry_imports ORDER BY created_at DESC, id LIMIT ${KEPT})`
  const pruneTold = sql`DELETE FROM registry_import_items WHERE job NOT IN (
    SELECT id FROM registry_imports WHERE state IN ('running', 'waiting')) AND job NOT IN (
    SELECT id FROM registry_imports ORDER BY created_at DESC, id LIMIT ${KEPT_TOLD})`
  const tell = (job: string, { items, position }: Told) =>
    Effect.gen(function* () {
      if (position === 0) yield* sql`DELETE FROM registry_import_items WHERE job = ${job}`
      if (items.length === 0 || position >= MOST_TOLD) return
      const row = { job, position, size: items.length, items: JSON.stringify(items) }
      yield* sql`INSERT INTO registry_import_items ${sql.insert(row)}
        ON CONFLICT (job, position) DO UPDATE SET size = excluded.size, items = excluded.items`
    })
  const withTold = <E, R>(job: string, write: Effect.Effect<boolean, E, R>, told: Told | undefined) =>
    told === undefined
      ? write
      : sql.withTransaction(Effect.tap(write, (written) => (written ? tell(job, told) : Effect.void)))
  const due = (now: string) => sql`(lease_until IS NULL OR lease_until < ${now}) AND (state = 'running' OR (
    state = 'waiting' AND next_at <= ${now}))`
  const api: ImportStoreApi = {
    add: (job) =>
      unavailable(
        sql.withTransaction(
          Effect.all([prune, pruneTold, sql`INSERT INTO registry_imports ${sql.insert(rowOf(job))}`], { discard: true })
        )
      ),
    find: (id) =>
      Effect.map(unavailable(sql`SELECT * FROM registry_imports WHERE id = ${id}`), (rows) => jobsOf(rows)[0]),
    all: Effect.map(unavailable(sql`SELECT * FROM registry_imports ORDER BY created_at DESC, id`), jobsOf),
    claim: (now, leaseUntil) =>
      Effect.map(
        unavailable(sql`UPDATE registry_imports SET lease_until = ${leaseUntil}, claims = claims + 1,
          worker = ${crypto.randomUUID()} WHERE id = (
          SELECT id FROM registry_imports WHERE ${due(now)} ORDER BY created_at LIMIT 1) AND ${due(now)} RETURNING *`),
        (rows) => jobsOf(rows)[0]
      ),
    save: (job, leaseUntil, told) => {
      const { created_at: _at, created_by: _by, id, source: _source, worker, ...fields } = rowOf(job)
      const write = Effect.map(
        sql`UPDATE registry_imports SET ${sql.update({ ...fields, lease_until: leaseUntil })}
          WHERE id = ${id} AND worker = ${worker} AND state <> 'cancelled' RETURNING id`,
        (rows) => rows.length > 0
      )
      return unavailable(withTold(id, write, told))
    },
    tally: ({ id, progress, worker }, told) =>
      Effect.asVoid(
        unavailable(
          withTold(
            id,
            Effect.map(
              sql`UPDATE registry_imports SET progress = ${JSON.stringify(progress)}
                WHERE id = ${id} AND worker = ${worker} AND state = 'cancelled' RETURNING id`,
              (rows) => rows.length > 0
            ),
            told
          )
        )
      ),
    items: (id, after, most) =>
      Effect.map(
        unavailable(sql`SELECT position, items FROM registry_import_items
          WHERE job = ${id} AND position + size > ${after} AND position < ${after + most} ORDER BY position`),
        (rows) => reportsOf(rows, after).slice(0, most)
      ),
    renew: ({ id, worker }, leaseUntil) =>
      Effect.map(
        unavailable(sql`UPDATE registry_imports SET lease_until = ${leaseUntil}
          WHERE id = ${id} AND worker = ${worker} AND state = 'running' RETURNING id`),
        (rows) => rows.length > 0
      ),
    release: ({ id, worker }) =>
      Effect.asVoid(
        unavailable(sql`UPDATE registry_imports SET lease_until = NULL,
          claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END
          WHERE id = ${id} AND worker = ${worker} AND state IN ('running', 'waiting')`)
      ),
    turn: (was, { request, resumedBy, state }) =>
      Effect.map(
        unavailable(sql`UPDATE registry_imports SET state = ${state}, request = ${JSON.stringify(request)},
          resumed_by = ${resumedBy}, lease_until = NULL, claims = 0,
          worker = ${state === "cancelled" ? sql`worker` : null}
          WHERE id = ${was.id} AND state = ${was.state} AND COALESCE(worker, '') = ${was.worker ?? ""} RETURNING id`),
        (rows) => rows.length > 0
      )
  }
  return api
})
