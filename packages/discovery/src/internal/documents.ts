/** What of a server and its tools is indexed. Pure; the same record always gives the same documents and digest. */
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { createHash } from "node:crypto"
import { expandName, expandText } from "./words.ts"

/** Columns of a server's row. */
export interface ServerDocument {
  readonly name: string
  readonly tags: string
  readonly description: string
  readonly tools: string
}

/** The tool's own name, then the columns of its row. */
export interface ToolDocument {
  readonly tool: string
  readonly name: string
  readonly description: string
  readonly properties: string
  /** Name, path and tags of its server. */
  readonly server: string
  /** What its server says of itself; lets "papers" find the `search` of a library. */
  readonly about: string
}

export interface Documents {
  readonly server: ServerDocument
  readonly tools: ReadonlyArray<ToolDocument>
  /** Changes whenever anything indexed does. */
  readonly digest: string
}

/** Raise when documents are made differently, so that every index is brought up to date at the next start. */
const VERSION = 1

const MAX_DEPTH = 3

const propertiesOf = (schema: unknown, depth = 0): ReadonlyArray<readonly [name: string, description: string]> => {
  if (typeof schema !== "object" || schema === null || depth > MAX_DEPTH) return []
  const properties: unknown = Reflect.get(schema, "properties")
  const own = typeof properties === "object" && properties !== null ? Object.entries(properties) : []
  return [
    ...own.flatMap(([name, value]) => {
      const description: unknown =
        typeof value === "object" && value !== null ? Reflect.get(value, "description") : undefined
      return [[name, typeof description === "string" ? description : ""] as const, ...propertiesOf(value, depth + 1)]
    }),
    ...propertiesOf(Reflect.get(schema, "items"), depth + 1)
  ]
}

const toolDocument = (record: ServerRecord, tool: Tool): ToolDocument => ({
  tool: tool.name,
  name: expandName(tool.name),
  description: expandText([tool.parsed_description.main, tool.parsed_description.returns ?? ""].join(" ")),
  properties: propertiesOf(tool.schema)
    .map(([name, description]) => `${expandName(name)} ${expandText(description)}`)
    .join(" "),
  server: `${expandName(record.server_name)} ${expandName(record.path)} ${record.tags.map(expandName).join(" ")}`,
  about: expandText(record.description)
})

/** What is indexed for `record`. */
export const documentsOf = (record: ServerRecord): Documents => {
  const tools = record.tool_list.map((tool) => toolDocument(record, tool))
  const server: ServerDocument = {
    name: `${expandName(record.server_name)} ${expandName(record.path)}`,
    tags: record.tags.map(expandName).join(" "),
    description: expandText(record.description),
    tools: tools.map((tool) => `${tool.name} ${tool.description}`).join(" ")
  }
  const digest = createHash("sha256")
    .update(JSON.stringify([VERSION, server, tools]))
    .digest("base64url")
  return { server, tools, digest }
}
