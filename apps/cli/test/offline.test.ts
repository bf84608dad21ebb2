/** What needs no gateway: help, the policy commands, the translation, and what is printed. */
import { tempDir } from "@mcpgw/testkit/Process"
import * as fc from "fast-check"
import { writeFileSync } from "node:fs"
import { afterAll, assert, describe, it } from "vitest"
import { resultText } from "../src/mcp/resultText.ts"
import { commandNames } from "../src/mcpgw.ts"
import { matched, patternOf } from "../src/old/pattern.ts"
import { REPLACED } from "../src/old/replaced.ts"
import { shownText } from "../src/plainConsole.ts"
import { plain, table } from "../src/show/table.ts"
import { mcpgw } from "./support/run.ts"

const room = tempDir("cli-offline")
afterAll(() => room.remove())

const run = (words: ReadonlyArray<string>) => mcpgw(words, { env: { MCPGW_CONFIG_DIR: `${room.path}/config` } })

describe("help", () => {
  /** Every command that does something: those that hold none, and `creds`, which does something itself. */
  const leaves = [
    ...[...commandNames].flatMap(([holder, names]) =>
      names
        .filter((name) => !commandNames.has(name) || holder !== "mcpgw")
        .map((name) => (holder === "mcpgw" ? [name] : [holder, name]))
    ),
    ["creds"]
  ]

  it("the walk comes by all there is", () => {
    const there = leaves.map((words) => words.join(" "))
    for (const words of ["whoami", "servers add", "keycloak init", "ide", "creds", "creds refresh", "import registry"])
      assert.include(there, words)
    assert.isAbove(there.length, 60)
  })

  for (const words of leaves) {
    it(`${words.join(" ")} --help has an example of it`, async () => {
      const { code, out } = await run([...words, "--help"])
      assert.strictEqual(code, 0)
      assert.include(out, `\nExample: mcpgw ${words.join(" ")}`)
      assert.notInclude(out, "This setting is optional.")
    })
  }

  it("is called what it was started as: an npm script, or itself", async () => {
    const { out } = await run(["servers", "add", "--help"])
    assert.include(out, "$ mcpgw servers add ")
    const byNpm = shownText(`mcpgw\n\nmcpgw 0.1.0\n\nUSAGE\n\n$ add --json\n`, false, {
      words: ["servers", "add"],
      startedBy: "mcpgw"
    })
    assert.include(byNpm, "$ npm run mcpgw -- servers add --json")
  })

  it("lists every command with its sentence, and says the exit codes", async () => {
    const { out } = await run(["--help"])
    for (const words of leaves) assert.include(out, `- ${words.join(" ")}`)
    assert.include(out, "      List the servers you may see.")
    assert.include(out, "3 not signed in or not allowed")
    assert.notInclude(out, "Example:")
  })

  it("--completions writes a script for each shell, without control of the terminal", async () => {
    for (const shell of ["bash", "zsh", "fish", "sh"]) {
      const { code, out } = await run(["--completions", shell])
      assert.strictEqual(code, 0)
      assert.include(out, "servers")
      assert.notMatch(out, /\\u[0-9a-f]{4}/)
    }
  })

  it("leaves alone what a server says, though it looks like help", () => {
    const said = "USAGE\n\n  - x [--json]    y\n\n  This setting is optional.\n\n"
    assert.strictEqual(shownText(said, false, { words: [] }), said)
  })
})

const SCOPES = `
group_mappings:
  analysts: [clock/use]
clock/use:
  - server: clock
    methods: [tools/list]
    tools: [now]
`

