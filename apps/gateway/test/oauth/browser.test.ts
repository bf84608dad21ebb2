/**
 * A person's whole way in a real Chromium, in front of the official SDK clients that know nothing but the server's URL: by registration and by
 * metadata document; and every page held to axe, in light and dark (A-25, A-33, design §6).
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import * as modern from "@modelcontextprotocol/client"
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { tempDir } from "@mcpgw/testkit/Process"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { makePair, openssl } from "../edge/Certificates.ts"
import { browserPath, complaintsOf, launch, withScheme } from "./Chromium.ts"
import { clientOf, request } from "./Client.ts"
import { IdeAuth, startCallback } from "./Ide.ts"
import { ADA, type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 })

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

let gateway: Stand
let browser: Browser
let folder: ReturnType<typeof tempDir>
let documents: Bun.Server<undefined>

/** The client's document, on a host of its own whose authority the gateway is told of. */
const serveDocuments = (): Bun.Server<undefined> =>
  Bun.serve({
    port: 0,
    tls: makePair(folder.path, "ide"),
    fetch: (asked) => {
      const { host } = new URL(asked.url)
      return Response.json({
        client_id: `https://${host}/client.json`,
        client_name: "Documented IDE",
        redirect_uris: ["http://127.0.0.1/callback"],
        token_endpoint_auth_method: "none"
      })
    }
  })

