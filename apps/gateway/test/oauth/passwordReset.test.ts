/** An administrator's password that was lost, or that somebody else knew: what a start with another one ends (S-05). Black box. */
import { BUN } from "@mcpgw/testkit/Gateway"
import { spawn } from "@mcpgw/testkit/Process"
import { join } from "node:path"
import { assert, describe, it, vi } from "vitest"
import { Browser } from "./Browser.ts"
import { callRoute, clientOf, login, request } from "./Client.ts"
import { startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 60_000 })

const OTHER = "another battery horse 7"

describe("S-05: a start with another ADMIN_PASSWORD", () => {
  it("ends all that was made with the old one: tokens, keys, and what clients were allowed; and says so", async () => {
    const gateway = await startStand()
    const cookie = await gateway.signIn()
    const clientId = await clientOf(gateway.url, { redirect_uris: ["https://ide.example/cb"] })
    const asking = { clientId, resource: gateway.time, redirect: "https://ide.example/cb" }
    const tokens = await login(gateway.url, gateway.admin, asking)
    const make = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
      const headers = { cookie, "content-type": "application/json", accept: "application/json" }
      return JSON.parse(
        await (await fetch(`${gateway.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })).text()
      )
    }
    const { key } = await make("/api/keys", { name: "old" })
    const { tokens: made } = await make("/api/tokens/generate", {})
    const held = [tokens.access_token, String(key), String(Reflect.get(Object(made), "access_token"))]
    for (const credential of held) assert.strictEqual((await callRoute(gateway.time, credential)).status, 200)
    await gateway.stop()

    const again = spawn({
      command: [...BUN, "run", "apps/gateway"],
      env: {
        MCPGW_PORT: new URL(gateway.url).port,
        MCPGW_DATA_DIR: gateway.dataDir,
        MCPGW_SCOPES_FILE: join(gateway.dataDir, "policy.yml"),
        ADMIN_PASSWORD: OTHER
      }
    })
    await again.printed(/is ready at/)
    assert.match(again.output(), /password of admin was replaced/)
    assert.notInclude(again.output(), OTHER)
    for (const credential of held) assert.strictEqual((await callRoute(gateway.time, credential)).status, 401)
    const browser = new Browser(gateway.url)
    const page = await browser.submit(await browser.go(request(asking).path), { username: "admin", password: OTHER })
    assert.include(page.text, 'value="allow"')
    const grants = await browser.ask("/api/account/grants", { headers: { accept: "application/json" } })
    assert.deepStrictEqual(JSON.parse(grants.text), { grants: [] })
    await again.stop()
    await gateway.close()
  })
})
