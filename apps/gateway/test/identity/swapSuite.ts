/**
 * The same sign-ins and calls whichever identity provider is behind the gateway (design.md §5: swapped by configuration, never by an
 * `if`).
 */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Answer, ask, type Told } from "../lifecycle/support/Ask.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { type Browser, openBrowser, type Page } from "./Browser.ts"
import { type Idp, MEMBERS, type Person, type Started } from "./Idp.ts"

/** `echo` and nothing else of the server's three tools. */
const SCOPES = `
group_mappings:
  ${MEMBERS}: [swap/echo]
swap/echo:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

interface World {
  readonly box: Box
  readonly backend: Backend
  readonly running: Running
  readonly idp: Started
}

const start = async (idp: Idp): Promise<World> => {
  const backend = startBackend()
  const box = await makeBox({ scopes: SCOPES, servers: [serverAt("/backend", backend.url)] })
  const started = await idp.start(box)
  return { box, backend, idp: started, running: await box.start(started.env) }
}

const stop = async ({ box, backend, running, idp }: World): Promise<void> => {
  await running.stop()
  await Promise.all([backend.stop(), idp.stop()])
  box.remove()
}

export const swapSuite = (idp: Idp): void => {
  describe(`swap: ${idp.name}`, () => {
    let world: World | undefined
    const inWorld = (): World => {
      if (world === undefined) throw new Error("the suite has not started")
      return world
    }
    beforeAll(async () => {
      world = await start(idp)
    }, 120_000)
    afterAll(async () => {
      if (world !== undefined) await stop(world)
    })
    describe("machines", () => machineCases(inWorld))
    describe("people", () => peopleCases(inWorld))
  })
}

/** As a script with a token asks, or as one with a session's cookie does. */
const withToken = ({ box }: World, token: string, method: string, tool?: string): Promise<Told> =>
  ask({ url: `${box.url}/backend/mcp`, token, method, params: tool === undefined ? {} : { name: tool } })

const withSession = async ({ box }: World, browser: Browser, method: string, tool?: string): Promise<Response> =>
  fetch(`${box.url}/backend/mcp`, {
    method: "POST",
    headers: {
      cookie: browser.cookiesFor(box.url),
      "content-type": "application/json",
      accept: "application/json, text/event-stream"
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: tool === undefined ? {} : { name: tool } })
  })

const toolsIn = (result: Readonly<Record<string, unknown>> | undefined): ReadonlyArray<string> => {
  const tools = result?.["tools"]
  return Array.isArray(tools) ? tools.map(({ name }: { readonly name: string }) => name) : []
}

const machineCases = (world: () => World): void => {
  it("A-06: a machine's groups become scopes; its list is filtered and what it shows can be called", async () => {
    const token = await world().idp.machineToken("member")
    const list = await withToken(world(), token, "tools/list")
    assert.strictEqual(list.status, 200, list.text)
    assert.deepEqual(toolsIn(list.message?.result), ["echo"])
    assert.include((await withToken(world(), token, "tools/call", "echo")).text, "ran echo")
  })

  it("design §6: a tool outside the machine's scopes does not exist for it", async () => {
    const before = world().backend.calls().length
    const told = await withToken(world(), await world().idp.machineToken("member"), "tools/call", "secret")
    assert.strictEqual(told.message?.error?.code, -32_602, told.text)
    assert.strictEqual(world().backend.calls().length, before)
  })

  it("a machine without groups opens nothing", async () => {
    const told = await withToken(world(), await world().idp.machineToken("stranger"), "tools/list")
    assert.strictEqual(told.status, 403, told.text)
  })

  it("S-02: one changed character and the token is refused", async () => {
    const [header = "", payload = "", signature = ""] = (await world().idp.machineToken("member")).split(".")
    const changed = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`
    const told = await withToken(world(), `${header}.${payload}.${changed}`, "tools/list")
    assert.strictEqual(told.status, 401, told.text)
  })

  it("S-01: the machine's token goes no further than the gateway", async () => {
    const token = await world().idp.machineToken("member")
    await withToken(world(), token, "tools/call", "echo")
    assert.notInclude(JSON.stringify(world().backend.calls()), token.split(".")[2] ?? token)
  })
}

const peopleCases = (world: () => World): void => {
  const signedIn = async (person: Person): Promise<{ readonly browser: Browser; readonly page: Page }> => {
    const browser = openBrowser()
    return { browser, page: await world().idp.signIn(browser, person) }
  }
  const me = (browser: Browser): Promise<Response> =>
    fetch(`${world().box.url}/api/auth/me`, { headers: { cookie: browser.cookiesFor(world().box.url) } })

  it("contracts §2.6: a person signs in and ends on the gateway's own origin with a session", async () => {
    const { idp, box } = world()
    const { browser, page } = await signedIn(idp.member)
    assert.strictEqual(new URL(page.url).origin, box.url)
    const answer = await me(browser)
    assert.strictEqual(answer.status, 200, await answer.clone().text())
    const said: unknown = await answer.json()
    assert.deepInclude(said, { username: idp.member.username, provider: idp.provider, groups: [MEMBERS] })
  })

  it("the session opens what the person's groups map to, and nothing else", async () => {
    const { browser } = await signedIn(world().idp.member)
    const list: Answer = JSON.parse(await (await withSession(world(), browser, "tools/list")).text())
    assert.deepEqual(toolsIn(list.result), ["echo"])
    assert.include(await (await withSession(world(), browser, "tools/call", "echo")).text(), "ran echo")
    assert.include(await (await withSession(world(), browser, "tools/call", "secret")).text(), "-32602")
  })

  it("a wrong password gives no session", async () => {
    const { browser } = await signedIn({ ...world().idp.member, password: "not the password 1" })
    assert.strictEqual((await me(browser)).status, 401)
    assert.strictEqual((await withSession(world(), browser, "tools/list")).status, 401)
  })

  it("a person without groups is known and sees nothing", async () => {
    const { browser } = await signedIn(world().idp.stranger)
    const said: unknown = await (await me(browser)).json()
    assert.deepInclude(said, { username: world().idp.stranger.username, groups: [], scopes: [] })
    assert.strictEqual((await withSession(world(), browser, "tools/list")).status, 403)
  })

  it("who signs out has no session any more, wherever its cookie was copied to", async () => {
    const { browser } = await signedIn(world().idp.member)
    const copied = browser.cookiesFor(world().box.url)
    await browser.post(`${world().box.url}/api/auth/logout`, {})
    assert.strictEqual((await me(browser)).status, 401)
    const answer = await fetch(`${world().box.url}/api/auth/me`, { headers: { cookie: copied } })
    assert.strictEqual(answer.status, 401)
  })
}
