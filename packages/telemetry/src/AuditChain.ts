/**
 * Checks an audit record from its first row to its head: sequences without gaps, every digest recomputed. A pure reader.
 * A cut tail and a wholly rewritten file pass unless `anchor`, a head noted earlier and kept elsewhere, is given.
 */
import type { Database } from "bun:sqlite"
import type * as Effect from "effect/Effect"
import { withAuditFile } from "./AuditReader.ts"
import { digestOf, genesisOf } from "./AuditRecord.ts"
import type { AuditError } from "./AuditSink.ts"

/** A place in a chain. `sequence` 0 with the genesis digest is an empty record. */
export interface ChainHead {
  readonly sequence: number
  readonly digest: string
}

export type ChainReport =
  | { readonly intact: true; readonly chain: string; readonly rows: number; readonly head: ChainHead }
  | {
      readonly intact: false
      readonly chain: string
      /** Sequence of the first row that does not follow from the one before. */
      readonly sequence: number
      readonly reason: "missing_row" | "digest_mismatch" | "anchor_missing" | "anchor_mismatch"
    }

interface Entry extends ChainHead {
  readonly body: string
}

const walk = (db: Database, anchor: ChainHead | undefined): ChainReport => {
  const chains = db.prepare<{ id: string }, []>("SELECT id FROM chain")
  const entries = db.prepare<Entry, []>("SELECT sequence, digest, body FROM entry ORDER BY sequence")
  const chain = chains.get()?.id
  if (chain === undefined) throw new Error("no chain in this file")
  let head: ChainHead = { sequence: 0, digest: genesisOf(chain) }
  const broken = (sequence: number, reason: "missing_row" | "digest_mismatch" | "anchor_missing" | "anchor_mismatch") =>
    ({ intact: false, chain, sequence, reason }) as const
  for (const entry of entries.iterate()) {
    const sequence = head.sequence + 1
    if (entry.sequence !== sequence) return broken(sequence, "missing_row")
    if (digestOf(head.digest, entry.body) !== entry.digest) return broken(sequence, "digest_mismatch")
    if (anchor?.sequence === sequence && anchor.digest !== entry.digest) return broken(sequence, "anchor_mismatch")
    head = { sequence, digest: entry.digest }
  }
  if (anchor !== undefined && anchor.sequence > head.sequence) return broken(head.sequence + 1, "anchor_missing")
  return { intact: true, chain, rows: head.sequence, head }
}

/** Walks the whole file, a few µs per row; fails only when it can not be read. */
export const verifyChain = (
  path: string,
  options?: { readonly anchor?: ChainHead }
): Effect.Effect<ChainReport, AuditError> => withAuditFile(path, (db) => walk(db, options?.anchor))
