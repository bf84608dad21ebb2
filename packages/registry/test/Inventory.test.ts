import { assert, describe, it } from "@effect/vitest"
import type { Tool } from "@mcpgw/domain/Tool"
import * as Effect from "effect/Effect"
import { inventoryNote, keptTools, MAX_TOOLS, sameTools, toolsLeftOut } from "../src/Inventory.ts"
import { tool } from "./suites/fixtures.ts"

const tools = (count: number, description?: string): ReadonlyArray<Tool> =>
  Array.from({ length: count }, (_, i) => tool(`t${i}`, description))

describe("the bound of an inventory", () => {
  it("keeps the first of a longer list, and a list within it as it is", () => {
    const long = tools(MAX_TOOLS + 3)
    assert.strictEqual(keptTools(long).length, MAX_TOOLS)
    assert.strictEqual(keptTools(long).at(-1), long[MAX_TOOLS - 1])
    const full = tools(MAX_TOOLS)
    assert.strictEqual(keptTools(full), full)
  })

  it("counts what is left out only where the list is full", () => {
    const full = tools(MAX_TOOLS)
    assert.strictEqual(toolsLeftOut({ tool_list: full, num_tools: 9_000 }), 4_000)
    assert.strictEqual(
      inventoryNote({ tool_list: full, num_tools: 9_000 }),
      "the server lists 9000 tools; the first 5000 are kept and 4000 are left out"
    )
    assert.isUndefined(inventoryNote({ tool_list: full, num_tools: MAX_TOOLS }))
    // A registration may count tools it does not list.
    assert.isUndefined(inventoryNote({ tool_list: tools(2), num_tools: 9_000 }))
  })
})

describe("sameTools", () => {
  for (const [what, a, b, same] of [
    ["equal lists", tools(600), tools(600), true],
    ["no tools", [], [], true],
    ["another length", tools(600), tools(601), false],
    ["a difference in the last", tools(600), [...tools(599), tool("t599", "other")], false],
    ["another order", tools(2), tools(2).toReversed(), false]
  ] as const) {
    it.effect(`${what}: ${same}`, () => Effect.map(sameTools(a, b), (answer) => assert.strictEqual(answer, same)))
  }
})
