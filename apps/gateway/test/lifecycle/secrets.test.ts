/** Where secrets must not be: the data folder, the output at debug level, what servers receive (S-01, design §6). */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { openSession } from "../refusals/Sessions.ts"
import { ask } from "./support/Ask.ts"
import { auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend, UPSTREAM_SESSION } from "./support/Backend.ts"
import { type Box, makeBox, serverAt } from "./support/Box.ts"
import { claimsFor, freshKey, gatewayKey, mint } from "./support/Minting.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, tester]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
tester:
  - server: backend
    methods: [tools/list, resources/read]
    tools: [echo]
`

const ARGUMENT = "argument-7e1d9a5c40"
const PARAM_HEADER = "param-header-93bd01"
const READ_URI = "vault://patients/uri-0c44e1"
const REFUSED_URI = "vault://patients/uri-77d2f9"
const BACKEND_KEY = "backend-credential-55aa0f"
const REGISTRY_KEY = "registry-credential-c81e07"
const WRONG_PASSWORD = "wrong-password-2b6c11"

let box: Box
let backend: Backend
let first: string
let second: string
let password: string
/** Everything that must be nowhere, by name. */
const secrets = new Map<string, string>()
let running: Running

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", backend.url)],
    env: { ADMIN_PASSWORD: "", MCPGW_LOG_LEVEL: "debug" }
  })
  running = await box.start()
  password = /Password:\s+(\S+)/.exec(running.output())?.[1] ?? ""
  await work()
  await running.stop()
  first = running.output()
  running = await box.start()
  await running.stop()
  second = running.output()
})

afterAll(async () => {
  await running?.stop("SIGKILL")
  await backend?.stop()
  box?.remove()
})

const login = (given: string): Promise<Response> =>
  fetch(`${box.url}/api/auth/login`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ username: "admin", password: given })
  })

interface Generated {
  readonly tokens: { readonly access_token: string }
}

/** Uses every kind of credential, well and badly. */
const work = async (): Promise<void> => {
  const signedIn = await login(password)
  assert.strictEqual(signedIn.status, 200)
  const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
  await login(WRONG_PASSWORD)
  const generated = await fetch(`${box.url}/api/tokens/generate`, {
    method: "POST",
    headers: { cookie, accept: "application/json", "content-type": "application/json" },
    body: "{}"
  })
  const issued = ((await generated.json()) as Generated).tokens.access_token
  const key = gatewayKey(box.dataDir)
  const expired = mint(key, claimsFor(box.url, ["tester"], { exp: Math.floor(Date.now() / 1000) - 5 }))
  const foreign = mint(freshKey(key.kid), claimsFor(box.url, ["tester"]))
  const url = `${box.url}/backend/mcp`
  const session = await openSession(box.url, "/backend/mcp", issued, "2025-11-25")
  const params = { name: "echo", arguments: { text: ARGUMENT } }
  const call = (headers: Readonly<Record<string, string>>, token = issued): Promise<unknown> =>
    ask({ url, token, params, headers })
  await call({})
  await call({ "mcp-session-id": session })
  await call({ authorization: BACKEND_KEY, "x-authorization": `Bearer ${issued}` })
  await call({ cookie })
  await call({}, expired)
  await call({}, foreign)
  await call({ "proxy-authorization": `Bearer ${issued}` })
  await ask({ url: `${url}?access_token=${issued}`, token: issued, params })
  await ask({ url: `${url}?jwt=${issued}`, token: issued, params })
  await ask({ url: `${box.url}/backend/mcp`, token: issued, method: "no/such" })
  await named(url, issued)
  const mirror = await fetch(`${box.url}/api/import/registry`, {
    method: "POST",
    headers: { cookie, accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ from: "https://127.0.0.1:9", mirror: true, auth_credential: REGISTRY_KEY })
  })
  assert.strictEqual(mirror.status, 202)
  await fetch(`${box.url}/api/tokens/revoke`, {
    method: "POST",
    headers: { authorization: `Bearer ${issued}`, accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ token: issued })
  })
  await call({})
  await auditUntil(box.dataDir, (rows) => rows.some(({ rule }) => rule === "auth:token_revoked"))
  secrets.set("the generated token", issued)
  secrets.set("its signature", issued.split(".")[2] ?? "none")
  secrets.set("an expired token's signature", expired.split(".")[2] ?? "none")
  secrets.set("a foreign token's signature", foreign.split(".")[2] ?? "none")
  secrets.set("the session cookie", cookie.split("=")[1] ?? "none")
  secrets.set("the password", password)
  secrets.set("a wrong password", WRONG_PASSWORD)
  secrets.set("the server's credential", BACKEND_KEY)
  secrets.set("another registry's credential", REGISTRY_KEY)
  secrets.set("the server's own session id", UPSTREAM_SESSION)
  secrets.set("the sealed session id", session)
  secrets.set("an argument of a call", ARGUMENT)
  secrets.set(
    "the private signing key",
    /"d": "([^"]+)"/.exec(readFileSync(join(box.dataDir, "keys", "keys.json"), "utf8"))?.[1] ?? "none"
  )
}

/** Calls of 2026-07-28, whose headers say what the body says: carried, refused by the policy, and refused because they disagree. */
const named = async (url: string, token: string): Promise<void> => {
  const call = (method: string, params: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>>) =>
    ask({
      url,
      token,
      method,
      params: { ...params, _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } },
      headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...headers }
    })
  const echo = { name: "echo", arguments: { text: "hello" } }
  const answers = [
    await call("tools/call", echo, { "mcp-name": "echo", "mcp-param-token": PARAM_HEADER }),
    await call("resources/read", { uri: READ_URI }, { "mcp-name": READ_URI }),
    await call("resources/subscribe", { uri: REFUSED_URI }, { "mcp-name": REFUSED_URI }),
    await call("resources/read", { uri: REFUSED_URI }, { "mcp-name": "vault://other" })
  ]
  assert.deepEqual(
    answers.map(({ message }) => message?.error?.code),
    [undefined, -32601, -32601, -32020]
  )
  secrets.set("an argument in a header", PARAM_HEADER)
  secrets.set("a resource's URI", READ_URI)
  secrets.set("a refused resource's URI", REFUSED_URI)
}

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]
  )

/** Names of the secrets found in a text. */
const foundIn = (text: string, except: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  [...secrets].flatMap(([name, value]) => (text.includes(value) && !except.includes(name) ? [name] : []))

describe("secrets", () => {
  it("there are secrets to look for, and each was really used", () => {
    assert.strictEqual(secrets.size, 16)
    for (const [name, value] of secrets) assert.isAbove(value.length, 16, name)
  })

  it("design §6: the generated password is shown in the words of the first start alone", () => {
    const begins = first.indexOf("Administrator:")
    const banner = first.slice(begins, first.indexOf("tz_name", begins))
    assert.match(banner, /shown once; only its hash is kept/)
    assert.notInclude(first.replace(banner, ""), password)
    assert.notInclude(second, password)
    assert.notMatch(second, /Password:/)
  })

  it("S-01, W-47: nothing secret is in the output, at debug level; nor what headers say of a call", () => {
    assert.match(first, /level=DEBUG/, "debug is on")
    assert.deepEqual(foundIn(first, ["the password"]), [])
    assert.deepEqual(foundIn(second), [])
  })

  it("S-01, W-47: nothing secret is in any file of the data folder; nor what headers say of a call", () => {
    const files = filesBelow(box.dataDir)
    assert.isAtLeast(files.length, 4)
    for (const file of files) {
      const except = file.endsWith("keys.json") ? ["the private signing key"] : []
      assert.deepEqual(foundIn(readFileSync(file, "latin1"), except), [], file)
    }
  })

  it("S-01: a server receives no credential of ours, by header, URL or body", () => {
    const known = [
      "the server's credential",
      "the server's own session id",
      "an argument of a call",
      "an argument in a header",
      "a resource's URI"
    ]
    assert.isNotEmpty(backend.calls())
    for (const exchange of backend.calls()) assert.deepEqual(foundIn(JSON.stringify(exchange), known), [])
    const names = new Set(backend.calls().flatMap(({ headers }) => Object.keys(headers)))
    for (const name of ["cookie", "x-authorization", "proxy-authorization"]) assert.isFalse(names.has(name), name)
  })

  it("dual token: the caller's own Authorization reaches the server only beside X-Authorization", () => {
    const credentials = backend.calls().map(({ headers }) => headers["authorization"])
    assert.deepEqual(
      credentials.filter((value) => value !== undefined),
      [BACKEND_KEY]
    )
  })
})
