/** Sessions and tokens against the running gateway: made, bounded, taken away, and gone for the data plane at the very next call. */
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway({
    env: { MCPGW_SESSION_HOURS: "2", MCPGW_TOKEN_MAX_HOURS: "4", MCPGW_TOKENS_PER_HOUR: "3" }
  })
})

afterAll(() => gateway?.close())

type Headers = Readonly<Record<string, string>>

const api = async (method: string, path: string, headers: Headers, json?: unknown) => {
  const init: RequestInit = {
    method,
    headers: { accept: "application/json", "content-type": "application/json", ...headers }
  }
  if (json !== undefined) init.body = JSON.stringify(json)
  const response = await fetch(`${gateway.url}${path}`, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const call = async (headers: Headers): Promise<number> => {
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" }
  return (await api("POST", "/currenttime/mcp", { ...headers, accept: "application/json, text/event-stream" }, ping))
    .status
}

const bearerOf = (text: string): Headers => ({
  authorization: `Bearer ${/"access_token":"([^"]*)"/.exec(text)?.[1] ?? ""}`
})

describe("contracts §2.6, §2.7 on the running gateway", () => {
  it("the configured bounds hold, and the messages name them", async () => {
    const cookie = { cookie: await gateway.signIn() }
    const made = await api("POST", "/api/tokens/generate", cookie, {})
    assert.include(made.text, `"expires_in":${4 * 3_600}`)
    const beyond = await api("POST", "/api/tokens/generate", cookie, { expires_in_hours: 5 })
    assert.include(beyond.text, "expires_in_hours must be an integer between 1 and 4")
    await api("POST", "/api/tokens/generate", cookie, {})
    await api("POST", "/api/tokens/generate", cookie, {})
    assert.strictEqual((await api("POST", "/api/tokens/generate", cookie, {})).status, 429)
    const config = await api("GET", "/api/auth/config", {})
    assert.include(config.text, '"max_age_seconds":7200')
  })

  it("a change of password ends the other sessions on the data plane, and this one goes on", async () => {
    const [here, there] = [{ cookie: await gateway.signIn() }, { cookie: await gateway.signIn() }]
    assert.deepEqual([await call(here), await call(there)], [200, 200])
    const change = (old_password: string, new_password: string) =>
      api("POST", "/api/account/password", here, { old_password, new_password })
    assert.strictEqual((await change(gateway.adminPassword, "an interim passphrase")).status, 200)
    assert.deepEqual([await call(here), await call(there)], [200, 401])
    assert.strictEqual((await change("an interim passphrase", gateway.adminPassword)).status, 200)
  })

  it("#974: /internal/tokens on the public port is for services alone", async () => {
    const json = { user_context: { username: "admin", scopes: ["mcp-registry-admin"], groups: [] } }
    assert.strictEqual((await api("POST", "/internal/tokens", {}, json)).status, 401)
    const cookie = { cookie: await gateway.signIn() }
    assert.strictEqual((await api("POST", "/internal/tokens", cookie, json)).status, 403)
    const service = { authorization: `Bearer ${await gateway.token(["mcp-registry-admin"], { client_id: "reports" })}` }
    const made = await api("POST", "/internal/tokens", service, json)
    assert.strictEqual(made.status, 200, made.text)
    assert.strictEqual((await api("POST", "/internal/tokens", bearerOf(made.text), json)).status, 403)
  })

  it("contracts §2.7: the policy is read again for an administrator's name and password", async () => {
    const basic = { authorization: `Basic ${btoa(`admin:${gateway.adminPassword}`)}` }
    const answer = await api("POST", "/internal/reload-scopes", basic)
    assert.include(answer.text, '"group_mappings_count":6')
    const nobody = await api("POST", "/internal/reload-scopes", {})
    assert.deepEqual(
      [nobody.status, nobody.headers.get("www-authenticate")],
      [401, 'Basic realm="mcpgw", charset="UTF-8"']
    )
  })

  it("signing out everywhere, tokens and all, counts at the very next call; signing in again is good", async () => {
    const cookie = { cookie: await gateway.signIn() }
    const bearer = bearerOf((await api("GET", "/api/admin/tokens", cookie)).text)
    assert.deepEqual([await call(cookie), await call(bearer)], [200, 200])
    const out = await api("DELETE", "/api/account/sessions?tokens=true", cookie)
    assert.strictEqual(out.status, 200)
    assert.match(out.headers.get("set-cookie") ?? "", /^mcp_gateway_session=; Max-Age=0/)
    assert.deepEqual([await call(cookie), await call(bearer)], [401, 401])
    assert.strictEqual(await call({ cookie: await gateway.signIn() }), 200)
  })
})
