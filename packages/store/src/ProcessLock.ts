/**
 * A lock over the processes of one machine that says who holds it: by one alone, or by all that come with the same words. Held by the
 * operating system through SQLite's lock of a file, so that whoever dies, killed or not, has let go. The file stays; never put what is
 * precious into it.
 */
import { Database } from "bun:sqlite"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { writeFileSync } from "node:fs"

/** Somebody else holds it, with other words or alone. */
export class LockHeld extends Schema.TaggedError<LockHeld>()("LockHeld", {
  file: Schema.String,
  /** Of the process that took it first; others may have joined, and it may have gone since. */
  pid: Schema.Number,
  words: Schema.String
}) {
  override get message(): string {
    return `${this.file} is held by process ${this.pid} (${this.words})`
  }
}

/** The file can not be made, or locked. */
export class LockUnusable extends Schema.TaggedError<LockUnusable>()("LockUnusable", {
  file: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file} can not be used: ${this.problem}`
  }
}

export interface LockOptions {
  /** In a folder that exists; made with mode 0600. */
  readonly file: string
  /** What a holder has to agree on with those that hold it beside them; told to whom it is refused. */
  readonly words: string
  /** False: held by one alone, whatever the words. */
  readonly shared: boolean
}

interface Row {
  readonly pid: number
  readonly words: string
  /** Another for each that holds it alone; empty: shared. */
  readonly mark: string
}

const TABLE = "CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL, words TEXT NOT NULL, mark TEXT NOT NULL)"

/** A moment in which another takes it is waited out, in all this many milliseconds. */
const PATIENCE_MS = 2_000

const BUSY = "busy"

const isBusy = (error: unknown): boolean =>
  error instanceof Error && String(Reflect.get(error, "code")).startsWith("SQLITE_BUSY")

/** Writes down who holds it, if nobody does. */
const takeFirst = (database: Database, row: Row): void => {
  try {
    database.exec("BEGIN EXCLUSIVE")
  } catch (error) {
    if (isBusy(error)) return
    throw error
  }
  database.exec(TABLE)
  database.exec("DELETE FROM holder")
  database.query("INSERT INTO holder VALUES (?, ?, ?)").run(row.pid, row.words, row.mark)
  database.exec("COMMIT")
}

/** What is read in a transaction stays locked while that goes on. Between the two another may have been first. */
const readHeld = (database: Database): Row | null => {
  database.exec("BEGIN")
  return database.query<Row, []>("SELECT pid, words, mark FROM holder").get()
}

const open = ({ file, words }: LockOptions, mark: string): Database | Row => {
  // Never opened by other means when it is there: whoever closes a file lets go of all locks their process has on it.
  try {
    writeFileSync(file, "", { flag: "wx", mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && Reflect.get(error, "code") === "EEXIST")) throw error
  }
  const database = new Database(file, { create: true, readwrite: true })
  try {
    database.exec("PRAGMA busy_timeout = 0")
    takeFirst(database, { pid: process.pid, words, mark })
    const held = readHeld(database)
    if (held !== null && held.words === words && held.mark === mark) return database
    database.close()
    return held ?? { pid: 0, words: "", mark: "" }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Never waits in SQLite, which would stop whoever is in its way in this process. */
const attempt = (options: LockOptions, mark: string) =>
  Effect.try({
    try: () => open(options, mark),
    catch: (error) =>
      isBusy(error)
        ? BUSY
        : new LockUnusable({ file: options.file, problem: error instanceof Error ? error.message : String(error) })
  }).pipe(
    Effect.flatMap((found) =>
      found instanceof Database
        ? Effect.succeed(found)
        : Effect.fail(new LockHeld({ file: options.file, pid: found.pid, words: found.words }))
    )
  )

const take = (options: LockOptions): Effect.Effect<Database, LockHeld | LockUnusable> =>
  Effect.gen(function* () {
    const mark = options.shared ? "" : crypto.randomUUID()
    const until = (yield* Clock.currentTimeMillis) + PATIENCE_MS
    return yield* Effect.retry(attempt(options, mark), {
      schedule: Schedule.spaced("20 millis"),
      while: (problem) => Effect.map(Clock.currentTimeMillis, (now) => problem === BUSY && now < until)
    }).pipe(
      Effect.mapError((problem) =>
        problem === BUSY ? new LockUnusable({ file: options.file, problem: "it is locked by something else" }) : problem
      )
    )
  })

/** Takes it and holds it until the scope closes. Fails at once with whom it is held by. */
export const hold = (options: LockOptions): Effect.Effect<void, LockHeld | LockUnusable, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(take(options), (database) => Effect.sync(() => database.close())))
