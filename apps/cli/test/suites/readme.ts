/**
 * The README's sessions of `mcpgw` are real output: every command in them is run in order against the gateway, and must print what stands there, but for
 * ids, dates, durations and the ports of this run. `…` in the README stands for anything.
 */
import { freePort, root, type Running, spawn } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { typed } from "../documented/typed.ts"
import type { Stand } from "../support/stand.ts"

interface Step {
  readonly command: string
  readonly prints: ReadonlyArray<string>
}

const stepsOf = (session: string): ReadonlyArray<Step> =>
  session
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = "", ...prints] = text.trimEnd().split("\n")
      return { command, prints }
    })

const sessions = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```\n(\$ [^]*?)\n```$/gm)]
  .map(([, session = ""]) => stepsOf(session))
  .filter((steps) => steps.some(({ command }) => command.startsWith("mcpgw ")))

/** What differs from run to run; spaces, since columns are as wide as what stands in them. */
const VARIES: ReadonlyArray<readonly [RegExp, string]> = [
  [/mcpgw_[A-Za-z0-9_-]{6,}…?/g, "mcpgw_KEY"],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID"],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?(?: [A-Z]+[+-]\d{4})?/g, "MOMENT"],
  [/\d{8}T\d{9}Z/g, "MOMENT"],
  [/"[+-]\d\d:\d\d"/g, '"OFFSET"'],
  [/\b\d{13}\b/g, "MILLIS"],
  [/\b\d+ ms\b/g, "N ms"],
  [/http:\/\/127\.0\.0\.1:\d+/g, "http://HOST"],
  [/ +/g, " "]
]

const steady = (line: string): string => VARIES.reduce((text, [varies, by]) => text.replace(varies, by), line.trimEnd())

const pattern = (line: string): RegExp => new RegExp(`^${steady(line).split("…").map(RegExp.escape).join(".*")}$`)

export const readmeSuite = (stand: () => Stand): void => {
  let clock: Running | undefined
  let port = 0
  const home = () => join(stand().folder, "readme")

  beforeAll(async () => {
    port = await freePort()
    mkdirSync(join(home(), ".cursor"), { recursive: true })
    writeFileSync(join(home(), ".cursor", "mcp.json"), "{}")
    const command = [
      process.execPath,
      "--no-env-file",
      "run",
      "apps/demo-servers",
      "currenttime",
      "--port",
      String(port)
    ]
    clock = spawn({ command })
    await clock.printed(/is listening/)
  })
  afterAll(async () => {
    // The README leaves it there for what follows; the other suites of this gateway know nothing of it.
    await run("mcpgw servers remove /clock")
    await clock?.stop()
  })

  const run = (command: string) => {
    const { gateway, run } = stand()
    const { words } = typed(command.replace("127.0.0.1:9000", `127.0.0.1:${port}`), "")
    const [, first] = words
    return run(words.slice(1), {
      env: { HOME: home(), MCPGW_CONFIG_DIR: join(home(), "config") },
      ...(first === "login" ? { keys: [...gateway.adminPassword, "enter"] } : {})
    })
  }

  it("there are sessions to run", () => {
    assert.isAtLeast(sessions.length, 2)
  })

  for (const [i, steps] of sessions.entries()) {
    describe(`session ${i + 1}`, () => {
      for (const { command, prints } of steps) {
        if (command.startsWith("alias ")) continue
        it(command, async () => {
          assert.isTrue(command.startsWith("mcpgw "), "another program's command in a session of mcpgw")
          const { err, out } = await run(command)
          const printed = `${out}\n${err}`.trim().split("\n").map(steady)
          assert.strictEqual(printed.length, prints.length, printed.join("\n"))
          for (const [at, line] of prints.entries()) assert.match(printed[at] ?? "", pattern(line))
        })
      }
    })
  }
}
