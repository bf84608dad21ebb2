/** **AuditSink** kept in memory and readable through `AuditRows`, for tests. Never for production: nothing is durable. */
import type { AuditRow } from "@mcpgw/domain/Audit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AuditRecord, digestOf, encodeRow, genesisOf } from "./AuditRecord.ts"
import { AuditSink } from "./AuditSink.ts"

export interface AuditRowsApi {
  /** Everything appended so far, oldest first. */
  readonly read: Effect.Effect<ReadonlyArray<AuditRecord>>
}

/** Reading side of `layerMemory`. */
export class AuditRows extends Context.Tag("@mcpgw/telemetry/AuditRows")<AuditRows, AuditRowsApi>() {}

const make = (capacity: number) => {
  const chain = crypto.randomUUID()
  const records: Array<AuditRecord> = []
  let previous = genesisOf(chain)
  let lost = 0
  const append = (row: AuditRow): void => {
    if (records.length >= capacity) {
      lost++
      return
    }
    const digest = digestOf(previous, encodeRow(row))
    records.push({ ...row, chain, sequence: records.length + 1, previous, digest })
    previous = digest
  }
  return Context.make(AuditSink, {
    append,
    hasRoom: () => records.length < capacity,
    flush: Effect.void,
    lost: () => lost
  }).pipe(Context.add(AuditRows, { read: Effect.sync(() => records.slice()) }))
}

/** Keeps the first `capacity` rows (default 10 000), chained as the production sink chains them; counts the rest as lost. */
export const layerMemory = (options?: { readonly capacity?: number }): Layer.Layer<AuditSink | AuditRows> =>
  Layer.effectContext(Effect.sync(() => make(options?.capacity ?? 10_000)))
