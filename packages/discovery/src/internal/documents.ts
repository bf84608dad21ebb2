/**
 * What of a server and its tools is indexed. The same record always gives the same documents and digest; a long tool list is gone
 * through in pieces, and texts longer than anyone reads are cut, so that no record holds the thread.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { inSlices } from "@mcpgw/registry/EventLoop"
import * as Effect from "effect/Effect"
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
const VERSION = 2

const MAX_DEPTH = 3
/** Characters of one text, and parameters of one tool, that are indexed. */
const MAX_TEXT = 16_384
const MAX_PROPERTIES = 200
/** Characters of its tools' texts that a server is found by; of the tools after that their names, each word once, as many again. */
const MAX_TOOLS_TEXT = 32_768
const TOOLS_AT_ONCE = 100

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

const textOf = (text: string): string => expandText(text.slice(0, MAX_TEXT))
const nameOf = (name: string): string => expandName(name.slice(0, MAX_TEXT))

/** What every tool of a server has from it. */
const sharedBy = (record: ServerRecord): Pick<ToolDocument, "server" | "about"> => ({
  server: `${nameOf(record.server_name)} ${nameOf(record.path)} ${record.tags.map(nameOf).join(" ")}`.slice(
    0,
    MAX_TEXT
  ),
  about: textOf(record.description)
})

const toolDocument = ({
  name,
  parsed_description: { main, returns },
  schema
}: Tool): Omit<ToolDocument, "server" | "about"> => ({
  tool: name,
  name: nameOf(name),
  description: textOf([main, returns ?? ""].join(" ")),
  properties: propertiesOf(schema)
    .slice(0, MAX_PROPERTIES)
    .map(([property, description]) => `${nameOf(property)} ${textOf(description)}`)
    .join(" ")
    .slice(0, MAX_TEXT)
})

/** The tools' texts, as far as a server is found by them. */
const makeToolsText = () => {
  const texts: Array<string> = []
  const seen = new Set<string>()
  let room = MAX_TOOLS_TEXT
  let roomForNames = MAX_TOOLS_TEXT
  return {
    add: ({ description, name }: Pick<ToolDocument, "name" | "description">): void => {
      const text = `${name} ${description}`
      room -= text.length
      if (room >= 0) return void texts.push(text)
      for (const word of name.split(" ")) {
        if (roomForNames < 0 || seen.has(word)) continue
        seen.add(word)
        roomForNames -= word.length
        texts.push(word)
      }
    },
    text: (): string => texts.join(" ")
  }
}

/** What is indexed for `record`. */
export const documentsOf = (record: ServerRecord): Effect.Effect<Documents> =>
  Effect.gen(function* () {
    const shared = sharedBy(record)
    const tools: Array<ToolDocument> = []
    const all = makeToolsText()
    const hash = createHash("sha256").update(JSON.stringify([VERSION, shared]))
    yield* inSlices(record.tool_list, TOOLS_AT_ONCE, (slice) =>
      Effect.sync(() => {
        for (const tool of slice) {
          const own = toolDocument(tool)
          all.add(own)
          hash.update(JSON.stringify(own))
          tools.push({ ...own, ...shared })
        }
      })
    )
    const server: ServerDocument = {
      name: `${nameOf(record.server_name)} ${nameOf(record.path)}`,
      tags: record.tags.map(nameOf).join(" ").slice(0, MAX_TEXT),
      description: shared.about,
      tools: all.text()
    }
    return { server, tools, digest: hash.update(JSON.stringify(server)).digest("base64url") }
  })
