/**
 * People of somebody else's OpenID provider sign in at a real gateway: by settings alone, with discovery, and never as anybody who was there
 * before.
 */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, serverAt } from "./support/Box.ts"
import { CLIENT, type ForeignIssuer, makeBrowser, startForeignIssuer } from "./support/ForeignIssuer.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
group_mappings:
  staff: [tester]
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

let box: Box
let running: Running
let backend: Backend
let issuer: ForeignIssuer

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({ scopes: SCOPES, servers: [serverAt("/backend", backend.url)] })
  issuer = await startForeignIssuer(`${box.url}/oauth2/callback/oidc`)
  running = await box.start({
    MCPGW_OIDC_ISSUER: issuer.issuer,
    MCPGW_OIDC_CLIENT_ID: CLIENT.id,
    MCPGW_OIDC_CLIENT_SECRET: CLIENT.secret,
    MCPGW_OIDC_NAME: "The other house"
  })
})

afterAll(async () => {
  await running?.stop()
  await issuer?.stop()
  await backend?.stop()
  box?.remove()
})

const callEcho = (cookie: string): Promise<Response> =>
  fetch(`${box.url}/backend/mcp`, {
    method: "POST",
    headers: { cookie, "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo" } })
  })

const me = async (cookie: string): Promise<unknown> =>
  (await fetch(`${box.url}/api/auth/me`, { headers: { cookie } })).json()

/** The account of the person, whose provider calls them `admin` as well. */
const PERSON = "admin@oidc"

describe("contracts §2.6: sign-in at a foreign provider", () => {
  it("is offered", async () => {
    const told: unknown = await (await fetch(`${box.url}/api/auth/providers`)).json()
    assert.deepEqual(told, { providers: [{ name: "oidc", display_name: "The other house" }] })
  })

  it("leads there and back, and opens what the person's groups map to", async () => {
    issuer.groups = ["staff"]
    const browser = makeBrowser()
    const { last, trail } = await browser.go(`${box.url}/oauth2/login/oidc?return_to=/api/auth/me`)
    assert.strictEqual(last.status, 200, await last.clone().text())
    assert.include(trail[1], `${issuer.issuer}/auth?`)
    assert.strictEqual(trail.at(-1), `${box.url}/api/auth/me`)
    assert.deepInclude(await last.json(), { username: PERSON, groups: ["staff"], is_admin: false })
    const answer = await callEcho(browser.cookies(box.url))
    assert.include(await answer.text(), "ran echo")
  })

  it("S-14: a name like the administrator's makes nobody one", async () => {
    issuer.groups = []
    const browser = makeBrowser()
    await browser.go(`${box.url}/oauth2/login/oidc`)
    assert.deepInclude(Object(await me(browser.cookies(box.url))), { username: PERSON, groups: [], is_admin: false })
    assert.strictEqual((await callEcho(browser.cookies(box.url))).status, 403)
  })

  it("groups are the provider's word at each sign-in, and a session with others ends", async () => {
    issuer.groups = ["staff"]
    const before = makeBrowser()
    await before.go(`${box.url}/oauth2/login/oidc`)
    assert.strictEqual((await callEcho(before.cookies(box.url))).status, 200)
    issuer.groups = ["visitors"]
    const after = makeBrowser()
    await after.go(`${box.url}/oauth2/login/oidc`)
    assert.strictEqual((await callEcho(before.cookies(box.url))).status, 401)
    assert.strictEqual((await callEcho(after.cookies(box.url))).status, 403)
  })

  it("S-05: the provider's answer works once, in the browser that asked for it", async () => {
    const browser = makeBrowser()
    const { trail } = await browser.go(`${box.url}/oauth2/login/oidc`, `${box.url}/oauth2/callback/`)
    const answer = trail.at(-1) ?? ""
    assert.include(answer, "/oauth2/callback/oidc?code=")
    const thief = await makeBrowser().step(answer)
    assert.strictEqual(thief.status, 400)
    assert.include(await thief.text(), "Invalid or expired OAuth2 session")
    const cookie = browser.cookies(box.url)
    assert.strictEqual((await browser.step(answer)).status, 303)
    assert.strictEqual((await makeBrowser().step(answer, { cookie })).status, 400)
  })

  it("is on record, and no code, token or secret is in the log", async () => {
    const refused = "api:oauth2_callback:bad_transaction"
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ rule }) => rule === refused))
    assert.deepInclude(
      rows.find(({ rule }) => rule === "api:oauth2_callback"),
      { status: 303, decision: "allow", outcome: "ok", username: PERSON, auth_method: "session_cookie" }
    )
    assert.isTrue(rows.some(({ rule, status }) => rule === refused && status === 400))
    assert.notMatch(running.output(), /code=|eyJ|gateway-secret/)
  })

  it("a provider that is down is 503 with words, and whoever is signed in stays so", async () => {
    issuer.groups = ["staff"]
    const browser = makeBrowser()
    const { trail } = await browser.go(`${box.url}/oauth2/login/oidc`, `${box.url}/oauth2/callback/`)
    const other = makeBrowser()
    await other.go(`${box.url}/oauth2/login/oidc`)
    await issuer.stop()
    const told = await browser.step(trail.at(-1) ?? "")
    assert.strictEqual(told.status, 503)
    assert.include(await told.text(), "can not be reached now")
    assert.strictEqual((await callEcho(other.cookies(box.url))).status, 200)
  })
})
