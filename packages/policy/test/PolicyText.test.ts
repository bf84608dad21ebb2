import { assert, describe, it } from "@effect/vitest"
import { InvalidPolicy } from "../src/InvalidPolicy.ts"
import { fromRules } from "../src/PolicyDocument.ts"
import { MAX_ALIASES, MAX_TEXT_LENGTH, parsePolicyText } from "../src/PolicyText.ts"

const refusal = (text: string): InvalidPolicy => {
  try {
    parsePolicyText(text, "scopes.yml")
  } catch (cause) {
    if (cause instanceof InvalidPolicy) return cause
    throw cause
  }
  return assert.fail(`was taken: ${text.slice(0, 200)}`)
}

describe("contracts §2.1: the document", () => {
  it("reads mappings, UI-Scopes and rules; empty parts are empty", () => {
    const document = parsePolicyText(`
group_mappings: { g: [s, ui], empty: }
UI-Scopes:
  ui: { list_service: [all, One], register_service: [], other: "*" }
  none:
s:
  - { server: one, methods: [ping], tools: all }
  - server: /two/
    methods: [a, "*"]
    tools:
created: []
`)
    assert.deepEqual(
      [...document.groupMappings],
      [
        ["g", ["s", "ui"]],
        ["empty", []]
      ]
    )
    assert.deepEqual(document.uiScopes.get("ui")?.get("list_service"), { all: true, names: ["One"] })
    assert.deepEqual(document.uiScopes.get("ui")?.get("other"), { all: true, names: [] })
    assert.strictEqual(document.uiScopes.get("none")?.size, 0)
    assert.deepEqual(document.scopes.get("s"), [
      { server: "one", methods: { all: false, names: ["ping"] }, tools: { all: true, names: [] } },
      { server: "/two/", methods: { all: true, names: ["a"] }, tools: { all: false, names: [] } }
    ])
    assert.deepEqual(document.scopes.get("created"), [])
  })

  it("an alias stands for what it names", () => {
    const document = parsePolicyText("a: [{ server: x, methods: &m [ping] }]\nb: [{ server: y, methods: *m }]")
    assert.deepEqual(document.scopes.get("b")?.[0]?.methods.names, ["ping"])
  })

  it("the same name in every part is no matter: object words are only names", () => {
    const document = parsePolicyText(
      "__proto__: [{ server: x, tools: [t] }]\nconstructor: []\ngroup_mappings: { __proto__: [toString] }"
    )
    assert.deepEqual([...document.scopes.keys()], ["__proto__", "constructor"])
    assert.deepEqual(document.groupMappings.get("__proto__"), ["toString"])
  })
})

