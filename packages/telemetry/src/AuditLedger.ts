/**
 * The SQLite file of the audit record, as its one writer sees it: opens or creates it and appends batches, each in one
 * transaction. Runs on the worker thread; throws what SQLite throws. No Effect here: the worker is a leaf and stays small.
 *
 * Insert is kept cheap: three columns, no secondary index (sequence order is time order), `previous` not stored twice (it is
 * the digest of the row before), 8 KiB pages. Readers use the `audit` view, which names the columns.
 */
import { chmodSync, closeSync, openSync } from "node:fs"
import { Database } from "bun:sqlite"
import type { Prune, Pruned } from "./AuditProtocol.ts"
import { type ChainHead, digestOf, encodeRow, FIELDS, genesisOf, removalRow } from "./AuditRecord.ts"

export interface AuditLedger {
  /** Rows this token has committed to the file, over every time it was opened. */
  readonly written: () => number
  /** Appends newline-separated bodies in one transaction and returns the new `written`. */
  readonly append: (bodies: string) => number
  /**
   * Removes the oldest rows, in one transaction, and keeps where the chain goes on (`anchor`), which a row of its own records. Only ever
   * the beginning of the record: a row that is late in it, or stands behind one that is not old enough, stays until its turn.
   */
  readonly prune: (request: Prune) => Pruned
  /** Checkpoints the write-ahead log, so that what was committed also survives a power cut. */
  readonly sync: () => void
  /** Closes the file; the token stays known, for the next opening by the same sink. */
  readonly abandon: () => void
  /** Forgets the token and closes the file. */
  readonly close: () => void
}

const columns = FIELDS.map((field, index) => `entry.body ->> ${index} AS "${field}"`).join(", ")

const SCHEMA = `
CREATE TABLE IF NOT EXISTS chain (
  one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, genesis TEXT NOT NULL, format INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entry (sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS writer (token TEXT PRIMARY KEY, rows INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS anchor (
  one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, digest TEXT NOT NULL
) STRICT;
`

const VIEW = `CREATE VIEW audit AS
SELECT chain.id AS chain, entry.sequence AS sequence,
  coalesce((SELECT before.digest FROM entry AS before WHERE before.sequence = entry.sequence - 1),
    (SELECT digest FROM anchor), chain.genesis) AS previous,
  entry.digest AS digest, ${columns}
FROM entry, chain`

/** Format of a record nothing was removed from, and of one that goes on from an anchor: only versions that know of it may extend that. */
const WHOLE = 1
const ANCHORED = 2

/** Brings the view of a file written by an older version up to date. */
const prepareView = (db: Database): void => {
  using select = db.prepare<{ sql: string }, []>("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = 'audit'")
  if (select.get()?.sql === VIEW) return
  db.run("DROP VIEW IF EXISTS audit")
  db.run(VIEW)
}

const prepareFile = (db: Database, token: string): string => {
  // A second process on the same file (a rolling restart) waits here instead of failing.
  db.run("PRAGMA busy_timeout = 5000")
  db.run("PRAGMA page_size = 8192")
  db.run("PRAGMA journal_mode = WAL")
  db.run("PRAGMA synchronous = NORMAL")
  // What is removed is gone from the file, not only from its tables.
  db.run("PRAGMA secure_delete = ON")
  db.transaction(() => {
    db.run(SCHEMA)
    prepareView(db)
    const id = crypto.randomUUID()
    db.run("INSERT OR IGNORE INTO chain (one, id, genesis, format) VALUES (1, ?, ?, ?)", [id, genesisOf(id), WHOLE])
    db.run("INSERT OR IGNORE INTO writer (token, rows) VALUES (?, 0)", [token])
  }).immediate()
  using select = db.prepare<{ genesis: string; format: number }, []>("SELECT genesis, format FROM chain")
  const chain = select.get()
  if (chain === null || (chain.format !== WHOLE && chain.format !== ANCHORED))
    throw new Error("not an audit record this version can extend")
  return chain.genesis
}

