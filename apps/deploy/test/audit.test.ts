/** `audit`: the record, shown to whoever runs the gateway, while it runs and after. */
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import { root, spawn, tempDir } from "@mcpgw/testkit/Process"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway()
  for (let i = 0; i < 3; i++) await fetch(`${gateway.url}/currenttime/mcp`, { method: "POST", body: "{}" })
  await gateway.signIn()
})
afterAll(() => gateway?.close())

const audit = async (
  words: ReadonlyArray<string> = [],
  dataDir = gateway.dataDir
): Promise<{ readonly code: number; readonly output: string }> => {
  const running = spawn({
    command: [process.execPath, "--no-env-file", join(root, "apps/deploy/audit.mjs"), ...words],
    env: { MCPGW_DATA_DIR: dataDir }
  })
  return { code: await running.exited, output: running.output() }
}

const lines = (output: string): ReadonlyArray<string> => output.trimEnd().split("\n")

/** Rows are written a moment after the answer. */
const written = async (): Promise<string> => {
  for (let i = 0; i < 50; i++) {
    const { output } = await audit()
    if (output.includes("api:login")) return output
    await Bun.sleep(100)
  }
  return assert.fail("no row")
}

describe("audit", () => {
  it("shows the last rows of a running gateway, oldest first, who, what and which rule", async () => {
    const [head = "", ...rows] = lines(await written())
    for (const column of ["sequence", "at", "username", "server", "tool", "decision", "rule", "outcome", "status"])
      assert.include(head, column)
    assert.lengthOf(rows, 4)
    assert.match(rows[0] ?? "", /^1 +\| \d{4}-\d\d-\d\dT\S+Z +\| - +\| .*auth:missing +\| refused +\| 401$/)
    assert.match(rows[3] ?? "", /\| admin .* allow .* api:login /)
  })

  it("as many as are asked for, and whole as JSON", async () => {
    await written()
    assert.lengthOf(lines((await audit(["1"])).output), 2)
    const rows = lines((await audit(["2", "--json"])).output).map((line) => JSON.parse(line))
    assert.deepEqual(
      rows.map(({ sequence }) => sequence),
      [3, 4]
    )
    assert.match(rows[1].previous, /./)
    assert.strictEqual(rows[1].previous, rows[0].digest)
  })

  it("shows nothing of what clients sent that could steer a terminal", async () => {
    await fetch(`${gateway.url}/api/auth/login`, {
      method: "POST",
      body: new URLSearchParams({ username: "\u001b[2Jadmin\u009b", password: "x" })
    })
    const { output } = await audit()
    assert.match(output, /^[\n\x20-\x7e]*$/)
  })

  it("where no record is, or what it can not do, in words", async () => {
    const dir = tempDir("nothing")
    const nothing = await audit([], dir.path)
    assert.strictEqual(nothing.code, 1)
    assert.match(nothing.output, /no audit record .*MCPGW_DATA_DIR/)
    dir.remove()
    for (const word of ["many", "0", "--jsno"]) {
      const { code, output } = await audit([word])
      assert.strictEqual(code, 2)
      assert.include(output, `"${word}"`)
      assert.match(output, /npm run audit [^]*how many rows/)
    }
    assert.strictEqual((await audit(["--help"])).code, 0)
  })
})
