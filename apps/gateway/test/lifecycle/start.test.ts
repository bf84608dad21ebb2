/** Starts that must not succeed, and what they say; what a start leaves on disk; what a restart and a kill keep. */
import { verifyChain } from "@mcpgw/telemetry/AuditChain"
import { type Running, tempDir, freePort } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { openSession } from "../refusals/Sessions.ts"
import { ask } from "./support/Ask.ts"
import { auditRows, auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, PASSWORD, serverAt } from "./support/Box.ts"
import { claimsFor, gatewayKey, mint } from "./support/Minting.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

let box: Box
let running: Running
let backend: Backend
let token: string

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({ scopes: SCOPES, servers: [serverAt("/backend", backend.url)] })
  running = await box.start()
  token = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
})

afterAll(async () => {
  await running?.stop()
  await backend?.stop()
  box?.remove()
})

/** Modes do not hold root back, so root asks as somebody else. */
const isRoot = process.getuid?.() === 0

/** The permission bits of a path below the data folder. */
const mode = (path: string): string => (statSync(join(box.dataDir, path)).mode & 0o777).toString(8)

const keyFile = (): string => join(box.dataDir, "keys", "keys.json")

/** Starts one that must end by itself, with an error and within time. */
const failed = async (env: Readonly<Record<string, string>>, before: ReadonlyArray<string> = []): Promise<string> => {
  const launched = box.launch(env, before)
  const timer = setTimeout(() => void launched.stop("SIGKILL"), 25_000)
  const code = await launched.exited
  clearTimeout(timer)
  assert.isAbove(code, 0, launched.output())
  assert.isBelow(code, 128, `must end by itself:\n${launched.output()}`)
  assert.notMatch(launched.output(), /is ready at/)
  assert.notMatch(launched.output(), /node_modules|\n\s+at /, "words, no stack")
  return launched.output()
}

describe("what a start leaves on disk", () => {
  it("design §6: keys have mode 0600, folders 0700", () => {
    assert.strictEqual(mode("keys/keys.json"), "600")
    assert.strictEqual(mode("keys"), "700")
    assert.strictEqual(mode("."), "700")
  })

  it("the database and the audit record are nobody else's to read", () => {
    assert.strictEqual(mode("mcpgw.db"), "600")
    assert.strictEqual(mode("audit.db"), "600")
  })

  it("a data folder it makes itself is closed, its parents included in the making", async () => {
    const dir = tempDir("fresh")
    const port = String(await freePort())
    const fresh = await box.start({ MCPGW_DATA_DIR: join(dir.path, "a", "b"), MCPGW_PORT: port })
    assert.strictEqual((statSync(join(dir.path, "a", "b")).mode & 0o777).toString(8), "700")
    assert.strictEqual((statSync(join(dir.path, "a", "b", "scopes.yml")).mode & 0o777).toString(8), "600")
    assert.strictEqual(await fresh.stop(), 0)
    dir.remove()
  })
})

describe("what a start says", () => {
  it("a configured password is not repeated, and no password is announced", () => {
    assert.match(running.output(), /is ready at/)
    assert.notInclude(running.output(), PASSWORD)
    assert.notMatch(running.output(), /Password:/)
  })
})

