/**
 * The protocol's own JSON Schemas, one per version, read out of the published conformance suite: no published package holds the
 * specification's example files. Reads the bundle as text; runs nothing of it but the schema literals. For tests only.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { runInNewContext } from "node:vm"

export type JsonSchema = Readonly<Record<string, unknown>>

/** Definitions by name. */
export type Definitions = Readonly<Record<string, JsonSchema>>

export interface SpecSchema {
  readonly version: string
  readonly root: JsonSchema
  readonly definitions: Definitions
}

export const VERSIONS = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const

/** How the bundle maps versions to the variables that hold their schemas. */
const MAP = /"2025-03-26":([\w$]+),"2025-06-18":([\w$]+),"2025-11-25":([\w$]+),\[[\w$]+\]:([\w$]+)\}/

export const readSpecSchemas = (): ReadonlyArray<SpecSchema> => {
  const folder = dirname(createRequire(import.meta.url).resolve("conformance-0.2/package.json"))
  const bundle = readFileSync(join(folder, "dist", "index.js"), "utf8")
  const names = MAP.exec(bundle)?.slice(1)
  if (names === undefined) throw new Error("the conformance suite's bundle no longer maps versions to schemas as known")
  return VERSIONS.map((version, i) => {
    const root = literalOf(bundle, names[i] ?? "")
    return { version, root, definitions: (root["$defs"] ?? root["definitions"]) as Definitions }
  })
}

/** The object assigned to a variable, as plain data of this realm. */
const literalOf = (bundle: string, name: string): JsonSchema => {
  const start = bundle.indexOf(`${name}={$schema:`)
  if (start === -1) throw new Error(`no schema called ${name} in the conformance suite's bundle`)
  const at = start + name.length + 1
  return JSON.parse(JSON.stringify(runInNewContext(`(${bundle.slice(at, endOfObject(bundle, at))})`)))
}

const QUOTES = "\"'`"

/** Index just past the object literal that begins at `from`. */
const endOfObject = (code: string, from: number): number => {
  let depth = 0
  for (let i = from; i < code.length; i++) {
    const char = code.charAt(i)
    if (QUOTES.includes(char)) {
      for (i++; code.charAt(i) !== char; i++) if (code.charAt(i) === "\\") i++
    } else if (char === "{") depth++
    else if (char === "}" && --depth === 0) return i + 1
  }
  throw new Error("an object literal does not end")
}
