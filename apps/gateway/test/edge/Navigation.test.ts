/** A browser sends the session cookie with whatever page makes it ask; only the gateway's own pages may use it (design.md §6). */
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: TestGateway
let cookie: string

beforeAll(async () => {
  gateway = await startGateway()
  cookie = await gateway.signIn()
})

afterAll(() => gateway?.close())

const PING = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })

const ask = async (method: "GET" | "POST", headers: Readonly<Record<string, string>>): Promise<number> => {
  const init: RequestInit = {
    method,
    headers: { cookie, accept: "application/json, text/event-stream", "content-type": "application/json", ...headers }
  }
  if (method === "POST") init.body = PING
  return (await fetch(`${gateway.url}/currenttime/mcp`, init)).status
}

describe("design §6, cookies: what a browser says of where a request comes from", () => {
  it.each([
    ["a link on another site", "GET", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
    ["another host of the same site", "POST", { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }],
    ["an address typed in, or a bookmark", "GET", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
    ["a page of the gateway's that navigates", "GET", { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate" }]
  ] as const)("S-11: %s is refused", async (_title, method, headers) => {
    assert.strictEqual(await ask(method, headers), 403)
  })

  it("a script of the gateway's own pages, and a client that is no browser, are served", async () => {
    assert.strictEqual(await ask("POST", { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }), 200)
    assert.strictEqual(await ask("POST", {}), 200)
  })
})
