/** Words of identifiers and sentences, and the full-text expression of a question. Pure. */

/** `getWeatherByZIP_code` → `get Weather By ZIP_code`. */
const openCamelCase = (text: string): string =>
  text.replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2").replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")

/** Lower-case words in order, identifiers taken apart. */
export const wordsOf = (text: string): ReadonlyArray<string> =>
  openCamelCase(text)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? []

/** Each two neighbours written as one: `time zone` → `timezone`. */
const pairsOf = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.slice(1).map((word, i) => `${words[i] ?? ""}${word}`)

/** What is indexed for a name: its words, and neighbours joined, so that `timezone` finds `time_zone`. */
export const expandName = (name: string): string => {
  const words = wordsOf(name)
  return [...words, ...pairsOf(words)].join(" ")
}

/** What is indexed for prose: itself, then the words hidden inside identifiers it quotes. */
export const expandText = (text: string): string => {
  const hidden = (text.match(/\p{Ll}\p{Lu}|\p{Lu}{2}\p{Ll}/u) ?? []).length > 0 ? openCamelCase(text) : ""
  return hidden === "" ? text : `${text} ${hidden}`
}

/** Words that say nothing about what is looked for. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    "a about after all also am an and any are as at be been before being both but by can could did do does each find for " +
    "from had has have help her his how i if in into is it its just let like ll make may me more most my need no not of " +
    "on one only or other our out over please s she should show so some such t than that the their them then there these " +
    "they this those through to tool tools too under up us use using ve very want was we were what when where which while " +
    "who why will with would you your"
  ).split(" ")
)

const MAX_CHARS = 4_096
const MAX_WORDS = 48

export interface Question {
  /** Different words; of each the FTS5 terms, any of which stands for it: itself, joined with a neighbour, as a prefix. */
  readonly words: ReadonlyArray<ReadonlyArray<string>>
}

/** The FTS5 expression that finds what holds any of the terms. */
export const anyOf = (terms: Iterable<string>): string => [...new Set(terms)].join(" OR ")

const quoted = (word: string): string => `"${word}"`

/**
 * What to ask for, undefined when the text holds no word. Each word is quoted, so no text is ever read as an operator; neighbours are
 * also asked for joined, and a last word still being typed as a prefix.
 */
export const questionOf = (text: string): Question | undefined => {
  const cut = text.slice(0, MAX_CHARS)
  const all = wordsOf(cut)
  const telling = all.filter((word) => !STOP_WORDS.has(word))
  const words = (telling.length > 0 ? telling : all).slice(0, MAX_WORDS)
  const last = words.at(-1)
  if (last === undefined) return undefined
  const open = last.length > 1 && cut.toLowerCase().endsWith(last)
  const prefix = open ? [`"${last}"*`] : []
  const pairs = pairsOf(words)
  const different = new Map(
    words.map((word, i) => {
      const joined = [pairs[i - 1], pairs[i]].filter((pair) => pair !== undefined)
      const terms = [...[word, ...joined].map(quoted), ...(word === last ? prefix : [])]
      return [anyOf(terms), terms]
    })
  )
  return { words: [...different.values()] }
}
