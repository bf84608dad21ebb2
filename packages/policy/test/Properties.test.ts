import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { stringify } from "yaml"
import { fromYaml } from "../src/Library.ts"
import type { Subject } from "../src/Policy.ts"
import { allowedByReading } from "./reference.ts"

const METHODS = [
  "initialize",
  "ping",
  "tools/list",
  "tools/call",
  "prompts/get",
  "resources/read",
  "x/y",
  "",
  "http:GET"
]
const TOOLS = ["alpha", "beta", "gamma", "tools/call", "resources/read", "__proto__"]
const SERVERS = ["one", "/one", "one/", "/one/", "two", "team/search", "/team/search", "One", "constructor", "//two//"]
const SCOPES = ["a/read", "a/execute", "b", "constructor", "unknown"]
const GROUPS = ["g1", "g2", "g3", "toString"]

const names = (from: ReadonlyArray<string>) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.subarray([...from].filter((name) => name !== "")) },
    { weight: 1, arbitrary: fc.constantFrom("*", "all") },
    { weight: 1, arbitrary: fc.subarray([...from, "all"].filter((name) => name !== "")) },
    { weight: 1, arbitrary: fc.constant(undefined) }
  )

const rule = fc
  .record({
    server: fc.oneof(fc.constantFrom(...SERVERS), fc.constant("*")),
    methods: names(METHODS),
    tools: names(TOOLS)
  })
  .map(({ methods, server, tools }) => ({
    server,
    ...(methods === undefined ? {} : { methods }),
    ...(tools === undefined ? {} : { tools })
  }))

const scopeNames = fc.subarray(SCOPES.filter((name) => name !== "unknown"))

const document = fc
  .record({
    group_mappings: fc.dictionary(fc.constantFrom(...GROUPS.slice(0, 2), "toString"), fc.subarray(SCOPES)),
    scopes: scopeNames.chain((keys) =>
      fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key), fc.array(rule, { maxLength: 4 }))))
    )
  })
  .map(({ group_mappings, scopes }) => ({ group_mappings, ...Object.fromEntries(scopes) }))

const subject: fc.Arbitrary<Subject> = fc.record({ groups: fc.subarray(GROUPS), scopes: fc.subarray(SCOPES) })

const access = fc.record({
  server: fc.constantFrom(...SERVERS, "elsewhere"),
  method: fc.oneof(
    { weight: 1, arbitrary: fc.constant("tools/call") },
    { weight: 2, arbitrary: fc.constantFrom(...METHODS) }
  ),
  tool: fc.oneof(fc.constantFrom(...TOOLS, "*", "all", ""), fc.constant(undefined))
})

const runs = { numRuns: 600 }

describe("properties of decide", () => {
  it("contracts §2.1: decide agrees with a plain reading of the YAML", () => {
    let allowed = 0
    let denied = 0
    fc.assert(
      fc.property(document, subject, fc.array(access, { minLength: 1, maxLength: 6 }), (rules, who, asked) => {
        const text = stringify(rules)
        const policy = fromYaml(text)
        for (const one of asked) {
          const expected = allowedByReading(text, { ...who, ...one })
          if (expected) allowed++
          else denied++
          assert.strictEqual(policy.decide(who, one).allowed, expected, JSON.stringify({ who, one, text }))
        }
      }),
      runs
    )
    assert.isAbove(allowed, 200, "the generated policies allow too little to tell anything")
    assert.isAbove(denied, 200, "the generated policies deny too little to tell anything")
  })

  it("design §6: removing a scope or group never adds access; deny wins over nothing granted", () => {
    fc.assert(
      fc.property(document, subject, access, fc.nat(), (rules, who, asked, pick) => {
        const policy = fromYaml(stringify(rules))
        const without = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => list.filter((_, i) => i !== pick % list.length)
        for (const less of [
          { ...who, scopes: without(who.scopes) },
          { ...who, groups: without(who.groups) },
          { groups: [], scopes: [] }
        ]) {
          if (policy.decide(less, asked).allowed) assert.isTrue(policy.decide(who, asked).allowed)
        }
        assert.isFalse(policy.decide({ groups: [], scopes: [] }, asked).allowed)
      }),
      runs
    )
  })

  it("design §6: a decision names a scope the caller holds, or is implied by a grant; explain says the same", () => {
    fc.assert(
      fc.property(document, subject, access, (rules, who, asked) => {
        const policy = fromYaml(stringify(rules))
        const decision = policy.decide(who, asked)
        const explained = policy.explain(who, asked)
        assert.deepEqual(
          { ...decision },
          { allowed: explained.allowed, scope: explained.scope, rule: explained.rule, reason: explained.reason }
        )
        assert.strictEqual(
          explained.considered.some((one) => one.granted),
          decision.allowed
        )
        if (decision.allowed) {
          assert.isTrue(policy.hasGrant(who, asked.server))
          if (decision.scope === undefined) assert.strictEqual(decision.rule, "implied-by-grant")
          else {
            assert.include(policy.scopesOf(who), decision.scope)
            const first = explained.considered.find((one) => one.granted)
            assert.strictEqual(first === undefined ? "" : decision.rule.startsWith(`${decision.scope}[`), true)
          }
        }
      }),
      runs
    )
  })

  it("design §6: lists and calls agree — shown entries are callable, callable entries are shown, in order, whole", () => {
    fc.assert(
      fc.property(
        document,
        subject,
        fc.constantFrom(...SERVERS),
        fc.shuffledSubarray(TOOLS),
        (rules, who, server, tools) => {
          const policy = fromYaml(stringify(rules))
          const entries = tools.map((name, i) => ({ name, inputSchema: { type: "object" }, "x-mine": i }))
          const message = { jsonrpc: "2.0", id: 3, result: { tools: entries, nextCursor: "c", _meta: { k: 1 } } }
          const before = structuredClone(message)
          const out = policy.filterList(who, server, message)
          const usable = entries.filter(
            ({ name }) => policy.decide(who, { server, method: "tools/call", tool: name }).allowed
          )
          assert.deepEqual(message, before)
          assert.deepEqual(out.message, { ...before, result: { ...before.result, tools: usable } })
          assert.strictEqual(out.hidden, entries.length - usable.length)
          assert.strictEqual(out.changed, out.message !== message)
          assert.strictEqual(out.changed, out.hidden > 0)
        }
      ),
      runs
    )
  })

  it("tables cached by identity answer as fresh ones do, also past the cache's bound", () => {
    const policy = fromYaml("s: [{ server: one, tools: [alpha] }]")
    const asked = { server: "/one", method: "tools/call", tool: "alpha" }
    const kept = { groups: [], scopes: ["s"] }
    assert.isTrue(policy.decide(kept, asked).allowed)
    for (let i = 0; i < 3_000; i++) {
      assert.isFalse(policy.decide({ groups: [], scopes: [`other-${i}`] }, asked).allowed)
    }
    assert.isTrue(policy.decide(kept, asked).allowed)
    assert.isTrue(policy.decide({ groups: [], scopes: ["s"] }, asked).allowed)
  })

  it("a subject whose lists are replaced or grown is read again", () => {
    const policy = fromYaml("s: [{ server: one, tools: [alpha] }]")
    const asked = { server: "/one", method: "tools/call", tool: "alpha" }
    const scopes: Array<string> = []
    const who = { groups: [], scopes }
    assert.isFalse(policy.decide(who, asked).allowed)
    scopes.push("s")
    assert.isTrue(policy.decide(who, asked).allowed)
    who.scopes = []
    assert.isFalse(policy.decide(who, asked).allowed)
  })
})
