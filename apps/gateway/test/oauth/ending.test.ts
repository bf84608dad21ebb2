/**
 * What ends OAuth tokens before their time: what an administrator does to agents and accounts, and a person to their
 * own password, sessions and what they allowed (S-05, A-32).
 */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { Browser } from "./Browser.ts"
import {
  answerOf,
  callRoute,
  clientOf,
  exchange,
  login,
  type Person,
  post,
  refresh,
  request,
  through,
  type Tokens,
  tokensOf
} from "./Client.ts"
import { ADA, type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Stand
let cookie: string

beforeAll(async () => {
  gateway = await startStand()
  cookie = await gateway.signIn()
})

afterAll(() => gateway?.close())

const ask = (method: string, path: string, body?: unknown, as = cookie): Promise<Response> =>
  fetch(`${gateway.url}${path}`, {
    method,
    headers: { cookie: as, "content-type": "application/json", accept: "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })

const api = async (method: string, path: string, body?: unknown, as = cookie): Promise<Record<string, unknown>> => {
  const answer = await ask(method, path, body, as)
  const text = await answer.text()
  assert.isBelow(answer.status, 300, `${method} ${path}: ${text}`)
  return JSON.parse(text)
}

const statusOf = async (token: string): Promise<number> => (await callRoute(gateway.time, token)).status

/** Tokens state whole seconds: what was made in the second of a loss is older than it. */
const nextSecond = (): Promise<void> => Bun.sleep(1_000 - (Date.now() % 1_000) + 5)

describe("A-37: an agent's tokens", () => {
  const agent = async (name: string) => {
    await api("POST", "/api/agents", { name, groups: ["staff", "spare"] })
    const { client_id, id, secret } = await api("POST", `/api/agents/${name}/secrets`, {})
    const given = { client_id: String(client_id), client_secret: String(secret), resource: gateway.time }
    const token = async (): Promise<string> => {
      const { body } = await post(`${gateway.url}/oauth/token`, { grant_type: "client_credentials", ...given })
      return String(body["access_token"])
    }
    await nextSecond()
    return { id: String(id), token }
  }

  it("end with the next request when it is disabled, and do not come back when it is let in again", async () => {
    const { token } = await agent("one")
    const held = await token()
    assert.strictEqual(await statusOf(held), 200)
    await api("PATCH", "/api/agents/one", { disabled: true })
    assert.strictEqual(await statusOf(held), 401)
    await api("PATCH", "/api/agents/one", { disabled: false })
    assert.strictEqual(await statusOf(held), 401)
    await nextSecond()
    assert.strictEqual(await statusOf(await token()), 200)
  })

  it("end when a secret is taken away, when a group is, and with the agent", async () => {
    const { id, token } = await agent("two")
    await api("POST", "/api/agents/two/secrets", {})
    const first = await token()
    await api("PATCH", "/api/agents/two", { groups: ["staff"] })
    assert.strictEqual(await statusOf(first), 401)
    await nextSecond()
    const second = await token()
    assert.strictEqual(await statusOf(second), 200)
    await api("PATCH", "/api/agents/two", { groups: ["staff", "more"] })
    assert.strictEqual(await statusOf(second), 200)
    await api("DELETE", `/api/agents/two/secrets/${id}`)
    assert.strictEqual(await statusOf(second), 401)
    const { token: other } = await agent("three")
    const third = await other()
    assert.strictEqual(await statusOf(third), 200)
    await api("DELETE", "/api/agents/three")
    assert.strictEqual(await statusOf(third), 401)
  })
})

interface Member {
  readonly person: Person
  readonly browser: Browser
  readonly clientId: string
  readonly tokens: Tokens
}

const member = async (username: string): Promise<Member> => {
  const person = { username, password: "a passphrase of some length" }
  await gateway.addPerson(person, ["staff", "spare"])
  const clientId = await clientOf(gateway.url)
  const browser = new Browser(gateway.url)
  return {
    person,
    browser,
    clientId,
    tokens: await login(gateway.url, person, { clientId, resource: gateway.time }, browser)
  }
}

/** The session of a browser, and the same person's elsewhere. */
const sessionsOf = async ({ browser, person }: Member) => {
  const own = browser.cookies.find((pair) => pair.startsWith("mcp_gateway_session=")) ?? ""
  const answer = await fetch(`${gateway.url}/api/auth/login`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ ...person })
  })
  return { own, other: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" }
}

const me = async (session: string): Promise<number> => (await ask("GET", "/api/auth/me", undefined, session)).status

const consents = async (session: string): Promise<unknown> =>
  (await api("GET", "/api/account/grants", undefined, session))["grants"]

const renewal = async ({ clientId, tokens }: Member): Promise<unknown> =>
  (await refresh(gateway.url, clientId, tokens.refresh_token)).body["error"]

describe("an account, changed by an administrator", () => {
  it("disabled: sessions, tokens and what clients were allowed end at once, and nobody signs in", async () => {
    const one = await member("Dana")
    const { other, own } = await sessionsOf(one)
    assert.deepStrictEqual([await me(own), await me(other), await statusOf(one.tokens.access_token)], [200, 200, 200])
    const changed = await api("PATCH", "/api/accounts/dana", { disabled: true })
    assert.deepInclude(changed, { username: "Dana", disabled: true, groups: ["staff", "spare"], provider: "local" })
    assert.deepStrictEqual([await me(own), await me(other), await statusOf(one.tokens.access_token)], [401, 401, 401])
    assert.strictEqual(await renewal(one), "invalid_grant")
    assert.strictEqual((await sessionsOf(one)).other, "")
    await api("PATCH", "/api/accounts/dana", { disabled: false })
    assert.strictEqual(await statusOf(one.tokens.access_token), 401)
    assert.deepStrictEqual(await consents((await sessionsOf(one)).other), [])
  })

  it("a group less: the same, and signing in again gives what is left", async () => {
    const one = await member("erin")
    const { own } = await sessionsOf(one)
    await api("PATCH", "/api/accounts/erin", { groups: ["staff", "spare", "more"] })
    assert.deepStrictEqual([await me(own), await statusOf(one.tokens.access_token)], [401, 200])
    await api("PATCH", "/api/accounts/erin", { groups: ["more"] })
    assert.strictEqual(await statusOf(one.tokens.access_token), 401)
    assert.strictEqual(await renewal(one), "invalid_grant")
    const { other } = await sessionsOf(one)
    const shown = await api("GET", "/api/auth/me", undefined, other)
    assert.deepStrictEqual(shown["groups"], ["more"])
  })
})

describe("a person's own password, changed", () => {
  it("ends the other sessions and what clients were allowed, and leaves this session", async () => {
    const one = await member("finn")
    const { other, own } = await sessionsOf(one)
    await nextSecond()
    const made = await api("POST", "/api/tokens/generate", {}, own)
    const passwords = { old_password: one.person.password, new_password: "quite another passphrase" }
    await api("POST", "/api/account/password", passwords, own)
    assert.deepStrictEqual([await me(own), await me(other)], [200, 401])
    assert.strictEqual(await statusOf(one.tokens.access_token), 401)
    assert.strictEqual(await renewal(one), "invalid_grant")
    assert.deepStrictEqual(await consents(own), [])
    assert.strictEqual(await statusOf(String(Object(made["tokens"])["access_token"])), 200)
  })
})

describe("what all this prints", () => {
  it("no warning: whoever runs the gateway could do nothing about a library's own", () => {
    assert.notMatch(gateway.output(), /warning/i)
  })
})

describe("S-05: all that a person holds, ended at once", () => {
  it("ends what clients were given, and can not be renewed from it", async () => {
    const person = { username: "leaver", password: "gone before long" }
    await gateway.addPerson(person, ["staff"])
    const clientId = await clientOf(gateway.url)
    const browser = new Browser(gateway.url)
    const tokens = await login(gateway.url, person, { clientId, resource: gateway.time }, browser)
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 200)
    const ended = await browser.ask("/api/account/sessions?tokens=true", {
      method: "DELETE",
      headers: { origin: gateway.url, accept: "application/json" }
    })
    assert.strictEqual(ended.status, 200, ended.text)
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 401)
    assert.strictEqual((await refresh(gateway.url, clientId, tokens.refresh_token)).body["error"], "invalid_grant")
  })
})

