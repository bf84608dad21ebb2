/**
 * The tool inventory of a connected server, each definition as the server gave it: all pages or nothing, except that what is beyond the
 * tools kept is counted and not kept.
 */
import { parseDescription, type Tool } from "@mcpgw/domain/Tool"
import { inSlices, turn } from "@mcpgw/registry/EventLoop"
import { MAX_TOOLS } from "@mcpgw/registry/Inventory"
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

export interface Inventory {
  /** The first `MAX_TOOLS` at most. */
  readonly tools: ReadonlyArray<Tool>
  /** How many the server lists. At least so many, where its list breaks off or does not end. */
  readonly listed: number
}

/** Definitions read between two turns of the event loop. */
const READ_AT_ONCE = 100

/** The next page's cursor; a cursor seen twice, and one too many, count as unusable. */
const makeCursors = () => {
  const seen = new Set<string>()
  return (cursor: string | null | undefined): Effect.Effect<string | undefined, Failure> => {
    if (cursor === undefined || cursor === null) return Effect.succeed(undefined)
    if (seen.has(cursor) || seen.size >= MAX_PAGES) return Effect.fail<Failure>({ kind: "unusable" })
    seen.add(cursor)
    return Effect.succeed(cursor)
  }
}

/**
 * Fails with what the failing page came to, unless as much as is kept came before it. `full` is told what there is once that is so: the
 * rest is only counted, and may take longer than there is time.
 */
export const fetchInventory = (
  library: Library,
  session: Session,
  full: (inventory: Inventory) => void
): Effect.Effect<Inventory, Failure> =>
  Effect.gen(function* () {
    const tools: Array<Tool> = []
    let nameless = 0
    let listed = 0
    const isFull = () => tools.length >= MAX_TOOLS
    const take = (definition: unknown): void => {
      if (isFull()) return
      const tool = toolOf(definition)
      if (tool === undefined) nameless++
      else tools.push(tool)
    }
    const inventory = (): Inventory => ({ tools, listed: listed - nameless })
    const follow = makeCursors()
    const page = (cursor: string | undefined) =>
      Effect.gen(function* () {
        const { nextCursor, tools: definitions } = yield* fetchPage(library, session, cursor)
        listed += definitions.length
        yield* inSlices(definitions, READ_AT_ONCE, (slice) => Effect.sync(() => slice.forEach(take)))
        if (isFull()) full(inventory())
        return yield* follow(nextCursor)
      })
    let cursor = yield* page(undefined)
    while (cursor !== undefined) {
      cursor = yield* Effect.catchIf(page(cursor), isFull, (failure) =>
        Effect.as(Effect.logInfo(`tools after the first ${listed} could not be counted`, failure), undefined)
      )
    }
    if (nameless > 0) yield* Effect.logWarning(`${nameless} tool definitions without a name left out`)
    return inventory()
  })

const fetchPage = (library: Library, session: Session, cursor: string | undefined) =>
  Effect.gen(function* () {
    const request = { method: "tools/list", params: cursor === undefined ? {} : { cursor } }
    const page = yield* call(library, session.trace, () =>
      session.client.request(request, Page, { timeout: LIBRARY_TIMEOUT_MS })
    )
    // Parsing it took long enough.
    if (page.tools.length > READ_AT_ONCE) yield* turn
    return page
  })

/** The stored tool of a definition, contracts.md §2.9; nothing for one without a name. */
const toolOf = (definition: unknown): Tool | undefined =>
  Definition(definition)
    ? {
        name: definition.name,
        parsed_description: parseDescription(Described(definition) ? definition.description : ""),
        schema: WithSchema(definition) ? definition.inputSchema : {},
        definition
      }
    : undefined
