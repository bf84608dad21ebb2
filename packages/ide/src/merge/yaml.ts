/**
 * Puts one entry into a YAML configuration, or takes it out. Comments, order, quotes and aliases of everything else stay. Refuses several
 * documents in a file, repeated names and whatever does not parse.
 */
import * as Either from "effect/Either"
import { type Document, isMap, parseAllDocuments, parseDocument } from "yaml"
import type { Config } from "../Entry.ts"
import { type MergeError, otherwise } from "./MergeError.ts"
import { entryAt, sameData } from "./same.ts"

/** Aliases that would unfold to more are refused: no configuration needs them. */
const MAX_ALIASES = 100

const documentOf = (text: string): Either.Either<Document, MergeError> => {
  const all = parseAllDocuments(text, { keepSourceTokens: false })
  if (Array.isArray(all) && all.length > 1) return Either.left(otherwise("it holds several YAML documents"))
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) {
    const line = error.linePos?.[0].line
    return Either.left(otherwise(`it is no YAML: ${error.code}${line === undefined ? "" : ` in line ${line}`}`))
  }
  if (document.contents !== null && !isMap(document.contents)) return Either.left(otherwise("it holds no YAML map"))
  return Either.right(document)
}

const dataOf = (document: Document): Either.Either<unknown, MergeError> =>
  Either.try({
    try: () => document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {},
    catch: () => otherwise("it can not be unfolded")
  })

const indentOf = (text: string): number =>
  Math.min(/^[^\s#][^\n]*:[ \t]*\r?\n( +)[^\s#-]/m.exec(text)?.[1]?.length ?? 2, 8)

const rendered = (document: Document, text: string): string => {
  const plain = document.toString({ lineWidth: 0, indent: indentOf(text), flowCollectionPadding: false })
  return text.includes("\r\n") ? plain.replaceAll(/\r?\n/g, "\r\n") : plain
}

const inSection = (document: Document, section: string, change: () => boolean): Either.Either<boolean, MergeError> => {
  const found = document.get(section)
  if (found !== undefined && found !== null && !isMap(found)) {
    return Either.left(otherwise(`its ${JSON.stringify(section)} is no map of its own`))
  }
  return Either.right(change())
}

export const put = (text: string, section: string, { entry, key }: Config): Either.Either<string, MergeError> =>
  Either.gen(function* () {
    const document = yield* documentOf(text)
    if (sameData(entryAt(yield* dataOf(document), section, key), entry)) return text
    yield* inSection(document, section, () => {
      if (document.get(section) === null) document.delete(section)
      document.setIn([section, key], document.createNode(entry, { aliasDuplicateObjects: false }))
      return true
    })
    return rendered(document, text)
  })

export const remove = (text: string, section: string, key: string): Either.Either<string, MergeError> =>
  Either.gen(function* () {
    const document = yield* documentOf(text)
    const there = yield* inSection(document, section, () => document.hasIn([section, key]))
    if (!there) return text
    document.deleteIn([section, key])
    return rendered(document, text)
  })

export const read = (text: string): Either.Either<unknown, MergeError> => Either.flatMap(documentOf(text), dataOf)
