/** Who a client is and whether it may connect, behind proxies and without: MCPGW_TRUSTED_PROXIES, MCPGW_ALLOWED_CIDRS, the metrics port. */
import { freePort, type Running, tempDir } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, PASSWORD, serverAt } from "./support/Box.ts"
import { claimsFor, gatewayKey, mint } from "./support/Minting.ts"
import { type RawResponse, send } from "./support/RawHttp.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

const PROXY = "127.0.0.1"
/** A loopback address that is nobody's proxy. */
const STRANGER = "127.0.0.7"
const PUBLIC_URL = "https://mcp.example.com"

let box: Box
let running: Running
let backend: Backend
let token: string
let metricsPort: number

beforeAll(async () => {
  backend = startBackend()
  metricsPort = await freePort()
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", backend.url)],
    env: {
      MCPGW_PUBLIC_URL: PUBLIC_URL,
      MCPGW_TRUSTED_PROXIES: `${PROXY}, 10.0.0.0/8`,
      MCPGW_ALLOWED_CIDRS: "127.0.0.1,192.0.2.0/24,2001:db8::/32",
      OTEL_PROMETHEUS_PORT: String(metricsPort)
    }
  })
  running = await box.start()
  token = mint(gatewayKey(box.dataDir), claimsFor(PUBLIC_URL, ["tester"]))
})

afterAll(async () => {
  await running?.stop()
  await backend?.stop()
  box?.remove()
})

type Headers = Readonly<Record<string, string>>

const request = (line: string, headers: Headers, body = ""): string =>
  [
    `${line} HTTP/1.1`,
    ...Object.entries({ Host: `127.0.0.1:${box.port}`, Connection: "close", ...headers }).map(
      ([name, value]) => `${name}: ${value}`
    ),
    `Content-Length: ${body.length}`,
    "",
    body
  ].join("\r\n")

const one = async (bytes: string, from = PROXY, port = box.port): Promise<RawResponse> => {
  const [response] = await send(port, bytes, 5_000, from)
  if (response === undefined) throw new Error("no answer")
  return response
}

const ECHO = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo" } })

const call = (headers: Headers, from = PROXY): Promise<RawResponse> =>
  one(
    request(
      "POST /backend/mcp",
      {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...headers
      },
      ECHO
    ),
    from
  )

/** Headers of the last call the server got. */
const carried = (): Headers => backend.calls().at(-1)?.headers ?? {}

const get = (path: string, headers: Headers = {}, from = PROXY, port = box.port): Promise<RawResponse> =>
  one(request(`GET ${path}`, headers), from, port)

const login = (password: string, forwardedFor: string): Promise<RawResponse> => {
  const body = new URLSearchParams({ username: "admin", password }).toString()
  const type = "application/x-www-form-urlencoded"
  return one(
    request(
      "POST /api/auth/login",
      { Accept: "application/json", "Content-Type": type, "X-Forwarded-For": forwardedFor },
      body
    )
  )
}

describe("MCPGW_TRUSTED_PROXIES", () => {
  it("contracts §2.2: the server and the record get the client's address from a trusted proxy", async () => {
    const answer = await call({ "X-Forwarded-For": "203.0.113.9, 192.0.2.44, 10.0.0.2" })
    assert.strictEqual(answer.status, 200, answer.body)
    const headers = carried()
    assert.strictEqual(headers["x-real-ip"], "192.0.2.44")
    assert.strictEqual(headers["x-forwarded-for"], "192.0.2.44")
    assert.isUndefined(headers["x-forwarded-host"])
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ remote }) => remote === "192.0.2.44"))
    assert.strictEqual(rows.find(({ remote }) => remote === "192.0.2.44")?.outcome, "ok")
  })

  it("the host a trusted proxy names is judged in place of the one it calls us by", async () => {
    const served = await call({ Host: "backend-pool", "X-Forwarded-Host": "mcp.example.com" })
    assert.strictEqual(served.status, 200, served.body)
    const foreign = await call({ "X-Forwarded-Host": "evil.example" })
    assert.strictEqual(foreign.status, 403)
    assert.include(foreign.body, "host name")
  })

  it("S-16: failed logins count by the client's address, not by the proxy's", async () => {
    for (let i = 0; i < 5; i++) assert.strictEqual((await login("not it", "192.0.2.66")).status, 401)
    assert.strictEqual((await login(PASSWORD, "192.0.2.66")).status, 429)
    assert.strictEqual((await login(PASSWORD, "192.0.2.1")).status, 200)
  })
})

