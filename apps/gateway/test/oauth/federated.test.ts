/**
 * A person of somebody else's OpenID provider, in front of an IDE that knows a server's URL alone: from the 401 by the gateway's page and the
 * provider's to consent, tokens and tools. The provider is `oidc-provider`, the IDE the official SDK.
 */
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client"
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { type Browser, openBrowser, type Page } from "../identity/Browser.ts"
import { foreignProvider } from "../identity/ForeignProvider.ts"
import { MEMBERS, type Person, type Started } from "../identity/Idp.ts"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { claimsOf } from "./Client.ts"
import { IdeAuth, startCallback } from "./Ide.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
group_mappings:
  ${MEMBERS}: [use-echo]
use-echo:
  - server: backend
    methods: [initialize, tools/list]
    tools: [echo]
`

let box: Box
let backend: Backend
let idp: Started
let running: Running

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({ scopes: SCOPES, servers: [serverAt("/backend", backend.url)] })
  idp = await foreignProvider.start(box)
  running = await box.start({ ...idp.env, MCPGW_OIDC_NAME: "The other house" })
})

afterAll(async () => {
  await running?.stop()
  await idp?.stop()
  await backend?.stop()
  box?.remove()
})

/** An IDE that was refused, and the browser it opened, at the gateway's sign-in page. */
const opened = async () => {
  const callback = startCallback()
  const auth = new IdeAuth(callback.url)
  const transport = () => new StreamableHTTPClientTransport(new URL(`${box.url}/backend/mcp`), { authProvider: auth })
  const first = transport()
  const refused = await new Client({ name: "ide", version: "1" }).connect(first).catch((error: unknown) => error)
  assert.instanceOf(refused, UnauthorizedError)
  const browser = openBrowser()
  return { auth, browser, callback, first, transport, page: await browser.open(auth.asked) }
}

/** By the link of the page to the provider, through its form, and back. */
const throughProvider = async (browser: Browser, page: Page, { password, username }: Person): Promise<Page> => {
  const href = /<a class="button" href="([^"]*)">Sign in with The other house<\/a>/.exec(page.text)?.[1]
  assert.isDefined(href, page.text)
  const form = await browser.open(new URL(href ?? "", page.url).href)
  assert.notStrictEqual(new URL(form.url).origin, box.url)
  return browser.submit(form, { username, password })
}

describe("an IDE, and a person whom a foreign provider knows", () => {
  it("401, the provider's page, consent, tokens that carry the provider's groups, and the tools these open", async () => {
    const { auth, browser, callback, first, page, transport } = await opened()
    const consent = await throughProvider(browser, page, idp.member)
    assert.match(consent.url, /\/oauth\/interaction\/[^/]+$/)
    assert.include(consent.text, "Allow Plain IDE to use")
    assert.include(consent.text, `<dd>${idp.member.username}</dd>`)
    const back = await browser.submit(consent, { decision: "allow" })
    assert.isTrue(back.url.startsWith(callback.url), back.url)
    await first.finishAuth(await callback.answered)
    const client = new Client({ name: "ide", version: "1" })
    await client.connect(transport())
    assert.deepEqual(
      (await client.listTools()).tools.map(({ name }) => name),
      ["echo"]
    )
    await client.close()
    const token = auth.tokens()?.access_token ?? ""
    assert.deepInclude(claimsOf(token), {
      iss: box.url,
      sub: idp.member.username,
      aud: `${box.url}/backend/mcp`,
      groups: [MEMBERS]
    })
    callback.stop()
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ rule }) => rule === "oauth:token"))
    assert.includeMembers(
      rows.map(({ rule }) => rule),
      ["api:oauth2_callback", "oauth:consent", "oauth:token"]
    )
  })

  it("whom the provider puts in no group has nothing to allow, and the IDE is told so", async () => {
    const { browser, callback, page } = await opened()
    const blocked = await throughProvider(browser, page, idp.stranger)
    assert.include(blocked.text, "Nothing to allow")
    await browser.submit(blocked, { decision: "deny" })
    assert.strictEqual((await callback.answered).get("error"), "access_denied")
    callback.stop()
  })

  it("who has allowed it before is led back after one click, and takes it back at /account", async () => {
    const { auth, browser, callback, page } = await opened()
    const again = await throughProvider(browser, page, idp.member)
    assert.include(again.text, "Connect Plain IDE again?")
    const back = await browser.submit(again, { decision: "allow" })
    assert.isTrue(back.url.startsWith(callback.url), back.url)
    callback.stop()
    const account = await browser.open(`${box.url}/account`)
    for (const words of [`${idp.member.username}, by oidc`, "Plain IDE", MEMBERS]) assert.include(account.text, words)
    const [, id = ""] = /name="id" value="([^"]*)" \/>\s*<button[^>]*value="withdraw"/.exec(account.text) ?? []
    const taken = await browser.submit(account, { action: "withdraw", id })
    assert.notInclude(taken.text, "Plain IDE")
    const asked = await browser.open(auth.asked)
    assert.include(asked.text, "Allow Plain IDE to use")
  })
})