describe("starts that must not succeed", () => {
  it("a second instance on the same port names host and port, and leaves the first alone", async () => {
    const dir = tempDir("second")
    const said = await failed({ MCPGW_DATA_DIR: dir.path })
    assert.match(said, /MCPGW_PORT/)
    assert.include(said, String(box.port))
    assert.match(said, /in use/i)
    assert.include(said, `MCPGW_PORT=${box.port + 1} npm start`)
    assert.strictEqual((await ask({ url: `${box.url}/backend/mcp`, token })).status, 200)
    dir.remove()
  })

  it("a second instance over the same folder and port too", async () => {
    assert.match(await failed({}), /MCPGW_PORT/)
    assert.strictEqual((await ask({ url: `${box.url}/backend/mcp`, token })).status, 200)
  })

  it("a second instance over the same folder, elsewhere, is refused: two issuers of one record", async () => {
    const said = await failed({ MCPGW_PORT: String(await freePort()), MCPGW_DRAIN_SECONDS: "0" })
    assert.include(said, `MCPGW_DATA_DIR: held "${box.dataDir}", which process ${running.pid} uses`)
    assert.match(said, /level=WARN .*waiting up to 2 s/)
    assert.strictEqual((await ask({ url: `${box.url}/backend/mcp`, token })).status, 200)
  })

  it("a data folder that can not be made names MCPGW_DATA_DIR and what it held", async () => {
    const path = join(box.dataDir, "scopes.yml", "below-a-file")
    const said = await failed({ MCPGW_DATA_DIR: path, MCPGW_PORT: String(box.port + 1) })
    assert.include(said, "MCPGW_DATA_DIR")
    assert.include(said, path)
  })

  it("a data folder that is a file names MCPGW_DATA_DIR", async () => {
    const said = await failed({ MCPGW_DATA_DIR: box.scopesFile, MCPGW_PORT: String(box.port + 1) })
    assert.include(said, "MCPGW_DATA_DIR")
  })

  it.skipIf(isRoot && Bun.which("setpriv") === null)(
    "a data folder that can not be written to names MCPGW_DATA_DIR",
    async () => {
      const dir = tempDir("readonly")
      writeFileSync(join(dir.path, "scopes.yml"), SCOPES)
      chmodSync(dir.path, 0o555)
      const said = await failed(
        { MCPGW_DATA_DIR: dir.path, MCPGW_PORT: String(box.port + 1) },
        isRoot ? ["setpriv", "--reuid=65534", "--clear-groups"] : []
      )
      assert.include(said, "MCPGW_DATA_DIR")
      assert.include(said, dir.path)
      chmodSync(dir.path, 0o700)
      dir.remove()
    }
  )

  it("a key file others can read is refused with words, and is not replaced", async () => {
    const dir = tempDir("wide")
    const file = join(dir.path, "keys", "keys.json")
    mkdirSync(join(dir.path, "keys"))
    writeFileSync(file, readFileSync(keyFile()))
    chmodSync(file, 0o644)
    const said = await failed({ MCPGW_DATA_DIR: dir.path, MCPGW_PORT: String(box.port + 1) })
    assert.include(said, file)
    assert.match(said, /chmod 600/)
    assert.strictEqual(readFileSync(file, "utf8"), readFileSync(keyFile(), "utf8"))
    dir.remove()
  })

  it("a damaged key file is refused, and its content is not shown", async () => {
    const dir = tempDir("damaged")
    const file = join(dir.path, "keys", "keys.json")
    mkdirSync(join(dir.path, "keys"))
    const text = readFileSync(keyFile(), "utf8")
    writeFileSync(file, text.replace('"version": 1', '"version": 9'), { mode: 0o600 })
    const said = await failed({ MCPGW_DATA_DIR: dir.path, MCPGW_PORT: String(box.port + 1) })
    assert.include(said, file)
    const secret = /"d": "([^"]+)"/.exec(text)?.[1] ?? "none"
    assert.notInclude(said, secret)
    dir.remove()
  })

  it("a policy broken at the start names the file and the field", async () => {
    const dir = tempDir("policy")
    writeFileSync(join(dir.path, "scopes.yml"), SCOPES.replace("[echo]", "7"))
    const said = await failed({ MCPGW_DATA_DIR: dir.path, MCPGW_PORT: String(box.port + 1) })
    assert.include(said, "scopes.yml")
    assert.include(said, "tools")
    dir.remove()
  })

  it("a weak ADMIN_PASSWORD is refused by name and never repeated", async () => {
    const dir = tempDir("weak")
    const said = await failed({
      MCPGW_DATA_DIR: dir.path,
      MCPGW_PORT: String(box.port + 1),
      ADMIN_PASSWORD: "tr0ub4dor"
    })
    assert.include(said, "ADMIN_PASSWORD")
    assert.notInclude(said, "tr0ub4dor")
    assert.deepEqual(readdirSync(dir.path), [], "nothing was made before it was refused")
    dir.remove()
  })

  it("several wrong settings are all named at once, each with what it may hold", async () => {
    const said = await failed({
      MCPGW_PORT: "99999",
      MCPGW_LOG_LEVEL: "loud",
      MCPGW_OIDC_ISSUER: "https://issuer.example"
    })
    for (const name of ["MCPGW_PORT", "MCPGW_LOG_LEVEL"]) assert.include(said, name)
    assert.include(said, "99999")
  })

  it("an issuer without an audience stops the start (design §6)", async () => {
    const dir = tempDir("issuer")
    const said = await failed({
      MCPGW_DATA_DIR: dir.path,
      MCPGW_OIDC_ISSUER: "https://issuer.example",
      MCPGW_OIDC_JWKS_URL: "https://issuer.example/jwks"
    })
    assert.include(said, "MCPGW_OIDC_AUDIENCE")
    dir.remove()
  })
})

