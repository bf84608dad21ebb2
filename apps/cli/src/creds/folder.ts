/**
 * The folder `.oauth-tokens/`: 0700, its files 0600, each whole at any time. A folder that others can open or that is a link is refused rather
 * than used. Tells no file's content in a message.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { FileRefused, FOLDER_MODE, readPlain, refusing, replaceFile } from "../ide/safeFile.ts"
import { typedPath } from "../ide/places.ts"
import { type Failure, usage } from "../Failure.ts"
import { AgentConfig, Stored } from "./shapes.ts"

export interface Folder {
  readonly path: string
  readonly names: Effect.Effect<ReadonlyArray<string>, FileRefused>
  /** The file's text; undefined when it is not there. */
  readonly text: (name: string) => Effect.Effect<string | undefined, FileRefused>
  readonly token: (name: string) => Effect.Effect<Stored | undefined, FileRefused>
  readonly agent: (name: string) => Effect.Effect<AgentConfig | undefined, FileRefused>
  /** Writes it when it says something else than it held. */
  readonly write: (name: string, text: string) => Effect.Effect<void, FileRefused>
}

const decodeToken = Schema.decodeUnknownEither(Schema.parseJson(Stored))
const decodeAgent = Schema.decodeUnknownEither(Schema.parseJson(AgentConfig))

/** `make`: the folder, when it is not there. */
const checked = (path: string, make: boolean) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const link = yield* Effect.match(fs.readLink(path), { onFailure: () => false, onSuccess: () => true })
    if (link) return yield* new FileRefused({ path, problem: "it is a symbolic link; name the folder it leads to" })
    if (make) yield* fs.makeDirectory(path, { recursive: true, mode: FOLDER_MODE })
    const { mode } = yield* fs.stat(path)
    if ((mode & 0o077) !== 0) {
      return yield* new FileRefused({
        path,
        problem: "others can open that folder; chmod 700 it or name another with --folder"
      })
    }
  }).pipe(refusing(path))

type Opened<E> = Effect.Effect<Folder, E, FileSystem.FileSystem | Path.Path>

/** Opens the folder, and makes it when it is not there. */
export const openFolder = (given: string): Opened<FileRefused> => opened(given, true)

/** Opens a folder that must be there: a question makes none. */
export const knownFolder = (given: string): Opened<FileRefused | Failure> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* typedPath(given)
    if (!(yield* fs.exists(path).pipe(refusing(path))))
      return yield* usage(`--folder ${JSON.stringify(given)}: there is no such folder`, "`mcpgw creds` makes it")
    return yield* opened(given, false)
  })

const opened = (given: string, make: boolean): Opened<FileRefused> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const [fs, paths] = [yield* FileSystem.FileSystem, yield* Path.Path]
    const path = yield* typedPath(given)
    yield* checked(path, make)
    const file = (name: string): string => paths.join(path, name)
    const text = (name: string) => Effect.provide(readPlain(file(name)), context)
    const decoded = <A, E>(name: string, decode: (text: string) => Either.Either<A, E>, what: string) =>
      Effect.flatMap(text(name), (held) => {
        if (held === undefined) return Effect.succeed(undefined)
        return Either.match(decode(held), {
          onLeft: () => Effect.fail(new FileRefused({ path: file(name), problem: `it holds no ${what}` })),
          onRight: (value) => Effect.succeed(value)
        })
      })
    return {
      path,
      names: Effect.map(fs.readDirectory(path), (names) => names.toSorted()).pipe(refusing(path)),
      text,
      token: (name) => decoded(name, decodeToken, "token of a known shape"),
      agent: (name) => decoded(name, decodeAgent, "client_id and client_secret"),
      write: (name, next) =>
        Effect.flatMap(text(name), (held) =>
          held === next
            ? Effect.void
            : Effect.provide(Effect.asVoid(replaceFile(file(name), next, { held, backup: false })), context)
        )
    }
  })
