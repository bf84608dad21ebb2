/** contracts §2.1: names that lead nowhere are told, never refused. */
import { assert, describe, it } from "@effect/vitest"
import { compile } from "../src/compile.ts"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import { parsePolicyText } from "../src/PolicyText.ts"

const doubts = (text: string, ...servers: ReadonlyArray<string>): ReadonlyArray<string> =>
  compile(parsePolicyText(text)).doubts((path) => servers.includes(path))

describe("names that lead nowhere", () => {
  it("a scope that is not defined, a server that is not registered: each with its place", () => {
    const text = `
group_mappings:
  analysts: [clock/us, clock/use, mcp-registry-admin, shown]
UI-Scopes:
  shown: {list_service: [all]}
clock/use:
  - {server: /clock/, tools: [a]}
  - {server: clok, tools: [a]}
  - {server: "*", tools: [a]}
`
    assert.deepStrictEqual(doubts(text, "/clock"), [
      "group_mappings.analysts: no scope 'clock/us' is defined",
      "clock/use[1]: no server 'clok' is registered"
    ])
    assert.deepStrictEqual(doubts(text, "/clock", "/clok"), ["group_mappings.analysts: no scope 'clock/us' is defined"])
  })

  it("the policy as shipped has none, whatever is registered", () => {
    assert.deepStrictEqual(doubts(DEFAULT_SCOPES), [])
  })

  it("many are counted, and long ones cut", () => {
    const names = Array.from({ length: 60 }, (_, i) => `s${i}${"x".repeat(500)}`)
    const found = doubts(`group_mappings: {a: [${names.join(",")}]}`)
    assert.strictEqual(found.length, 21)
    assert.strictEqual(found.at(-1), "and 40 more")
    assert.isBelow(Math.max(...found.map(({ length }) => length)), 200)
  })

  it("knows which groups are mapped", () => {
    const policy = compile(parsePolicyText("group_mappings: {a: [s], b: []}"))
    assert.deepStrictEqual(["a", "b", "s"].map(policy.mapsGroup), [true, true, false])
  })
})
