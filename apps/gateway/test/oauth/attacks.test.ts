/** What an attacker would try at the authorization server, one test each (protocol.md §3; S-rows). Black box, with a scripted browser. */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { Browser, formOf, type Page } from "./Browser.ts"
import { answerOf, callRoute, CALLBACK, clientOf, exchange, login, post, refresh, request, tokensOf } from "./Client.ts"
import { ADA, type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Stand
let clientId: string

beforeAll(async () => {
  gateway = await startStand()
  clientId = await clientOf(gateway.url, { redirect_uris: [CALLBACK, "https://app.example/cb?keep=1"] })
})

afterAll(async () => {
  await gateway?.close()
})

/** A question that is put although it was answered before. */
const anew = (): string => request({ clientId, resource: gateway.time, extra: { prompt: "consent" } }).path

/** Signed in, and asked to consent. */
const asked = async (browser: Browser, path = anew()): Promise<Page> => {
  const page = await browser.go(path)
  return page.text.includes('name="password"') ? browser.submit(page, { ...ADA }) : page
}

describe("A-32, S-03: the confused deputy", () => {
  it("a consent is one client's: another's id is asked anew, and so is another server, redirect host and person", async () => {
    const browser = new Browser(gateway.url)
    await browser.submit(await asked(browser), { decision: "allow" })
    const again = await browser.go(request({ clientId, resource: gateway.time }).path)
    assert.include(again.text, "Connect Test IDE again?", "what was agreed to is remembered")
    const other = await clientOf(gateway.url, { client_name: "Other" })
    const questions = [
      request({ clientId: other, resource: gateway.time }),
      request({ clientId }),
      request({ clientId, resource: gateway.time, redirect: "https://app.example/cb?keep=1" }),
      request({ clientId, resource: gateway.time, extra: { prompt: "consent" } })
    ]
    for (const { path } of questions) assert.include((await browser.go(path)).text, 'value="allow"', path)
    const admin = new Browser(gateway.url)
    const page = await admin.submit(await admin.go(request({ clientId, resource: gateway.time }).path), {
      ...gateway.admin
    })
    assert.include(page.text, 'value="allow"')
  })

  it("RFC 8252 §8.6: who could be another program gets no code without a click, also when it is remembered", async () => {
    const redirects = ["http://127.0.0.1:7777/cb", "cursor://mcp/cb", "https://app.example/cb"]
    const id = await clientOf(gateway.url, { client_name: "My IDE", redirect_uris: redirects })
    const browser = new Browser(gateway.url)
    for (const redirect of redirects) {
      const asking = { clientId: id, resource: gateway.time, redirect }
      const first = await asked(browser, request(asking).path)
      assert.include(first.text, "Allow My IDE to use", redirect)
      assert.isNotNull(answerOf(await browser.submit(first, { decision: "allow" })).get("code"))
      const silent = answerOf(await browser.go(request({ ...asking, extra: { prompt: "none" } }).path))
      const page = await browser.go(request(asking).path)
      if (redirect.startsWith("https:")) {
        assert.isNotNull(silent.get("code"))
        assert.isNotNull(answerOf(page).get("code"))
        continue
      }
      assert.strictEqual(silent.get("error"), "interaction_required")
      assert.include(page.text, "Connect My IDE again?")
      assert.strictEqual(answerOf(await browser.submit(page, { decision: "deny" })).get("error"), "access_denied")
      const once = await browser.go(request(asking).path)
      assert.isNotNull(answerOf(await browser.submit(once, { decision: "allow" })).get("code"))
    }
  })

  it("one consent is for a server, whichever of its transports is spoken; each token is for one of them", async () => {
    const redirect = "https://app.example/cb"
    const id = await clientOf(gateway.url, { client_name: "Both", redirect_uris: [redirect] })
    const browser = new Browser(gateway.url)
    const tokens = await login(gateway.url, ADA, { clientId: id, resource: gateway.time, redirect }, browser)
    const sse = request({ clientId: id, resource: gateway.time.replace(/mcp$/, "sse"), redirect })
    const code = answerOf(await browser.go(sse.path)).get("code") ?? ""
    const other = tokensOf(await exchange(gateway.url, sse, code))
    assert.strictEqual((await callRoute(gateway.time, other.access_token)).status, 401)
    const { grants } = JSON.parse((await browser.ask("/api/account/grants")).text)
    const own = grants.filter(({ client_id }: { readonly client_id: string }) => client_id === id)
    assert.lengthOf(own, 1)
    const headers = { origin: gateway.url, accept: "application/json" }
    await browser.ask(`/api/account/grants/${own[0].id}`, { method: "DELETE", headers })
    for (const { refresh_token } of [tokens, other]) {
      assert.strictEqual((await refresh(gateway.url, id, refresh_token)).body["error"], "invalid_grant")
    }
  })

  it("A-33, A-34: the page names the client, that nobody vouches for it, the server, where the answer goes and as whom", async () => {
    const id = await clientOf(gateway.url, { client_name: "<script>alert(1)</script>\u202Eevil" })
    const page = await asked(new Browser(gateway.url), request({ clientId: id, resource: gateway.time }).path)
    assert.include(page.text, "&lt;script&gt;alert(1)&lt;/script&gt;evil")
    assert.notInclude(page.text, "<script")
    for (const words of ["not verified", "currenttime", "A program on this computer", "Ada"]) {
      assert.include(page.text, words)
    }
    const nameless = await clientOf(gateway.url, { client_name: "\u3164\u115F" })
    const unseen = await asked(new Browser(gateway.url), request({ clientId: nameless, resource: gateway.time }).path)
    assert.include(unseen.text, `Allow ${nameless} to use`)
  })

  it("the consent form takes no token of another interaction, client or person, and none at all", async () => {
    const [mine, theirs] = [new Browser(gateway.url), new Browser(gateway.url)]
    const page = await asked(mine)
    const foreign = formOf(await asked(theirs)).hidden["token"] ?? ""
    for (const token of ["", "x", foreign]) {
      const answer = await mine.submit(page, { decision: "allow", token })
      assert.strictEqual(answer.status, 403)
      assert.isNull(answer.headers.get("location"))
    }
    assert.isNotNull(answerOf(await mine.submit(page, { decision: "allow" })).get("code"))
  })

  it("another browser can not go on with an interaction, although it knows its address", async () => {
    const page = await asked(new Browser(gateway.url))
    const thief = new Browser(gateway.url)
    assert.strictEqual((await thief.go(page.url)).status, 400)
    const posted = await thief.submit(page, { decision: "allow" })
    assert.strictEqual(posted.status, 400)
    assert.include(posted.text, "begun in another browser")
  })
})

describe("login CSRF, session fixation, open redirects, clickjacking", () => {
  it("a form posted from another origin signs nobody in", async () => {
    const browser = new Browser(gateway.url)
    const page = await browser.go(request({ clientId, resource: gateway.time }).path)
    for (const origin of ["https://evil.example", "null", gateway.url.replace("http:", "https:")]) {
      assert.strictEqual((await browser.submit(page, { ...ADA }, { origin })).status, 403, origin)
    }
    assert.isFalse(browser.cookies.some((cookie) => cookie.startsWith("mcp_gateway_session=")))
    assert.strictEqual((await browser.submit(page, { ...ADA, token: "made-up" })).status, 403)
  })

  it("a session planted before signing in is not the one signed in", async () => {
    const browser = new Browser(gateway.url)
    const planted = "A".repeat(43)
    browser.setCookie("mcp_gateway_session", planted)
    await asked(browser)
    const held = browser.cookies.find((cookie) => cookie.startsWith("mcp_gateway_session=")) ?? ""
    assert.notInclude(held, planted)
    const me = await fetch(`${gateway.url}/api/auth/me`, { headers: { cookie: `mcp_gateway_session=${planted}` } })
    assert.strictEqual(me.status, 401)
  })

  it("whoever signs out is asked again, although the provider's own cookie is still there", async () => {
    const browser = new Browser(gateway.url)
    await browser.submit(await asked(browser), { decision: "allow" })
    browser.forget("mcp_gateway_session")
    assert.include((await browser.go(request({ clientId, resource: gateway.time }).path)).text, 'name="password"')
  })

  it("prompt=login asks whoever is signed in, and is content with a sign-in made elsewhere since", async () => {
    const browser = new Browser(gateway.url)
    await asked(browser)
    const way = request({ clientId, resource: gateway.time, extra: { prompt: "login" } })
    const page = await browser.go(way.path)
    assert.include(page.text, 'name="password"')
    // Times are kept in whole seconds.
    await Bun.sleep(1_100)
    await browser.ask("/api/auth/login", {
      method: "POST",
      headers: { accept: "application/json", origin: gateway.url },
      body: new URLSearchParams({ ...ADA })
    })
    assert.notInclude((await browser.go(page.url)).text, 'name="password"')
  })

  it("a page at the client's own redirect origin may ask for tokens; another's, and one without an origin, may not", async () => {
    const web = await clientOf(gateway.url, { redirect_uris: ["https://web.example/cb", "myapp://cb"] })
    for (const [origin, status] of [
      ["https://web.example", 400],
      ["https://evil.example", 400],
      ["null", 400]
    ] as const) {
      const answer = await post(
        `${gateway.url}/oauth/token`,
        { grant_type: "authorization_code", code: "x", redirect_uri: "https://web.example/cb", client_id: web },
        { origin }
      )
      assert.strictEqual(answer.status, status)
      const allowed = answer.headers.get("access-control-allow-origin")
      assert.strictEqual(allowed, origin === "https://web.example" ? origin : null)
    }
    const document = `${gateway.url}/.well-known/oauth-protected-resource/currenttime/mcp`
    for (const method of ["GET", "OPTIONS"]) {
      const read = await fetch(document, { method, headers: { origin: "https://web.example" } })
      assert.strictEqual(read.headers.get("access-control-allow-origin"), "*", method)
    }
  })

  it("somebody else at the same browser does not get what the first one agreed to, nor their name", async () => {
    const browser = new Browser(gateway.url)
    await browser.submit(await asked(browser), { decision: "allow" })
    const page = await browser.submit(
      await browser.go(request({ clientId, resource: gateway.time, extra: { prompt: "login consent" } }).path),
      { ...gateway.admin }
    )
    assert.include(page.text, "admin")
    const answer = await browser.submit(page, { decision: "allow" })
    assert.isNotNull(answerOf(answer).get("code"))
  })

  it("switching person on the consent page signs out and asks who it is", async () => {
    const browser = new Browser(gateway.url)
    const page = await browser.submit(await asked(browser), { decision: "switch" })
    assert.include(page.text, 'name="password"')
    assert.isFalse(browser.cookies.some((cookie) => cookie.startsWith("mcp_gateway_session=")))
  })

  it("every page is framed nowhere, loads nothing, and lets its form go only to the client asked for", async () => {
    const browser = new Browser(gateway.url)
    const signIn = await browser.go(request({ clientId, resource: gateway.time }).path)
    const consent = await asked(browser)
    const failed = await browser.go("/oauth/authorize?client_id=nobody&response_type=code")
    const device = await browser.go("/oauth/device")
    for (const { headers, url } of [signIn, consent, failed, device]) {
      const policy = headers.get("content-security-policy") ?? ""
      assert.include(policy, "frame-ancestors 'none'", url)
      assert.include(policy, "default-src 'none'", url)
      assert.strictEqual(headers.get("x-frame-options"), "DENY", url)
      assert.strictEqual(headers.get("cache-control"), "no-store", url)
      assert.notInclude(policy, "script-src")
    }
    const policyOf = ({ headers }: Page): string => headers.get("content-security-policy") ?? ""
    assert.include(policyOf(consent), "form-action 'self' http://127.0.0.1:7777;")
    assert.include(policyOf(failed), "form-action 'self';")
  })

  it("a wrong password says nothing of the name; the sixth waits", async () => {
    const browser = new Browser(gateway.url)
    const page = await browser.go(request({ clientId, resource: gateway.time }).path)
    const wrong = (username: string) => browser.submit(page, { username, password: "no such password" })
    const [known, unknown] = [await wrong("admin"), await wrong("nobody-at-all")]
    assert.strictEqual(known.status, 401)
    assert.strictEqual(known.text.replace("admin", "X"), unknown.text.replace("nobody-at-all", "X"))
    for (let i = 0; i < 4; i++) await wrong("nobody-at-all")
    const last = await wrong("nobody-at-all")
    assert.strictEqual(last.status, 429)
    assert.isNotNull(last.headers.get("retry-after"))
  })
})

describe("S-04: redirect URIs", () => {
  const variants = [
    "http://127.0.0.1:7777/Callback",
    "http://127.0.0.1:7777/callback/",
    "http://127.0.0.1:7777/callback/../callback2",
    "http://127.0.0.1:7777/callback?x=1",
    "http://127.0.0.1:7777/callback#x",
    "http://127.0.0.1.evil.example:7777/callback",
    "http://evil@127.0.0.1:7777/callback",
    "https://127.0.0.1:7777/callback",
    "http://[::1]:7777/callback",
    "https://app.example/cb",
    "https://app.example/cb?keep=1&more=2",
    "https://app.example:8443/cb?keep=1",
    "https://APP.example.evil.example/cb?keep=1",
    "javascript:alert(1)",
    "//evil.example"
  ]
  it("of a registered URI nothing but a loopback port may differ; the browser is sent nowhere", async () => {
    const browser = new Browser(gateway.url)
    for (const redirect of variants) {
      const page = await browser.go(request({ clientId, resource: gateway.time, redirect }).path)
      assert.strictEqual(page.status, 400, redirect)
      assert.isNull(page.headers.get("location"), redirect)
    }
    const page = await browser.go(request({ clientId, redirect: "http://127.0.0.1:9/callback" }).path)
    assert.include(page.text, 'name="password"')
  })

  it("an unknown client is told so here, not sent anywhere", async () => {
    const page = await new Browser(gateway.url).go(request({ clientId: "nobody" }).path)
    assert.strictEqual(page.status, 400)
    assert.isNull(page.headers.get("location"))
  })
})

describe("what is asked must be whole and ours", () => {
  it("A-22: without S256 there is no code, whoever asks", async () => {
    for (const extra of [{ code_challenge_method: "plain" }, { code_challenge: "" }]) {
      const answer = await new Browser(gateway.url).go(request({ clientId, resource: gateway.time, extra }).path)
      assert.strictEqual(answerOf(answer).get("error"), "invalid_request")
    }
  })

  it("S-02, A-06: a resource of somebody else, or none of our routes, is refused", async () => {
    const bad = [
      "https://evil.example/mcp",
      `${gateway.url}.evil.example/x/mcp`,
      `${gateway.url}/api`,
      `${gateway.url}/a/../b/mcp`
    ]
    for (const resource of bad) {
      const answer = await new Browser(gateway.url).go(request({ clientId, resource }).path)
      assert.strictEqual(answerOf(answer).get("error"), "invalid_target", resource)
    }
  })

  it("a server the person has no right on can not be allowed; one that does not exist looks the same", async () => {
    const pages = await Promise.all(
      ["realserverfaketools", "nosuchserver"].map((name) =>
        asked(new Browser(gateway.url), request({ clientId, resource: `${gateway.url}/${name}/mcp` }).path)
      )
    )
    const [denied = "", absent = ""] = pages.map(({ text }) =>
      text.replaceAll(/realserverfaketools|nosuchserver/g, "X").replaceAll(/value="[^"]{43}"|interaction\/[^/"]+/g, "")
    )
    assert.include(denied, "Nothing to allow")
    assert.strictEqual(denied, absent)
    assert.include(denied, "There is no server “X” here, or you may not use it")
    const browser = new Browser(gateway.url)
    const page = await asked(browser, request({ clientId, resource: `${gateway.url}/nosuchserver/mcp` }).path)
    const answer = answerOf(await browser.submit(page, { decision: "deny" }))
    assert.strictEqual(answer.get("error"), "access_denied")
    assert.match(answer.get("error_description") ?? "", /no such server at this gateway, or the person may not use it/)
  })

  it("other ways of answering, request objects and two resources are refused", async () => {
    for (const extra of [{ response_mode: "form_post" }, { response_type: "code id_token" }, { request: "x.y.z" }]) {
      const page = await new Browser(gateway.url).go(request({ clientId, resource: gateway.time, extra }).path)
      const isTold = page.status === 400 || (page.headers.get("location") ?? "").includes("error=")
      assert.isTrue(isTold, JSON.stringify(extra))
    }
    const { path } = request({ clientId, resource: gateway.time })
    const twice = await new Browser(gateway.url).go(`${path}&resource=${encodeURIComponent(gateway.fake)}`)
    assert.strictEqual(twice.status, 400)
  })

  it("headers that say where a request comes from are the edge's alone", async () => {
    const response = await fetch(`${gateway.url}/.well-known/oauth-authorization-server`, {
      headers: { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example" }
    })
    assert.notInclude(await response.text(), "evil.example")
  })

  it("A-05: a token in the query is refused; a cookie is no token; a client's token makes no tokens", async () => {
    const tokens = await login(gateway.url, ADA, { clientId })
    assert.strictEqual((await callRoute(`${gateway.time}?access_token=${tokens.access_token}`, undefined)).status, 400)
    const made = await fetch(`${gateway.url}/api/tokens/generate`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens.access_token}`, "content-type": "application/json" },
      body: "{}"
    })
    assert.strictEqual(made.status, 403)
  })

  it("a token for one server is good at no API", async () => {
    const tokens = await login(gateway.url, ADA, { clientId, resource: gateway.time })
    const me = await fetch(`${gateway.url}/api/auth/me`, {
      headers: { authorization: `Bearer ${tokens.access_token}` }
    })
    assert.strictEqual(me.status, 401)
  })

  it("A-34, S-16: registrations of one address are limited, and bodies are small", async () => {
    const big = await fetch(`${gateway.url}/oauth/register`, { method: "POST", body: "x".repeat(60_000) })
    assert.strictEqual(big.status, 413)
    let limited: Response | undefined
    for (let i = 0; i < 140 && limited === undefined; i++) {
      const answer = await fetch(`${gateway.url}/oauth/register`, { method: "POST", body: "{" })
      if (answer.status === 429) limited = answer
    }
    assert.isNotNull(limited?.headers.get("retry-after") ?? null)
  })
})
