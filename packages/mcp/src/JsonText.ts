/**
 * Duplicate keys without a second parser: every key of every object is followed by one colon outside strings, so a text with
 * more such colons than its parsed value has keys held some key twice. Both counts cost less than the parse itself.
 */

/** Colons outside strings; -1 when nested deeper than `maxDepth`. Expects text that may or may not be valid JSON. */
export const countColons = (text: string, maxDepth: number): number => {
  let colons = 0
  let depth = 0
  const length = text.length
  for (let i = 0; i < length; i++) {
    switch (text.charCodeAt(i)) {
      case 34:
        i = endOfString(text, i + 1)
        break
      case 58:
        colons++
        break
      case 91:
      case 123:
        if (++depth > maxDepth) return -1
        break
      case 93:
      case 125:
        depth--
        break
    }
  }
  return colons
}

/** Index of the closing quote, or the text's length when there is none. */
const endOfString = (text: string, from: number): number => {
  const length = text.length
  const near = from + 24 < length ? from + 24 : length
  let i = from
  for (; i < near; i++) {
    const code = text.charCodeAt(i)
    if (code === 34) return i
    if (code === 92) i++
  }
  // Long strings: let the engine's vectorised search find the next quote.
  while (i < length) {
    const quote = text.indexOf('"', i)
    if (quote === -1) return length
    let slash = quote - 1
    while (slash >= i && text.charCodeAt(slash) === 92) slash--
    if (((quote - slash) & 1) === 1) return quote
    i = quote + 1
  }
  return length
}

/** Keys of all objects in a parsed value. Depth is bounded by the check above. */
export const countKeys = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i]
      if (typeof item === "object" && item !== null) count += countKeys(item)
    }
    return count
  }
  // for…in: what JSON.parse made has no inherited keys, and it allocates nothing.
  const object = value as { readonly [key: string]: unknown }
  for (const key in object) {
    count++
    const item = object[key]
    if (typeof item === "object" && item !== null) count += countKeys(item)
  }
  return count
}
