/** The policy file of a running gateway: edited in place, replaced, broken, gone (design §4: swapped by reference). */
import type { Running } from "@mcpgw/testkit/Process"
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { ask, eventually } from "./support/Ask.ts"
import { auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, PASSWORD, serverAt } from "./support/Box.ts"
import { claimsFor, gatewayKey, mint } from "./support/Minting.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const policy = (tools: string, more = ""): string => `
tester:
  - server: backend
    methods: [tools/list]
    tools: ${tools}
group_mappings:
  testers: [tester]
${more}`

/** The contract: a change holds within a second. */
const WITHIN = 1_000

let box: Box
let running: Running
let backend: Backend
let token: string

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({ scopes: policy("[echo]"), servers: [serverAt("/backend", backend.url)] })
  running = await box.start()
  token = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
})

afterAll(async () => {
  await running?.stop()
  await backend?.stop()
  box?.remove()
})

const may = async (name: string): Promise<boolean> => {
  const { message } = await ask({ url: `${box.url}/backend/mcp`, token, params: { name } })
  return message?.result !== undefined
}

interface Ready {
  readonly ready: boolean
  readonly policy: {
    readonly revision: number
    readonly problem: string | null
    readonly warnings: ReadonlyArray<string>
  }
}

const ready = async (): Promise<Ready> => {
  const response = await fetch(`${box.url}/ready`)
  assert.strictEqual(response.status, 200)
  return response.json() as Promise<Ready>
}

const replace = (text: string): void => {
  writeFileSync(`${box.scopesFile}.new`, text)
  renameSync(`${box.scopesFile}.new`, box.scopesFile)
}

describe("scopes.yml of a running gateway", () => {
  it("begins with what the file says", async () => {
    assert.isTrue(await may("echo"))
    assert.isFalse(await may("secret"))
    assert.strictEqual((await ready()).policy.revision, 1)
  })

  it("an edit in place holds within a second, for a caller already known and in both directions", async () => {
    writeFileSync(box.scopesFile, policy("[secret]"))
    await eventually("secret is allowed", () => may("secret"), WITHIN)
    assert.isFalse(await may("echo"))
    writeFileSync(box.scopesFile, policy("[echo]"))
    await eventually("secret is refused again", async () => !(await may("secret")), WITHIN)
    assert.isTrue(await may("echo"))
  })

  it("a misspelt scope and a server that is not there: told at /ready and once in the log, until they are there", async () => {
    assert.deepEqual((await ready()).policy.warnings, [])
    writeFileSync(box.scopesFile, policy("[echo]", "  typos: [testr]\nother: [{server: bakend, tools: [echo]}]\n"))
    const found = ["group_mappings.typos: no scope 'testr' is defined", "other[0]: no server 'bakend' is registered"]
    await eventually("/ready names both", async () => (await ready()).policy.warnings.length === 2, WITHIN)
    assert.deepEqual((await ready()).policy.warnings, found)
    assert.strictEqual(running.output().split(found.join("; ")).length - 1, 1, running.output())
    writeFileSync(box.scopesFile, policy("[echo]"))
    await eventually("all is well", async () => (await ready()).policy.warnings.length === 0, WITHIN)
  })

  it("an atomic rename holds within a second", async () => {
    replace(policy("[secret]"))
    await eventually("secret is allowed", () => may("secret"), WITHIN)
    replace(policy("[echo]"))
    await eventually("secret is refused again", async () => !(await may("secret")), WITHIN)
  })

  it("lists follow: what is shown is what may be called (design §6)", async () => {
    const { message } = await ask({ url: `${box.url}/backend/mcp`, token, method: "tools/list", params: {} })
    const tools = message?.result?.["tools"]
    assert.isArray(tools)
    assert.deepEqual(
      (tools as ReadonlyArray<{ readonly name: string }>).map(({ name }) => name),
      ["echo"]
    )
  })

  it("a grant taken away altogether is 403 at the route", async () => {
    writeFileSync(box.scopesFile, "group_mappings: {}\n")
    await eventually(
      "the route is refused",
      async () => (await ask({ url: `${box.url}/backend/mcp`, token })).status === 403,
      WITHIN
    )
    writeFileSync(box.scopesFile, policy("[echo]"))
    await eventually("echo is allowed again", () => may("echo"), WITHIN)
  })

  it("a broken file keeps the last good policy, and is said at /ready and in the log", async () => {
    const { revision } = (await ready()).policy
    writeFileSync(box.scopesFile, `${policy("[echo, secret]")}\n  - [unclosed`)
    await eventually("/ready names the problem", async () => (await ready()).policy.problem !== null, WITHIN)
    const now = await ready()
    assert.isTrue(now.ready, "still serving")
    assert.strictEqual(now.policy.revision, revision)
    assert.include(now.policy.problem ?? "", "scopes.yml")
    assert.isTrue(await may("echo"))
    assert.isFalse(await may("secret"))
    await eventually("the log says so", () => /level=WARN .*scope policy kept as it was/.test(running.output()))
    // Two ways to be broken are two sentences: an edit in place may be read half-way.
    const said = running
      .output()
      .split("\n")
      .flatMap((line) => /kept as it was.*/.exec(line)?.[0] ?? [])
    assert.strictEqual(new Set(said).size, said.length, "each problem is said once, not at every look")
  })

  it("a file that is YAML and no policy names the field", async () => {
    writeFileSync(box.scopesFile, policy("[echo]").replace("methods: [tools/list]", "methods: 7"))
    await eventually("/ready names the field", async () => /methods/.test((await ready()).policy.problem ?? ""), WITHIN)
    assert.isTrue(await may("echo"))
  })

  it("a file that is gone keeps the last good policy", async () => {
    rmSync(box.scopesFile)
    await eventually("/ready says so", async () => /no such file/.test((await ready()).policy.problem ?? ""), WITHIN)
    assert.isTrue(await may("echo"))
    assert.isFalse(await may("secret"))
  })

  it("a good file afterwards is taken, and the problem is over", async () => {
    writeFileSync(box.scopesFile, policy("[secret]"))
    await eventually("secret is allowed", () => may("secret"), WITHIN)
    assert.isNull((await ready()).policy.problem)
  })

  it("an emptied file is a broken one: it changes nothing and is said", async () => {
    writeFileSync(box.scopesFile, "")
    await eventually("/ready says so", async () => (await ready()).policy.problem !== null, WITHIN)
    assert.isTrue(await may("secret"))
    assert.isFalse(await may("echo"))
  })

  it("issue 6: a group changed over the API is in the file and holds at once; the file before is kept beside it", async () => {
    const admin = "group_mappings:\n  mcp-registry-admin: [mcp-registry-admin]\n"
    const before = policy("[echo]").replace("group_mappings:\n", `# Who is in what.\n${admin}`)
    writeFileSync(box.scopesFile, before)
    await eventually("the file is taken", () => may("echo"), WITHIN)
    const api = (method: string, path: string, body?: unknown) =>
      fetch(`${box.url}/api/groups${path}`, {
        method,
        headers: { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
    assert.strictEqual((await api("PUT", "/tester/servers/backend", { tools: ["secret"] })).status, 200)
    assert.deepEqual([await may("secret"), await may("echo")], [true, false])
    assert.include(readFileSync(box.scopesFile, "utf8"), "# Who is in what.")
    const copies = readdirSync(dirname(box.scopesFile)).filter((name) => name.startsWith("scopes.yml."))
    assert.strictEqual(readFileSync(join(dirname(box.scopesFile), copies[0] ?? ""), "utf8"), before)
    chmodSync(box.scopesFile, 0o444)
    const refused = await api("POST", "", { name: "eng" })
    assert.strictEqual(refused.status, 409)
    assert.match(await refused.text(), /scopes\.yml is marked read-only/)
    chmodSync(box.scopesFile, 0o644)
    assert.strictEqual((await api("POST", "", { name: "eng" })).status, 201)
  })

  it("audit names the rule that decided under each policy", async () => {
    const rows = await auditUntil(box.dataDir, (found) => found.length > 5)
    const granted = rows.filter(({ decision, method }) => decision === "allow" && method === "tools/call")
    assert.isNotEmpty(granted)
    for (const { rule } of granted) assert.strictEqual(rule, "tester[0].tools")
  })
})
