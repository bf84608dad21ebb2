/** What a browser's page gets from the gateway: preflight, readable answers, and no use of the session cookie (W-17, design §6). */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, PASSWORD, serverAt } from "../lifecycle/support/Box.ts"
import { claimsFor, gatewayKey, mint } from "../lifecycle/support/Minting.ts"
import { openSession } from "../refusals/Sessions.ts"

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
    methods: [tools/list]
    tools: [echo]
`

const PAGE = "https://app.example.com"
const EXTENSION = "chrome-extension://abcdefghijklmnop"
const FOREIGN = "https://evil.example"

let box: Box
let running: Running
let backend: Backend
let token: string
let cookie: string

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", backend.url), serverAt("/hidden", backend.url)],
    env: { MCPGW_CORS_ORIGINS: `${PAGE}, ${EXTENSION}` }
  })
  running = await box.start()
  token = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
  const login = await fetch(`${box.url}/api/auth/login`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ username: "admin", password: PASSWORD })
  })
  assert.strictEqual(login.status, 200)
  cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
})

afterAll(async () => {
  await running?.stop()
  await backend?.stop()
  box?.remove()
})

/** tools/call of `echo` without a credential, unless the headers hold one. */
const call = (headers: Readonly<Record<string, string>>, path = "/backend/mcp", method = "POST"): Promise<Response> =>
  fetch(box.url + path, {
    method,
    redirect: "manual",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    ...(method === "POST"
      ? { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo" } }) }
      : {})
  })

const bearer = (): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` })

const preflight = (origin: string, requested: string, path = "/backend/mcp"): Promise<Response> =>
  fetch(box.url + path, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": requested }
  })

const crossOrigin = ({ headers }: Response): ReadonlyArray<string> =>
  [...headers.keys()].filter((name) => name.startsWith("access-control-"))

/** May a page of this origin read the answer? */
const readable = (response: Response, origin: string, what: string): void => {
  const { headers } = response
  assert.strictEqual(headers.get("access-control-allow-origin"), origin, what)
  assert.match(headers.get("vary") ?? "", /(?:^|, )Origin$/, what)
  assert.strictEqual(
    headers.get("access-control-expose-headers"),
    "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate",
    what
  )
  assert.isNull(headers.get("access-control-allow-credentials"), what)
}

