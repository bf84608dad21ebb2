/**
 * Finds where the parts of a JSON text begin and end, without making values of them. Expects valid JSON: of any other text it
 * says something wrong, but ends. Linear in the text, and never recurses into what it is not asked about.
 */

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** Sets brackets and braces apart from nothing but each other: `[` becomes `{`, `]` becomes `}`. */
const CURLY = 32

/**
 * Index of the closing quote, or the text's length when there is none. `from` is just past the opening one. The engine's search
 * for a character is faster than looking at each, for short strings too (measured), as long as this is small enough to inline.
 */
export const endOfString = (text: string, from: number): number => {
  const quote = text.indexOf('"', from)
  if (quote === -1) return text.length
  return text.charCodeAt(quote - 1) === BACKSLASH ? endPastEscapes(text, quote) : quote
}

/** As above, from a quote with a backslash before it. Looks at each backslash once: it belongs to one quote. */
const endPastEscapes = (text: string, from: number): number => {
  for (let quote = from; quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1
    while (text.charCodeAt(before) === BACKSLASH) before--
    // An even number of backslashes escapes only each other.
    if (((quote - before) & 1) === 1) return quote
  }
  return text.length
}

/** Walks one text. All indexes are into it; the end of a part is just past it. */
export class JsonScanner {
  readonly text: string
  /** Keys passed so far, those of nested objects too. */
  keys = 0

  constructor(text: string) {
    this.text = text
  }

  /** Past the white space at `at`. */
  space(at: number): number {
    let i = at
    while (this.text.charCodeAt(i) <= 32) i++
    return i
  }

  /** End of the value that begins at `at`. */
  value(at: number): number {
    const first = this.text.charCodeAt(at)
    if (first === QUOTE) return endOfString(this.text, at + 1) + 1
    return first === OPEN_BRACE || first === OPEN_BRACKET ? this.container(at) : this.scalar(at)
  }

  /**
   * Shows each member of the object at `at`: its key, and where its value begins. `visit` passes the value and gives its end.
   * Anything but an object has no members. Gives the object's end.
   */
  members(at: number, visit: (key: string, value: number) => number): number {
    const { text } = this
    if (text.charCodeAt(at) !== OPEN_BRACE) return this.value(at)
    let i = this.space(at + 1)
    if (text.charCodeAt(i) === CLOSE_BRACE) return i + 1
    for (;;) {
      const quote = endOfString(text, i + 1)
      const key = text.slice(i + 1, quote)
      this.keys++
      const value = this.space(this.space(quote + 1) + 1)
      i = this.space(visit(key.includes("\\") ? unescaped(key) : key, value))
      if (text.charCodeAt(i) !== COMMA) return i + 1
      i = this.space(i + 1)
    }
  }

  /**
   * Shows each element of the array at `at`: its index, where it begins, and where the comma before it stands (the array's
   * bracket for the first). `visit` passes the element and gives its end. Anything but an array has none. Gives the array's end.
   */
  elements(at: number, visit: (index: number, element: number, comma: number) => number): number {
    const { text } = this
    if (text.charCodeAt(at) !== OPEN_BRACKET) return this.value(at)
    let comma = at
    let element = this.space(at + 1)
    if (text.charCodeAt(element) === CLOSE_BRACKET) return element + 1
    for (let index = 0; ; index++) {
      comma = this.space(visit(index, element, comma))
      if (text.charCodeAt(comma) !== COMMA) return comma + 1
      element = this.space(comma + 1)
    }
  }

  private container(at: number): number {
    const { text } = this
    const length = text.length
    let depth = 0
    let colons = 0
    let i = at
    for (; i < length; i++) {
      let code = text.charCodeAt(i)
      // Indented texts are mostly white space: a loop of its own halves what it costs (measured).
      while (code <= 32) code = text.charCodeAt(++i)
      if (code === QUOTE) i = endOfString(text, i + 1)
      else if (code === COLON) colons++
      else if (code >= OPEN_BRACKET) {
        // Letters of true, false and null come here too.
        const curly = code | CURLY
        if (curly === OPEN_BRACE) depth++
        else if (curly === CLOSE_BRACE && --depth === 0) break
      }
    }
    this.keys += colons
    return i + 1
  }

  private scalar(at: number): number {
    const { length } = this.text
    let i = at
    for (; i < length; i++) {
      const code = this.text.charCodeAt(i)
      if (code <= 32 || code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE) break
    }
    return i
  }
}

const unescaped = (key: string): string => String(JSON.parse(`"${key}"`))