describe("errors name source, field and problem", () => {
  const rows: ReadonlyArray<readonly [string, string, string, RegExp]> = [
    ["an empty text", "", "", /must be a map of scopes, not nothing/],
    ["only a comment", "# soon", "", /not nothing/],
    ["a list", "[a]", "", /not a list/],
    ["broken YAML", "a: [", "", /line \d+/],
    [
      "a duplicate key",
      "a: []\nb: []\na: []",
      "",
      /^the key 'a' stands twice, again at line 3, column 1: .* under the first/
    ],
    [
      "group_mappings once more, as someone who pastes an example writes it",
      "group_mappings: { g: [a] }\na: []\ngroup_mappings:\n  h: [a]\n",
      "",
      /the key 'group_mappings' stands twice, again at line 3/
    ],
    [
      "a duplicate key inside a rule",
      "a:\n  - server: x\n    tools: [t]\n    tools: [u]",
      "",
      /the key 'tools' .* line 4/
    ],
    ["a duplicate key in quotes", "{ 'a b': [], \"a b\": [] }", "", /the key 'a b' stands twice/],
    ["a duplicate key that is long", `${"k".repeat(500)}: []\n${"k".repeat(500)}: []`, "", /^the key 'k{100}…' stands/],
    ["two documents", "a: []\n---\nb: []", "", /multiple documents/],
    ["a tag nobody knows", "a: !!python/object [x]", "", /tag/],
    ["an alias to nothing", "a: *nothing", "", /alias/i],
    ["a scope that is a word", "s: all", "s", /must be a list of rules .*, not 'all'/],
    ["a scope that is a map", "s: { server: x }", "s", /not a map/],
    ["a rule that is a word", "s: [x]", "s[0]", /must be a rule/],
    ["a rule without a server", "s: [{ tools: [t] }]", "s[0].server", /must be text, not nothing/],
    ["a rule with a misspelt key", "s: [{ server: x, tool: [t] }]", "s[0]", /has no key 'tool'/],
    ["tools as another word", "s: [{ server: x, tools: some }]", "s[0].tools", /'all' or '\*', not 'some'/],
    ["a tool that is a number", "s: [{ server: x, tools: [ok, 12] }]", "s[0].tools[1]", /must be text, not number 12/],
    ["a method that is a truth value", "s: [{ server: x, methods: [true] }]", "s[0].methods[0]", /put it in quotes/],
    ["an empty name", 's: [{ server: x, tools: [""] }]', "s[0].tools[0]", /empty/],
    ["a list in a list", "s: [{ server: x, tools: [[t]] }]", "s[0].tools[0]", /not a list/],
    ["a server of slashes", 's: [{ server: "/", tools: [t] }]', "s[0].server", /must name a server/],
    ["half a server wildcard", 's: [{ server: "team/*", tools: [t] }]', "s[0].server", /only alone/],
    ["half a method wildcard", 's: [{ server: x, methods: ["tools/*"] }]', "s[0].methods", /only alone/],
    ["a mapping that is a word", "group_mappings: { g: s }", "group_mappings.g", /must be a list of names/],
    ["mappings as a list", "group_mappings: [g]", "group_mappings", /must be a map/],
    ["a number as group", "group_mappings: { 12: [s] }", "group_mappings", /put it in quotes/],
    ["UI-Scopes of a wrong shape", "UI-Scopes: { s: [list_service] }", "UI-Scopes.s", /must be a map/],
    [
      "a permission of a wrong shape",
      "UI-Scopes: { s: { list_service: One } }",
      "UI-Scopes.s.list_service",
      /list of names/
    ],
    ["a merge key", "a: &a [{ server: x, tools: [t] }]\n<<: *a", "<<", /merge keys/]
  ]
  for (const [name, text, field, problem] of rows) {
    it(`${name} is refused`, () => {
      const error = refusal(text)
      assert.strictEqual(error.source, "scopes.yml")
      assert.strictEqual(error.field, field)
      assert.match(error.problem, problem)
      assert.strictEqual(error.message, `scopes.yml${field === "" ? "" : `: ${field}`}: ${error.problem}`)
      assert.notInclude(error.message, "\n")
    })
  }
})

describe("limits", () => {
  it("a text beyond the limit is refused unread", () => {
    assert.match(refusal(`# ${"x".repeat(MAX_TEXT_LENGTH)}`).problem, /longer than/)
  })
  it("more aliases than the limit are refused", () => {
    const text = `a: [{ server: x, tools: [&t t] }]\nb: [{ server: x, tools: [${"*t,".repeat(MAX_ALIASES + 1)}] }]`
    assert.match(refusal(text).problem, /aliases/)
  })
  it("an alias bomb is refused", () => {
    const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}]`)
    assert.match(refusal(`l0: &l0 [x]\n${levels.join("\n")}`).problem, /alias/i)
  })
  it("long lists repeated through aliases are refused when they add up", () => {
    const long = Array.from({ length: 2_000 }, (_, i) => `t${i}`).join(",")
    const rules = Array.from({ length: 600 }, () => "{ server: x, tools: *t }").join(",")
    assert.match(refusal(`a: [{ server: x, tools: &t [${long}] }]\nb: [${rules}]`).problem, /more than \d+ names/)
  })
  it("nesting without end is refused, not fatal", () => {
    assert.strictEqual(refusal(`a: ${"[".repeat(50_000)}`).source, "scopes.yml")
  })
  it("as many rules as a large organisation has are taken", () => {
    const rules = Array.from({ length: 1_000 }, (_, i) => `  - { server: s${i}, methods: *m, tools: [a${i}, b${i}] }`)
    const text = `first: [{ server: x, methods: &m [tools/list, ping] }]\nall-servers:\n${rules.join("\n")}`
    assert.strictEqual(parsePolicyText(text).scopes.get("all-servers")?.length, 1_000)
  })
})

describe("rules written in code", () => {
  it("are held to the same conditions", () => {
    assert.throws(() => fromRules({ scopes: { s: [{ server: "" }] } }), /rules: s\[0\].server: must not be empty/)
    assert.throws(() => fromRules({ scopes: { s: [{ server: "a*" }] } }), InvalidPolicy)
  })
})
