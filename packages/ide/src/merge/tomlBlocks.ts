/**
 * Where the tables of a TOML text begin and end, by its lines: enough to cut one table out and leave every other byte alone. Reads no values;
 * what it understood is checked by a real parser afterwards.
 */

/** A table's header line; `path` is its name in parts. Offsets count UTF-16 code units. */
export interface Header {
  readonly path: ReadonlyArray<string>
  readonly start: number
}

const HEADER = /^[ \t]*\[(?!\[)([^\n]*?)\][ \t]*(?:#[^\n]*)?\r?$/
const ANY_HEADER = /^[ \t]*\[/
const PART = /^[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')[ \t]*(?:\.|$)/

const basic = (text: string): string => {
  try {
    const parsed: unknown = JSON.parse(`"${text}"`)
    return typeof parsed === "string" ? parsed : text
  } catch {
    return text
  }
}

/** `a."b.c".d` in parts; undefined when it is none. */
export const partsOf = (name: string): ReadonlyArray<string> | undefined => {
  const parts: Array<string> = []
  let rest = name
  while (rest.trim() !== "") {
    const found = PART.exec(rest)
    if (found === null) return undefined
    parts.push(found[1] ?? found[3] ?? basic(found[2] ?? ""))
    rest = rest.slice(found[0].length)
  }
  return parts.length === 0 ? undefined : parts
}

/** What a value that runs over several lines is in: a text of three quotes, or brackets. */
interface Inside {
  quote: '"""' | "'''" | undefined
  depth: number
}

const CLOSED = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y

/** Follows one line; what a comment says does not count. */
const follow = (line: string, inside: Inside): void => {
  let at = 0
  while (at < line.length) {
    if (inside.quote !== undefined) {
      if (inside.quote === '"""' && line[at] === "\\") at += 2
      else if (line.startsWith(inside.quote, at)) {
        // Up to two quotes more belong to the text.
        at += inside.quote.length
        while (line[at] === inside.quote[0]) at++
        inside.quote = undefined
      } else at++
      continue
    }
    const char = line[at]
    if (char === "#") return
    if (line.startsWith('"""', at) || line.startsWith("'''", at)) {
      inside.quote = char === '"' ? '"""' : "'''"
      at += 3
      continue
    }
    if (char === '"' || char === "'") {
      CLOSED.lastIndex = at
      at += CLOSED.exec(line)?.[0].length ?? 1
      continue
    }
    if (char === "[" || char === "{") inside.depth++
    if (char === "]" || char === "}") inside.depth--
    at++
  }
}

/** Every header, arrays of tables (`[[x]]`) with an empty path, in order. */
export const headersIn = (text: string): ReadonlyArray<Header> => {
  const headers: Array<Header> = []
  const inside: Inside = { quote: undefined, depth: 0 }
  let start = 0
  for (const line of text.split("\n")) {
    if (inside.quote === undefined && inside.depth === 0 && ANY_HEADER.test(line)) {
      const name = HEADER.exec(line)?.[1]
      headers.push({ path: (name === undefined ? undefined : partsOf(name)) ?? [], start })
    } else follow(line, inside)
    start += line.length + 1
  }
  return headers
}

export interface Span {
  readonly start: number
  readonly end: number
}

const begins = (path: ReadonlyArray<string>, wanted: ReadonlyArray<string>): boolean =>
  wanted.every((part, i) => path[i] === part)

/** Blank lines and comments before the next header belong to that one. */
const tail = (text: string, start: number, end: number): number => {
  const lines = text.slice(start, end).split("\n")
  let kept = lines.length
  while (kept > 1 && /^[ \t]*(?:#[^\n]*)?\r?$/.test(lines[kept - 1] ?? "")) kept--
  return kept === lines.length ? end : Math.min(end, start + lines.slice(0, kept).join("\n").length + 1)
}

/** The spans of a table and the tables below it, each from its header to its last line. */
export const spansOf = (text: string, wanted: ReadonlyArray<string>): ReadonlyArray<Span> => {
  const headers = headersIn(text)
  return headers.flatMap(({ path, start }, i) => {
    if (!begins(path, wanted)) return []
    return [{ start, end: tail(text, start, headers[i + 1]?.start ?? text.length) }]
  })
}