describe("policy", () => {
  const scopes = `${room.path}/scopes.yml`
  writeFileSync(scopes, SCOPES)
  const explain = (...words: ReadonlyArray<string>) => run(["policy", "explain", "--scopes", scopes, ...words])

  it("explain: allowed, by which rule", async () => {
    const { code, out } = await explain("--group", "analysts", "--server", "clock", "--tool", "now")
    assert.strictEqual(code, 0)
    assert.match(out, /decision +allow/)
    assert.include(out, "clock/use[0].tools")
  })

  it("explain: denied ends with 1, and shows every rule that was looked at", async () => {
    const { code, err, out } = await explain("--group", "analysts", "--server", "clock", "--tool", "later")
    assert.strictEqual(code, 1)
    assert.match(out, /decision +deny/)
    assert.include(out, "default-deny")
    assert.include(err, "denied")
  })

  it("explain: 2 when nobody is named, or no tool for tools/call", async () => {
    assert.strictEqual((await explain("--server", "clock")).code, 2)
    assert.strictEqual((await explain("--group", "a", "--server", "clock", "--method", "tools/call")).code, 2)
  })

  it("issue 6: it says by which file it judges, and of one that nobody named that a gateway's may be another", async () => {
    const asked = await run(["policy", "explain", "--group", "a", "--server", "clock"])
    assert.match(asked.err, /nobody is signed in to http:\/\/127\.0\.0\.1:7860/)
    assert.match(asked.err, /there is no data\/scopes\.yml here\n.*--scopes|judged by data\/scopes\.yml;/)
    const named = await explain("--group", "a", "--server", "clock")
    assert.match(named.err, /^judged by [^;\n]+scopes\.yml\n/)
    assert.strictEqual((await explain("--gateway", "--group", "a", "--server", "clock")).code, 2)
  })

  it("a broken policy says where", async () => {
    writeFileSync(`${room.path}/broken.yml`, "clock/use:\n  - server: clock\n    tool: [x]\n")
    const { code, err } = await run([
      "policy",
      "explain",
      "-f",
      `${room.path}/broken.yml`,
      "-s",
      "clock",
      "--group",
      "a"
    ])
    assert.strictEqual(code, 2)
    assert.include(err, "clock/use")
  })

  it("test: every case, with 1 when one is decided otherwise", async () => {
    const cases = `${room.path}/cases.yml`
    const good = "- {groups: [analysts], server: clock, tool: now, expect: allow, rule: 'clock/use[0].tools'}\n"
    writeFileSync(cases, `${good}- {groups: [], server: clock, tool: now, expect: deny}\n`)
    const right = await run(["policy", "test", cases, "--scopes", scopes])
    assert.strictEqual(right.code, 0, right.err)
    assert.include(right.out, "2 passed, 0 failed")
    writeFileSync(cases, `${good}- {groups: [analysts], server: clock, tool: later, expect: allow}\n`)
    const wrong = await run(["policy", "test", cases, "--scopes", scopes])
    assert.strictEqual(wrong.code, 1)
    assert.include(wrong.out, "FAILED")
    writeFileSync(cases, "- {server: clock, expect: perhaps, colour: red}\n")
    const none = await run(["policy", "test", cases, "--scopes", scopes])
    assert.strictEqual(none.code, 2)
    for (const field of ["0.expect", "0.colour"]) assert.include(none.err, field)
  })
})

describe("contracts §2.14: the translation", () => {
  it("takes the script by path, by name, and without its ending", async () => {
    for (const script of ["./cli/service_mgmt.sh", "service_mgmt.sh", "service_mgmt"]) {
      const { code, out } = await run([script, "--help"])
      assert.strictEqual(code, 0)
      assert.include(out, "servers add {config} --overwrite")
    }
  })

  it("says which words a script has, when it has not those", async () => {
    const { code, err } = await run(["service_mgmt", "explode"])
    assert.strictEqual(code, 2)
    for (const words of ["add <config>", "delete <path> [name]", "mcpgw replaced"]) assert.include(err, words)
  })

  it("mcpgw replaced prints every row", async () => {
    const { out } = await run(["replaced"])
    for (const { was } of REPLACED) assert.include(out, was)
    assert.strictEqual(JSON.parse((await run(["replaced", "--json"])).out).length, REPLACED.length)
  })

  it("each row takes its own example, and gives back every value of it", () => {
    for (const { example, was } of REPLACED) {
      const words = [...example.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "")
      assert.isDefined(matched(patternOf(was), words), `${was} | ${example}`)
    }
  })

  it("flags may stand in any order, and a value may look like anything but a flag", () => {
    const pattern = patternOf("call -t|--tool <tool> [--args <args>] [--force] <server>")
    const value = fc.string({ minLength: 1 }).filter((text) => !text.startsWith("-"))
    fc.assert(
      fc.property(
        value,
        value,
        value,
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        (tool, args, server, order) => {
          const parts = [["--tool", tool], ["--args", args], ["--force"], ["call", server]]
          const match = matched(
            pattern,
            order.flatMap((i) => parts[i] ?? [])
          )
          assert.deepStrictEqual(match?.values, new Map(order.flatMap((i) => named(i, { tool, args, server }))))
        }
      )
    )
  })
})

/** What the part at `i` is called, in the order it was read: flags at once, words at the end. */
const named = (
  i: number,
  { args, server, tool }: Readonly<Record<"tool" | "args" | "server", string>>
): ReadonlyArray<readonly [string, string]> =>
  [
    [["tool", tool]] as const,
    [["args", args]] as const,
    [["force", ""]] as const,
    [
      ["call", "call"],
      ["server", server]
    ] as const
  ][i] ?? []

describe("issue 6 point 9: what servers say stays out of the terminal's control", () => {
  const nasty = "a\u001b[2Jb\rc\u202Ed\u0007\u009be"

  it("in tables and in results", () => {
    const result = resultText({ content: [{ type: "text", text: `${nasty}\n\tz` }] })
    for (const text of [plain(nasty), table(["X"], [[nasty]]), result])
      for (const mark of ["\u001b", "\r", "\u202e", "\u0007", "\u009b"]) assert.notInclude(text, mark)
    assert.include(result, "\n\tz")
  })

  it("a cell is one line, whatever it holds", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 2 })), (rows) => {
        assert.strictEqual(table(["A", "B"], rows).split(/\r|\n|\u2028|\u2029|\u0085/).length, rows.length + 1)
      })
    )
  })
})
