import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { stringify } from "yaml"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import { fromYaml } from "../src/Library.ts"
import type { Limits, Permission, Subject } from "../src/Library.ts"

const METHODS = [
  "initialize",
  "tools/list",
  "tools/call",
  "prompts/get",
  "prompts/list",
  "resources/read",
  "x/y",
  "",
  "http:GET"
]
const TOOLS = ["alpha", "beta", "resources/read", "tools/list", "__proto__", "constructor"]
const SERVERS = ["one", "/one/", "two", "team/search", "/team", "One", "constructor", "__proto__"]
const SCOPES = ["a/execute", "b", "mcp-registry-user", "mcp-registry-admin", "mcp-token-vending"]
const PERMISSIONS: ReadonlyArray<Permission> = [
  "list_service",
  "register_service",
  "health_check_service",
  "toggle_service",
  "modify_service"
]

const names = (from: ReadonlyArray<string>) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.subarray(from.filter((name) => name !== "")) },
    { weight: 1, arbitrary: fc.constant(["all"]) }
  )
const rule = fc.record({
  server: fc.oneof(fc.constantFrom(...SERVERS), fc.constant("*")),
  methods: names(METHODS),
  tools: names(TOOLS)
})
const document = fc
  .record({
    group_mappings: fc.record({ g1: fc.subarray(SCOPES), g2: fc.subarray(SCOPES) }),
    permissions: fc.subarray(SCOPES),
    scopes: fc.tuple(...SCOPES.map((key) => fc.tuple(fc.constant(key), fc.array(rule, { maxLength: 3 }))))
  })
  .map(({ group_mappings, permissions, scopes }) =>
    stringify({
      group_mappings,
      "UI-Scopes": Object.fromEntries(
        permissions.map((scope) => [scope, Object.fromEntries(PERMISSIONS.map((name) => [name, ["all"]]))])
      ),
      ...Object.fromEntries(scopes)
    })
  )

const subject = fc.record({ groups: fc.subarray(["g1", "g2"]), scopes: fc.subarray(SCOPES) })
const limits: fc.Arbitrary<Limits> = fc.record(
  {
    scopes: fc.subarray(SCOPES),
    servers: fc.subarray(SERVERS),
    tools: fc.dictionary(fc.constantFrom(...SERVERS.filter((name) => name !== "__proto__")), fc.subarray(TOOLS), {
      maxKeys: 3
    })
  },
  { requiredKeys: [] }
)
const access = fc.record({
  server: fc.constantFrom(...SERVERS, "elsewhere"),
  method: fc.oneof(fc.constant("tools/call"), fc.constantFrom(...METHODS)),
  tool: fc.oneof(fc.constantFrom(...TOOLS), fc.constant(undefined))
})

const runs = { numRuns: 250 }

/** The limits read word for word; shares no code with the package. */
const withinByReading = (
  { servers, tools }: Limits,
  asked: { server: string; method: string; tool?: string | undefined }
) => {
  const bare = (name: string): string => name.replace(/^\/+|\/+$/g, "")
  if (servers === undefined && tools === undefined) return true
  const lists = Object.entries(tools ?? {}).filter(([server]) => bare(server) === bare(asked.server))
  if (lists.length > 0) {
    if (asked.method === "tools/call") return lists.some(([, only]) => only.some((tool) => tool === asked.tool))
    return ["initialize", "tools/list", "", "http:GET"].includes(asked.method)
  }
  return (servers ?? []).some((server) => bare(server) === bare(asked.server))
}

