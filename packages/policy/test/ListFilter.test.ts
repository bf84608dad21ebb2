import { assert, describe, it } from "@effect/vitest"
import { editValue, type JsonEdit } from "@mcpgw/mcp/JsonEdit"
import * as fc from "fast-check"
import { fromRules } from "../src/Library.ts"
import type { Subject } from "../src/Policy.ts"

const policy = fromRules({
  scopes: {
    some: [{ server: "one", methods: ["prompts/get"], tools: ["alpha"] }],
    reader: [{ server: "one", methods: ["resources/read"] }],
    all: [{ server: "*", methods: "*", tools: "*" }]
  }
})
const some: Subject = { groups: [], scopes: ["some"] }
const reader: Subject = { groups: [], scopes: ["reader"] }
const everything: Subject = { groups: [], scopes: ["all"] }
const nobody: Subject = { groups: [], scopes: [] }
const reply = (result: unknown) => ({ jsonrpc: "2.0", id: "r1", result })
const filter = (who: Subject, message: unknown) => policy.filterList(who, "/one/", message)
const unreadable = { jsonrpc: "2.0", id: "r1", error: { code: -32603, message: "The server's list could not be read" } }

const deepFreeze = <A>(value: A): A => {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}

describe("design §6: lists and calls agree", () => {
  const tools = [{ name: "alpha", title: "A", "x-ext": [1] }, { name: "beta" }]
  const prompts = [{ name: "p1" }, { name: "p2" }]
  const resources = [{ uri: "file:///a", name: "a" }]
  const resourceTemplates = [{ uriTemplate: "file:///{x}", name: "t" }]

  it("keeps what may be used, whole and in order, and leaves the input alone", () => {
    const message = deepFreeze(reply({ _meta: { a: 1 }, tools, nextCursor: "n", other: true }))
    assert.deepEqual(filter(some, message), {
      message: reply({ _meta: { a: 1 }, tools: [tools[0]], nextCursor: "n", other: true }),
      changed: true,
      hidden: 1,
      refused: false
    })
    assert.deepEqual(Object.keys(Object(filter(some, message).message).result), [
      "_meta",
      "tools",
      "nextCursor",
      "other"
    ])
  })

  it("judges prompts by prompts/get and both kinds of resources by resources/read, several lists at once", () => {
    const message = reply({ tools, prompts, resources, resourceTemplates })
    assert.deepEqual(
      filter(some, message).message,
      reply({ tools: [tools[0]], prompts, resources: [], resourceTemplates: [] })
    )
    assert.deepEqual(filter(reader, message).message, reply({ tools: [], prompts: [], resources, resourceTemplates }))
    assert.strictEqual(filter(reader, message).hidden, 4)
  })

  it("returns the same reference when nothing is hidden", () => {
    const message = reply({ tools, prompts, resources, resourceTemplates, cacheScope: "private" })
    const out = filter(everything, message)
    assert.strictEqual(out.message, message)
    assert.deepEqual([out.changed, out.hidden, out.refused], [false, 0, false])
  })

  it("shows nothing to whom nothing is granted", () => {
    assert.deepEqual(filter(nobody, reply({ tools, resources })).message, reply({ tools: [], resources: [] }))
    assert.deepEqual(policy.filterList(some, "/two", reply({ tools })).message, reply({ tools: [] }))
  })

  it("hides a tool without a name: no call can name it", () => {
    assert.deepEqual(filter(everything, reply({ tools: [{ name: "" }] })).message, reply({ tools: [] }))
  })

  it("protocol W-56: cacheScope becomes private, also when nothing was hidden; absent it stays absent", () => {
    for (const cacheScope of ["public", "shared", 7, null]) {
      const out = filter(everything, reply({ cacheScope, tools, ttlMs: 5 }))
      assert.deepEqual(out.message, reply({ cacheScope: "private", tools, ttlMs: 5 }))
      assert.deepEqual([out.changed, out.hidden], [true, 0])
    }
    assert.notProperty(Object(filter(some, reply({ tools })).message).result, "cacheScope")
    const other = reply({ cacheScope: "public", contents: [] })
    assert.strictEqual(filter(some, other).message, other)
  })
})