describe.skipIf(browserPath === null || openssl === null)("a person in front of Chromium", () => {
  beforeAll(async () => {
    folder = tempDir("ide")
    documents = serveDocuments()
    gateway = await startStand({
      env: {
        NODE_EXTRA_CA_CERTS: join(folder.path, "ide.crt"),
        MCPGW_ALLOWED_UPSTREAMS: `localhost:${documents.port}`
      }
    })
    browser = await launch()
  })

  afterAll(async () => {
    await browser?.close()
    await gateway?.close()
    await documents?.stop(true)
    folder?.remove()
  })

  /** Signs in and allows, as the pages ask; answers what they were called. */
  const allow = async (context: BrowserContext, url: string): Promise<ReadonlyArray<string>> => {
    const page = await context.newPage()
    const complaints = complaintsOf(page)
    const titles: Array<string> = []
    await page.goto(url)
    for (let i = 0; i < 4 && page.url().startsWith(gateway.url); i++) {
      titles.push(await page.title())
      const before = page.url()
      if ((await page.locator("#password").count()) > 0) {
        await page.fill("#username", ADA.username)
        await page.fill("#password", ADA.password)
        await page.getByRole("button", { name: "Sign in", exact: true }).click()
      } else await page.getByRole("button", { name: /^(Allow|Continue)$/ }).click()
      await page.waitForURL(({ href }) => href !== before)
    }
    assert.deepStrictEqual(complaints, [])
    await page.close()
    return titles
  }

  it("A-04, A-26: SDK 2, knowing the URL alone: by registration, then in once more with one click", async () => {
    const context = await withScheme(browser, "light")
    for (const titles of [["Sign in · mcpgw", "Allow access · mcpgw"], ["Connect again · mcpgw"]]) {
      const callback = startCallback()
      const auth = new IdeAuth(callback.url)
      const transport = () => new modern.StreamableHTTPClientTransport(new URL(gateway.time), { authProvider: auth })
      const first = transport()
      const refused = await new modern.Client({ name: "ide", version: "1" })
        .connect(first)
        .catch((error: unknown) => error)
      assert.instanceOf(refused, modern.UnauthorizedError)
      assert.deepStrictEqual(await allow(context, auth.asked), titles)
      await first.finishAuth(await callback.answered)
      const client = new modern.Client({ name: "ide", version: "1" })
      await client.connect(transport())
      assert.isNotEmpty((await client.listTools()).tools)
      await client.close()
      callback.stop()
    }
    await context.close()
  })

  it("A-25, A-33: SDK 2, by its metadata document: nothing is registered, and the page names the host that vouches", async () => {
    const context = await withScheme(browser, "dark")
    const callback = startCallback()
    const host = `localhost:${documents.port}`
    const auth = new IdeAuth(callback.url, `https://${host}/client.json`)
    const transport = () => new modern.StreamableHTTPClientTransport(new URL(gateway.time), { authProvider: auth })
    const first = transport()
    await new modern.Client({ name: "ide", version: "1" }).connect(first).catch(() => undefined)
    assert.include(auth.asked, encodeURIComponent(`https://${host}/client.json`))
    await allow(context, auth.asked)
    await first.finishAuth(await callback.answered)
    const client = new modern.Client({ name: "ide", version: "1" })
    await client.connect(transport())
    assert.isNotEmpty((await client.listTools()).tools)
    await client.close()
    callback.stop()
    await context.close()
  })

  it("A-04: SDK 1, knowing the URL alone", async () => {
    const context = await withScheme(browser, "light")
    const callback = startCallback()
    const auth = new IdeAuth(callback.url)
    const transport = () => new LegacyTransport(new URL(gateway.time), { authProvider: auth })
    const first = transport()
    await new LegacyClient({ name: "ide", version: "1" }).connect(first).catch(() => undefined)
    await allow(context, auth.asked)
    await first.finishAuth((await callback.answered).get("code") ?? "")
    const client = new LegacyClient({ name: "ide", version: "1" })
    await client.connect(transport())
    assert.isNotEmpty((await client.listTools()).tools)
    await client.close()
    callback.stop()
    await context.close()
  })

  const serious = async (page: Page): Promise<ReadonlyArray<string>> => {
    // Run beside the page's policy, which lets no script in: what axe finds is the page's, not the test's.
    await page.evaluate(AXE)
    const found: ReadonlyArray<{ readonly id: string; readonly impact: string; readonly html: string }> =
      await page.evaluate(
        `axe.run(document).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0].html })))`
      )
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, html }) => `${id}: ${html}`)
  }

  for (const scheme of ["light", "dark"] as const) {
    it(`every page passes axe without a serious finding, ${scheme}, and works without script`, async () => {
      const clientId = await clientOf(gateway.url, { client_name: `Axe ${scheme}` })
      const context = await browser.newContext({ colorScheme: scheme, bypassCSP: true })
      const page = await context.newPage()
      const checked: Array<string> = []
      const check = async (): Promise<void> => {
        checked.push(await page.title())
        assert.deepStrictEqual(await serious(page), [], await page.title())
      }
      await page.goto(`${gateway.url}${request({ clientId, resource: gateway.time }).path}`)
      await check()
      await page.fill("#username", ADA.username)
      await page.fill("#password", "wrong")
      await page.keyboard.press("Enter")
      await page.waitForSelector("[role=alert]")
      await check()
      await page.fill("#password", ADA.password)
      await page.keyboard.press("Enter")
      await page.waitForSelector("button[value=allow]")
      await check()
      await page.goto(`${gateway.url}${request({ clientId, resource: gateway.fake }).path}`)
      await check()
      await page.goto(`${gateway.url}/oauth/device?user_code=BCDF-GHJK`)
      assert.strictEqual(await page.inputValue("#user_code"), "BCDF-GHJK")
      await check()
      await page.keyboard.press("Tab")
      await page.getByRole("button", { name: "Go on" }).click()
      await page.waitForSelector("[role=alert]")
      await check()
      await page.goto(`${gateway.url}/oauth/authorize?client_id=nobody`)
      await check()
      assert.deepStrictEqual(new Set(checked).size, 5, checked.join(", "))
      await context.close()
    })
  }

  for (const scheme of ["light", "dark"] as const) {
    it(`one's own account passes axe, ${scheme}: signing in, its buttons, and signing out, without script`, async () => {
      const context = await browser.newContext({ colorScheme: scheme, bypassCSP: true })
      const page = await context.newPage()
      const check = async (title: string): Promise<void> => {
        assert.strictEqual(await page.title(), `${title} · mcpgw`)
        assert.deepStrictEqual(await serious(page), [], title)
      }
      await page.goto(`${gateway.url}/account`)
      await check("Sign in")
      await page.fill("#username", ADA.username)
      await page.fill("#password", "wrong")
      await page.keyboard.press("Enter")
      await page.waitForSelector("[role=alert]")
      await check("Sign in")
      await page.fill("#password", ADA.password)
      await page.keyboard.press("Enter")
      await page.waitForURL(`${gateway.url}/account`)
      const made = await page.request.post(`${gateway.url}/api/keys`, {
        data: { name: `key ${scheme}` },
        headers: { accept: "application/json" }
      })
      assert.strictEqual(made.status(), 201)
      const callback = startCallback()
      const clientId = await clientOf(gateway.url, { client_name: `Account ${scheme}` })
      const asked = request({ clientId, resource: gateway.time, redirect: callback.url })
      await page.goto(`${gateway.url}${asked.path}`)
      await page.getByRole("button", { name: "Allow" }).click()
      await callback.answered
      await page.waitForURL(({ href }) => href.startsWith(callback.url))
      callback.stop()
      await page.goto(`${gateway.url}/account`)
      await check("Your account")
      for (const name of [`Take back: Account ${scheme}`, `Revoke: key ${scheme}`]) {
        await page.getByRole("button", { name }).click()
        await page.waitForSelector("[role=status]")
        await check("Your account")
        assert.strictEqual(await page.getByRole("button", { name }).count(), 0)
      }
      await page.fill("#old", "wrong")
      await page.fill("#new", "quite another passphrase")
      await page.getByRole("button", { name: "Change the password" }).click()
      await page.waitForSelector("[role=alert]")
      await check("Your account")
      await page.getByRole("button", { name: "Sign out" }).click()
      await page.waitForURL(`${gateway.url}/account`)
      await check("Signed out")
      await page.goto(`${gateway.url}/login?return_to=//evil.example`)
      await check("This can not go on")
      await context.close()
    })
  }

  it("RFC 8628: a device's code, entered, confirmed and allowed, is exchanged for tokens; without script", async () => {
    const grant = "urn:ietf:params:oauth:grant-type:device_code"
    const clientId = await clientOf(gateway.url, { client_name: "CI job", grant_types: [grant], redirect_uris: [] })
    const post = async (path: string, form: Readonly<Record<string, string>>): Promise<Record<string, unknown>> =>
      JSON.parse(
        await (await fetch(`${gateway.url}${path}`, { method: "POST", body: new URLSearchParams(form) })).text()
      )
    const device = await post("/oauth/device_authorization", { client_id: clientId, resource: gateway.time })
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(String(device["verification_uri_complete"]))
    await page.getByRole("button", { name: "Go on" }).click()
    await page.getByRole("button", { name: "Yes, go on" }).click()
    await page.fill("#username", ADA.username)
    await page.fill("#password", ADA.password)
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
    assert.include(await page.textContent("main"), "The device whose code you entered")
    await page.getByRole("button", { name: /^(Allow|Continue)$/ }).click()
    assert.include(await page.title(), "Connected")
    const tokens = await post("/oauth/token", {
      grant_type: grant,
      device_code: String(device["device_code"]),
      client_id: clientId
    })
    assert.isString(tokens["access_token"], JSON.stringify(tokens))
    await context.close()
  })
})
