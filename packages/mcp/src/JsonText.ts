/**
 * Duplicate keys without a second parser: every key of every object is followed by one colon outside strings, so a text with
 * more such colons than its parsed value has keys held some key twice. Both counts cost less than the parse itself.
 */
import { endOfString } from "./internal/jsonScanner.ts"

/** Colons outside strings. Expects valid JSON. */
const countColons = (text: string): number => {
  let colons = 0
  const length = text.length
  for (let i = 0; i < length; i++) {
    let code = text.charCodeAt(i)
    while (code <= 32) code = text.charCodeAt(++i)
    if (code === 34) i = endOfString(text, i + 1)
    else if (code === 58) colons++
  }
  return colons
}

/**
 * Keys of all objects in a parsed value; -1 when it is nested deeper than `maxDepth`. Recursion is bounded by that depth.
 */
export const countKeys = (value: unknown, maxDepth: number): number => {
  if (typeof value !== "object" || value === null) return 0
  if (maxDepth === 0) return -1
  let count = 0
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i]
      if (typeof item !== "object" || item === null) continue
      const inner = countKeys(item, maxDepth - 1)
      if (inner === -1) return -1
      count += inner
    }
    return count
  }
  // for…in: what JSON.parse made has no inherited keys, and it allocates nothing.
  const object = value as { readonly [key: string]: unknown }
  for (const key in object) {
    count++
    const item = object[key]
    if (typeof item !== "object" || item === null) continue
    const inner = countKeys(item, maxDepth - 1)
    if (inner === -1) return -1
    count += inner
  }
  return count
}

/** Has `text` more keys than `most`? Looked at before parsing: what many keys cost, they cost there. */
export const hasMoreKeys = (text: string, most: number): boolean => {
  let colons = 0
  for (let i = text.indexOf(":"); i !== -1; i = text.indexOf(":", i + 1)) {
    if (++colons > most) return countColons(text) > most
  }
  return false
}

/**
 * Has no object in `text` the same key twice? `keys` is `countKeys` of what it parsed to. Colons in all are looked at first, with
 * the engine's vectorised search: as many as keys means none stands in a string, and none too many outside.
 */
export const hasDistinctKeys = (text: string, keys: number): boolean => {
  let colons = 0
  for (let i = text.indexOf(":"); i !== -1 && colons <= keys; i = text.indexOf(":", i + 1)) colons++
  return colons === keys || countColons(text) === keys
}
