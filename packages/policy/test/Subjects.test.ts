import { assert, describe, it } from "@effect/vitest"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import { fromRules, fromYaml } from "../src/Library.ts"
import type { Permission, Subject } from "../src/Policy.ts"

const inGroup = (...groups: ReadonlyArray<string>): Subject => ({ groups, scopes: [] })
const withScopes = (...scopes: ReadonlyArray<string>): Subject => ({ groups: [], scopes })
const policy = fromYaml(DEFAULT_SCOPES)

describe("contracts §2.1: group → scope mapping", () => {
  it("appends in token order, keeps the first occurrence, ignores unknown groups, own scopes last", () => {
    const who = {
      groups: ["mcp-registry-developer", "nobody", "mcp-servers-restricted"],
      scopes: ["own", "mcp-registry-developer"]
    }
    assert.deepEqual(policy.scopesOf(who), [
      "mcp-registry-developer",
      "mcp-servers-restricted/read",
      "mcp-servers-restricted/execute",
      "own"
    ])
  })
  it("no groups and no scopes are no scopes", () => assert.deepEqual(policy.scopesOf(inGroup("nobody")), []))
})

describe("contracts §2.7: who may have tokens made for others", () => {
  it("administrators, and holders of mcp-token-vending where the policy knows that name; nobody else", () => {
    assert.isTrue(policy.canVendTokens(inGroup("mcp-registry-admin")))
    for (const who of [
      inGroup("mcp-registry-developer"),
      inGroup("mcp-token-vending"),
      withScopes("mcp-token-vending")
    ]) {
      assert.isFalse(policy.canVendTokens(who))
    }
    const knowing = fromYaml(`${DEFAULT_SCOPES}\nmcp-token-vending: []\n`)
    assert.isTrue(knowing.canVendTokens(withScopes("mcp-token-vending")))
    assert.isFalse(knowing.isAdmin(withScopes("mcp-token-vending")))
    assert.isFalse(knowing.canVendTokens(withScopes("mcp-token-vending/x", "MCP-TOKEN-VENDING")))
  })
  it("counts the groups it maps", () => assert.strictEqual(policy.groupMappings, 6))
})

describe("contracts §2.1: UI-Scopes", () => {
  it("compares display names, 'all' covers every server, a permission not named is not held", () => {
    const rules = fromRules({
      groups: {},
      scopes: {},
      permissions: { s: { list_service: ["Current Time"], health_check_service: "all", toggle_service: ["x", "all"] } }
    })
    const may = (permission: Permission, name: string) => rules.permits(withScopes("s"), permission, name)
    assert.isTrue(may("list_service", "Current Time"))
    assert.isFalse(may("list_service", "current time"))
    assert.isTrue(may("health_check_service", "Anything"))
    assert.isTrue(may("toggle_service", "Anything"))
    assert.isFalse(may("modify_service", "Current Time"))
    assert.isFalse(rules.permits(withScopes("other"), "list_service", "Current Time"))
  })
  it("contracts §2.1 bug: technical names in the file match the path, slashes aside", () => {
    const user = inGroup("mcp-registry-user")
    assert.isTrue(policy.permits(user, "list_service", "Fake Tools for Tests", "/realserverfaketools/"))
    assert.isFalse(policy.permits(user, "list_service", "Fake Tools for Tests"))
    assert.isFalse(policy.permits(user, "list_service", "Financial", "/fininfo"))
    assert.isFalse(policy.permits(user, "register_service", "mcpgw", "/mcpgw"))
  })
  it("the default groups hold what contracts §2.1 says", () => {
    const held = (group: string) =>
      (
        ["list_service", "register_service", "health_check_service", "toggle_service", "modify_service"] as const
      ).filter((permission) => policy.permits(inGroup(group), permission, "Anything", "/anything"))
    assert.deepEqual(held("mcp-registry-admin").length, 5)
    assert.deepEqual(held("mcp-registry-developer"), ["list_service", "register_service", "health_check_service"])
    assert.deepEqual(held("mcp-registry-operator"), ["list_service", "health_check_service", "toggle_service"])
    assert.deepEqual(held("mcp-registry-user"), [])
    assert.deepEqual(held("mcp-servers-unrestricted"), [])
  })
})

describe("contracts §2.6: administrators and who may change servers", () => {
  it("the admin group and scope make an administrator, nothing else does", () => {
    assert.isTrue(policy.isAdmin(inGroup("mcp-registry-admin")))
    assert.isTrue(policy.isAdmin(withScopes("mcp-registry-admin")))
    for (const group of ["mcp-registry-developer", "mcp-registry-user", "mcp-servers-unrestricted", "admin"]) {
      assert.isFalse(policy.isAdmin(inGroup(group)), group)
    }
  })
  it("design §6: a policy that does not know the admin scope makes no administrator of whoever claims it", () => {
    const empty = fromYaml("{}")
    const claims = {
      groups: ["mcp-registry-admin"],
      scopes: ["mcp-registry-admin", "mcp-servers-unrestricted/execute", "x/execute"]
    }
    assert.isFalse(empty.isAdmin(claims))
    assert.isFalse(empty.canModifyServers(claims))
  })
  const rows: ReadonlyArray<readonly [string, Subject, boolean]> = [
    ["admin", inGroup("mcp-registry-admin"), true],
    ["unrestricted/execute", inGroup("mcp-servers-unrestricted"), true],
    ["any /execute", inGroup("mcp-servers-restricted"), true],
    ["developer", inGroup("mcp-registry-developer"), true],
    ["user", inGroup("mcp-registry-user"), false],
    ["user with another /execute", inGroup("mcp-registry-user", "mcp-servers-restricted"), false],
    ["user with unrestricted/execute", inGroup("mcp-registry-user", "mcp-servers-unrestricted"), true],
    ["read only", withScopes("mcp-servers-unrestricted/read"), false],
    ["an /execute the policy does not know", withScopes("foreign/execute"), false],
    ["nobody", inGroup(), false]
  ]
  for (const [name, who, expected] of rows) {
    it(`can_modify_servers: ${name} → ${expected}`, () => assert.strictEqual(policy.canModifyServers(who), expected))
  }
})

describe("explain", () => {
  it("names every rule of the caller's scopes, in order, and why", () => {
    const rules = fromRules({
      scopes: {
        a: [{ server: "two", tools: ["alpha"] }, { server: "one" }],
        b: [
          { server: "*", methods: ["tools/list"] },
          { server: "one", tools: ["alpha"] }
        ]
      }
    })
    const { considered, rule, scopes } = rules.explain(withScopes("a", "b", "c"), {
      server: "one",
      method: "tools/call",
      tool: "alpha"
    })
    assert.deepEqual(scopes, ["a", "b", "c"])
    assert.strictEqual(rule, "b[1].tools")
    assert.deepEqual(considered, [
      { rule: "a[0]", granted: false, why: "is for /two, not /one" },
      { rule: "a[1]", granted: false, why: "lists no method and no tool" },
      { rule: "b[0]", granted: false, why: "does not list tool 'alpha'" },
      { rule: "b[1]", granted: true, why: "lists tool 'alpha'" }
    ])
  })
})