describe("W-17: a preflight", () => {
  it("is answered 204 with the exact origin, the methods, the headers, and how long it holds", async () => {
    const response = await preflight(PAGE, "authorization,content-type,mcp-method")
    assert.strictEqual(response.status, 204)
    assert.strictEqual(await response.text(), "")
    readable(response, PAGE, "preflight")
    assert.strictEqual(response.headers.get("access-control-allow-methods"), "POST, GET, DELETE")
    assert.deepEqual((response.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(", ").sort(), [
      "accept",
      "authorization",
      "content-type",
      "last-event-id",
      "mcp-method",
      "mcp-name",
      "mcp-protocol-version",
      "mcp-session-id",
      "x-authorization"
    ])
    assert.match(response.headers.get("access-control-max-age") ?? "", /^\d+$/)
  })

  it("allows the Mcp-Param headers that are asked for, and nothing else that is", async () => {
    const response = await preflight(PAGE, "mcp-param-city, Mcp-Param-Zip-2,x-user,mcp-param-,mcp-param-a_b,cookie,*")
    const allowed = (response.headers.get("access-control-allow-headers") ?? "").split(", ")
    assert.deepEqual(allowed.slice(9), ["mcp-param-city", "Mcp-Param-Zip-2"])
    assert.include(response.headers.get("vary") ?? "", "Access-Control-Request-Headers")
  })

  it("says the same of a server that does not exist, and needs no credential", async () => {
    assert.strictEqual((await preflight(PAGE, "", "/no-such/mcp")).status, 204)
    assert.strictEqual((await preflight(EXTENSION, "")).headers.get("access-control-allow-origin"), EXTENSION)
  })

  it.each([
    FOREIGN,
    "null",
    `${PAGE}.evil.example`,
    "http://app.example.com",
    `${PAGE}:444`,
    "HTTPS://app.example.com"
  ])("W-10: from %s is refused with 403, and says nothing to the page", async (origin) => {
    const response = await preflight(origin, "authorization")
    assert.strictEqual(response.status, 403)
    assert.deepEqual(crossOrigin(response), [])
  })

  it("W-06: OPTIONS that is no preflight stays 405", async () => {
    const response = await fetch(`${box.url}/backend/mcp`, { method: "OPTIONS", headers: { origin: PAGE } })
    assert.strictEqual(response.status, 405)
    readable(response, PAGE, "405")
  })

  it("opens MCP routes alone: the registry's API and /metrics stay unreadable for other origins", async () => {
    for (const path of ["/api/servers", "/metrics", "/health"]) {
      const response = await fetch(box.url + path, { headers: { origin: PAGE } })
      await response.text()
      assert.deepEqual(crossOrigin(response), [], path)
    }
    assert.isNull((await preflight(PAGE, "", "/api/servers")).headers.get("access-control-allow-credentials"))
  })
})

describe("W-17: an answer to an origin that is served", () => {
  it("200, 401, 403, 404, 405, 415 and 431 can all be read", async () => {
    const own = { ...bearer(), origin: PAGE }
    const answers: ReadonlyArray<readonly [number, Promise<Response>]> = [
      [200, call(own)],
      [401, call({ origin: PAGE })],
      [403, call(own, "/hidden/mcp")],
      [404, call(own, "/no-such/mcp")],
      [405, call(own, "/backend/mcp", "PUT")],
      [415, call({ ...own, "content-type": "text/plain" })],
      [431, call({ ...own, "x-long": "a".repeat(17_000) })]
    ]
    for (const [status, answer] of answers) {
      const response = await answer
      assert.strictEqual(response.status, status, await response.text())
      readable(response, PAGE, String(status))
    }
  })

  it("A-01: with 401 the challenge is among what the page may read", async () => {
    const response = await call({ origin: PAGE })
    assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer /)
    readable(response, PAGE, "401")
  })

  it("a stream", async () => {
    const session = await openSession(box.url, "/backend/mcp", token, "2025-11-25")
    const response = await call({ ...bearer(), origin: PAGE, "mcp-session-id": session }, "/backend/mcp", "GET")
    assert.strictEqual(response.status, 200)
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/)
    readable(response, PAGE, "stream")
    await response.body?.cancel()
  })

  it("no Origin, no cross-origin headers", async () => {
    const response = await call(bearer())
    assert.strictEqual(response.status, 200)
    assert.deepEqual(crossOrigin(response), [])
    assert.isNull(response.headers.get("vary"))
  })

  it("W-10: a foreign origin is refused, cannot read why, and reaches no server", async () => {
    const before = backend.calls().length
    const response = await call({ ...bearer(), origin: FOREIGN })
    assert.strictEqual(response.status, 403)
    assert.deepEqual(crossOrigin(response), [])
    assert.strictEqual(backend.calls().length, before)
  })
})

describe("design §6: the session cookie of a call with an Origin", () => {
  it("counts without an Origin, and with the gateway's own", async () => {
    assert.strictEqual((await call({ cookie })).status, 200)
    assert.strictEqual((await call({ cookie, origin: box.url })).status, 200)
  })

  it("counts at the local name the page itself was loaded from", async () => {
    const host = `localhost:${box.port}`
    assert.strictEqual((await call({ cookie, host, origin: `http://${host}` })).status, 200)
  })

  it.each([PAGE, EXTENSION])("proves nothing from %s, though that origin may call with a token", async (origin) => {
    const before = backend.calls().length
    const response = await call({ cookie, origin })
    assert.strictEqual(response.status, 401)
    readable(response, origin, "401")
    assert.strictEqual(backend.calls().length, before)
    assert.strictEqual((await call({ ...bearer(), cookie, origin })).status, 200)
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ rule }) => rule === "auth:missing"))
    assert.isNull(rows.findLast(({ rule }) => rule === "auth:missing")?.subject)
  })

  it("proves nothing from another local name than the one asked", async () => {
    assert.strictEqual((await call({ cookie, origin: `http://localhost:${box.port}` })).status, 401)
  })
})
