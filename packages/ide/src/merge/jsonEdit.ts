/**
 * Adds to, replaces in and takes out of a JSON text without moving another byte of it: the parser's own edits reformat what stands beside them,
 * and take neighbours' comments along. Comments stay with the line they stand on. Pure; the text must have been parsed.
 */
import { createScanner, type Node } from "jsonc-parser"

/** The parser's kinds of tokens by number: it declares them as a const enum, which single-file compilers can not read. */
const KIND = { comma: 5, lineComment: 12, blockComment: 13, lineBreak: 14, space: 15 }

/** How the file is written already. */
interface Style {
  readonly unit: string
  readonly eol: string
}

const styleOf = (text: string): Style => {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1]
  return {
    unit: indent === undefined ? "  " : indent.startsWith("\t") ? "\t" : indent.slice(0, 8),
    eol: text.includes("\r\n") ? "\r\n" : "\n"
  }
}

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1

/** The white space a line begins with. */
const indentAt = (text: string, at: number): string => /^[ \t]*/.exec(text.slice(lineStart(text, at)))?.[0] ?? ""

const endOf = (node: Node): number => node.offset + node.length

/** What follows an item: the comma, if there is one, and where what belongs to its line ends. */
const after = (text: string, item: Node): { readonly comma: number | undefined; readonly end: number } => {
  const scanner = createScanner(text)
  scanner.setPosition(endOf(item))
  let comma: number | undefined
  let end = endOf(item)
  let broken = false
  for (;;) {
    const kind = scanner.scan()
    const until = scanner.getTokenOffset() + scanner.getTokenLength()
    if (kind === KIND.comma && comma === undefined) {
      comma = scanner.getTokenOffset()
      end = until
    } else if (kind === KIND.lineBreak) broken = true
    else if (kind === KIND.lineComment || kind === KIND.blockComment) {
      if (!broken) end = until
    } else if (kind !== KIND.space) return { comma, end }
  }
}

/** A value as it stands in lines, the first without indentation; in one line without `indent`. */
const written = (value: unknown, { eol, unit }: Style, indent: string | undefined): string =>
  indent === undefined ? JSON.stringify(value) : JSON.stringify(value, null, unit).replaceAll("\n", `${eol}${indent}`)

const named = (name: string | undefined, value: string, space: string): string =>
  name === undefined ? value : `${JSON.stringify(name)}:${space}${value}`

const intoEmpty = (text: string, container: Node, name: string | undefined, value: unknown): string => {
  const style = styleOf(text)
  const outer = indentAt(text, container.offset)
  const item = named(name, written(value, style, outer + style.unit), " ")
  const [open, close] = [container.offset + 1, endOf(container) - 1]
  const inner = text.slice(open, close)
  const rest = inner.trim() === "" ? `${style.eol}${outer}` : inner
  return `${text.slice(0, open)}${style.eol}${outer}${style.unit}${item}${rest}${text.slice(close)}`
}

/** Adds an item at the end of an object (with a name) or an array. */
export const add = (text: string, container: Node, name: string | undefined, value: unknown): string => {
  const items = container.children ?? []
  const [first, last] = [items[0], items.at(-1)]
  if (first === undefined || last === undefined) return intoEmpty(text, container, name, value)
  const style = styleOf(text)
  const before = text.slice(container.offset + 1, first.offset)
  // What follows the last item may be a comment that ends with its line.
  const lines = before.includes("\n") || text.slice(endOf(last), endOf(container)).includes("\n")
  const indent = before.includes("\n") ? indentAt(text, first.offset) : indentAt(text, container.offset) + style.unit
  const gap = lines ? `${style.eol}${indent}` : /^ +$/.test(before) ? " " : ""
  const plain = written(value, style, lines ? indent : undefined)
  const item = `${gap}${named(name, plain, lines || gap !== "" ? " " : "")}`
  const { comma, end } = after(text, last)
  return comma === undefined
    ? `${text.slice(0, endOf(last))},${text.slice(endOf(last), end)}${item}${text.slice(end)}`
    : `${text.slice(0, end)}${item},${text.slice(end)}`
}

/** Puts another value where one is, in one line where that was. */
export const replace = (text: string, node: Node, value: unknown): string => {
  const style = styleOf(text)
  const lines = text.slice(node.offset, endOf(node)).includes("\n")
  const plain = written(value, style, lines ? indentAt(text, node.offset) : undefined)
  return text.slice(0, node.offset) + plain + text.slice(endOf(node))
}

/** The span with the white space before it, or with its whole lines when nothing else stands on them. */
const widened = (text: string, start: number, end: number): readonly [number, number] => {
  const from = lineStart(text, start)
  const newline = text.indexOf("\n", end)
  const alone = newline !== -1 && text.slice(from, start).trim() === "" && text.slice(end, newline).trim() === ""
  // With the line end before it, as it was put in: the one after it may be of another kind.
  if (alone && from > 0)
    return [from - (text[from - 2] === "\r" ? 2 : 1), newline - (text[newline - 1] === "\r" ? 1 : 0)]
  let at = start
  while (at > from && (text[at - 1] === " " || text[at - 1] === "\t")) at--
  return [at, end]
}

/** Takes one item out, with one comma. */
export const take = (text: string, container: Node, index: number): string => {
  const items = container.children ?? []
  const item = items[index]
  if (item === undefined) return text
  const { comma } = after(text, item)
  const [start, end] = widened(text, item.offset, comma === undefined ? endOf(item) : comma + 1)
  const previous = items[index - 1]
  const rest = text.slice(0, start) + text.slice(end)
  if (comma !== undefined || previous === undefined) return rest
  const before = after(text, previous).comma
  return before === undefined ? rest : rest.slice(0, before) + rest.slice(before + 1)
}