describe("A-32: what was agreed to can be seen and taken back", () => {
  it("withdrawing kills the tokens at once and asks again; nobody else's can be withdrawn, and no token withdraws", async () => {
    const clientId = await clientOf(gateway.url)
    const browser = new Browser(gateway.url)
    const way = request({ clientId, resource: gateway.time })
    const code = answerOf(await through(browser, way.path, ADA)).get("code") ?? ""
    const tokens = tokensOf(await exchange(gateway.url, way, code))
    const grants = async (from: Browser): Promise<ReadonlyArray<Record<string, unknown>>> =>
      JSON.parse((await from.ask("/api/account/grants")).text).grants
    const mine = (await grants(browser)).find(
      ({ client_id, resource }) => client_id === clientId && resource === gateway.time
    )
    assert.strictEqual(mine?.["client_name"], "Test IDE")
    const remove = (from: Browser) =>
      from.ask(`/api/account/grants/${String(mine?.["id"])}`, { method: "DELETE", headers: { origin: gateway.url } })
    const admin = new Browser(gateway.url)
    await admin.submit(await admin.go(request({ clientId }).path), { ...gateway.admin })
    assert.strictEqual((await remove(admin)).status, 404)
    const byToken = await fetch(`${gateway.url}/api/account/grants`, {
      headers: { authorization: `Bearer ${(await login(gateway.url, ADA, { clientId })).access_token}` }
    })
    assert.strictEqual(byToken.status, 403)
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 200)
    assert.strictEqual((await remove(browser)).status, 200)
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 401)
    const renewed = await post(`${gateway.url}/oauth/token`, {
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token,
      client_id: clientId
    })
    assert.strictEqual(renewed.body["error"], "invalid_grant")
    assert.include((await browser.go(request({ clientId, resource: gateway.time }).path)).text, 'value="allow"')
  })
})
