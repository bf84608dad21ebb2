/** Imports from other registries as data: what is asked, and how far one is. */
import * as Schema from "effect/Schema"
import type { ItemReport, Outcome } from "./itemReport.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Shortest time between two runs of a mirror, in seconds. */
export const LEAST_INTERVAL_SECONDS = 60

/** What is asked of an import. */
export const ImportRequest = Schema.Struct({
  /** The registry's address. */
  from: Schema.String,
  /** These servers alone; absent: all. */
  names: optional(Schema.Array(Schema.String)),
  /** Switch new servers on at once. */
  enable: optional(Schema.Boolean),
  dryRun: optional(Schema.Boolean),
  /** Seconds between two runs of a mirror; absent: one run. */
  everySeconds: optional(Schema.Int),
  /** Variables of headers that keep their name. */
  variables: optional(Schema.Array(Schema.String)),
  /** The name under which a credential for the registry is kept; absent: none is sent. */
  credential: optional(Schema.String)
})
export type ImportRequest = typeof ImportRequest.Type

/** `waiting`: a mirror between two runs; `interrupted`: the source failed or the work broke off, and it can be resumed. */
export const ImportState = Schema.Literal("running", "waiting", "finished", "interrupted", "cancelled")
export type ImportState = typeof ImportState.Type

const outcomes = { created: 0, updated: 0, unchanged: 0, removed: 0, skipped: 0, refused: 0 } satisfies Record<
  Outcome,
  number
>

/** Counts of the run that goes on, or of the last one. */
export const ImportProgress = Schema.Struct({
  pages: Schema.Int,
  seen: Schema.Int,
  created: Schema.Int,
  updated: Schema.Int,
  unchanged: Schema.Int,
  removed: Schema.Int,
  skipped: Schema.Int,
  refused: Schema.Int,
  /** ISO 8601. */
  startedAt: Schema.NullOr(Schema.String),
  finishedAt: Schema.NullOr(Schema.String),
  /** Why it was interrupted, or what was left out; null: nothing. */
  problem: Schema.NullOr(Schema.String)
})
export type ImportProgress = typeof ImportProgress.Type

export const NO_PROGRESS: ImportProgress = {
  pages: 0,
  seen: 0,
  ...outcomes,
  startedAt: null,
  finishedAt: null,
  problem: null
}

/** The counts after these entries. */
export const counted = (progress: ImportProgress, items: ReadonlyArray<ItemReport>): ImportProgress => {
  const count = (outcome: Outcome): number => items.filter((item) => item.outcome === outcome).length
  return {
    ...progress,
    seen: progress.seen + items.length,
    created: progress.created + count("created"),
    updated: progress.updated + count("updated"),
    unchanged: progress.unchanged + count("unchanged"),
    removed: progress.removed + count("removed"),
    skipped: progress.skipped + count("skipped"),
    refused: progress.refused + count("refused")
  }
}

export interface ImportJob {
  readonly id: string
  readonly request: ImportRequest
  readonly state: ImportState
  readonly progress: ImportProgress
  /** Where the run goes on; null: at the beginning. */
  readonly cursor: string | null
  /** What this run asks for: entries changed since then; null: all. */
  readonly updatedSince: string | null
  /** Newest change the source told of so far. */
  readonly newestSeen: string | null
  /** When a mirror runs again. */
  readonly nextAt: string | null
  /** How often work on it was begun since it last got on by a page. */
  readonly claims: number
  /** The claim it is worked on by, or was last; null: nobody began. */
  readonly worker: string | null
  readonly createdAt: string
  readonly createdBy: string
  /** Who resumed it last; null: nobody did. */
  readonly resumedBy: string | null
}
