/**
 * Puts one table into a TOML configuration, or takes it out; every other byte stays. The entry is its own `[section.key]` tables. Written another
 * way (an inline table, dotted names) it is refused, as is a text that does not parse.
 */
import * as Either from "effect/Either"
import * as Toml from "smol-toml"
import type { Config } from "../Entry.ts"
import { type MergeError, otherwise } from "./MergeError.ts"
import { entryAt, sameData, withoutEntry } from "./same.ts"
import { type Span, spansOf } from "./tomlBlocks.ts"

export const read = (text: string): Either.Either<unknown, MergeError> =>
  Either.try({
    try: (): unknown => Toml.parse(text.replace(/^\uFEFF/, "")),
    catch: (error) =>
      otherwise(
        `it is no TOML${error instanceof Toml.TomlError ? `: something in line ${error.line} can not be read` : ""}`
      )
  })

const OTHER_WAY = otherwise("the entry, or the table it belongs into, is written in a way that is not edited here")

/** The new text, when it says the old one's data but for that entry. */
const checked = (
  before: unknown,
  text: string,
  section: string,
  key: string,
  entry: unknown
): Either.Either<string, MergeError> =>
  Either.flatMap(
    Either.mapLeft(read(text), () => OTHER_WAY),
    (after) =>
      sameData(withoutEntry(before, section, key), withoutEntry(after, section, key)) &&
      sameData(entryAt(after, section, key), entry)
        ? Either.right(text)
        : Either.left(OTHER_WAY)
  )

const cut = (text: string, spans: ReadonlyArray<Span>): string =>
  spans.toReversed().reduce((rest, { end, start }) => rest.slice(0, start) + rest.slice(end), text)

const blockOf = (section: string, { entry, key }: Config, eol: string): string =>
  `${Toml.stringify({ [section]: { [key]: entry } }).trim()}\n`.replaceAll(/\r?\n/g, eol)

/** On its own lines, with a blank one before it. */
const appended = (text: string, block: string, eol: string): string => {
  if (text.trim() === "") return text + block
  const ended = text.endsWith("\n") ? text : text + eol
  return `${ended}${/\n\r?\n$/.test(ended) ? "" : eol}${block}`
}

export const put = (text: string, section: string, config: Config): Either.Either<string, MergeError> =>
  Either.flatMap(read(text), (before) => {
    if (sameData(entryAt(before, section, config.key), config.entry)) return Either.right(text)
    const eol = text.includes("\r\n") ? "\r\n" : "\n"
    const block = blockOf(section, config, eol)
    const spans = spansOf(text, [section, config.key])
    const [first, ...others] = spans
    const changed =
      first === undefined
        ? appended(text, block, eol)
        : cut(text, others).slice(0, first.start) + block + cut(text, others).slice(first.end)
    return checked(before, changed, section, config.key, config.entry)
  })

export const remove = (text: string, section: string, key: string): Either.Either<string, MergeError> =>
  Either.flatMap(read(text), (before) => {
    if (entryAt(before, section, key) === undefined) return Either.right(text)
    return checked(before, cut(text, spansOf(text, [section, key])), section, key, undefined)
  })
