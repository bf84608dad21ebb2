/**
 * `PolicyWriter` over the file that `ScopePolicyFile` reads. A write is a whole new file put in the old one's place by a rename in the same
 * folder, with a copy of the old one beside it; of several processes that write one file, one at a time. Keeps mode and owner, follows a
 * link to its file, and keeps the newest copies only.
 */
import { createHash, randomUUID } from "node:crypto"
import { access, chown, constants, open, readdir, readFile, realpath, rename, stat, unlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { writingAlone } from "./internal/fileLock.ts"
import { type Backend, makeWriter, PolicyWriter, type WriteOptions } from "./PolicyWriter.ts"
import { PolicyChanged, PolicyReadOnly, PolicyUnavailable, type PolicyWriteError } from "./PolicyWriteError.ts"
import type { ScopePolicy } from "./ScopePolicy.ts"
import type { PolicyFileOptions } from "./ScopePolicyFile.ts"

/** Copies of earlier texts that are kept beside the file. */
export const BACKUPS_KEPT = 20

/** In words to people, who have no business with the server's folders. */
const nameOf = ({ path }: PolicyFileOptions): string => basename(path)

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32)

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error"

/** The file behind the name, the text it holds, and what a new one has to look like. */
interface Held {
  readonly file: string
  readonly text: string
  /** Undefined: there is no file yet. */
  readonly like: { readonly mode: number; readonly uid: number; readonly gid: number } | undefined
}

const held = async ({ defaultText, path }: PolicyFileOptions): Promise<Held> => {
  try {
    const file = await realpath(path)
    const { gid, mode, uid } = await stat(file)
    return { file, text: await readFile(file, "utf8"), like: { mode: mode & 0o777, uid, gid } }
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT" || defaultText === undefined) throw cause
    return { file: path, text: defaultText, like: undefined }
  }
}

/** Whoever takes every write bit off a file means it, also towards a process that may do anything. */
const refuseReadOnly = async ({ file, like }: Held): Promise<void> => {
  if (like !== undefined && (like.mode & 0o222) === 0) throw readOnly(file, "is marked read-only: chmod u+w it")
  if (like !== undefined) await access(file, constants.W_OK)
  await access(dirname(file), constants.W_OK | constants.X_OK)
}

const readOnly = (file: string, problem: string): PolicyReadOnly =>
  new PolicyReadOnly({ source: basename(file), problem })

/** What the operating system says of a place that takes no writes. */
const PLACES: Readonly<Record<string, string>> = {
  EACCES: "can not be written by this user: let it write the file and its folder",
  EPERM: "can not be written by this user: let it write the file and its folder",
  EROFS: "is on a file system that is read-only",
  EBUSY: "can not be replaced, because it is mounted by itself: mount its folder instead"
}

const writeWhole = async (file: string, text: string, { like }: Held): Promise<void> => {
  const handle = await open(file, "wx", like?.mode ?? 0o600)
  try {
    await handle.writeFile(text)
    await handle.chmod(like?.mode ?? 0o600)
    await handle.sync()
  } finally {
    await handle.close()
  }
  const { gid, uid } = await stat(file)
  if (like !== undefined && (like.uid !== uid || like.gid !== gid)) await chown(file, like.uid, like.gid)
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  await handle.sync().finally(() => handle.close())
}

const backupName = (file: string, now: number): string =>
  `${file}.${new Date(now).toISOString().replaceAll(":", "-")}.bak`

const BACKUP = /^\.\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z\.bak$/

const dropOldBackups = async (file: string): Promise<void> => {
  const name = basename(file)
  const backups = (await readdir(dirname(file)))
    .filter((entry) => entry.startsWith(name) && BACKUP.test(entry.slice(name.length)))
    .sort()
  for (const old of backups.slice(0, -BACKUPS_KEPT)) await unlink(join(dirname(file), old))
}

/** A copy that is there already says the same moment: two changes within one millisecond need one copy. */
const keepCopy = async (found: Held, now: number): Promise<void> => {
  if (found.like === undefined) return
  try {
    await writeWhole(backupName(found.file, now), found.text, found)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  await dropOldBackups(found.file)
}

const BUSY = "is being written by another process: try again"

const replaceFile = async (options: PolicyFileOptions, text: string, revision: string, now: number): Promise<void> => {
  const before = await held(options)
  if (digest(before.text) !== revision) throw new PolicyChanged({ source: nameOf(options) })
  await refuseReadOnly(before)
  const done = await writingAlone(before.file, before.like, async () => {
    const found = await held(options)
    if (digest(found.text) !== revision) throw new PolicyChanged({ source: nameOf(options) })
    await keepCopy(found, now)
    await exchange(options, found, text)
    return true
  })
  if (done === undefined) throw new PolicyUnavailable({ source: nameOf(options), problem: BUSY })
}

const exchange = async (options: PolicyFileOptions, found: Held, text: string): Promise<void> => {
  const beside = join(dirname(found.file), `.${basename(found.file)}.${randomUUID()}.tmp`)
  try {
    await writeWhole(beside, text, found)
    // As late as can be: an editor that saved since this change was begun wins.
    if ((await held(options)).text !== found.text) throw new PolicyChanged({ source: nameOf(options) })
    await rename(beside, found.file)
  } catch (cause) {
    await unlink(beside).catch(() => undefined)
    throw cause
  }
  await syncFolder(dirname(found.file))
}

const failureOf =
  (options: PolicyFileOptions) =>
  (cause: unknown): PolicyWriteError => {
    if (cause instanceof PolicyChanged || cause instanceof PolicyReadOnly || cause instanceof PolicyUnavailable) {
      return cause
    }
    const code = codeOf(cause)
    const place = PLACES[code]
    if (place !== undefined) return readOnly(options.path, place)
    return new PolicyUnavailable({ source: nameOf(options), problem: `can not be written (${code})` })
  }

const fileBackend = (options: PolicyFileOptions): Backend => ({
  source: nameOf(options),
  read: Effect.tryPromise({
    try: async () => {
      const { text } = await held(options)
      return { text, revision: digest(text) }
    },
    catch: (cause) => new PolicyUnavailable({ source: nameOf(options), problem: `can not be read (${codeOf(cause)})` })
  }),
  replace: (text: string, { revision }: WriteOptions) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.tryPromise({
        try: async () => {
          await replaceFile(options, text, revision, now)
          return digest(text)
        },
        catch: failureOf(options)
      })
    )
})

/** Writes the file at `options.path`; give `ScopePolicyFile.layerFile` the same options. */
export const layerFile = (options: PolicyFileOptions): Layer.Layer<PolicyWriter, never, ScopePolicy> =>
  Layer.effect(PolicyWriter, makeWriter(fileBackend(options)))