describe("a restart", () => {
  it("keeps servers, keys, tokens, sessions of clients and browsers, and the policy", async () => {
    const url = `${box.url}/backend/mcp`
    const session = await openSession(box.url, "/backend/mcp", token, "2025-11-25")
    const cookie = await signIn()
    const keys = readFileSync(keyFile(), "utf8")
    writeFileSync(box.scopesFile, SCOPES.replace("[echo]", "[echo, secret]"))
    const next = box.launch({ MCPGW_PORT: String(await freePort()) })
    await next.printed(/waiting up to 22 s for its end/)
    assert.strictEqual(await running.stop(), 0)
    await next.printed(/is ready at/)
    assert.strictEqual(await next.stop(), 0, "who waited has the folder in its turn")

    running = await box.start()
    assert.strictEqual(readFileSync(keyFile(), "utf8"), keys)
    assert.match(running.output(), /1 servers registered/)
    const told = await ask({ url, token, params: { name: "secret" }, headers: { "mcp-session-id": session } })
    assert.strictEqual(told.status, 200)
    assert.isDefined(told.message?.result, told.text)
    const me = await fetch(`${box.url}/api/auth/me`, { headers: { cookie } })
    assert.strictEqual(me.status, 200)
  })
})

const signIn = async (): Promise<string> => {
  const response = await fetch(`${box.url}/api/auth/login`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ username: "admin", password: PASSWORD })
  })
  assert.strictEqual(response.status, 200)
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
}

describe("kill -9", () => {
  it("loses at most the last tenth of a second of the record, and the chain goes on unbroken", async () => {
    const url = `${box.url}/backend/mcp`
    for (let i = 0; i < 50; i++) await ask({ url, token })
    const settled = Date.now()
    // The tenth, and room for a writer that waits for its turn on a busy machine; what is promised is measured in faults/kill.
    await Bun.sleep(400)
    for (let i = 0; i < 50; i++) await ask({ url, token })
    assert.isAtLeast(await running.stop("SIGKILL"), 128)

    const kept = await auditRows(box.dataDir)
    const echoes = kept.filter(({ tool }) => tool === "echo")
    const old = echoes.filter(({ at }) => at <= settled)
    assert.isAtLeast(old.length, 50, "rows older than the window are all there")
    const intact = await Effect.runPromise(verifyChain(join(box.dataDir, "audit.db")))
    assert.isTrue(intact.intact)

    running = await box.start()
    await ask({ url, token })
    const rows = await auditUntil(box.dataDir, (found) => found.length > kept.length)
    assert.deepEqual(
      rows.map(({ sequence }) => sequence),
      rows.map((_, i) => i + 1)
    )
    assert.isTrue((await Effect.runPromise(verifyChain(join(box.dataDir, "audit.db")))).intact)
  })
})