const prepareStatements = (db: Database) => ({
  begin: db.prepare("BEGIN IMMEDIATE"),
  commit: db.prepare("COMMIT"),
  head: db.prepare<ChainHead, []>("SELECT sequence, digest FROM entry ORDER BY sequence DESC LIMIT 1"),
  anchor: db.prepare<ChainHead, []>("SELECT sequence, digest FROM anchor"),
  oldest: db.prepare<ChainHead & { at: number }, [number]>(
    "SELECT sequence, digest, body ->> 1 AS at FROM entry ORDER BY sequence LIMIT ?"
  ),
  remove: db.prepare<void, [number]>("DELETE FROM entry WHERE sequence <= ?"),
  goOnFrom: db.prepare<void, [number, string]>(
    "INSERT OR REPLACE INTO anchor (one, sequence, digest) VALUES (1, ?, ?)"
  ),
  anchored: db.prepare<void, [number]>("UPDATE chain SET format = ?"),
  insert: db.prepare<void, [number, string, string]>("INSERT INTO entry (sequence, digest, body) VALUES (?, ?, ?)"),
  progress: db.prepare<void, [number, string, number]>("UPDATE writer SET rows = ? WHERE token = ? AND rows = ?")
})

const readWritten = (db: Database, token: string): number => {
  using select = db.prepare<{ rows: number }, [string]>("SELECT rows FROM writer WHERE token = ?")
  return select.get(token)?.rows ?? 0
}

/**
 * How many of the oldest rows go: those that began before `before`. One dated after now, by a clock that was wrong, keeps none behind
 * it from going.
 */
const expired = (oldest: ReadonlyArray<{ readonly at: number }>, { at: now, before }: Prune): number => {
  let count = 0
  for (const [i, { at }] of oldest.entries()) {
    if (at < before) count = i + 1
    else if (at <= now) break
  }
  return count
}

const start = (db: Database, token: string): AuditLedger => {
  const genesis = prepareFile(db, token)
  const sql = prepareStatements(db)
  let written = readWritten(db, token)

  const transaction = <A>(body: () => A): A => {
    sql.begin.run()
    try {
      const result = body()
      sql.commit.run()
      return result
    } catch (cause) {
      if (db.inTransaction) db.run("ROLLBACK")
      throw cause
    }
  }

  /** Within a transaction: two processes on one file then extend one chain, never fork it. */
  const extend = (bodies: ReadonlyArray<string>): void => {
    let { digest, sequence }: ChainHead = sql.head.get() ?? sql.anchor.get() ?? { sequence: 0, digest: genesis }
    for (const body of bodies) {
      digest = digestOf(digest, body)
      sql.insert.run(++sequence, digest, body)
    }
  }

  const append = (bodies: string): number => {
    const lines = bodies.split("\n")
    transaction(() => {
      extend(lines)
      // A replaced worker that was still writing would show here; the sink then asks again how far the file is.
      if (sql.progress.run(written + lines.length, token, written).changes !== 1)
        throw new Error("another worker of this sink wrote in between")
    })
    written += lines.length
    return written
  }

  const prune = (request: Prune): Pruned =>
    transaction(() => {
      const oldest = sql.oldest.all(request.rows)
      const rows = expired(oldest, request)
      const last = oldest[rows - 1]
      if (last === undefined) return { type: "pruned", rows: 0, more: false }
      extend([encodeRow(removalRow(last, request.at))])
      sql.remove.run(last.sequence)
      sql.goOnFrom.run(last.sequence, last.digest)
      sql.anchored.run(ANCHORED)
      return { type: "pruned", rows, more: rows === request.rows }
    })

  return {
    written: () => written,
    append,
    prune,
    sync: () => db.run("PRAGMA wal_checkpoint(PASSIVE)"),
    abandon: () => db.close(true),
    close: () => {
      db.run("DELETE FROM writer WHERE token = ?", [token])
      db.close(true)
    }
  }
}

/** Opens the file, creating it when absent. `token` names the sink, so that a reopened file tells how far it came. */
export const openLedger = (path: string, token: string): AuditLedger => {
  // Made, or closed to other users, before SQLite opens it: the files beside it take over its mode.
  closeSync(openSync(path, "a", 0o600))
  chmodSync(path, 0o600)
  const db = new Database(path, { create: true, readwrite: true, strict: true })
  try {
    return start(db, token)
  } catch (cause) {
    db.close(true)
    throw cause
  }
}
