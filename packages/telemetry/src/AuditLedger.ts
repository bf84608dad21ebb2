/**
 * The SQLite file of the audit record, as its one writer sees it: opens or creates it and appends batches, each in one
 * transaction. Runs on the worker thread; throws what SQLite throws. No Effect here: the worker is a leaf and stays small.
 *
 * Insert is kept cheap: three columns, no secondary index (sequence order is time order), `previous` not stored twice (it is
 * the digest of the row before), 8 KiB pages. Readers use the `audit` view, which names the columns.
 */
import { chmodSync, closeSync, openSync } from "node:fs"
import { Database } from "bun:sqlite"
import { digestOf, FIELDS, genesisOf } from "./AuditRecord.ts"

export interface AuditLedger {
  /** Rows this token has committed to the file, over every time it was opened. */
  readonly written: () => number
  /** Appends newline-separated bodies in one transaction and returns the new `written`. */
  readonly append: (bodies: string) => number
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
CREATE VIEW IF NOT EXISTS audit AS
SELECT chain.id AS chain, entry.sequence AS sequence,
  coalesce((SELECT before.digest FROM entry AS before WHERE before.sequence = entry.sequence - 1), chain.genesis) AS previous,
  entry.digest AS digest, ${columns}
FROM entry, chain;
`

const prepareFile = (db: Database, token: string): string => {
  // A second process on the same file (a rolling restart) waits here instead of failing.
  db.run("PRAGMA busy_timeout = 5000")
  db.run("PRAGMA page_size = 8192")
  db.run("PRAGMA journal_mode = WAL")
  db.run("PRAGMA synchronous = NORMAL")
  db.transaction(() => {
    db.run(SCHEMA)
    const id = crypto.randomUUID()
    db.run("INSERT OR IGNORE INTO chain (one, id, genesis, format) VALUES (1, ?, ?, 1)", [id, genesisOf(id)])
    db.run("INSERT OR IGNORE INTO writer (token, rows) VALUES (?, 0)", [token])
  }).immediate()
  using select = db.prepare<{ genesis: string; format: number }, []>("SELECT genesis, format FROM chain")
  const chain = select.get()
  if (chain === null || chain.format !== 1) throw new Error("not an audit record this version can extend")
  return chain.genesis
}

const prepareStatements = (db: Database) => ({
  begin: db.prepare("BEGIN IMMEDIATE"),
  commit: db.prepare("COMMIT"),
  head: db.prepare<{ sequence: number; digest: string }, []>(
    "SELECT sequence, digest FROM entry ORDER BY sequence DESC LIMIT 1"
  ),
  insert: db.prepare<void, [number, string, string]>("INSERT INTO entry (sequence, digest, body) VALUES (?, ?, ?)"),
  progress: db.prepare<void, [number, string, number]>("UPDATE writer SET rows = ? WHERE token = ? AND rows = ?")
})

const readWritten = (db: Database, token: string): number => {
  using select = db.prepare<{ rows: number }, [string]>("SELECT rows FROM writer WHERE token = ?")
  return select.get(token)?.rows ?? 0
}

const start = (db: Database, token: string): AuditLedger => {
  const genesis = prepareFile(db, token)
  const sql = prepareStatements(db)
  let written = readWritten(db, token)

  const append = (bodies: string): number => {
    sql.begin.run()
    try {
      // Read inside the transaction: two processes on one file then extend one chain, never fork it.
      const head = sql.head.get()
      let sequence = head?.sequence ?? 0
      let previous = head?.digest ?? genesis
      const lines = bodies.split("\n")
      for (const body of lines) {
        previous = digestOf(previous, body)
        sql.insert.run(++sequence, previous, body)
      }
      // A replaced worker that was still writing would show here; the sink then asks again how far the file is.
      if (sql.progress.run(written + lines.length, token, written).changes !== 1)
        throw new Error("another worker of this sink wrote in between")
      sql.commit.run()
      written += lines.length
      return written
    } catch (cause) {
      if (db.inTransaction) db.run("ROLLBACK")
      throw cause
    }
  }

  return {
    written: () => written,
    append,
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
