/** Merging into configurations that people and clients wrote: what is not our entry stays, byte for byte where the format allows it. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { parse as parseJsonc } from "jsonc-parser"
import * as Toml from "smol-toml"
import { parse as parseYaml, stringify as yamlText } from "yaml"
import { IDE_NAMES, IDES, type IdeName } from "../src/Client.ts"
import { configOf, fileText } from "../src/Entry.ts"
import { putEntry, removeEntry, urlOf } from "../src/Merge.ts"

const target = { key: "time", url: "https://mcp.example.com/time/mcp" }
const other = { key: "time", url: "https://other.example.com/time/mcp" }
const FORM = { gateway: true, backend: { scheme: "bearer" } } as const

const put = (ide: IdeName, text: string, at = target): string =>
  Either.getOrThrowWith(putEntry(ide, text, configOf(ide, at)), (e) => new Error(e.message))
const remove = (ide: IdeName, text: string, key = "time"): string =>
  Either.getOrThrowWith(removeEntry(ide, text, key), (e) => new Error(e.message))
const problem = (ide: IdeName, text: string): string =>
  Either.match(putEntry(ide, text, configOf(ide, target)), { onLeft: (e) => e.message, onRight: () => "" })

describe("every client", () => {
  for (const ide of IDE_NAMES) {
    it(`${ide}: into nothing, again, elsewhere, out`, () => {
      const config = configOf(ide, target, FORM)
      const made = Either.getOrThrow(putEntry(ide, "", config))
      assert.strictEqual(Either.getOrThrow(putEntry(ide, made, config)), made, "a second time changes nothing")
      assert.strictEqual(Either.getOrThrow(urlOf(ide, made, "time")), target.url)
      const moved = put(ide, made, other)
      assert.strictEqual(Either.getOrThrow(urlOf(ide, moved, "time")), other.url)
      const gone = remove(ide, moved)
      assert.isUndefined(Either.getOrThrow(urlOf(ide, gone, "time")))
      assert.notInclude(gone, "other.example.com")
      assert.strictEqual(remove(ide, gone), gone)
    })

    it(`${ide}: the file of its own is what merging into nothing gives, as data`, () => {
      const config = configOf(ide, target)
      const read = (text: string): unknown =>
        IDES[ide].format === "toml"
          ? Toml.parse(text)
          : IDES[ide].format === "yaml"
            ? parseYaml(text)
            : JSON.parse(text)
      assert.deepEqual(read(Either.getOrThrow(putEntry(ide, "", config))), read(fileText(ide, config)))
    })
  }
})

describe("JSON with comments", () => {
  const text = `// mine
{
  "mcpServers": {
    "mine": { "command": "npx", /* why */ "args": ["-y", "x"], }, // last
  },
  "theme": "dark", // kept
}
`

  it("comments and everything else keep their bytes, in and out", () => {
    const added = put("cursor", text)
    for (const kept of ["// mine", "/* why */", "// last", '"theme": "dark", // kept', '"args": ["-y", "x"], }']) {
      assert.include(added, kept)
    }
    assert.deepEqual(parseJsonc(added, [], { allowTrailingComma: true }), {
      mcpServers: { mine: { command: "npx", args: ["-y", "x"] }, time: { url: target.url } },
      theme: "dark"
    })
    assert.strictEqual(remove("cursor", added), text)
  })

  it("tabs, CRLF and a byte order mark stay", () => {
    const mark = String.fromCharCode(0xfe_ff)
    const made = put("kiro", `${mark}{\r\n\t"mcpServers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n`)
    assert.isTrue(made.startsWith(`${mark}{\r\n\t"mcpServers": {\r\n\t\t"a": {}`))
    assert.notMatch(made.replaceAll("\r\n", ""), /\n/)
    assert.include(made, '\r\n\t\t"time": {\r\n\t\t\t"url"')
  })

  it("VS Code's questions: added once, others' kept, taken out with the entry", () => {
    const before = `{"servers":{},"inputs":[{"type":"promptString","id":"mine","description":"d"}]}`
    const config = configOf("vscode", target, FORM)
    const made = Either.getOrThrow(putEntry("vscode", before, config))
    const ids = (json: string) => parseJsonc(json).inputs.map((input: { readonly id: string }) => input.id)
    assert.deepEqual(ids(made), ["mine", "mcpgw-time-server", "mcpgw-time-gateway"])
    assert.strictEqual(Either.getOrThrow(putEntry("vscode", made, config)), made)
    assert.deepEqual(ids(remove("vscode", made)), ["mine"])
  })

  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ["{", /no JSON: CloseBraceExpected in line 1/],
    ['{"mcpServers": {}} trailing', /no JSON/],
    ["[]", /no JSON object/],
    ['{"mcpServers": []}', /"mcpServers" is no object/],
    ['{"mcpServers": {}, "mcpServers": {}}', /holds "mcpServers" twice/],
    ['{"mcpServers": {"a": 1, "a": 2}}', /holds "a" twice/]
  ]
  for (const [held, says] of refused) {
    it(`${held} is refused in words`, () => assert.match(problem("cursor", held), says))
  }

  const json = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 })

  it("property: others are equal before and after, and taking out undoes putting in", () =>
    fc.assert(
      fc.property(json, json, fc.constantFrom(0, 2, 4, "\t"), (others, rest, indent) => {
        const document = JSON.parse(JSON.stringify({ ...rest, mcpServers: { ...others } }))
        delete document.mcpServers.time
        const text = JSON.stringify(document, null, indent)
        const added = put("cursor", text)
        const after = JSON.parse(added)
        assert.deepEqual(after.mcpServers.time, { url: target.url })
        assert.deepEqual(JSON.parse(remove("cursor", added)), document)
        // Every byte that was there still is, in order; and out again is as before, unless there was no place for entries yet.
        let at = 0
        for (const char of text) at = added.indexOf(char, at) + 1 || Number.POSITIVE_INFINITY
        assert.isAtMost(at, added.length)
        if (Object.keys(document.mcpServers).length > 0) assert.strictEqual(remove("cursor", added), text)
      }),
      { numRuns: 150 }
    ))
})

