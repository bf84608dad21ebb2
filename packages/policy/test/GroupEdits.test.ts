/** What changes of groups do to a policy, and what they do to its text. contracts §2.1 auto-maintenance, §2.8. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { compile } from "../src/compile.ts"
import { DEFAULT_SCOPES } from "../src/DefaultScopes.ts"
import {
  addServer,
  createGroup,
  deleteGroup,
  groupView,
  isSystemGroup,
  type Opened,
  problemOfGroup,
  removeServer,
  targetsOf
} from "../src/GroupEdits.ts"
import type { PolicyDocument } from "../src/PolicyDocument.ts"
import { rewritePolicyText } from "../src/PolicyRewrite.ts"
import { parsePolicyText } from "../src/PolicyText.ts"

const shipped = parsePolicyText(DEFAULT_SCOPES)
const opened = (...names: ReadonlyArray<string>): Opened => ({ tools: { all: false, names } })
const rewrite = (text: string, edit: (document: PolicyDocument) => PolicyDocument): string => {
  const before = parsePolicyText(text)
  return rewritePolicyText(text, before, edit(before), "scopes.yml")
}
const call = (server: string, tool: string) => ({ server, method: "tools/call", tool })

describe("contracts §2.8: groups", () => {
  it("a new group opens nothing; a server added to it is seen and its tools are called", () => {
    const empty = createGroup(shipped, "eng")
    const who = { groups: ["eng"], scopes: [] }
    assert.isFalse(compile(empty).hasGrant(who, "/team/search"))
    const policy = compile(addServer(empty, "eng", "/team/search", opened("find")))
    assert.isTrue(policy.decide(who, call("/team/search", "find")).allowed)
    assert.isFalse(policy.decide(who, call("/team/search", "delete")).allowed)
    assert.isTrue(policy.permits(who, "list_service", "Search", "/team/search"))
    assert.isFalse(policy.permits(who, "modify_service", "Search", "/team/search"))
    assert.isFalse(policy.hasGrant(who, "/team"))
  })

  it("contracts §2.16: with the suffix read the scope is {group}/read, which calls nothing", () => {
    const document = createGroup(shipped, "eng", "read")
    assert.deepEqual(groupView(document, "eng")?.scopes, ["eng/read"])
    assert.deepEqual(targetsOf(document, "eng"), ["eng/read"])
    const policy = compile(addServer(document, "eng/read", "one", opened("find")))
    const who = { groups: ["eng"], scopes: [] }
    assert.isTrue(policy.decide(who, { server: "/one", method: "tools/list", tool: undefined }).allowed)
    assert.isFalse(policy.decide(who, call("/one", "find")).allowed)
  })

  it("a deleted group leaves nothing behind, and what another group is mapped to stays", () => {
    const made = createGroup(createGroup(shipped, "eng"), "eng", "read")
    const shared = { ...made, groupMappings: new Map(made.groupMappings).set("ops", ["eng/read"]) }
    const { document, kept } = deleteGroup(shared, "eng")
    assert.deepEqual(kept, ["eng/read"])
    assert.isUndefined(groupView(document, "eng"))
    assert.isFalse(document.uiScopes.has("eng"))
    assert.isTrue(document.scopes.has("eng/read"))
    assert.deepEqual(deleteGroup(made, "eng"), { document: shipped, kept: [] })
  })

  it("a name that means something else in a policy is no group's, nor one that does not fit a URL", () => {
    for (const name of ["all", "*", "UI-Scopes", "group_mappings", "mcp-token-vending", "<<", "a/b", "a b", "", "-a"]) {
      assert.isDefined(problemOfGroup(name), name)
    }
    assert.isUndefined(problemOfGroup("Team_1.eu-west"))
    assert.isTrue(isSystemGroup("mcp-registry-admin"))
    assert.isTrue(isSystemGroup("mcp-servers-restricted/read"))
    assert.isFalse(isSystemGroup("eng"))
  })

  it("design §6: adding and taking away again gives back what was; other groups never gain anything", () => {
    const names = fc.constantFrom("one", "two", "/team/one/", "currenttime")
    const scopes = fc.constantFrom(...shipped.scopes.keys(), "eng")
    fc.assert(
      fc.property(scopes, names, fc.array(fc.constantFrom("a", "b")), (scope, server, tools) => {
        const base = createGroup(shipped, "eng")
        const next = compile(addServer(base, scope, server, opened(...tools)))
        const before = compile(base)
        for (const group of base.groupMappings.keys()) {
          if (base.groupMappings.get(group)?.includes(scope)) continue
          const who = { groups: [group], scopes: [] }
          for (const tool of ["a", "b", "current_time_by_timezone"]) {
            assert.deepEqual(next.decide(who, call(server, tool)), before.decide(who, call(server, tool)))
          }
        }
        const back = compile(removeServer(addServer(base, scope, server, opened(...tools)), scope, server))
        const who = { groups: [], scopes: [scope] }
        if (scope !== "mcp-servers-unrestricted/read" && scope !== "mcp-servers-unrestricted/execute") {
          assert.isFalse(back.hasGrant(who, server))
        }
      })
    )
  })
})

describe("the text of a changed policy", () => {
  it("design §6: the shipped policy keeps every line that did not change", () => {
    const text = rewrite(DEFAULT_SCOPES, (document) =>
      addServer(createGroup(document, "eng"), "eng", "/one", opened("a"))
    )
    const lines = text.split("\n")
    for (const line of DEFAULT_SCOPES.split("\n")) assert.include(lines, line)
    assert.isAtMost(lines.length - DEFAULT_SCOPES.split("\n").length, 10)
    assert.strictEqual(
      rewrite(text, (document) => deleteGroup(document, "eng").document),
      DEFAULT_SCOPES
    )
  })

  it("any text that a policy can have gains and loses a group", () => {
    const texts = [
      "{}",
      "{group_mappings: {g: [s]}, s: [{server: x}]}",
      "group_mappings:\nUI-Scopes:\n",
      "# only a comment\ns: []\n",
      '"UI-Scopes": {eng: {modify_service: all}}\r\ns:\r\n  - server: "x"\r\n'
    ]
    for (const text of texts) {
      const next = rewrite(text, (document) =>
        addServer(createGroup(document, "eng"), "eng", "/x", opened("a", "all things"))
      )
      const who = { groups: ["eng"], scopes: [] }
      assert.isTrue(compile(parsePolicyText(next)).decide(who, call("x", "all things")).allowed, text)
      const gone = rewrite(next, (document) => deleteGroup(document, "eng").document)
      assert.isFalse(compile(parsePolicyText(gone)).hasGrant(who, "x"), text)
    }
  })

  it("a change that an anchor would carry elsewhere is refused, never written", () => {
    const shared = "a: &rules [{server: one, tools: [x]}]\nb: *rules\n"
    assert.throws(() => rewrite(shared, (document) => addServer(document, "a", "two", opened("y"))), /anchors/)
    assert.throws(() => rewrite(shared, (document) => deleteGroup(document, "a").document), /anchors/)
    const text = rewrite(shared, (document) => addServer(document, "b", "two", opened("y")))
    const policy = compile(parsePolicyText(text))
    assert.isFalse(policy.hasGrant({ groups: [], scopes: ["a"] }, "two"))
    assert.isTrue(policy.decide({ groups: [], scopes: ["b"] }, call("two", "y")).allowed)
    assert.isTrue(policy.decide({ groups: [], scopes: ["b"] }, call("one", "x")).allowed)
  })

  it("names of any letters come back as they were", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, unit: "binary" }), { maxLength: 4 }), (tools) => {
        const names = tools.filter((name) => name !== "all" && name !== "*")
        const text = rewrite("{}", (document) => addServer(createGroup(document, "g"), "g", "one", opened(...names)))
        assert.deepEqual(parsePolicyText(text).scopes.get("g")?.[0]?.tools.names, names)
      }),
      { numRuns: 40 }
    )
  })
})