describe("properties of limits", () => {
  it("design §6: a limited caller gets what the unlimited one gets within the limits, and never more", () => {
    let allowed = 0
    let narrowed = 0
    fc.assert(
      fc.property(
        document,
        subject,
        limits,
        fc.array(access, { minLength: 6, maxLength: 12 }),
        (text, who, less, all) => {
          const policy = fromYaml(text)
          const limited: Subject = { ...who, limits: less }
          const held: Subject = {
            groups: [],
            scopes: policy.scopesOf(who).filter((scope) => less.scopes?.includes(scope) ?? true)
          }
          assert.deepEqual(policy.scopesOf(limited), held.scopes)
          for (const asked of all) {
            const decision = policy.decide(limited, asked)
            const whole = policy.decide(who, asked).allowed
            if (decision.allowed) {
              allowed++
              assert.isTrue(whole)
              assert.isTrue(policy.decide(held, asked).allowed)
              assert.isTrue(withinByReading(less, asked))
              assert.isTrue(policy.hasGrant(limited, asked.server))
            } else if (whole) {
              narrowed++
              assert.strictEqual(decision.rule, "key-limit")
            }
            // A tool within the limits that the scopes left grant is never lost.
            if (asked.method === "tools/call" && policy.decide(held, asked).allowed && withinByReading(less, asked)) {
              assert.isTrue(decision.allowed, JSON.stringify({ asked, less, text }))
            }
            if (policy.hasGrant(limited, asked.server)) assert.isTrue(policy.hasGrant(who, asked.server))
          }
        }
      ),
      runs
    )
    assert.isAbove(allowed, 50, "too little is allowed to tell anything")
    assert.isAbove(narrowed, 50, "too little is narrowed to tell anything")
  })

  it("design §6: lists and calls of a limited caller agree", () => {
    fc.assert(
      fc.property(document, subject, limits, fc.constantFrom(...SERVERS), (text, who, less, server) => {
        const policy = fromYaml(text)
        const limited: Subject = { ...who, limits: less }
        const listed = policy.filterList(limited, server, {
          jsonrpc: "2.0",
          id: 1,
          result: {
            tools: TOOLS.map((name) => ({ name })),
            prompts: [{ name: "p" }],
            resources: [{ uri: "file:///x" }],
            resourceTemplates: [{ uriTemplate: "file:///{x}" }]
          }
        }).message
        const may = (method: string, tool?: string) => policy.decide(limited, { server, method, tool }).allowed
        const reads = may("resources/read")
        assert.deepEqual(Object(listed).result, {
          tools: TOOLS.filter((name) => may("tools/call", name)).map((name) => ({ name })),
          prompts: may("prompts/get") ? [{ name: "p" }] : [],
          resources: reads ? [{ uri: "file:///x" }] : [],
          resourceTemplates: reads ? [{ uriTemplate: "file:///{x}" }] : []
        })
      }),
      runs
    )
  })

  it("explain agrees with decide, rule by rule, under limits too", () => {
    fc.assert(
      fc.property(document, subject, limits, access, (text, who, less, asked) => {
        const policy = fromYaml(text)
        const limited: Subject = { ...who, limits: less }
        const decision = policy.decide(limited, asked)
        const explained = policy.explain(limited, asked)
        assert.strictEqual(explained.rule, decision.rule)
        assert.strictEqual(
          explained.considered.some(({ granted }) => granted),
          decision.allowed
        )
      }),
      runs
    )
  })

  it("least authority: no permission is gained, and none but being shown a server is left where servers or tools are limited", () => {
    fc.assert(
      fc.property(document, subject, limits, fc.constantFrom(...SERVERS), (text, who, less, path) => {
        const policy = fromYaml(text)
        const limited: Subject = { ...who, limits: less }
        const partial = less.servers !== undefined || less.tools !== undefined
        for (const permission of PERMISSIONS) {
          for (const at of [path, undefined]) {
            const may = policy.permits(limited, permission, "Name", at)
            if (may) assert.isTrue(policy.permits(who, permission, "Name", at))
            if (may && partial) assert.deepEqual([permission, at], ["list_service", path])
          }
        }
        for (const ask of [policy.isAdmin, policy.canModifyServers, policy.canVendTokens]) {
          if (ask(limited)) assert.isTrue(ask(who) && !partial)
        }
      }),
      runs
    )
  })
})

describe("limits", () => {
  const policy = fromYaml(`
s:
  - { server: "*", methods: all, tools: all }
  - { server: one, tools: [resources/read] }
`)
  const who = { groups: [], scopes: ["s"] }
  const tool = (less: Limits, server: string, name: string) =>
    policy.decide({ ...who, limits: less }, { server, method: "tools/call", tool: name })

  it("tools beside servers: the one server whole, of the other the tools named", () => {
    const less = { servers: ["/one"], tools: { "/two": ["alpha"] } }
    assert.isTrue(tool(less, "/one", "beta").allowed)
    assert.isTrue(tool(less, "/two", "alpha").allowed)
    assert.strictEqual(tool(less, "/two", "beta").rule, "key-limit")
    assert.strictEqual(tool(less, "/three", "alpha").rule, "key-limit")
  })

  it("a server named under both is held to its tools", () => {
    assert.isFalse(tool({ servers: ["/one"], tools: { "/one": ["alpha"] } }, "/one", "beta").allowed)
  })

  it("path and case are exact: no other spelling, parent or child of a server opens it", () => {
    for (const path of ["/ONE", "/one/two", "/on", "/one%2F", "/../one", "//two//one", "/one\u0000", "/оne", "/ONE/"]) {
      assert.isFalse(tool({ servers: ["/one"] }, path, "alpha").allowed, path)
      assert.isFalse(tool({ servers: [path] }, "/one", "alpha").allowed, path)
    }
  })

  it("where tools are limited, a method that another rule lists among its tools stays closed", () => {
    const limited = { ...who, limits: { tools: { "/one": ["resources/read"] } } }
    const asked = { server: "/one", method: "resources/read", tool: undefined }
    assert.isTrue(policy.decide(who, asked).allowed)
    assert.strictEqual(policy.decide(limited, asked).rule, "key-limit")
  })

  it("limits that leave nothing deny everything, and the empty limits take nothing away", () => {
    for (const less of [{ servers: [] }, { scopes: [] }, { tools: {} }]) {
      assert.isFalse(tool(less, "/one", "alpha").allowed)
      assert.isFalse(policy.hasGrant({ ...who, limits: less }, "/one"))
    }
    assert.isTrue(tool({}, "/one", "alpha").allowed)
  })

  it("the same groups and scopes under other limits are another subject", () => {
    const scopes = ["s"]
    const asked = { server: "/one", method: "tools/call", tool: "alpha" }
    const changing: { groups: Array<string>; scopes: Array<string>; limits?: Limits } = { groups: [], scopes }
    assert.isTrue(policy.decide(changing, asked).allowed)
    changing.limits = { servers: ["/two"] }
    assert.isFalse(policy.decide(changing, asked).allowed)
  })

  it("an administrator's key that is limited to a server is no administrator's", () => {
    const defaults = fromYaml(DEFAULT_SCOPES)
    const admin = { groups: ["mcp-registry-admin"], scopes: [] }
    const key = { ...admin, limits: { servers: ["/currenttime"] } }
    assert.isTrue(defaults.isAdmin(admin))
    assert.isFalse(defaults.isAdmin(key))
    assert.isTrue(defaults.permits(key, "list_service", "Current Time", "/currenttime"))
    assert.isFalse(defaults.permits(key, "modify_service", "Current Time", "/currenttime"))
    assert.isFalse(defaults.permits(key, "list_service", "Other", "/other"))
  })
})