describe("design §6: lists and calls agree — judgeList says what filterList does", () => {
  const entries = fc.array(fc.oneof(fc.record({ name: fc.constantFrom("alpha", "beta", "") }), fc.constant({})), {
    maxLength: 4
  })
  const result = fc.record(
    { tools: entries, prompts: entries, cacheScope: fc.constantFrom("public", "private"), other: fc.jsonValue() },
    { requiredKeys: [] }
  )
  const one = fc.oneof(
    fc.record({ jsonrpc: fc.constant("2.0"), id: fc.oneof(fc.nat(), fc.string()), result }),
    fc.jsonValue()
  )

  it("its edit of the value is the filtered message, its counts are filterList's", () => {
    let edited = 0
    fc.assert(
      fc.property(
        fc.oneof(one, fc.array(one, { maxLength: 3 })),
        fc.constantFrom(some, everything, nobody),
        (value, who) => {
          const message = deepFreeze(JSON.parse(JSON.stringify(value)))
          const { edit, hidden, refused } = policy.judgeList(who, "one", message)
          const filtered = policy.filterList(who, "one", message)
          assert.deepEqual(filtered, {
            message: edit === undefined ? message : editValue(message, edit),
            changed: edit !== undefined,
            hidden,
            refused
          })
          if (edit !== undefined) edited++
        }
      ),
      { numRuns: 500 }
    )
    assert.isAbove(edited, 100, "too little is edited to tell anything")
  })

  it("names the entries to take out by index, and the member W-56 makes private", () => {
    const tools = [{ name: "beta" }, { name: "alpha" }, { name: "gamma" }]
    const members = (edits: Readonly<Record<string, JsonEdit>>): JsonEdit => ({
      _tag: "Members",
      edits: new Map(Object.entries(edits))
    })
    const result = members({
      tools: { _tag: "Without", indexes: [0, 2] },
      cacheScope: { _tag: "Replace", value: "private" }
    })
    assert.deepEqual(policy.judgeList(some, "one", [5, reply({ cacheScope: "public", tools })]), {
      edit: { _tag: "Elements", edits: new Map([[1, members({ result })]]) },
      hidden: 2,
      refused: false
    })
    assert.deepEqual(policy.judgeList(everything, "one", reply({ tools })), {
      edit: undefined,
      hidden: 0,
      refused: false
    })
  })
})

describe("design §6: recognised by shape wherever they travel", () => {
  it("passes what is no list as it is", () => {
    for (const message of [
      reply({ protocolVersion: "2025-06-18", capabilities: { tools: {}, prompts: {} } }),
      reply({ content: [{ type: "text", text: "tools" }], structuredContent: { tools: "x" } }),
      { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
      { jsonrpc: "2.0", id: 1, method: "sampling/createMessage", params: { tools: [{ name: "beta" }] } },
      { jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no", data: { tools: [] } } },
      reply(null),
      reply([{ tools: [] }]),
      null,
      "tools",
      17,
      []
    ]) {
      const out = filter(some, message)
      assert.strictEqual(out.message, message)
      assert.isFalse(out.changed)
    }
  })

  it("filters each message of a batch and keeps the rest by reference", () => {
    const untouched = { jsonrpc: "2.0", id: 2, result: { content: [] } }
    const out = filter(some, [untouched, reply({ tools: [{ name: "beta" }] }), reply({ tools: "?" }), 5])
    assert.deepEqual(out.message, [untouched, reply({ tools: [] }), unreadable, 5])
    assert.strictEqual(Array.isArray(out.message) ? out.message[0] : undefined, untouched)
    assert.deepEqual([out.changed, out.hidden, out.refused], [true, 1, true])
    const quiet = [untouched]
    assert.strictEqual(filter(some, quiet).message, quiet)
  })

  it("a batch in a batch is refused", () => {
    const out = filter(everything, [[reply({ tools: [{ name: "alpha" }] })]])
    assert.deepEqual(out.message, [{ ...unreadable, id: null }])
  })

  it("a name inherited or found under __proto__ makes no list", () => {
    const message = JSON.parse('{"jsonrpc":"2.0","id":1,"result":{"__proto__":{"tools":[{"name":"beta"}]}}}')
    assert.strictEqual(filter(some, message).message, message)
    const entry = JSON.parse('{"jsonrpc":"2.0","id":"r1","result":{"tools":[{"__proto__":{"name":"alpha"}}]}}')
    assert.deepEqual(filter(some, entry).message, unreadable)
  })
})

describe("design §6: a list that can not be decoded is refused", () => {
  const broken: ReadonlyArray<readonly [string, unknown]> = [
    ["tools that are a map", { tools: { alpha: {} } }],
    ["tools that are nothing", { tools: null }],
    ["a tool that is a word", { tools: [{ name: "alpha" }, "beta"] }],
    ["a tool without a name", { tools: [{ title: "beta" }] }],
    ["a tool named by a number", { tools: [{ name: 5 }] }],
    ["a prompt without a name", { prompts: [{}] }],
    ["a resource without a uri", { resources: [{ name: "a" }] }],
    ["a template without a uriTemplate", { resourceTemplates: [{ uri: "x" }] }],
    ["a nested list", { tools: [[{ name: "alpha" }]] }],
    ["one bad list beside a good one", { tools: [], prompts: 0 }]
  ]
  for (const [name, result] of broken) {
    it(`${name} becomes an error with the same id, for every caller`, () => {
      for (const who of [some, everything, nobody]) {
        assert.deepEqual(filter(who, reply(result)), { message: unreadable, changed: true, hidden: 0, refused: true })
      }
    })
  }
  it("without an id the error has none", () => {
    assert.strictEqual(Object(filter(some, { jsonrpc: "2.0", result: { tools: 1 } }).message).id, null)
  })
})
