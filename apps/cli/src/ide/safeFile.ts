/**
 * Files with credentials in them: read only where they are plain files, and replaced whole. What is written is readable by its owner alone and
 * complete at any time; what was there is kept beside it. Follows no symbolic link: whoever made it would choose where a token goes.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class FileRefused extends Schema.TaggedError<FileRefused>()("FileRefused", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${JSON.stringify(this.path)} is left as it is: ${this.problem}`
  }
}

export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700
const MAX_BYTES = 16 * 1024 * 1024

type Files = FileSystem.FileSystem | Path.Path

/** What the system says, as our refusal. */
export const refusing =
  (path: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, FileRefused, R> =>
    Effect.mapError(effect, (error) => {
      if (error instanceof FileRefused) return error
      const reason =
        typeof error === "object" && error !== null && "reason" in error ? String(error.reason) : "it can not be used"
      return new FileRefused({ path, problem: reason })
    })

const isLink = (path: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.match(fs.readLink(path), { onFailure: () => false, onSuccess: () => true })
  )

/** Fails when the file, or a folder on the way to it below `root`, is a symbolic link. */
export const refuseLinks = (root: string, file: string): Effect.Effect<void, FileRefused, Files> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    let at = file
    while (at !== root && at !== path.dirname(at)) {
      if (yield* isLink(at))
        return yield* new FileRefused({ path: at, problem: "it is a symbolic link; name the file it leads to" })
      at = path.dirname(at)
    }
  })

/** The bytes as UTF-8; undefined when nothing is there. */
export const readPlain = (file: string): Effect.Effect<string | undefined, FileRefused, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (yield* isLink(file))
      return yield* new FileRefused({ path: file, problem: "it is a symbolic link; name the file it leads to" })
    if (!(yield* fs.exists(file))) return undefined
    const { size, type } = yield* fs.stat(file)
    if (type !== "File") return yield* new FileRefused({ path: file, problem: "it is no plain file" })
    if (size > MAX_BYTES) return yield* new FileRefused({ path: file, problem: `it is longer than ${MAX_BYTES} bytes` })
    const bytes = yield* fs.readFile(file)
    return yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      catch: () => new FileRefused({ path: file, problem: "it is no UTF-8 text" })
    })
  }).pipe(refusing(file))

const written = (file: string, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.scoped(
      Effect.gen(function* () {
        const opened = yield* fs.open(file, { flag: "wx", mode: FILE_MODE })
        yield* opened.writeAll(new TextEncoder().encode(text))
        yield* opened.sync
      })
    )
    // The mode above is cut by the umask only; this one is said.
    yield* fs.chmod(file, FILE_MODE)
  })

/** `20261128T072801123Z`. */
const stamp = (millis: number): string => new Date(millis).toISOString().replaceAll(/[-:.]/g, "")

/** A name beside the file that nothing has yet. */
const backupName = (file: string): Effect.Effect<string, FileRefused, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const name = `${file}.backup-${stamp(yield* Clock.currentTimeMillis)}`
    let found = name
    for (let i = 2; yield* fs.exists(found); i++) found = `${name}-${i}`
    return found
  }).pipe(refusing(file))

export interface Replaced {
  /** Where what was there is kept; undefined when nothing was. */
  readonly backup: string | undefined
}

export interface ReplaceOptions {
  /** What the file held when the new text was made; undefined: nothing was there. It is not written when it holds something else by now. */
  readonly held: string | undefined
  readonly backup: boolean
}

/** Puts the text in the file's place. Folders on the way are made, for their owner alone. */
export const replaceFile = (
  file: string,
  text: string,
  { backup, held }: ReplaceOptions
): Effect.Effect<Replaced, FileRefused, Files> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(path.dirname(file), { recursive: true, mode: FOLDER_MODE })
    const part = path.join(path.dirname(file), `.${path.basename(file)}.${crypto.randomUUID()}`)
    const kept = backup && held !== undefined ? yield* backupName(file) : undefined
    yield* written(part, text)
    yield* Effect.gen(function* () {
      if ((yield* readPlain(file)) !== held) {
        return yield* new FileRefused({ path: file, problem: "something else changed it just now; try again" })
      }
      if (kept !== undefined && held !== undefined) yield* written(kept, held)
      yield* fs.rename(part, file)
    }).pipe(Effect.onError(() => Effect.orElseSucceed(fs.remove(part, { force: true }), () => undefined)))
    return { backup: kept }
  }).pipe(refusing(file))
