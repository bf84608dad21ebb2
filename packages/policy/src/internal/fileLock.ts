/**
 * One writer of a file at a time, among all processes that ask here: a file beside it, held by the operating system through SQLite's lock of
 * a file, so that whoever dies, killed or not, has let go. The lock's file stays and is empty; never removes it, which would make two of it.
 * Editors ask nobody; for them the file is compared before it is replaced.
 */
import { Database } from "bun:sqlite"
import { access, chmod, chown, constants, stat, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** A write takes milliseconds, and of many that wait each has its turn soon. */
const PATIENCE_MS = 2_000
const PAUSE_MS = 5

/** Who may write the file may lock it. */
interface Like {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : undefined)

const alike = async (lock: string, { gid, mode, uid }: Like): Promise<void> => {
  const own = await stat(lock)
  if (own.uid !== uid || own.gid !== gid) await chown(lock, uid, gid)
  await chmod(lock, mode)
}

/** Never opened by other means when it is there: whoever closes a file lets go of all locks their process has on it. */
const made = async (lock: string, like: Like | undefined): Promise<void> => {
  try {
    await writeFile(lock, "", { flag: "wx", mode: 0o600 })
    if (like !== undefined) await alike(lock, like)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  // What SQLite may only read it would lock for reading, beside everybody else.
  await access(lock, constants.R_OK | constants.W_OK)
}

/** Never waits in SQLite, which would stop whoever has it in this process. */
const taken = (database: Database): boolean => {
  try {
    // Nothing is ever written into it, so that a journal would be one more file and no more.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    return true
  } catch (cause) {
    if (String(codeOf(cause)).startsWith("SQLITE_BUSY")) return false
    throw cause
  }
}

/** Undefined: another writer did not come to an end in time, and `write` was not run. */
export const writingAlone = async <A>(
  file: string,
  like: Like | undefined,
  write: () => Promise<A>
): Promise<A | undefined> => {
  const lock = join(dirname(file), `.${basename(file)}.lock`)
  await made(lock, like)
  const database = new Database(lock, { create: true, readwrite: true })
  try {
    database.exec("PRAGMA busy_timeout = 0")
    const until = performance.now() + PATIENCE_MS
    while (!taken(database)) {
      if (performance.now() > until) return undefined
      await sleep(PAUSE_MS)
    }
    return await write()
  } finally {
    database.close()
  }
}
