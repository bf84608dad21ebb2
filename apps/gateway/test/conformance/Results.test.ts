import { root, spawn, tempDir } from "@mcpgw/testkit/Process"
import * as fc from "fast-check"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { parseExpected, problems } from "./Expected.ts"
import { count, difference, readRows, type Row } from "./Results.ts"
import { DONE } from "./Scope.ts"

const row = (scenario: string, check: string, status: Row["status"] = "SUCCESS"): Row => ({ scenario, check, status })

const rows = fc.array(
  fc.record({
    scenario: fc.constantFrom("a", "b"),
    check: fc.constantFrom("x", "y"),
    status: fc.constantFrom("SUCCESS" as const, "FAILURE" as const)
  })
)

describe("npm run conformance", () => {
  it("--help is help, and what it does not know is refused: nothing is run", async () => {
    const run = join(root, "apps/gateway/test/conformance/run.ts")
    const end = async (word: string): Promise<readonly [number, string]> => {
      const running = spawn({ command: [process.execPath, "--no-env-file", run, word], env: {} })
      return [await running.exited, running.output()]
    }
    const [[known, help], [unknown, problem]] = await Promise.all([end("--help"), end("--hlep")])
    assert.deepEqual([known, unknown], [0, 2])
    assert.match(help, /^npm run conformance\n/)
    assert.include(problem, '"--hlep"')
  })
})

describe("difference", () => {
  it("counts how often each side has a check with a status", () => {
    const direct = [row("a", "x"), row("a", "x"), row("a", "y", "FAILURE"), row("b", "x")]
    const through = [row("b", "x"), row("a", "y", "WARNING")]
    assert.deepEqual(difference(direct, through), ["+ a  y  WARNING", "- a  x  SUCCESS  ×2", "- a  y  FAILURE"])
  })

  it("is empty exactly for the same rows in whatever order", () => {
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const sorted = (given: ReadonlyArray<Row>) => given.map((each) => JSON.stringify(each)).sort()
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
        assert.strictEqual(difference(one, other).length === 0, same)
        assert.deepEqual(difference(one, [...one].reverse()), [])
      })
    )
  })
})

describe("readRows", () => {
  const within = (role: "server" | "client", files: Readonly<Record<string, string>>): ReadonlyArray<Row> => {
    const folder = tempDir("rows")
    try {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(folder.path, path, ".."), { recursive: true })
        writeFileSync(join(folder.path, path), text)
      }
      return readRows(folder.path, role)
    } finally {
      folder.remove()
    }
  }
  const time = "2026-07-28T01-02-03-004Z"
  const checks = JSON.stringify([
    { id: "x", status: "SUCCESS", errorMessage: "not that bad" },
    { id: "note", status: "INFO" }
  ])

  it("knows a server scenario by its folder and leaves out what only informs", () => {
    const found = within("server", { [`server-server-sse-polling-${time}/checks.json`]: checks })
    assert.deepEqual(found, [row("server-sse-polling", "x")])
    assert.strictEqual(count(found, "SUCCESS"), 1)
  })

  it("adds whether the client got to the end, and leaves out scenarios that test the server's own log-in", () => {
    const found = within("client", {
      [`tools_call-${time}/checks.json`]: checks,
      [`tools_call-${time}/stdout.txt`]: `${DONE}\n`,
      [`sse-retry-${time}/checks.json`]: checks,
      [`sse-retry-${time}/stdout.txt`]: "",
      [`sse-retry-${time}/stderr.txt`]: "it threw",
      [`auth/iss-supported-${time}/checks.json`]: checks,
      [`auth/iss-supported-${time}/stdout.txt`]: ""
    })
    assert.deepEqual(found, [
      row("sse-retry", "x"),
      { ...row("sse-retry", "client-finished", "FAILURE"), said: "it threw" },
      row("tools_call", "x"),
      row("tools_call", "client-finished")
    ])
  })

  it("finds nothing where the suite left nothing", () => {
    assert.deepEqual(within("server", {}), [])
  })
})

describe("expected failures", () => {
  const entry = { run: "r", scenario: "a", check: "x", reason: "because" }
  const judged = (given: ReadonlyArray<Row>) => ({ run: "r", rows: given, required: new Set(["a"]) })

  it("a failure is wrong unless it is expected, in scenarios that are not required too", () => {
    const failing = judged([row("a", "x", "FAILURE"), row("a", "y"), row("b", "x", "FAILURE")])
    assert.deepEqual(problems(failing, []), ["a failed x", "b failed x"])
    assert.deepEqual(problems(failing, [entry]), ["b failed x"])
    assert.deepEqual(problems(judged([{ ...row("a", "x", "FAILURE"), said: "why" }]), []), ["a failed x: why"])
  })

  it("an entry is stale when the check passes, or is not made", () => {
    for (const check of ["x", "y"]) {
      assert.deepEqual(problems(judged([row("a", check)]), [entry]), [
        "expected-failures.yml is stale: a no longer fails x"
      ])
    }
  })

  it("an entry of another run excuses nothing and is not stale here", () => {
    const other = { ...entry, run: "other" }
    assert.deepEqual(problems(judged([row("a", "x", "FAILURE")]), [other]), ["a failed x"])
  })

  it("a required scenario that checks nothing is wrong", () => {
    assert.deepEqual(problems(judged([row("b", "x")]), []), ["a checked nothing"])
    assert.deepEqual(problems(judged([row("a", "x", "SKIPPED")]), []), ["a checked nothing"])
  })

  it("reads a list of whole entries and nothing else", () => {
    const text = "- run: r\n  scenario: a\n  check: x\n  reason: because\n"
    assert.deepEqual(parseExpected(text, ["r"]), [entry])
    assert.deepEqual(parseExpected("# nothing\n", ["r"]), [])
    assert.throws(() => parseExpected(text, ["s"]), 'there is no run "r"')
    assert.throws(() => parseExpected("- run: r\n  scenario: a\n  check: x\n", ["r"]), "reason")
    assert.throws(() => parseExpected(`${text}  because: x\n`, ["r"]), "nothing else")
    assert.throws(() => parseExpected("run: r\n", ["r"]), "must hold a list")
  })
})
