import { assert, describe, it } from "@effect/vitest"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import { fromRules, fromYaml } from "../src/Library.ts"
import { HTTP_DELETE, HTTP_GET, IMPLIED_METHODS, RESPONSE } from "../src/Methods.ts"
import type { Subject } from "../src/Policy.ts"

const inGroup = (...groups: ReadonlyArray<string>): Subject => ({ groups, scopes: [] })
const withScopes = (...scopes: ReadonlyArray<string>): Subject => ({ groups: [], scopes })
const call = (server: string, tool?: string) => ({ server, method: "tools/call", tool })
const ask = (server: string, method: string) => ({ server, method, tool: undefined })

describe("contracts §3: scope table rows over the default file", () => {
  const policy = fromYaml(DEFAULT_SCOPES)
  const U = inGroup("mcp-servers-unrestricted")
  const R = inGroup("mcp-servers-restricted")
  const user = inGroup("mcp-registry-user")
  const rows: ReadonlyArray<
    readonly [string, Subject, { server: string; method: string; tool: string | undefined }, string]
  > = [
    ["U + mcpgw + tools/list", U, ask("/mcpgw", "tools/list"), "mcp-servers-unrestricted/read[0].methods"],
    ["U + mcpgw + finder", U, call("/mcpgw", "intelligent_tool_finder"), "mcp-servers-unrestricted/execute[0].tools"],
    ["R + mcpgw + finder", R, call("/mcpgw", "intelligent_tool_finder"), "mcp-servers-restricted/execute[2].tools"],
    ["R + finder on currenttime", R, call("/currenttime", "intelligent_tool_finder"), "default-deny"],
    ["R + clock", R, call("/currenttime", "current_time_by_timezone"), "mcp-servers-restricted/execute[1].tools"],
    ["R + currenttime + unknown tool", R, call("/currenttime", "other"), "default-deny"],
    ["R + prompts/list", R, ask("/mcpgw", "prompts/list"), "default-deny"],
    ["U + prompts/list", U, ask("/mcpgw", "prompts/list"), "default-deny"],
    ["R + resources/read", R, ask("/mcpgw", "resources/read"), "default-deny"],
    ["unknown group", inGroup("nobody"), ask("/mcpgw", "tools/list"), "no-scopes"],
    ["user + fininfo + initialize", user, ask("/fininfo", "initialize"), "no-grant"],
    ["user + fininfo + a tool", user, call("/fininfo", "get_stock_aggregates"), "no-grant"],
    ["user + mcpgw + remove_service", user, call("/mcpgw", "remove_service"), "default-deny"],
    ["R + mcpgw + remove_service", R, call("/mcpgw", "remove_service"), "default-deny"],
    ["user + mcpgw + finder", user, call("/mcpgw", "intelligent_tool_finder"), "mcp-registry-user[0].tools"],
    ["R + tools/call without a name", R, call("/mcpgw"), "no-tool-name"],
    ["U + tools/call without a name", U, call("/mcpgw"), "no-tool-name"],
    ["U + tools/call with an empty name", U, call("/mcpgw", ""), "no-tool-name"],
    [
      "trailing slash in path",
      R,
      call("/currenttime/", "current_time_by_timezone"),
      "mcp-servers-restricted/execute[1].tools"
    ],
    [
      "bare technical name",
      R,
      call("currenttime", "current_time_by_timezone"),
      "mcp-servers-restricted/execute[1].tools"
    ],
    ["other case", R, call("/CurrentTime", "current_time_by_timezone"), "no-grant"],
    ["raw dots reach no server", R, call("/a/../currenttime", "current_time_by_timezone"), "no-grant"],
    ["escapes reach no server", R, call("/%63urrenttime", "current_time_by_timezone"), "no-grant"]
  ]
  for (const [name, who, access, rule] of rows) {
    it(`contracts §3: ${name} → ${rule}`, () => {
      const decision = policy.decide(who, access)
      assert.strictEqual(decision.rule, rule)
      assert.strictEqual(decision.allowed, rule.includes("["))
      assert.strictEqual(decision.scope, decision.allowed ? rule.slice(0, rule.indexOf("[")) : undefined)
      assert.isAbove(decision.reason.length, 10)
    })
  }
})

