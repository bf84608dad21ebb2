/**
 * One writer of a file at a time, among all processes that ask here: a file beside it that can be made once. What a process that died left
 * is taken over after a while. Editors ask nobody; for them the file is compared before it is replaced.
 */
import { randomUUID } from "node:crypto"
import { link, open, rename, stat, unlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** A write takes milliseconds; whoever holds the lock this long has died. */
const LEFT_MS = 10_000
const PATIENCE_MS = 5_000
const PAUSE_MS = 5

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : undefined)

/** False: somebody has it. */
const made = async (lock: string): Promise<boolean> => {
  try {
    await (await open(lock, "wx", 0o600)).close()
    return true
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false
    throw cause
  }
}

/** Removes a lock that somebody left; one that was made since is put back. */
const removeLeft = async (lock: string): Promise<void> => {
  const aside = `${lock}.${randomUUID()}.tmp`
  try {
    const { ino, mtimeMs } = await stat(lock)
    if (Date.now() - mtimeMs < LEFT_MS) return
    await rename(lock, aside)
    if ((await stat(aside)).ino !== ino) await link(aside, lock)
    await unlink(aside)
  } catch (cause) {
    // Somebody else was quicker.
    if (codeOf(cause) !== "ENOENT") throw cause
  }
}

/** Undefined: another writer did not come to an end in time, and `write` was not run. */
export const writingAlone = async <A>(file: string, write: () => Promise<A>): Promise<A | undefined> => {
  const lock = join(dirname(file), `.${basename(file)}.lock`)
  const until = Date.now() + PATIENCE_MS
  while (!(await made(lock))) {
    if (Date.now() > until) return undefined
    await removeLeft(lock)
    await sleep(PAUSE_MS)
  }
  try {
    return await write()
  } finally {
    await unlink(lock).catch(() => undefined)
  }
}