describe("MCPGW_ALLOWED_CIDRS", () => {
  it("S-16: a client outside is refused on every route, and recorded", async () => {
    const outside = { "X-Forwarded-For": "203.0.113.9" }
    const answers = [
      await call(outside),
      ...(await Promise.all(["/health", "/api/servers", "/metrics", "/"].map((path) => get(path, outside))))
    ]
    for (const { status, body } of answers) {
      assert.strictEqual(status, 403)
      assert.deepInclude(JSON.parse(body), { jsonrpc: "2.0", id: null })
      assert.include(body, "Connections from this address are not accepted")
    }
    const isRefusal = ({ rule, remote }: { rule: string | null; remote: string | null }): boolean =>
      rule === "edge:client" && remote === "203.0.113.9"
    const rows = await auditUntil(box.dataDir, (found) => found.filter(isRefusal).length >= answers.length)
    const row = rows.find(isRefusal)
    assert.deepInclude(row, { decision: "none", outcome: "refused", status: 403, server: "/backend" })
  })

  it("a client that says it is inside is not believed", async () => {
    const before = backend.calls().length
    assert.strictEqual((await call({ "X-Forwarded-For": "192.0.2.1" }, STRANGER)).status, 403)
    assert.strictEqual((await call({ "X-Forwarded-For": "192.0.2.1, 203.0.113.9" })).status, 403)
    assert.strictEqual(backend.calls().length, before)
  })

  it("/health and /ready answer the machine itself, and nothing else does", async () => {
    const found = await Promise.all(
      ["/health", "/ready", "/metrics", "/api/health", "/"].map((path) => get(path, {}, STRANGER))
    )
    assert.deepEqual(
      found.map(({ status }) => status),
      [200, 200, 403, 403, 403]
    )
  })
})

describe("OTEL_PROMETHEUS_PORT", () => {
  const ask = (path: string, headers: Headers = {}, from = PROXY): Promise<RawResponse> =>
    get(path, { Host: `127.0.0.1:${metricsPort}`, ...headers }, from, metricsPort)

  it("contracts §2.12: serves /metrics and nothing else", async () => {
    const metrics = await ask("/metrics")
    assert.strictEqual(metrics.status, 200)
    assert.match(metrics.body, /^# HELP /m)
    assert.include(metrics.body, "mcpgw_registered_servers 1")
    for (const path of ["/", "/health", "/api/servers", "/backend/mcp"]) {
      assert.strictEqual((await ask(path)).status, 404, path)
    }
  })

  it("judges address and host like the gateway's own port", async () => {
    assert.strictEqual((await ask("/metrics", {}, STRANGER)).status, 403)
    assert.strictEqual((await ask("/metrics", { Host: "evil.example" })).status, 403)
  })

  it("one that is taken stops the start, by name", async () => {
    const dir = tempDir("metrics")
    const port = String(await freePort())
    const launched = box.launch({ MCPGW_DATA_DIR: dir.path, MCPGW_PORT: port })
    assert.isAbove(await launched.exited, 0)
    assert.match(launched.output(), new RegExp(`MCPGW_HOST and OTEL_PROMETHEUS_PORT: 127.0.0.1:${metricsPort} `))
    dir.remove()
  })

  it("one that is the gateway's own stops the start, by name", async () => {
    const launched = box.launch({ OTEL_PROMETHEUS_PORT: String(box.port) })
    assert.isAbove(await launched.exited, 0)
    assert.include(launched.output(), `OTEL_PROMETHEUS_PORT: held "${box.port}"; it may hold another port`)
  })
})

describe("without MCPGW_TRUSTED_PROXIES", () => {
  it("what anybody says of where they come from is not believed, and not sent on", async () => {
    // Two can not use one folder.
    await running.stop()
    const [port, metrics] = [await freePort(), await freePort()]
    const direct = await box.start({
      MCPGW_PORT: String(port),
      MCPGW_TRUSTED_PROXIES: "",
      MCPGW_ALLOWED_CIDRS: "",
      OTEL_PROMETHEUS_PORT: String(metrics)
    })
    const forged = { "X-Forwarded-For": "192.0.2.77", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp" }
    const bytes = request(
      "POST /backend/mcp",
      { Host: `127.0.0.1:${port}`, Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...forged },
      ECHO
    )
    const answer = await one(bytes, STRANGER, port)
    assert.strictEqual(answer.status, 200, answer.body)
    const headers = carried()
    assert.strictEqual(headers["x-real-ip"], STRANGER)
    assert.strictEqual(headers["x-forwarded-for"], STRANGER)
    assert.isUndefined(headers["x-forwarded-host"])
    assert.strictEqual(await direct.stop(), 0)
  })
})