describe("contracts §2.1 and §1.3: rules", () => {
  const decide = (rule: {
    server: string
    methods?: ReadonlyArray<string> | "all" | "*"
    tools?: ReadonlyArray<string> | "all" | "*"
  }) => {
    const policy = fromRules({ scopes: { s: [rule] } })
    return (server: string, method: string, tool?: string) =>
      policy.decide(withScopes("s"), { server, method, tool }).allowed
  }

  it("contracts §2.1: a listed tool may be called though methods lack tools/call", () => {
    const allowed = decide({ server: "one", methods: ["tools/list"], tools: ["alpha"] })
    assert.isTrue(allowed("/one", "tools/call", "alpha"))
    assert.isFalse(allowed("/one", "tools/call", "beta"))
  })

  it("design §6: tools/call in methods, or a method wildcard, grants no call", () => {
    for (const methods of [["tools/call"], "all", "*", ["*"], ["tools/list", "all"]] as const) {
      const allowed = decide({ server: "one", methods })
      assert.isFalse(allowed("/one", "tools/call", "alpha"))
      assert.isFalse(allowed("/one", "tools/call"))
    }
  })

  it("design §6: a method wildcard relays any other method, unknown ones too", () => {
    for (const methods of ["all", "*", ["*"], ["all"]] as const) {
      assert.isTrue(decide({ server: "one", methods })("/one", "vendor/unheard-of"))
    }
  })

  it("contracts §4.1: a tool wildcard opens no other method", () => {
    for (const tools of ["all", "*", ["*"], ["alpha", "all"]] as const) {
      const allowed = decide({ server: "one", tools })
      assert.isTrue(allowed("/one", "tools/call", "anything"))
      assert.isFalse(allowed("/one", "tools/call"))
      for (const method of ["resources/read", "prompts/get", "tools/list", "all", "*"])
        assert.isFalse(allowed("/one", method))
    }
  })

  it("contracts §2.1: a method name written out among the tools allows that method, and a call of that name only", () => {
    const allowed = decide({ server: "one", tools: ["resources/read", "tools/call"] })
    assert.isTrue(allowed("/one", "resources/read"))
    assert.isFalse(allowed("/one", "prompts/get"))
    assert.isFalse(allowed("/one", "tools/call"))
    assert.isTrue(allowed("/one", "tools/call", "tools/call"))
  })

  it("contracts §1.3: server '*' is any server; 'all' is a name", () => {
    const any = decide({ server: "*", tools: ["alpha"] })
    assert.isTrue(any("/one", "tools/call", "alpha") && any("/team/search", "tools/call", "alpha"))
    const named = decide({ server: "all", tools: ["alpha"] })
    assert.isTrue(named("/all", "tools/call", "alpha"))
    assert.isFalse(named("/one", "tools/call", "alpha"))
  })

  it("contracts §2.1: slashes around a server do not count, those inside do; several segments match whole", () => {
    for (const server of ["team/search", "/team/search", "team/search/", "/team/search/"]) {
      const allowed = decide({ server, tools: ["alpha"] })
      for (const path of ["/team/search", "team/search", "team/search/", "//team/search//"]) {
        assert.isTrue(allowed(path, "tools/call", "alpha"), `${server} / ${path}`)
      }
      for (const path of ["/team", "/team/search/deep", "/team//search", "/search", "", "/"]) {
        assert.isFalse(allowed(path, "tools/call", "alpha"), `${server} / ${path}`)
      }
    }
  })

  it("contracts §3: a rule without methods and tools grants nothing", () => {
    const policy = fromRules({ scopes: { s: [{ server: "one", methods: [], tools: [] }] } })
    assert.isFalse(policy.hasGrant(withScopes("s"), "/one"))
    for (const method of IMPLIED_METHODS)
      assert.strictEqual(policy.decide(withScopes("s"), ask("/one", method)).rule, "no-grant")
  })

  it("the first scope and rule that grants is the one named, wildcard servers included", () => {
    const policy = fromRules({
      scopes: {
        first: [{ server: "*", tools: ["alpha"] }],
        second: [
          { server: "one", tools: ["alpha", "beta"] },
          { server: "one", tools: "*" }
        ]
      }
    })
    const rule = (who: Subject, tool: string) => policy.decide(who, call("/one", tool)).rule
    assert.strictEqual(rule(withScopes("first", "second"), "alpha"), "first[0].tools")
    assert.strictEqual(rule(withScopes("second", "first"), "alpha"), "second[0].tools")
    assert.strictEqual(rule(withScopes("first", "second"), "beta"), "second[0].tools")
    assert.strictEqual(rule(withScopes("first", "second"), "gamma"), "second[1].tools")
  })
})

describe("design §6: what a grant implies", () => {
  const policy = fromRules({
    scopes: { tool: [{ server: "one", tools: ["alpha"] }], method: [{ server: "one", methods: ["x/y"] }] }
  })

  it("any effective grant opens what the protocol needs, there and nowhere else", () => {
    for (const method of [...IMPLIED_METHODS, RESPONSE, HTTP_GET, HTTP_DELETE]) {
      for (const scope of ["tool", "method"]) {
        const decision = policy.decide(withScopes(scope), ask("/one", method))
        assert.deepEqual([decision.allowed, decision.scope, decision.rule], [true, undefined, "implied-by-grant"])
        assert.isFalse(policy.decide(withScopes(scope), ask("/two", method)).allowed)
      }
    }
  })

  it("every other method is judged by the rules", () => {
    for (const method of [
      "tools/list",
      "prompts/get",
      "completion/complete",
      "logging/setLevel",
      "subscriptions/listen",
      "notifications/other"
    ]) {
      assert.strictEqual(policy.decide(withScopes("tool"), ask("/one", method)).rule, "default-deny")
    }
  })

  it("a rule that lists an implied method is named for it", () => {
    const listed = fromRules({ scopes: { s: [{ server: "one", methods: ["ping"] }] } })
    assert.strictEqual(listed.decide(withScopes("s"), ask("/one", "ping")).rule, "s[0].methods")
  })
})

describe("design §6: deny by default", () => {
  it("an empty policy, a caller without scopes and scopes nobody defined are refused everything", () => {
    for (const policy of [fromYaml("{}"), fromYaml(DEFAULT_SCOPES)]) {
      for (const who of [
        inGroup(),
        withScopes("openid", "constructor", "__proto__"),
        inGroup("constructor", "__proto__")
      ]) {
        for (const access of [ask("/mcpgw", "initialize"), call("/mcpgw", "healthcheck"), ask("/mcpgw", RESPONSE)]) {
          assert.isFalse(policy.decide(who, access).allowed)
          assert.isFalse(policy.hasGrant(who, access.server))
        }
      }
    }
  })

  it("decisions can not be written to", () => {
    const decision = fromYaml(DEFAULT_SCOPES).decide(inGroup("mcp-registry-admin"), call("/mcpgw", "healthcheck"))
    assert.isTrue(Object.isFrozen(decision))
  })
})
