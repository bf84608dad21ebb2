/** The tool inventory of a connected server: all pages or nothing, each definition as the server gave it. */
import { parseDescription, type Tool } from "@mcpgw/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Failure } from "./failure.ts"
import { call, type Library, LIBRARY_TIMEOUT_MS, type Session } from "./session.ts"

/** A defence against cursors that never end. */
const MAX_PAGES = 500

/** The library's own result schema drops fields it does not know (protocol.md §1.3); this one looks at none of a tool's. */
const Page = Schema.standardSchemaV1(
  Schema.Struct({ tools: Schema.Array(Schema.Unknown), nextCursor: Schema.optional(Schema.NullOr(Schema.String)) })
)

const Definition = Schema.is(Schema.Struct({ name: Schema.String }))
const Described = Schema.is(Schema.Struct({ description: Schema.String }))
const WithSchema = Schema.is(Schema.Struct({ inputSchema: Schema.Unknown }))

/** Fails with what the failing page came to; a cursor seen twice counts as unusable. */
export const fetchInventory = (library: Library, session: Session): Effect.Effect<ReadonlyArray<Tool>, Failure> =>
  Effect.gen(function* () {
    const definitions: Array<unknown> = []
    const cursors = new Set<string>()
    let cursor: string | undefined
    do {
      const params = cursor === undefined ? {} : { cursor }
      const request = { method: "tools/list", params }
      const page = yield* call(library, session.trace, () =>
        session.client.request(request, Page, { timeout: LIBRARY_TIMEOUT_MS })
      )
      for (const definition of page.tools) definitions.push(definition)
      cursor = page.nextCursor ?? undefined
      if (cursor === undefined) break
      if (cursors.has(cursor) || cursors.size >= MAX_PAGES) return yield* Effect.fail<Failure>({ kind: "unusable" })
      cursors.add(cursor)
    } while (true)
    const tools = definitions.flatMap(toolOf)
    if (tools.length < definitions.length) {
      yield* Effect.logWarning(`${definitions.length - tools.length} tool definitions without a name left out`)
    }
    return tools
  })

/** The stored tool of a definition, contracts.md §2.9; nothing for one without a name. */
const toolOf = (definition: unknown): ReadonlyArray<Tool> =>
  Definition(definition)
    ? [
        {
          name: definition.name,
          parsed_description: parseDescription(Described(definition) ? definition.description : ""),
          schema: WithSchema(definition) ? definition.inputSchema : {},
          definition
        }
      ]
    : []
