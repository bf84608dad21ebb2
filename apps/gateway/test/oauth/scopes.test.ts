/** Which scopes a token can carry and how it gets more, and which grants there are not. Black box: a real gateway process. */
import type { AuditRecord } from "@mcpgw/telemetry/AuditRecord"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { Browser } from "./Browser.ts"
import { answerOf, callRoute, claimsOf, clientOf, login, post, request, through } from "./Client.ts"
import { ADA, type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Stand

beforeAll(async () => {
  gateway = await startStand()
})

afterAll(async () => {
  await gateway?.close()
})

describe("A-08: narrowed tokens and stepping up", () => {
  it("names of the policy's scopes give these and no groups; only then does a 403 say what to ask for", async () => {
    const clientId = await clientOf(gateway.url)
    const narrowed = await login(gateway.url, gateway.admin, { clientId, scope: "use-time not-held" })
    const claims = claimsOf(narrowed.access_token)
    assert.strictEqual(claims["scope"], "use-time")
    assert.strictEqual(narrowed.scope, "use-time")
    assert.notProperty(claims, "groups")
    assert.strictEqual((await callRoute(gateway.time, narrowed.access_token)).status, 200)
    const short = await callRoute(gateway.fake, narrowed.access_token)
    assert.strictEqual(short.status, 403)
    assert.include(short.headers.get("www-authenticate"), 'error="insufficient_scope"')
    assert.include(short.headers.get("www-authenticate"), 'scope="use-fake"')
    const whole = await login(gateway.url, ADA, { clientId })
    const denied = await callRoute(gateway.fake, whole.access_token)
    assert.strictEqual(denied.status, 403)
    assert.notInclude(denied.headers.get("www-authenticate"), " scope=")
    const stepped = await login(gateway.url, gateway.admin, { clientId, scope: "use-time use-fake" })
    assert.strictEqual((await callRoute(gateway.fake, stepped.access_token)).status, 200)
  })

  it("S-15: no wildcard opens anything; what steps up is agreed to anew, and on record", async () => {
    const clientId = await clientOf(gateway.url, { client_name: "Stepper" })
    const browser = new Browser(gateway.url)
    for (const scope of ["*", "use-*", "mcp-servers-*/execute"]) {
      const page = await through(browser, request({ clientId, scope }).path, gateway.admin)
      assert.include(page.text, "Nothing to allow", scope)
    }
    await through(browser, request({ clientId, scope: "use-time" }).path, gateway.admin)
    const again = await browser.go(request({ clientId, scope: "use-time use-fake" }).path)
    assert.include(again.text, 'value="allow"')
    await browser.submit(again, { decision: "allow" })
    const agreed = (row: AuditRecord): boolean => row.rule === "oauth:consent" && row.client_id === clientId
    const rows = await auditUntil(gateway.dataDir, (all) => all.filter(agreed).length >= 2)
    for (const { decision, username } of rows.filter(agreed)) {
      assert.deepStrictEqual([decision, username], ["allow", "admin"])
    }
  })

  it("scopes nobody holds can not be allowed: the page says so and leads back", async () => {
    const clientId = await clientOf(gateway.url)
    const browser = new Browser(gateway.url)
    const page = await browser.submit(await browser.go(request({ clientId, scope: "use-fake" }).path), { ...ADA })
    assert.include(page.text, "Nothing to allow")
    assert.strictEqual(answerOf(await browser.submit(page, { decision: "allow" })).get("error"), "access_denied")
  })
})

describe("A-06: HTTP+SSE", () => {
  it("a token for the stream opens the stream and what is posted to it, and no other way to the server", async () => {
    const clientId = await clientOf(gateway.url)
    const stream = gateway.time.replace(/mcp$/, "sse")
    const [ofStream, ofRoute] = [
      await login(gateway.url, ADA, { clientId, resource: stream }),
      await login(gateway.url, ADA, { clientId, resource: gateway.time })
    ]
    const open = (token: string): Promise<Response> =>
      fetch(stream, { headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" } })
    assert.strictEqual((await open(ofRoute.access_token)).status, 401)
    assert.strictEqual((await callRoute(gateway.time, ofStream.access_token)).status, 401)
    const answer = await open(ofStream.access_token)
    const reader = answer.body?.getReader()
    const first = new TextDecoder().decode((await reader?.read())?.value)
    const messages = new URL(/^data: (\S+)/m.exec(first)?.[1] ?? "", stream).href
    assert.strictEqual((await callRoute(messages, ofRoute.access_token)).status, 401)
    assert.strictEqual((await callRoute(messages, ofStream.access_token)).status, 202)
    await reader?.cancel()
  })
})

describe("A-35: grants of other issuers", () => {
  it("are not announced, and an assertion is exchanged for nothing", async () => {
    const answer = await fetch(`${gateway.url}/.well-known/oauth-authorization-server`)
    const document: Readonly<Record<string, unknown>> = JSON.parse(await answer.text())
    assert.notProperty(document, "authorization_grant_profiles_supported")
    for (const grant of ["jwt-bearer", "token-exchange"]) {
      const { body, status } = await post(`${gateway.url}/oauth/token`, {
        grant_type: `urn:ietf:params:oauth:grant-type:${grant}`,
        assertion: "x.y.z",
        subject_token: "x.y.z",
        client_id: await clientOf(gateway.url)
      })
      assert.strictEqual(status, 400)
      assert.strictEqual(body["error"], "unsupported_grant_type", grant)
    }
  })
})
