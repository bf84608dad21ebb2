/**
 * **AuditSink** port: the truthful record. `append` is synchronous, bounded and does no I/O; a writer off the serving thread
 * persists rows in batches, each chained to the one before (sequence, previous digest).
 */
import type { AuditRow } from "@mcpgw/domain/Audit"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export interface AuditSinkApi {
  /** Hot. When the bounded buffer is full the row is counted as lost and said so in the log and the metrics. */
  readonly append: (row: AuditRow) => void
  /** Returns when every row appended before it is durable. */
  readonly flush: Effect.Effect<void>
  /** Rows lost to a full buffer since start. */
  readonly lost: () => number
}

export class AuditSink extends Context.Tag("@mcpgw/telemetry/AuditSink")<AuditSink, AuditSinkApi>() {}