describe("JSON as people write it", () => {
  const space = fc.constantFrom("", " ", "\n", "\n  ", "\t", " /* c */ ", " // c\n", "\n// own line\n    ", "\r\n")
  const item = fc.tuple(
    fc.constantFrom('"a"', '"b\\u0041"', '"//"', '"{"'),
    fc.constantFrom("1", '{"x": [1, 2,], }', '"// no"', "[]")
  )
  const object = fc
    .tuple(
      fc.uniqueArray(item, { selector: ([name]) => name, maxLength: 3 }),
      fc.array(space, { minLength: 12, maxLength: 12 }),
      fc.boolean()
    )
    .map(([items, gaps, trailing]) => {
      const gap = (i: number): string => gaps[i % gaps.length] ?? ""
      const parts = items.map(([name, value], i) => `${gap(3 * i)}${name}${gap(3 * i + 1)}:${value}${gap(3 * i + 2)}`)
      return `{${parts.join(",")}${trailing && items.length > 0 ? "," : ""}${gap(11)}}`
    })

  const read = (text: string) => parseJsonc(text, [], { allowTrailingComma: true })
  const comments = (text: string): number =>
    text.split("/* c */").length + text.split("// c").length + text.split("// own line").length

  it("property: with comments, gaps and trailing commas anywhere, the rest is equal, no comment is lost, and out again is as before", () =>
    fc.assert(
      fc.property(object, object, (servers, outer) => {
        const text = `{"mcpServers": ${servers}, "outer": ${outer}}`
        const added = put("cursor", text)
        const { mcpServers, ...rest } = read(added)
        const { time, ...others } = mcpServers
        assert.deepEqual(time, { url: target.url })
        assert.deepEqual({ mcpServers: others, ...rest }, read(text))
        assert.strictEqual(comments(added), comments(text))
        const moved = put("cursor", added, other)
        assert.strictEqual(moved, added.replace(target.url, other.url))
        const gone = remove("cursor", added)
        assert.deepEqual(read(gone), read(text))
        assert.strictEqual(comments(gone), comments(text))
        // Where a brace stands behind the last entry, a line end may stay.
        const black = (held: string): string => held.replaceAll(/\s/g, "")
        if (Object.keys(others).length > 0) assert.strictEqual(black(gone), black(text))
      }),
      { numRuns: 150 }
    ))

  it("property: taking out one of several keeps the others and every comment that is not in it", () =>
    fc.assert(
      fc.property(object, fc.nat(2), (servers, at) => {
        const text = `{"mcpServers": ${servers}}`
        const keys = Object.keys(read(text).mcpServers)
        const key = keys[at % Math.max(keys.length, 1)]
        if (key === undefined) return
        const gone = remove("cursor", text, key)
        const { [key]: _, ...others } = read(text).mcpServers
        assert.deepEqual(read(gone).mcpServers, others)
      }),
      { numRuns: 60 }
    ))
})

