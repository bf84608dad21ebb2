/**
 * **AuditSink** port: the truthful record. `append` is synchronous, bounded and does no I/O; a writer off the serving thread
 * persists rows in batches, each chained to the one before (sequence, previous digest).
 * Layers: `layerNoop` here, `layerMemory` in AuditMemory.ts, `layerSqlite` in AuditSqlite.ts.
 */
import type { AuditRow } from "@mcpgw/domain/Audit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export interface AuditSinkApi {
  /** Hot. When the bounded buffer is full the row is counted as lost and said so in the log and the metrics. */
  readonly append: (row: AuditRow) => void
  /** Returns when every row appended before it is durable. Waits as long as the record can not be written. */
  readonly flush: Effect.Effect<void>
  /** Hot. False: a row would be lost now; what could not be recorded should not be carried either. */
  readonly hasRoom: () => boolean
  /** Rows lost since start: the buffer was full, or the sink closed. */
  readonly lost: () => number
}

export class AuditSink extends Context.Tag("@mcpgw/telemetry/AuditSink")<AuditSink, AuditSinkApi>() {}

/** The record at `path` can not be opened, written or read. */
export class AuditError extends Schema.TaggedError<AuditError>()("AuditError", {
  path: Schema.String,
  operation: Schema.Literal("open", "write", "read"),
  reason: Schema.String
}) {
  override get message(): string {
    return `audit record ${this.path}: ${this.operation} failed: ${this.reason}`
  }
}

/** Drops every row, for tests and benches that measure something else. */
export const layerNoop: Layer.Layer<AuditSink> = Layer.succeed(AuditSink, {
  append: () => {},
  hasRoom: () => true,
  flush: Effect.void,
  lost: () => 0
})
