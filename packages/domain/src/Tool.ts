/** A tool as a server describes it and as the registry stores it. */
import * as Schema from "effect/Schema"

/** Description split as a Python docstring, contracts.md §2.9. */
export const ParsedDescription = Schema.Struct({
  main: Schema.String,
  args: Schema.NullOr(Schema.String),
  returns: Schema.NullOr(Schema.String),
  raises: Schema.NullOr(Schema.String)
})
export type ParsedDescription = typeof ParsedDescription.Type

/** A stored tool: `{name, parsed_description, schema}` of contracts.md §2.9 plus the server's own definition, whole. */
export const Tool = Schema.Struct({
  name: Schema.String,
  parsed_description: ParsedDescription,
  schema: Schema.Unknown,
  /** The definition exactly as `tools/list` gave it, unknown fields included. */
  definition: Schema.optionalWith(Schema.Unknown, { exact: true })
})
export type Tool = typeof Tool.Type

/** Splits a docstring-like description at `Args:`, `Returns:` and `Raises:`. */
export const parseDescription = (description: string): ParsedDescription => {
  const found: Record<"args" | "returns" | "raises", string | null> = { args: null, returns: null, raises: null }
  const marks = [...description.matchAll(/^[ \t]*(Args|Arguments|Parameters|Returns|Raises):[ \t]*/gm)]
  const main = description.slice(0, marks[0]?.index ?? description.length).trim()
  marks.forEach((mark, i) => {
    const text = description.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? description.length).trim()
    const word = mark[1]
    found[word === "Returns" ? "returns" : word === "Raises" ? "raises" : "args"] = text
  })
  return { main, ...found }
}