describe("TOML, byte for byte", () => {
  const text = `# mine
model = "o3"   # spaced
notes = """
[mcp_servers.time]
not a table
"""
list = [
  [1, 2],
  ["[mcp_servers.time]"],
]

[mcp_servers."a.b"]
command = 'npx'  # why

# about the next
[[profiles]]
name = "x"
`

  it("a table is added at the end, and taking it out gives the same bytes", () => {
    const added = put("codex", text)
    assert.strictEqual(added, `${text}\n[mcp_servers.time]\nurl = "${target.url}"\n`)
    assert.strictEqual(remove("codex", added).trimEnd(), text.trimEnd())
  })

  it("a table in the middle is replaced with those below it; comments of the next one stay", () => {
    const before = `[mcp_servers.time]\nurl = "u"\n[mcp_servers.time.env_http_headers]\nA = "B"\n\n# next\n[tools]\nx = 1\n`
    const after = put("codex", before)
    assert.strictEqual(after, `[mcp_servers.time]\nurl = "${target.url}"\n\n# next\n[tools]\nx = 1\n`)
    assert.strictEqual(remove("codex", before), `\n# next\n[tools]\nx = 1\n`)
  })

  it("quoted spellings of the same table are the same table", () => {
    const after = put("codex", `[ "mcp_servers" . 'time' ] # here\nurl = "u"\n`)
    assert.deepEqual(Toml.parse(after), { mcp_servers: { time: { url: target.url } } })
  })

  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ["a = ", /no TOML: something in line 1/],
    ['mcp_servers = { time = { url = "u" } }', /written in a way that is not edited here/],
    ['mcp_servers.time.url = "u"', /written in a way/],
    ['[mcp_servers]\ntime = { url = "u" }', /written in a way/]
  ]
  for (const [held, says] of refused) {
    it(`${held} is refused in words`, () => assert.match(problem("codex", held), says))
  }

  const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,6}$/).filter((name) => name !== "time" && name !== "mcp_servers")
  const scalar = fc.oneof(fc.string({ maxLength: 12 }), fc.integer({ min: -9, max: 9 }), fc.boolean())
  const table = fc.dictionary(word, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { maxKeys: 3 })

  it("property: what stands before and after keeps its bytes", () =>
    fc.assert(
      fc.property(table, fc.dictionary(word, table, { maxKeys: 3 }), table, (top, servers, last) => {
        const head = Toml.stringify({ ...top, mcp_servers: servers })
        const tail = `# tail\n${Toml.stringify({ last_table: last })}`
        const held = put("codex", `${head}\n`)
        const whole = `${held}\n${tail}`
        const moved = put("codex", whole, other)
        assert.strictEqual(moved, whole.replace(target.url, other.url))
        assert.isTrue(remove("codex", whole).startsWith(head.trimEnd()))
        assert.isTrue(remove("codex", whole).endsWith(tail))
        assert.deepEqual(Toml.parse(remove("codex", whole)), Toml.parse(`${head}\n${tail}`))
      }),
      { numRuns: 150 }
    ))
})

describe("YAML", () => {
  const text = `# mine
GOOSE_MODEL: gpt   # spaced
GOOSE_LONG: "${"word ".repeat(40)}"
extensions:
  developer: &dev
    bundled: true
    name: 'developer' # quoted
  twin: *dev
`

  it("comments, quotes, long lines and aliases stay", () => {
    const added = put("goose", text)
    for (const kept of ["# mine", "# spaced", "'developer' # quoted", "&dev", "*dev", `"${"word ".repeat(40)}"`]) {
      assert.include(added, kept)
    }
    assert.strictEqual(parseYaml(added).extensions.time.uri, target.url)
    assert.deepEqual(parseYaml(remove("goose", added)), parseYaml(text))
  })

  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ["a: [", /no YAML: .+ in line 1/],
    ["a: 1\na: 2", /no YAML: DUPLICATE_KEY/],
    ["a: 1\n---\nb: 2", /several YAML documents/],
    ["- 1", /no YAML map/],
    ["extensions: [1]", /"extensions" is no map/]
  ]
  for (const [held, says] of refused) {
    it(`${JSON.stringify(held)} is refused in words`, () => assert.match(problem("goose", held), says))
  }

  it("property: others are equal before and after", () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-zA-Z_]{1,8}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
        (others) => {
          const { time: _, ...rest } = JSON.parse(JSON.stringify(others))
          const before = yamlText({ KEPT: 1, extensions: { ...rest, first: { name: "first" } } })
          const added = put("goose", before)
          const { time, ...after } = parseYaml(added).extensions
          assert.strictEqual(time.uri, target.url)
          assert.deepEqual({ KEPT: 1, extensions: after }, parseYaml(before))
          assert.deepEqual(parseYaml(remove("goose", added)), parseYaml(before))
        }
      ),
      { numRuns: 60 }
    ))
})
