/**
 * One server's entry in a client's configuration: put in, replaced or taken out, with everything else left as it is. Text to text: whoever
 * calls reads and writes the file.
 */
import * as Either from "effect/Either"
import { type FileFormat, IDES, type IdeName } from "./Client.ts"
import type { Config } from "./Entry.ts"
import * as json from "./merge/json.ts"
import { type MergeError, otherwise } from "./merge/MergeError.ts"
import { entryAt, sameData, tableOf, withoutEntry } from "./merge/same.ts"
import * as toml from "./merge/toml.ts"
import * as yaml from "./merge/yaml.ts"

interface Editor {
  readonly read: (text: string) => Either.Either<unknown, MergeError>
  readonly put: (text: string, section: string, config: Config) => Either.Either<string, MergeError>
  readonly remove: (text: string, section: string, key: string) => Either.Either<string, MergeError>
}

const EDITORS: Readonly<Record<FileFormat, Editor>> = { json, yaml, toml }

/** VS Code's questions are not entries; those of others stay, which the tests see to. */
const plain = (ide: IdeName, document: unknown): unknown => {
  if (ide !== "vscode") return document
  const { inputs: _, ...rest } = tableOf(document) ?? {}
  return rest
}

/** The edit must leave that entry, and the same data beside it: whatever an editor got wrong is refused rather than written. */
const verified = (
  ide: IdeName,
  key: string,
  entry: unknown,
  before: unknown,
  text: string
): Either.Either<string, MergeError> => {
  const { format, section } = IDES[ide]
  const rest = (document: unknown): unknown => plain(ide, withoutEntry(document, section, key))
  return Either.flatMap(EDITORS[format].read(text), (after) =>
    sameData(rest(before), rest(after)) && sameData(entryAt(after, section, key), entry)
      ? Either.right(text)
      : Either.left(otherwise("it can not be edited safely"))
  )
}

/** The text with the entry in it; the same text when it says that already. An empty text is an empty configuration. */
export const putEntry = (ide: IdeName, text: string, config: Config): Either.Either<string, MergeError> => {
  const { format, section } = IDES[ide]
  const editor = EDITORS[format]
  return Either.flatMap(editor.read(text), (before) =>
    Either.flatMap(editor.put(text, section, config), (changed) =>
      verified(ide, config.key, config.entry, before, changed)
    )
  )
}

/** The text without the entry; the same text when it is not there. */
export const removeEntry = (ide: IdeName, text: string, key: string): Either.Either<string, MergeError> => {
  const { format, section } = IDES[ide]
  const editor = EDITORS[format]
  return Either.flatMap(editor.read(text), (before) =>
    Either.flatMap(editor.remove(text, section, key), (changed) => verified(ide, key, undefined, before, changed))
  )
}

/** Where the entry of that name leads now; undefined when there is none, or it runs a program. */
export const urlOf = (ide: IdeName, text: string, key: string): Either.Either<string | undefined, MergeError> => {
  const { format, section } = IDES[ide]
  return Either.map(EDITORS[format].read(text), (document) => {
    const entry = tableOf(entryAt(document, section, key))
    const url = entry?.["url"] ?? entry?.["uri"]
    return entry === undefined ? undefined : typeof url === "string" ? url : ""
  })
}
