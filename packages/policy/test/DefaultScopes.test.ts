import { assert, describe, expect, it } from "@effect/vitest"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import { fromYaml, parsePolicyText } from "../src/Library.ts"
import type { Subject } from "../src/Policy.ts"

const document = parsePolicyText(DEFAULT_SCOPES)
const policy = fromYaml(DEFAULT_SCOPES)
const inGroup = (group: string): Subject => ({ groups: [group], scopes: [] })

const SEVEN = [
  "initialize",
  "notifications/initialized",
  "ping",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list"
]
/** contracts §2.10: tools of mcpgw that change the registry or show its groups. */
const ADMINISTRATIVE = [
  "register_service",
  "remove_service",
  "toggle_service",
  "refresh_service",
  "create_group",
  "delete_group",
  "list_groups",
  "add_server_to_scopes_groups",
  "remove_server_from_scopes_groups"
]
const SERVERS = ["auth_server", "currenttime", "mcpgw", "realserverfaketools", "fininfo", "team/search"]

describe("contracts §2.1: the default file", () => {
  it("has the groups and scopes of the replaced file", () => {
    assert.deepEqual(
      [...document.groupMappings.keys()],
      [
        "mcp-registry-admin",
        "mcp-registry-developer",
        "mcp-registry-operator",
        "mcp-registry-user",
        "mcp-servers-unrestricted",
        "mcp-servers-restricted"
      ]
    )
    assert.includeMembers(
      [...document.scopes.keys()],
      [
        "mcp-servers-unrestricted/read",
        "mcp-servers-unrestricted/execute",
        "mcp-servers-restricted/read",
        "mcp-servers-restricted/execute"
      ]
    )
    assert.deepEqual(document.groupMappings.get("mcp-registry-user"), [
      "mcp-registry-user",
      "mcp-servers-restricted/read"
    ])
  })

  it("every scope a group is mapped to exists", () => {
    for (const scope of [...document.groupMappings.values()].flat()) {
      assert.isTrue(document.scopes.has(scope) || document.uiScopes.has(scope), scope)
    }
  })

  it("a scope called read never holds a tool call", () => {
    const reads = [...document.scopes].filter(([scope]) => scope.endsWith("/read"))
    assert.lengthOf(reads, 2)
    for (const [scope, rules] of reads) {
      assert.isNotEmpty(rules, scope)
      for (const rule of rules) {
        assert.deepEqual(rule.tools, { all: false, names: [] })
        assert.isFalse(rule.methods.all)
        assert.deepEqual(
          rule.methods.names,
          SEVEN.filter((method) => method !== "tools/call")
        )
      }
    }
  })

  it("execute opens the seven methods, and a method wildcard is nowhere", () => {
    for (const [scope, rules] of document.scopes) {
      for (const rule of rules) {
        assert.isFalse(rule.methods.all, scope)
        if (scope.endsWith("/execute")) assert.deepEqual(rule.methods.names, SEVEN)
      }
    }
    assert.deepEqual(
      document.scopes.get("mcp-servers-unrestricted/execute")?.map(({ server, tools }) => ({ server, tools })),
      [{ server: "*", tools: { all: true, names: [] } }]
    )
  })

  it("contracts §2.1 bug: only the unrestricted reach an administrative tool", () => {
    for (const group of document.groupMappings.keys()) {
      const unrestricted = group === "mcp-registry-admin" || group === "mcp-servers-unrestricted"
      for (const tool of ADMINISTRATIVE) {
        const access = { server: "/mcpgw", method: "tools/call", tool }
        assert.strictEqual(policy.decide(inGroup(group), access).allowed, unrestricted, `${group} ${tool}`)
      }
    }
  })

  it("golden: what each group may do on each server", async () => {
    const tools = [
      ...new Set([...document.scopes.values()].flat().flatMap((rule) => rule.tools.names)),
      "any_other_tool"
    ]
    const methods = [
      ...SEVEN.filter((method) => method !== "tools/call"),
      "resources/read",
      "prompts/list",
      "prompts/get"
    ]
    const lines: Array<string> = []
    for (const group of document.groupMappings.keys()) {
      lines.push(group, `  scopes: ${policy.scopesOf(inGroup(group)).join(", ")}`)
      for (const server of SERVERS) {
        const may = (method: string, tool?: string) => policy.decide(inGroup(group), { server, method, tool }).allowed
        lines.push(`  ${server}`)
        lines.push(`    methods: ${methods.filter((method) => may(method)).join(", ")}`)
        lines.push(`    tools:   ${tools.filter((tool) => may("tools/call", tool)).join(", ")}`)
      }
    }
    await expect(`${lines.map((line) => line.trimEnd()).join("\n")}\n`).toMatchFileSnapshot("golden/default-scopes.txt")
  })
})
