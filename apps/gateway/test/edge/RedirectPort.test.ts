/** The plain-HTTP port beside TLS: leads browsers on, refuses MCP in words, reads no credential (W-15). */
import { freePort, type Running, tempDir } from "@mcpgw/testkit/Process"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { claimsFor, gatewayKey, mint } from "../lifecycle/support/Minting.ts"
import { send } from "../lifecycle/support/RawHttp.ts"
import { makePair, openssl } from "./Certificates.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const PUBLIC = "https://mcp.example.com"
const SCOPES = `
tester:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

describe.skipIf(openssl === null)("MCPGW_REDIRECT_PORT", () => {
  const room = tempDir("redirect")
  let box: Box
  let running: Running
  let backend: Backend
  let port: number
  let token: string

  beforeAll(async () => {
    backend = startBackend()
    port = await freePort()
    makePair(room.path, "tls")
    box = await makeBox({
      scopes: SCOPES,
      servers: [serverAt("/backend", backend.url)],
      env: {
        MCPGW_TLS_CERT: join(room.path, "tls.crt"),
        MCPGW_TLS_KEY: join(room.path, "tls.key"),
        MCPGW_PUBLIC_URL: PUBLIC,
        MCPGW_REDIRECT_PORT: String(port),
        MCPGW_TRUSTED_PROXIES: "127.0.0.9"
      }
    })
    running = await box.start()
    token = mint(gatewayKey(box.dataDir), claimsFor(PUBLIC, ["tester"]))
  })

  afterAll(async () => {
    await running?.stop()
    await backend?.stop()
    box?.remove()
    room.remove()
  })

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init })

  it.each([
    ["/", "GET"],
    ["/metrics", "GET"],
    ["/api/servers?limit=2&x=%20y", "GET"],
    ["/api/auth/login", "POST"],
    ["/v0.1/servers", "GET"],
    ["/.well-known/oauth-authorization-server", "HEAD"],
    ["/docs", "GET"]
  ])("%s (%s) is led to the public URL with 308", async (path, method) => {
    const response = await ask(path, { method, ...(method === "POST" ? { body: "username=admin" } : {}) })
    assert.strictEqual(response.status, 308)
    assert.strictEqual(response.headers.get("location"), PUBLIC + path)
    assert.strictEqual(await response.text(), "")
  })

  it.each([
    ["/backend/mcp", "POST"],
    ["/backend/mcp/", "POST"],
    ["/backend", "POST"],
    ["/backend/mcp", "GET"],
    ["/backend/sse", "GET"],
    ["/backend/mcp", "DELETE"],
    ["/backend/mcp", "OPTIONS"],
    ["/no-such/mcp", "POST"],
    ["/", "POST"]
  ])("W-15: MCP at %s (%s) is refused in words and never redirected", async (path, method) => {
    const before = backend.calls().length
    const response = await ask(path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(method === "POST" ? { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' } : {})
    })
    assert.strictEqual(response.status, 403)
    assert.isNull(response.headers.get("location"))
    const body = (await response.json()) as { readonly jsonrpc: string; readonly error: { readonly message: string } }
    assert.strictEqual(body.jsonrpc, "2.0")
    assert.include(body.error.message, `use ${PUBLIC}${path}`)
    assert.strictEqual(backend.calls().length, before)
  })

  it("reads no credential: a good token, a bad one and none get the same bytes, and the record names nobody", async () => {
    const answers = await Promise.all(
      [`Bearer ${token}`, "Bearer a.b.c", ""].map(async (authorization) => {
        const response = await ask("/backend/mcp", { method: "POST", headers: { authorization } })
        return `${response.status} ${response.headers.get("www-authenticate")} ${await response.text()}`
      })
    )
    assert.strictEqual(new Set(answers).size, 1)
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ rule }) => rule === "edge:plain_http"))
    for (const { subject, auth_method } of rows.filter(({ rule }) => rule === "edge:plain_http")) {
      assert.isNull(subject)
      assert.isNull(auth_method)
    }
  })

  it("/health and /ready answer loopback, as on the main port; others are led on", async () => {
    assert.strictEqual((await ask("/health")).status, 200)
    const ready = (await (await ask("/ready")).json()) as { readonly ready: boolean }
    assert.isTrue(ready.ready)
    const head = `Host: 127.0.0.1:${port}\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n`
    const [response] = await send(port, `GET /health HTTP/1.1\r\n${head}`, 5_000, "127.0.0.9")
    assert.strictEqual(response?.status, 308)
    assert.strictEqual(response?.headers["location"], `${PUBLIC}/health`)
  })

  it.each([
    ["//evil.example/api", 403],
    ["/api//evil.example", 308],
    ["/api/..//evil.example", 403]
  ])("%s leads nowhere but to the public URL", async (path, status) => {
    const [response] = await send(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
    assert.strictEqual(response?.status, status)
    assert.isTrue((response?.headers["location"] ?? `${PUBLIC}/`).startsWith(`${PUBLIC}/`))
  })

  it("S-11: a foreign Host is refused here too", async () => {
    const [response] = await send(port, "GET /api HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert.strictEqual(response?.status, 403)
    assert.isUndefined(response?.headers["location"])
  })
})
