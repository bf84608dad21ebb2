/** Small private files, written whole or not at all. Knows nothing of what is in them. */
import { randomUUID } from "node:crypto"
import { chown, link, open, rename, stat, unlink } from "node:fs/promises"
import { dirname } from "node:path"

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

/** Text and mode of one and the same open file; undefined when there is none. */
export const readPrivate = async (
  file: string
): Promise<{ readonly text: string; readonly mode: number } | undefined> => {
  try {
    const handle = await open(file, "r")
    try {
      const { mode } = await handle.stat()
      return { text: await handle.readFile("utf8"), mode }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

/** A complete copy beside `file`, mode 0600, on disk. */
const writeBeside = async (file: string, text: string): Promise<string> => {
  const beside = `${file}.${randomUUID()}.tmp`
  const handle = await open(beside, "wx", 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return beside
}

const syncFolder = async (file: string): Promise<void> => {
  const handle = await open(dirname(file), "r")
  await handle.sync().finally(() => handle.close())
}

/** Writes `file` unless it exists; answers whether it was this call that wrote it. */
export const createExclusively = async (file: string, text: string): Promise<boolean> => {
  const beside = await writeBeside(file, text)
  try {
    await link(beside, file)
    await syncFolder(file)
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  } finally {
    await unlink(beside)
  }
}

/** Replaces `file`: a reader sees the old text or the new, never a part. Its owner stays, whoever replaces it. */
export const replaceAtomically = async (file: string, text: string): Promise<void> => {
  const beside = await writeBeside(file, text)
  try {
    const [before, now] = await Promise.all([stat(file), stat(beside)])
    if (before.uid !== now.uid) await chown(beside, before.uid, before.gid)
    await rename(beside, file)
  } catch (error) {
    await unlink(beside)
    throw error
  }
  await syncFolder(file)
}
