/**
 * What the serving thread and the audit worker say to each other. A batch is a bare string, because Bun passes strings
 * between threads without serialising them; an acknowledgement is a bare number.
 */

/** A string is a batch: bodies separated by newlines. */
export type ToWorker =
  | string
  | { readonly type: "open"; readonly path: string; readonly token: string }
  | { readonly type: "sync"; readonly id: number }
  | Prune
  | { readonly type: "close" }

/** Removes up to `rows` of the oldest rows begun before `before`, and records that as of `at`; both in epoch milliseconds. */
export interface Prune {
  readonly type: "prune"
  readonly before: number
  readonly at: number
  readonly rows: number
}

/** How many rows a `Prune` removed, and whether there may be more to remove. */
export interface Pruned {
  readonly type: "pruned"
  readonly rows: number
  readonly more: boolean
}

/** A number acknowledges: rows of this token committed so far. After `failed` the worker ignores everything. */
export type FromWorker =
  | number
  | { readonly type: "opened"; readonly written: number }
  | { readonly type: "synced"; readonly id: number }
  | Pruned
  | { readonly type: "failed"; readonly operation: "open" | "write"; readonly reason: string }
  | { readonly type: "closed" }

/** The part of a `Worker` the sink uses, so that tests can script one. */
export interface WorkerPort {
  readonly send: (message: ToWorker) => void
  readonly terminate: () => void
}

export interface WorkerEvents {
  readonly message: (message: FromWorker) => void
  /** The thread is gone, or an error escaped it. */
  readonly died: (reason: string) => void
}

export type SpawnWorker = (events: WorkerEvents) => WorkerPort
