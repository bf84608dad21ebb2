/**
 * What can be said of a block of server-sent events without decoding it: whether anything in it could have to be judged. Searched for as
 * bytes, natively, because this is all that happens to most events (design.md §4.4). A yes may be wrong, a no never is.
 */
import { holds, indexOfBytes, needle } from "@mcpgw/mcp/ByteSearch"

/**
 * Could this text hold a list result or an error? The four list keys, `"error"` and `"isError"`, or an escape that could spell
 * one of them. False means: certainly not.
 */
export const MAY_MATTER = /"(?:tools|prompts|resource)|rror"|\\u/

const BACKSLASH = 0x5c
const LF = 0x0a
const CR = 0x0d

const TOOLS = needle('"tools')
const PROMPTS = needle('"prompts')
const RESOURCES = needle('"resource')
const ERROR = needle('rror"')
const ESCAPE = needle("\\u")
const RESULT = needle('"result"')

/**
 * `MAY_MATTER` of bytes, in which a list counts beside the result it is a list of alone: it is nowhere else judged. In UTF-8 no byte of another
 * character is one of these.
 */
export const mayMatter = (block: Uint8Array): boolean =>
  holds(block, ERROR) || mayEscape(block) || (holds(block, RESULT) && holdsList(block))

const holdsList = (block: Uint8Array): boolean =>
  holds(block, TOOLS) || holds(block, PROMPTS) || holds(block, RESOURCES)

/** One byte is found faster than two, and mostly is not there. */
const mayEscape = (block: Uint8Array): boolean => block.includes(BACKSLASH) && holds(block, ESCAPE)

const ANY_ERROR = needle('"error"')
const ID_FIELD = needle("id:")

/**
 * Does this block hold an answer, or an id to take the stream up from, which there is none of since 2026-07-28? Searched for, not parsed:
 * what only looks like one is given the benefit of the doubt.
 */
export const settles = (block: Uint8Array, modern: boolean): boolean =>
  holds(block, RESULT) || holds(block, ANY_ERROR) || (!modern && holdsIdField(block))

/** `id:` at the begin of a line. */
const holdsIdField = (block: Uint8Array): boolean => {
  for (let at = indexOfBytes(block, ID_FIELD); at !== -1; at = indexOfBytes(block, ID_FIELD, at + 1)) {
    const before = block[at - 1]
    if (at === 0 || before === LF || before === CR) return true
  }
  return false
}

const METHOD = needle('"method"')
const ID = needle('"id"')

/** Could this block hold a request of the server's own? Escapes are `mayMatter`'s affair. */
export const mayAsk = (block: Uint8Array): boolean => holds(block, ID) && holds(block, METHOD)

/**
 * Nothing of the above can be true of this block: looked for in fewer searches than each of them takes. `awaited`: `settles` will be
 * asked; `modern`: `mayAsk` will.
 */
export const isPlain = (block: Uint8Array, awaited: boolean, modern: boolean): boolean =>
  !holds(block, RESULT) &&
  !holds(block, ERROR) &&
  !mayEscape(block) &&
  !(modern ? holds(block, ID) : awaited && holds(block, ID_FIELD))
