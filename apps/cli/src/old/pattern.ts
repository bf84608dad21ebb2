/** How `was` is read, and a command line compared with it. Pure. */

interface Flag {
  readonly names: ReadonlyArray<string>
  /** What its value is called; undefined: it has none. */
  readonly value: string | undefined
  /** The one value it may have. */
  readonly fixed: string | undefined
  readonly required: boolean
}

interface Place {
  /** Words that may stand there; undefined: any. */
  readonly words: ReadonlyArray<string> | undefined
  readonly name: string
  readonly required: boolean
}

export interface Pattern {
  readonly flags: ReadonlyArray<Flag>
  readonly places: ReadonlyArray<Place>
  /** Whatever else is given is left aside. */
  readonly rest: boolean
}

const REST = "…"

/** `[…]` and single words. */
const PARTS = /\[[^\]]*\]|\S+/g

const inside = (part: string): string => part.slice(1, -1)
const isValue = (part: string): boolean => part.startsWith("<")

/** The long name, without dashes. */
const called = (names: ReadonlyArray<string>): string => (names.at(-1) ?? "").replace(/^-+/, "")

const flagOf = (text: string, next: string | undefined, required: boolean): Flag => {
  const names = text.split("|")
  if (next === undefined) return { names, value: undefined, fixed: undefined, required }
  return isValue(next)
    ? { names, value: inside(next), fixed: undefined, required }
    : { names, value: called(names), fixed: next, required }
}

const placeOf = (text: string, required: boolean): Place =>
  isValue(text)
    ? { words: undefined, name: inside(text), required }
    : required
      ? { words: text.split("|"), name: text, required }
      : { words: undefined, name: text, required }

export const patternOf = (was: string): Pattern => {
  const flags: Array<Flag> = []
  const places: Array<Place> = []
  const parts = (was.match(PARTS) ?? []).filter((part) => part !== REST)
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? ""
    if (part.startsWith("[")) {
      const [first = "", second] = inside(part).split(" ")
      if (first.startsWith("-")) flags.push(flagOf(first, second, false))
      else places.push(placeOf(first, false))
    } else if (part.startsWith("-")) {
      const next = parts[i + 1]
      const takes = next !== undefined && !next.startsWith("-") && !next.startsWith("[")
      flags.push(flagOf(part, takes ? next : undefined, true))
      if (takes) i++
    } else places.push(placeOf(part, true))
  }
  return { flags, places, rest: was.endsWith(REST) }
}

export interface Match {
  /** By name; a flag without a value has the empty one. */
  readonly values: ReadonlyMap<string, string>
  /** Options every command has, as they were given. */
  readonly others: ReadonlyArray<string>
}

const COMMON = new Map([
  ["--url", true],
  ["--token", true],
  ["--token-file", true],
  ["--json", false],
  ["--verbose", false],
  ["-v", false]
])

interface Read {
  readonly plain: Array<string>
  readonly values: Map<string, string>
  readonly others: Array<string>
  readonly seen: Set<Flag>
}

/** Takes the flag at `at`; answers how many words it took, or undefined when it does not fit. */
const takeFlag = ({ flags }: Pattern, words: ReadonlyArray<string>, at: number, into: Read): number | undefined => {
  const word = words[at] ?? ""
  const equals = word.startsWith("--") ? word.indexOf("=") : -1
  const name = equals < 0 ? word : word.slice(0, equals)
  const flag = flags.find(({ names }) => names.includes(name))
  const takes = flag === undefined ? COMMON.get(name) : flag.value !== undefined
  if (takes === undefined) return undefined
  const value = !takes ? "" : equals < 0 ? words[at + 1] : word.slice(equals + 1)
  if (value === undefined) return undefined
  if (flag === undefined) into.others.push(name, ...(takes ? [value] : []))
  else {
    if (flag.fixed !== undefined && flag.fixed !== value) return undefined
    into.seen.add(flag)
    into.values.set(flag.value ?? called(flag.names), value)
  }
  return takes && equals < 0 ? 2 : 1
}

/** Undefined: that is another command. */
export const matched = (pattern: Pattern, words: ReadonlyArray<string>): Match | undefined => {
  const read: Read = { plain: [], values: new Map(), others: [], seen: new Set() }
  for (let i = 0; i < words.length;) {
    const word = words[i] ?? ""
    if (!/^-[A-Za-z-]/.test(word)) {
      read.plain.push(word)
      i++
      continue
    }
    const taken = takeFlag(pattern, words, i, read)
    if (taken === undefined && !pattern.rest) return undefined
    i += taken ?? 1
  }
  const { flags, places, rest } = pattern
  if (flags.some((flag) => flag.required && !read.seen.has(flag))) return undefined
  if (read.plain.length > places.length && !rest) return undefined
  for (const [i, place] of places.entries()) {
    const word = read.plain[i]
    if (word === undefined) {
      if (place.required) return undefined
      continue
    }
    if (place.words !== undefined && !place.words.includes(word)) return undefined
    read.values.set(place.name, word)
  }
  return { values: read.values, others: read.others }
}
