/** Clients that an administrator set up, and room for those that register themselves (protocol.md A-25, A-34). Black box: a real gateway process. */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { caller, withHeaders, post as rpc } from "@mcpgw/testkit/McpRequest"
import { Browser } from "./Browser.ts"
import { answerOf, callRoute, CALLBACK, exchange, post, register, request, through, tokensOf } from "./Client.ts"
import { ADA, type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Stand
let cookie = ""

beforeAll(async () => {
  gateway = await startStand()
  cookie = await gateway.signIn()
})

afterAll(async () => {
  await gateway?.close()
})

const api = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${gateway.url}${path}`, {
    method,
    headers: {
      cookie,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
  return JSON.parse(await answer.text())
}

/** Names of the tools a token shows, at a route. */
const toolsOf = async (url: string, token: string): Promise<string> => {
  const opened = await callRoute(url, token)
  const session = opened.headers.get("mcp-session-id")
  const version = { "mcp-protocol-version": "2025-11-25", accept: "application/json, text/event-stream" }
  const headers = session === null ? version : { ...version, "mcp-session-id": session }
  const who = withHeaders(caller(url, token), headers)
  return (await rpc(who, { jsonrpc: "2.0", id: 2, method: "tools/list" })).text()
}

describe("A-25: clients set up by an administrator", () => {
  it("a public and a confidential one get through to tools/list; the page says who set them up", async () => {
    const redirect = "https://app.example/cb"
    await api("POST", "/api/clients", { client_id: "desk", client_name: "Desk", redirect_uris: [CALLBACK] })
    await api("POST", "/api/clients", {
      client_id: "app",
      client_name: "App",
      redirect_uris: [redirect],
      confidential: true
    })
    const { secret } = await api("POST", "/api/clients/app/secrets", {})
    const basic = { authorization: `Basic ${Buffer.from(`app:${String(secret)}`).toString("base64")}` }
    for (const [clientId, to, more] of [
      ["desk", CALLBACK, {}],
      ["app", redirect, { client_secret: String(secret) }]
    ] as const) {
      const browser = new Browser(gateway.url)
      const asked = request({ clientId, redirect: to, resource: gateway.time })
      const consent = await browser.submit(await browser.go(asked.path), { ...ADA })
      assert.match(consent.text, /verified: described by\s*<strong>an administrator of this gateway<\/strong>/)
      const code = answerOf(await browser.submit(consent, { decision: "allow" })).get("code") ?? ""
      const tokens = tokensOf(await exchange(gateway.url, asked, code, more))
      assert.include(await toolsOf(gateway.time, tokens.access_token), "current_time_by_timezone")
      const refreshing = { grant_type: "refresh_token", refresh_token: tokens.refresh_token }
      const again = tokensOf(
        clientId === "app"
          ? await post(`${gateway.url}/oauth/token`, refreshing, basic)
          : await post(`${gateway.url}/oauth/token`, { ...refreshing, client_id: clientId })
      )
      await api("DELETE", `/api/clients/${clientId}`)
      for (const { access_token } of [tokens, again]) {
        assert.strictEqual((await callRoute(gateway.time, access_token)).status, 401, clientId)
      }
      const late = { grant_type: "refresh_token", refresh_token: again.refresh_token, client_id: clientId, ...more }
      assert.strictEqual((await post(`${gateway.url}/oauth/token`, late)).status, 401)
      // Set up again under the same id, it has nothing of what was.
      await api("POST", "/api/clients", { client_id: clientId, client_name: "New", redirect_uris: [to] })
      const fresh = { ...late, client_secret: "" }
      assert.notStrictEqual((await post(`${gateway.url}/oauth/token`, fresh)).status, 200)
      assert.include((await browser.go(request({ clientId, redirect: to }).path)).text, 'value="allow"')
      await api("DELETE", `/api/clients/${clientId}`)
    }
  })

  it("a confidential one gets nothing without its secret, with an ended one, or as itself (A-37)", async () => {
    const redirect = "https://app.example/cb"
    await api("POST", "/api/clients", {
      client_id: "bank",
      client_name: "B",
      redirect_uris: [redirect],
      confidential: true
    })
    const old = await api("POST", "/api/clients/bank/secrets", {})
    const { secret } = await api("POST", "/api/clients/bank/secrets", { end_others_after_hours: 0 })
    const browser = new Browser(gateway.url)
    const asked = request({ clientId: "bank", redirect, resource: gateway.time })
    const code = answerOf(await through(browser, asked.path, ADA)).get("code") ?? ""
    for (const more of [{}, { client_secret: "wrong" }, { client_secret: String(old["secret"]) }]) {
      assert.strictEqual(
        (await exchange(gateway.url, asked, code, more)).status,
        401,
        JSON.stringify(Object.keys(more))
      )
    }
    const itself = { grant_type: "client_credentials", client_id: "bank", client_secret: String(secret) }
    const { body, status } = await post(`${gateway.url}/oauth/token`, itself)
    assert.strictEqual(status, 400)
    assert.include(body["error_description"], "grant type is not allowed")
    tokensOf(await exchange(gateway.url, asked, code, { client_secret: String(secret) }))
    const elsewhere = request({ clientId: "bank", redirect: "https://evil.example/cb" })
    assert.strictEqual((await browser.go(elsewhere.path)).status, 400)
  })
})

describe("A-34: a client on a person's machine that does not say how it proves itself", () => {
  it("is told that it is a public one, is one client at every run, and gets through without a secret", async () => {
    const at = (port: number) =>
      register(gateway.url, {
        client_name: "Silent",
        redirect_uris: [`http://localhost:${port}/cb`],
        token_endpoint_auth_method: undefined
      })
    const [one, two] = [await at(40_001), await at(40_002)]
    assert.strictEqual(one.status, 201)
    assert.strictEqual(one.body["token_endpoint_auth_method"], "none")
    assert.notProperty(one.body, "client_secret")
    assert.strictEqual(two.body["client_id"], one.body["client_id"])
    const asked = request({ clientId: String(one.body["client_id"]), redirect: "http://localhost:51999/cb" })
    const code = answerOf(await through(new Browser(gateway.url), asked.path, ADA)).get("code") ?? ""
    tokensOf(await exchange(gateway.url, asked, code))
  })
})
