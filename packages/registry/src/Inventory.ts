/**
 * How much of a server's tool inventory is kept, and what is said about the rest. A server that lists more is no worse for it: calls to
 * the tools left out go through as ever; they are only not listed or found here.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { turn } from "./EventLoop.ts"

/** Tools kept per server, the first ones it lists. */
export const MAX_TOOLS = 5_000

/** Tools compared between two turns of the event loop. */
const COMPARED_AT_ONCE = 250

/** The part of a list that is kept. */
export const keptTools = (tools: ReadonlyArray<Tool>): ReadonlyArray<Tool> =>
  tools.length > MAX_TOOLS ? tools.slice(0, MAX_TOOLS) : tools

type Counted = Pick<ServerRecord, "num_tools" | "tool_list">

/** How many of the tools the server lists (`num_tools`) are not in the record; 0 unless its list is full. */
export const toolsLeftOut = ({ num_tools, tool_list }: Counted): number =>
  tool_list.length < MAX_TOOLS ? 0 : Math.max(0, num_tools - tool_list.length)

/** A sentence about the tools left out, for people and logs; undefined when all are kept. */
export const inventoryNote = (record: Counted): string | undefined => {
  const left = toolsLeftOut(record)
  return left === 0
    ? undefined
    : `the server lists ${record.num_tools} tools; the first ${MAX_TOOLS} are kept and ${left} are left out`
}

/** Are these the same tools in the same order? Long lists are compared in pieces. */
export const sameTools = (a: ReadonlyArray<Tool>, b: ReadonlyArray<Tool>): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    if (a === b) return true
    if (a.length !== b.length) return false
    for (let start = 0; start < a.length; start += COMPARED_AT_ONCE) {
      if (start > 0) yield* turn
      const end = start + COMPARED_AT_ONCE
      if (!isDeepStrictEqual(a.slice(start, end), b.slice(start, end))) return false
    }
    return true
  })
