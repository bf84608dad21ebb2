/**
 * Puts one entry into a JSON configuration, with comments and trailing commas as editors write them, or takes it out. What is not that entry
 * keeps its bytes. Never guesses: a text it can not read is refused.
 */
import * as Either from "effect/Either"
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode
} from "jsonc-parser"
import type { Config, Prompt } from "../Entry.ts"
import { add, replace, take } from "./jsonEdit.ts"
import { type MergeError, otherwise } from "./MergeError.ts"
import { entryAt, sameData } from "./same.ts"

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length

const doubled = (node: Node): string | undefined => {
  const names = (node.children ?? []).map((property) => String(property.children?.[0]?.value))
  return names.find((name, i) => names.indexOf(name) !== i)
}

const rootOf = (text: string): Either.Either<Node, MergeError> => {
  const errors: Array<ParseError> = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined) {
    const what = printParseErrorCode(first.error)
    return Either.left(otherwise(`it is no JSON: ${what} in line ${lineOf(text, first.offset)}`))
  }
  if (root?.type !== "object") return Either.left(otherwise("it holds no JSON object"))
  const twice = doubled(root)
  return twice === undefined ? Either.right(root) : Either.left(otherwise(`it holds ${JSON.stringify(twice)} twice`))
}

/** A section that is there has to be a table without repeated names. */
const badSection = (root: Node, section: string): MergeError | undefined => {
  const node = findNodeAtLocation(root, [section])
  if (node === undefined) return undefined
  if (node.type !== "object") return otherwise(`its ${JSON.stringify(section)} is no object`)
  const twice = doubled(node)
  return twice === undefined
    ? undefined
    : otherwise(`its ${JSON.stringify(section)} holds ${JSON.stringify(twice)} twice`)
}

const promptIds = (root: Node): ReadonlyArray<unknown> => {
  const inputs = findNodeAtLocation(root, ["inputs"])
  return inputs?.type === "array" ? (inputs.children ?? []).map((item) => findNodeAtLocation(item, ["id"])?.value) : []
}

/** Adds the questions that are not asked yet; one of the same id stays as it is. */
const withInputs = (text: string, inputs: ReadonlyArray<Prompt>): Either.Either<string, MergeError> =>
  inputs.reduce<Either.Either<string, MergeError>>(
    (done, prompt) =>
      Either.flatMap(done, (before) =>
        Either.flatMap(rootOf(before), (root) => {
          const there = findNodeAtLocation(root, ["inputs"])
          if (there !== undefined && there.type !== "array") return Either.left(otherwise('its "inputs" is no list'))
          if (promptIds(root).includes(prompt.id)) return Either.right(before)
          return Either.right(
            there === undefined ? add(before, root, "inputs", [prompt]) : add(before, there, undefined, prompt)
          )
        })
      ),
    Either.right(text)
  )

/** Takes out the questions that belong to this entry alone. */
const withoutInputs = (text: string, key: string): Either.Either<string, MergeError> =>
  Either.flatMap(rootOf(text), (root) => {
    const own = new Set<unknown>([`mcpgw-${key}-gateway`, `mcpgw-${key}-server`])
    const at = promptIds(root).findIndex((id) => own.has(id))
    const inputs = findNodeAtLocation(root, ["inputs"])
    return at === -1 || inputs === undefined ? Either.right(text) : withoutInputs(take(text, inputs, at), key)
  })

const BOM = "\uFEFF"

/** What the text would be with another one in its place. The mark some editors begin with stays. */
const onBody = (
  text: string,
  change: (body: string) => Either.Either<string, MergeError>
): Either.Either<string, MergeError> => {
  const mark = text.startsWith(BOM) ? BOM : ""
  const body = text.slice(mark.length)
  const blank = body.trim() === ""
  return Either.map(change(blank ? "{}" : body), (changed) => mark + (blank ? `${changed.trimEnd()}\n` : changed))
}

const withEntry = (text: string, root: Node, section: string, { entry, key }: Config): string => {
  const [entries, there] = [findNodeAtLocation(root, [section]), findNodeAtLocation(root, [section, key])]
  if (there !== undefined) return replace(text, there, entry)
  return entries === undefined ? add(text, root, section, { [key]: entry }) : add(text, entries, key, entry)
}

export const put = (text: string, section: string, config: Config): Either.Either<string, MergeError> =>
  onBody(text, (body) =>
    Either.flatMap(rootOf(body), (root) => {
      const bad = badSection(root, section)
      if (bad !== undefined) return Either.left(bad)
      const same = sameData(entryAt(getNodeValue(root), section, config.key), config.entry)
      return withInputs(same ? body : withEntry(body, root, section, config), config.inputs)
    })
  )

export const remove = (text: string, section: string, key: string): Either.Either<string, MergeError> =>
  onBody(text, (body) =>
    Either.flatMap(rootOf(body), (root) => {
      const bad = badSection(root, section)
      if (bad !== undefined) return Either.left(bad)
      const entries = findNodeAtLocation(root, [section])
      const at = (entries?.children ?? []).findIndex((property) => property.children?.[0]?.value === key)
      return withoutInputs(at === -1 || entries === undefined ? body : take(body, entries, at), key)
    })
  )

/** The data of a text that `put` would take. */
export const read = (text: string): Either.Either<unknown, MergeError> => {
  const body = text.startsWith(BOM) ? text.slice(BOM.length) : text
  return body.trim() === "" ? Either.right({}) : Either.map(rootOf(body), getNodeValue)
}
