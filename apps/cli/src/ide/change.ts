/** An entry put into a client's configuration, or taken out. Touches no other entry, and keeps what was there beside the file. */
import { type ConfigScope, fileOf, IDES, type IdeName } from "@mcpgw/ide/Client"
import type { Config } from "@mcpgw/ide/Entry"
import { putEntry, removeEntry, urlOf } from "@mcpgw/ide/Merge"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { usage } from "../Failure.ts"
import { machine, typedPath } from "./places.ts"
import { FileRefused, readPlain, refuseLinks, replaceFile } from "./safeFile.ts"

export interface FileAsked {
  readonly client: IdeName
  readonly scope: ConfigScope
  readonly file: Option.Option<string>
  readonly replace: boolean
}

/** The file meant, refused when something on the way to it is a link that somebody else may have put there. */
export const fileFor = ({ client, file, scope }: FileAsked) =>
  Effect.gen(function* () {
    const places = yield* machine
    if (Option.isSome(file)) return yield* typedPath(file.value)
    const usual = fileOf(client, scope, places)
    if (usual === undefined)
      return yield* usage(`${IDES[client].label} has no configuration of a project`, "leave --scope out")
    if (scope === "project") yield* refuseLinks(places.project, usual)
    return usual
  })

/** A refusal of the text, by the name of its file. */
const inFile = (file: string) =>
  Effect.mapError(({ problem }: { readonly problem: string }) => new FileRefused({ path: file, problem }))

export interface Change {
  readonly file: string
  readonly changed: boolean
  /** Where what was there is kept; undefined when nothing was, or nothing changed. */
  readonly backup: string | undefined
}

const save = (file: string, held: string | undefined, text: string) =>
  Effect.gen(function* () {
    if (text === (held ?? "")) return { file, changed: false, backup: undefined } satisfies Change
    const { backup } = yield* replaceFile(file, text, { held, backup: true })
    return { file, changed: true, backup } satisfies Change
  })

/** Whose entry is it? One that leads elsewhere is somebody's own. */
const refuseForeign = (asked: FileAsked, file: string, held: string, { key }: Config, url: string) =>
  Effect.gen(function* () {
    const there = yield* inFile(file)(urlOf(asked.client, held, key))
    if (there === undefined || there === url || asked.replace) return
    const where = there === "" ? "runs a program" : `leads to ${there}`
    yield* new FileRefused({
      path: file,
      problem: `its entry ${JSON.stringify(key)} ${where}; name this one with --name, or say --replace`
    })
  })

export const writeEntry = (asked: FileAsked, config: Config, url: string) =>
  Effect.gen(function* () {
    const file = yield* fileFor(asked)
    const held = yield* readPlain(file)
    yield* refuseForeign(asked, file, held ?? "", config, url)
    return yield* save(file, held, yield* inFile(file)(putEntry(asked.client, held ?? "", config)))
  })

export const takeOut = (asked: FileAsked, key: string) =>
  Effect.gen(function* () {
    const file = yield* fileFor(asked)
    const held = yield* readPlain(file)
    if (held === undefined) return { file, changed: false, backup: undefined } satisfies Change
    return yield* save(file, held, yield* inFile(file)(removeEntry(asked.client, held, key)))
  })
