/**
 * A changed policy document → the text it was read from, changed as little as possible: comments, order and spelling of what stays are kept.
 * What comes out is read again and compared, so that a text whose anchors would carry a change elsewhere is refused, never written.
 */
import { isDeepStrictEqual } from "node:util"
import { type Document, isMap, isSeq, type Node, parseDocument, visit } from "yaml"
import { InvalidPolicy } from "./InvalidPolicy.ts"
import type { Names, PolicyDocument, Rule } from "./PolicyDocument.ts"
import { MAX_ALIASES, MAX_TEXT_LENGTH, parsePolicyText } from "./PolicyText.ts"

const GROUP_MAPPINGS = "group_mappings"
const UI_SCOPES = "UI-Scopes"

type Path = ReadonlyArray<string>

/** As it is written in a file. */
const spelled = ({ all, names }: Names): ReadonlyArray<string> | string =>
  all ? (names.length === 0 ? "all" : ["all", ...names]) : names

const spelledRule = ({ methods, server, tools }: Rule) => ({
  server,
  methods: spelled(methods),
  tools: spelled(tools)
})

class Rewriter {
  readonly document: Document
  constructor(document: Document) {
    this.document = document
  }

  /** Lists of names on one line, as in the policy that is shipped. */
  private node(value: unknown): Node {
    const node = this.document.createNode(value)
    visit(node, {
      Seq: (_key, list) => {
        if (list.items.every((item) => !isMap(item))) list.flow = true
      }
    })
    return node
  }

  set(path: Path, value: unknown): void {
    // A key may be there and hold nothing, or hold an alias: what it held before counts no more.
    for (let depth = 1; depth < path.length; depth++) {
      const at = path.slice(0, depth)
      if (!isMap(this.document.getIn(at, true))) this.document.setIn(at, this.document.createNode({}))
    }
    this.document.setIn(path, this.node(value))
  }

  remove(path: Path): void {
    this.document.deleteIn(path)
  }

  /** Takes out what is gone and adds what is new; a list that is none in the text is written anew. */
  list(path: Path, before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>): void {
    const node = this.document.getIn(path, true)
    const isHeld = (list: ReadonlyArray<unknown>, item: unknown): boolean =>
      list.some((one) => isDeepStrictEqual(one, item))
    const kept = before.filter((item) => isHeld(after, item))
    const isAppended = isDeepStrictEqual(after.slice(0, kept.length), kept)
    if (!isSeq(node) || node.items.length !== before.length || !isAppended) return this.set(path, after)
    before.forEach((item, i) => (isHeld(after, item) ? undefined : node.items.splice(i - gone(before, after, i), 1)))
    for (const item of after.slice(kept.length)) node.add(this.node(item))
    // An empty block list can only be written in brackets, and one in brackets does not take a block.
    if (node.flow === true && node.items.some(isMap)) node.flow = false
  }

  maps<A>(
    path: Path,
    before: ReadonlyMap<string, A>,
    after: ReadonlyMap<string, A>,
    change: (path: Path, before: A | undefined, after: A) => void
  ): void {
    for (const key of before.keys()) if (!after.has(key)) this.remove([...path, key])
    for (const [key, value] of after) {
      const held = before.get(key)
      if (!isDeepStrictEqual(held, value)) change([...path, key], held, value)
    }
  }
}

/** How many of the first `end` items are not in `after`. */
const gone = (before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>, end: number): number =>
  before.slice(0, end).filter((item) => !after.some((one) => isDeepStrictEqual(one, item))).length

const listOf = (names: Names): ReadonlyArray<string> | undefined => (names.all ? undefined : names.names)

const rewrite = (to: Rewriter, before: PolicyDocument, after: PolicyDocument): void => {
  to.maps([GROUP_MAPPINGS], before.groupMappings, after.groupMappings, (path, held, names) =>
    held === undefined ? to.set(path, names) : to.list(path, held, names)
  )
  to.maps([UI_SCOPES], before.uiScopes, after.uiScopes, (path, held, permissions) => {
    if (held === undefined) {
      const written = Object.fromEntries([...permissions].map(([name, names]) => [name, spelled(names)]))
      return to.set(path, written)
    }
    to.maps(path, held, permissions, (at, was, names) => {
      const [from, into] = [was === undefined ? undefined : listOf(was), listOf(names)]
      if (from === undefined || into === undefined) to.set(at, spelled(names))
      else to.list(at, from, into)
    })
  })
  to.maps([], before.scopes, after.scopes, (path, held, rules) =>
    held === undefined
      ? to.set(path, rules.map(spelledRule))
      : to.list(path, held.map(spelledRule), rules.map(spelledRule))
  )
}

const ANCHORS =
  "can not be changed here without changing something else, because of its anchors (&name) and aliases (*name): edit the text by hand, or write them out"

/**
 * The text of `after`, made from `text`, which says `before`.
 * @throws InvalidPolicy naming `source` when the text can not be changed like that
 */
export const rewritePolicyText = (
  text: string,
  before: PolicyDocument,
  after: PolicyDocument,
  source: string
): string => {
  const document = parseDocument(text, { uniqueKeys: true, strict: true, version: "1.2" })
  let written: string
  try {
    rewrite(new Rewriter(document), before, after)
    document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES })
    written = document.toString({ lineWidth: 0, flowCollectionPadding: false })
  } catch {
    throw new InvalidPolicy(source, "", ANCHORS)
  }
  if (written.length > MAX_TEXT_LENGTH) {
    throw new InvalidPolicy(source, "", `would be longer than ${MAX_TEXT_LENGTH} characters`)
  }
  let read: PolicyDocument | undefined
  try {
    read = parsePolicyText(written, source)
  } catch (cause) {
    if (!(cause instanceof InvalidPolicy)) throw cause
  }
  if (read === undefined || !isDeepStrictEqual(read, after)) throw new InvalidPolicy(source, "", ANCHORS)
  return written
}
