/**
 * `scopes.yml` text → `PolicyDocument`. Bounded before it is understood: size, aliases, one document, no duplicate keys.
 * Reads text only; never a file.
 */
import { isAlias, parseDocument, visit, type YAMLError } from "yaml"
import { InvalidPolicy } from "./InvalidPolicy.ts"
import { fromValue, type PolicyDocument } from "./PolicyDocument.ts"

/** Longest text taken, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 4 * 1024 * 1024
/** Most aliases (`*name`) one document may hold. */
export const MAX_ALIASES = 10_000

const firstLine = (message: string): string => (message.split("\n", 1)[0] ?? "").replace(/:$/, "")

const MAX_KEY_SHOWN = 100

/** A key in quotes, or up to what ends a plain one. */
const KEY = /"([^"\n]*)"|'([^'\n]*)'|([^:,}\n]*)/y

/** The key that begins at `offset`, shortened. */
const keyAt = (text: string, offset: number): string => {
  KEY.lastIndex = offset
  const found = KEY.exec(text)
  const key = (found?.[1] ?? found?.[2] ?? found?.[3] ?? "").trim()
  return key.length > MAX_KEY_SHOWN ? `${key.slice(0, MAX_KEY_SHOWN)}…` : key
}

const wordsOf = ({ code, linePos, message, pos }: YAMLError, text: string): string => {
  const at = linePos?.[0]
  if (code !== "DUPLICATE_KEY" || at === undefined) return firstLine(message)
  const where = `again at line ${at.line}, column ${at.col}`
  return `the key '${keyAt(text, pos[0])}' stands twice, ${where}: put what is under the second under the first`
}

const readYaml = (text: string, source: string): unknown => {
  const document = parseDocument(text, { uniqueKeys: true, strict: true, version: "1.2" })
  const complaint = document.errors[0] ?? document.warnings[0]
  if (complaint !== undefined) throw new InvalidPolicy(source, "", wordsOf(complaint, text))
  let aliases = 0
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node) && ++aliases > MAX_ALIASES) return visit.BREAK
      return undefined
    }
  })
  if (aliases > MAX_ALIASES) throw new InvalidPolicy(source, "", `holds more than ${MAX_ALIASES} aliases`)
  return document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES })
}

/**
 * Reads a policy from YAML text. An empty text is refused, so that a file caught half-written never empties the policy;
 * `{}` is a policy that grants nothing.
 * @throws InvalidPolicy naming `source`, the field and the problem
 */
export const parsePolicyText = (text: string, source = "text"): PolicyDocument => {
  if (text.length > MAX_TEXT_LENGTH) {
    throw new InvalidPolicy(source, "", `is longer than ${MAX_TEXT_LENGTH} characters`)
  }
  let value: unknown
  try {
    value = readYaml(text, source)
  } catch (cause) {
    if (cause instanceof InvalidPolicy) throw cause
    // The parser throws plain errors for excessive aliases and, by the engine, for nesting beyond the stack.
    throw new InvalidPolicy(source, "", cause instanceof Error ? firstLine(cause.message) : "is not YAML")
  }
  return fromValue(value, source)
}
