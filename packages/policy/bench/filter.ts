/**
 * What filtering a list of 100 tools costs beside parsing it (design.md §4: at most 2.2 times `JSON.parse`), and what one
 * decision costs. `bun run bench/filter.ts`. Prints ratios; asserts nothing.
 */
import { editText } from "@mcpgw/mcp/JsonEdit"
import { countKeys } from "@mcpgw/mcp/JsonText"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import { fromYaml } from "../src/Library.ts"
import type { Policy, Subject } from "../src/Policy.ts"

const tools = Array.from({ length: 100 }, (_, i) => ({
  name: `tool_${i}`,
  description: `Does thing number ${i} and says what came of it, in a sentence or two.`,
  inputSchema: {
    type: "object",
    properties: { query: { type: "string" }, limit: { type: "integer" } },
    required: ["query"]
  }
}))
const text = JSON.stringify({
  jsonrpc: "2.0",
  id: 7,
  result: { tools, nextCursor: "n", ttlMs: 0, cacheScope: "public" }
})

const half = tools.filter((_, i) => i % 2 === 0).map((tool) => tool.name)
const policy = fromYaml(`
g/read: [{ server: s, methods: [tools/list] }]
g/execute: [{ server: s, methods: [tools/list], tools: [${half.join(", ")}] }]
`)
const subject: Subject = { groups: [], scopes: ["g/read", "g/execute"] }

const best = (rounds: number, calls: number, work: () => unknown): number => {
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    for (let i = 0; i < calls; i++) work()
    least = Math.min(least, performance.now() - began)
  }
  return (least / calls) * 1e6
}

const decisions = (judge: Policy, who: Subject): number =>
  best(5, 200_000, () =>
    judge.decide(who, { server: "/currenttime", method: "tools/call", tool: "current_time_by_timezone" })
  )

const parse = best(7, 1_000, () => JSON.parse(text))
const filtered = best(7, 1_000, () => policy.filterList(subject, "/s", JSON.parse(text)))
const rewritten = best(7, 1_000, () => JSON.stringify(policy.filterList(subject, "/s", JSON.parse(text)).message))
const cut = best(7, 1_000, () => {
  const message: unknown = JSON.parse(text)
  const { edit } = policy.judgeList(subject, "/s", message)
  return edit === undefined ? text : editText(text, edit, countKeys(message, 512))
})
const decide = decisions(fromYaml(DEFAULT_SCOPES), { groups: ["mcp-registry-developer"], scopes: [] })

const line = (name: string, ns: number) =>
  `${name.padEnd(28)} ${ns.toFixed(0).padStart(8)} ns  ${(ns / parse).toFixed(2)}x\n`
process.stdout.write(
  `${text.length} bytes, 100 tools, 50 kept\n` +
    line("JSON.parse", parse) +
    line("JSON.parse + filter", filtered) +
    line("JSON.parse + filter + write", rewritten) +
    line("JSON.parse + judge + cut", cut) +
    `decide ${decide.toFixed(0)} ns\n`
)
