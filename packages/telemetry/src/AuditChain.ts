/**
 * Checks an audit record from its first row to its head: sequences without gaps, every digest recomputed. A pure reader.
 * Where rows were removed by age it starts at the anchor kept in their place, which a row of the record must name.
 * A cut tail and a wholly rewritten file pass unless `anchor`, a head noted earlier and kept elsewhere, is given.
 */
import type { Database } from "bun:sqlite"
import type * as Effect from "effect/Effect"
import { withAuditFile } from "./AuditReader.ts"
import { type ChainHead, digestOf, genesisOf, recordsRemoval, removalRule } from "./AuditRecord.ts"
import type { AuditError } from "./AuditSink.ts"

export type { ChainHead } from "./AuditRecord.ts"

export type ChainReport =
  | {
      readonly intact: true
      readonly chain: string
      /** The last row removed by age, after which the check could begin; sequence 0 when none was. */
      readonly from: ChainHead
      /** Rows checked: those after `from`. */
      readonly rows: number
      readonly head: ChainHead
      /** The noted head: found in the record, removed by age and so beyond checking, or none was given. */
      readonly noted: "confirmed" | "removed" | "none"
    }
  | {
      readonly intact: false
      readonly chain: string
      /** Sequence of the first row that does not follow from the one before. */
      readonly sequence: number
      readonly reason: Reason
    }

type Reason =
  | "missing_row"
  | "digest_mismatch"
  /** Rows are gone from the beginning, and no row of the record says that they were removed. */
  | "removal_unrecorded"
  /** The noted head is beyond the end of the record. */
  | "anchor_missing"
  /** The record holds another row where the noted head was. */
  | "anchor_mismatch"

interface Entry extends ChainHead {
  readonly body: string
}

/** Where the record begins. A file of an older version has no table for it. */
const beginning = (db: Database, chain: string): ChainHead => {
  const tables = db.prepare<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE name = 'anchor'")
  const whole = { sequence: 0, digest: genesisOf(chain) }
  if (tables.get() === null) return whole
  return db.prepare<ChainHead, []>("SELECT sequence, digest FROM anchor").get() ?? whole
}

const walk = (db: Database, noted: ChainHead | undefined): ChainReport => {
  const chains = db.prepare<{ id: string }, []>("SELECT id FROM chain")
  const entries = db.prepare<Entry, []>("SELECT sequence, digest, body FROM entry ORDER BY sequence")
  const chain = chains.get()?.id
  if (chain === undefined) throw new Error("no chain in this file")
  const from = beginning(db, chain)
  const removal = removalRule(from)
  const broken = (sequence: number, reason: Reason) => ({ intact: false, chain, sequence, reason }) as const
  let head = from
  let recorded = from.sequence === 0
  if (noted?.sequence === from.sequence && noted.digest !== from.digest) return broken(from.sequence, "anchor_mismatch")
  for (const entry of entries.iterate()) {
    const sequence = head.sequence + 1
    if (entry.sequence !== sequence) return broken(sequence, "missing_row")
    if (digestOf(head.digest, entry.body) !== entry.digest) return broken(sequence, "digest_mismatch")
    if (noted?.sequence === sequence && noted.digest !== entry.digest) return broken(sequence, "anchor_mismatch")
    recorded ||= entry.body.includes(removal) && recordsRemoval(entry.body, from)
    head = { sequence, digest: entry.digest }
  }
  if (!recorded) return broken(from.sequence, "removal_unrecorded")
  if (noted !== undefined && noted.sequence > head.sequence) return broken(head.sequence + 1, "anchor_missing")
  return {
    intact: true,
    chain,
    from,
    rows: head.sequence - from.sequence,
    head,
    noted: noted === undefined ? "none" : noted.sequence < from.sequence ? "removed" : "confirmed"
  }
}

/** Walks the whole file, a few µs per row; fails only when it can not be read. */
export const verifyChain = (
  path: string,
  options?: { readonly anchor?: ChainHead }
): Effect.Effect<ChainReport, AuditError> => withAuditFile(path, (db) => walk(db, options?.anchor))
