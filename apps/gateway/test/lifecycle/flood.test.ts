/** A flood of tokens nobody has seen, while their issuer does not answer: the excess is 429 at once, and who is known does not notice. */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { ask, type Told } from "./support/Ask.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, serverAt } from "./support/Box.ts"
import { type RawResponse, send } from "./support/RawHttp.ts"
import { claimsFor, freshKey, gatewayKey, mint } from "./support/Minting.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const ISSUER = "https://issuer.example/realms/one"
const SCOPES = `
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

/** As `AuthLayer` has them. */
const PLACES = 320
const FLOOD = PLACES + 80

let box: Box
let running: Running
let backend: Backend
let silent: Bun.Server<undefined>

beforeAll(async () => {
  backend = startBackend()
  silent = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: () => new Promise(() => undefined) })
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", backend.url)],
    env: {
      MCPGW_OIDC_ISSUER: ISSUER,
      MCPGW_OIDC_AUDIENCE: "mcp",
      MCPGW_OIDC_JWKS_URL: `http://127.0.0.1:${silent.port}/jwks`
    }
  })
  running = await box.start()
})

afterAll(async () => {
  await running?.stop()
  await silent?.stop(true)
  await backend?.stop()
  box?.remove()
})

const BODY = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo" } })

const requestOf = (token: string): string =>
  [
    "POST /backend/mcp HTTP/1.1",
    `Host: 127.0.0.1:${box.port}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    "Accept: application/json, text/event-stream",
    "Connection: close",
    `Content-Length: ${BODY.length}`,
    "",
    BODY
  ].join("\r\n")

describe("S-16: a flood of distinct new tokens", () => {
  it("is verified by a bounded number at a time; the excess is 429 with Retry-After; a known caller is served meanwhile", async () => {
    const known = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
    const call = (token: string): Promise<Told> => ask({ url: `${box.url}/backend/mcp`, token })
    assert.strictEqual((await call(known)).status, 200)
    const key = freshKey("issuer-1")
    const now = Math.floor(Date.now() / 1000)
    const tokens = Array.from({ length: FLOOD }, (_, i) =>
      mint(key, { iss: ISSUER, aud: "mcp", sub: `s${i}`, iat: now, exp: now + 600 }, { typ: "JWT" })
    )
    // Over bare sockets: `fetch` has no more than 256 requests in flight.
    const flood = tokens.map((token) => send(box.port, requestOf(token), 25_000))
    const seen: Array<RawResponse> = []
    for (const answers of flood) void answers.then(([answer]) => answer !== undefined && seen.push(answer))
    await vi.waitUntil(() => seen.length >= FLOOD - PLACES, 9_000)
    assert.deepEqual([...new Set(seen.map(({ status }) => status))], [429])
    const served = await Promise.all([1, 2, 3, 4, 5].map(() => call(known)))
    assert.deepEqual([...new Set(served.map(({ status }) => status))], [200])
    const all = (await Promise.all(flood)).flat()
    const refused = all.filter(({ status }) => status === 429)
    assert.strictEqual(all.length, FLOOD)
    assert.strictEqual(refused.length, FLOOD - PLACES)
    assert.isTrue(refused.every(({ headers }) => headers["retry-after"] === "1"))
    assert.include(refused[0]?.body ?? "", "Too many new credentials")
    assert.isTrue(all.every(({ status }) => status === 429 || status === 503))
  })
})
