/** Reads the audit record from its file on a read-only connection of its own. Never writes; safe beside a running gateway. */
import { Database } from "bun:sqlite"
import * as Effect from "effect/Effect"
import type { AuditRecord } from "./AuditRecord.ts"
import { AuditError } from "./AuditSink.ts"

export interface ReadAuditOptions {
  /** Rows at most, the newest ones. Default 100. */
  readonly limit?: number
  /** Only rows after this sequence. */
  readonly after?: number
  /** Only rows before this sequence. */
  readonly before?: number
}

/** Opens `path` read-only for one use; what SQLite throws becomes `AuditError`. */
export const withAuditFile = <A>(path: string, use: (db: Database) => A): Effect.Effect<A, AuditError> =>
  Effect.try({
    try: () => {
      const db = new Database(path, { readonly: true, strict: true })
      try {
        return use(db)
      } finally {
        // Also finalizes statements: one left unread would keep its lock until it is collected.
        db.close(true)
      }
    },
    catch: (cause) =>
      new AuditError({ path, operation: "read", reason: cause instanceof Error ? cause.message : String(cause) })
  })

/** The newest `limit` rows in the window, oldest first. */
export const readAudit = (
  path: string,
  options?: ReadAuditOptions
): Effect.Effect<ReadonlyArray<AuditRecord>, AuditError> =>
  withAuditFile(path, (db) => {
    const select = db.prepare<AuditRecord, [number, number, number]>(
      "SELECT * FROM audit WHERE sequence > ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"
    )
    return select.all(options?.after ?? 0, options?.before ?? Number.MAX_SAFE_INTEGER, options?.limit ?? 100).reverse()
  })
