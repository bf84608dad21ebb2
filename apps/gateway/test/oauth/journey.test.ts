/**
 * The whole way of a client that knows nothing but a URL, with a scripted browser: 401, metadata, registration, sign-in, consent, code, token,
 * call; and what becomes of it afterwards. Black box: a real gateway process.
 */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { Browser } from "./Browser.ts"
import {
  answerOf,
  callRoute,
  claimsOf,
  clientOf,
  exchange,
  login,
  post,
  refresh,
  register,
  request,
  through,
  tokensOf
} from "./Client.ts"
import { ADA, type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

let gateway: Stand

beforeAll(async () => {
  gateway = await startStand()
})

afterAll(async () => {
  await gateway?.close()
})

const json = async (url: string): Promise<Record<string, unknown>> => JSON.parse(await (await fetch(url)).text())

describe("A-01, A-02, A-03: what a stranger is told", () => {
  it("401 names the route's own document and the one scope; the document names this gateway", async () => {
    const answer = await callRoute(gateway.time, undefined)
    assert.strictEqual(answer.status, 401)
    const challenge = answer.headers.get("www-authenticate") ?? ""
    assert.include(challenge, 'scope="mcp"')
    const document = /resource_metadata="([^"]*)"/.exec(challenge)?.[1] ?? ""
    assert.strictEqual(document, `${gateway.url}/.well-known/oauth-protected-resource/currenttime/mcp`)
    assert.deepStrictEqual(await json(document), {
      resource: gateway.time,
      authorization_servers: [gateway.url],
      scopes_supported: ["mcp"],
      bearer_methods_supported: ["header"]
    })
  })

  it("A-04: whoever says localhost is told of localhost, and gets a token for the one audience there is", async () => {
    const local = gateway.url.replace("127.0.0.1", "localhost")
    const route = `${local}/currenttime/mcp`
    const challenge = (await callRoute(route, undefined)).headers.get("www-authenticate") ?? ""
    const document = /resource_metadata="([^"]*)"/.exec(challenge)?.[1] ?? ""
    assert.strictEqual(document, `${local}/.well-known/oauth-protected-resource/currenttime/mcp`)
    const said = await json(document)
    assert.deepStrictEqual([said["resource"], said["authorization_servers"]], [route, [gateway.url]])
    const clientId = await clientOf(gateway.url, { client_name: "Local IDE" })
    const tokens = await login(gateway.url, ADA, { clientId, resource: route, scope: "mcp" })
    assert.strictEqual(claimsOf(tokens.access_token)["aud"], gateway.time)
    const renewed = await post(`${gateway.url}/oauth/token`, {
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token,
      client_id: clientId,
      resource: route
    })
    for (const url of [route, gateway.time]) {
      assert.strictEqual((await callRoute(url, tokensOf(renewed).access_token)).status, 200)
    }
  })

  it("a server that does not exist answers as one that does", async () => {
    const known = await callRoute(gateway.time, undefined)
    const unknown = await callRoute(`${gateway.url}/no/such/mcp`, undefined)
    assert.strictEqual(unknown.status, known.status)
    const challenge = (known.headers.get("www-authenticate") ?? "").replace("/currenttime/mcp", "/no/such/mcp")
    assert.strictEqual(unknown.headers.get("www-authenticate"), challenge)
    const document = await json(`${gateway.url}/.well-known/oauth-protected-resource/no/such/mcp`)
    assert.strictEqual(document["resource"], `${gateway.url}/no/such/mcp`)
    for (const path of ["/a%2fb/mcp", "/a//mcp", "/a b/mcp"]) {
      assert.strictEqual((await fetch(`${gateway.url}/.well-known/oauth-protected-resource${path}`)).status, 404, path)
    }
  })

  it("A-30: the authorization server's documents, both of them", async () => {
    for (const name of ["oauth-authorization-server", "openid-configuration"]) {
      const document = await json(`${gateway.url}/.well-known/${name}`)
      assert.strictEqual(document["issuer"], gateway.url)
      assert.deepStrictEqual(document["code_challenge_methods_supported"], ["S256"])
      assert.strictEqual(document["authorization_response_iss_parameter_supported"], true)
      assert.strictEqual(document["client_id_metadata_document_supported"], true)
      assert.deepStrictEqual(document["response_types_supported"], ["code"])
      assert.deepStrictEqual(document["scopes_supported"], ["mcp", "openid"])
      for (const endpoint of ["authorize", "token", "register", "revoke", "introspect", "device_authorization"]) {
        assert.include(JSON.stringify(document), `"${gateway.url}/oauth/${endpoint}"`)
      }
      assert.sameMembers(Object(document["grant_types_supported"]), [
        "authorization_code",
        "client_credentials",
        "refresh_token",
        DEVICE_CODE
      ])
      const methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
      assert.sameMembers(Object(document["token_endpoint_auth_methods_supported"]), methods)
      const keys = await json(String(document["jwks_uri"]))
      assert.property(keys, "keys")
    }
  })
})

/** The row says what it was, of whom and of which client. */
const replayOnRecord = (rule: string, clientId: string, username: string | null): Promise<void> =>
  vi.waitFor(
    async () => {
      const { Database } = await import("bun:sqlite")
      const file = new Database(`${gateway.dataDir}/audit.db`, { readonly: true })
      const row = file
        .query("SELECT username, decision, outcome, status FROM audit WHERE rule = ? AND client_id = ?")
        .get(rule, clientId)
      file.close()
      assert.deepInclude(row, { username, decision: "deny", outcome: "refused", status: 400 })
    },
    { timeout: 20_000, interval: 50 }
  )

describe("A-31: code, token, refresh", () => {
  it("a token for one server opens it, is refused at another, and says who and for what", async () => {
    const clientId = await clientOf(gateway.url)
    const tokens = await login(gateway.url, ADA, { clientId, resource: gateway.time, scope: "mcp" })
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 200)
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token, "x-authorization")).status, 200)
    const elsewhere = await callRoute(gateway.fake, tokens.access_token)
    assert.strictEqual(elsewhere.status, 401)
    assert.include(elsewhere.headers.get("www-authenticate"), 'error="invalid_token"')
    assert.strictEqual(tokens.expires_in, 900)
    const claims = claimsOf(tokens.access_token)
    assert.strictEqual(claims["iss"], gateway.url)
    assert.strictEqual(claims["aud"], gateway.time)
    assert.strictEqual(claims["sub"], "Ada")
    assert.deepStrictEqual(claims["groups"], ["staff"])
    assert.strictEqual(claims["client_id"], clientId)
    assert.strictEqual(claims["scope"], "mcp")
  })

  it("A-24, RFC 9207: the answer names the issuer and returns the state, also when it is no", async () => {
    const clientId = await clientOf(gateway.url, { client_name: "Asker" })
    for (const decision of ["deny", "allow"]) {
      const asked = request({ clientId, resource: gateway.time })
      const browser = new Browser(gateway.url)
      const consent = await browser.submit(await browser.go(asked.path), { ...gateway.admin })
      assert.include(consent.text, 'value="allow"')
      const answer = answerOf(await browser.submit(consent, { decision }))
      assert.strictEqual(answer.get("iss"), gateway.url)
      assert.strictEqual(answer.get("state"), asked.state)
      assert.strictEqual(answer.get("error"), decision === "deny" ? "access_denied" : null)
    }
  })

  it("A-06: without a resource the token is good for every server the person may use", async () => {
    const clientId = await clientOf(gateway.url)
    const tokens = await login(gateway.url, gateway.admin, { clientId })
    assert.strictEqual(claimsOf(tokens.access_token)["aud"], gateway.url)
    for (const url of [gateway.time, gateway.fake]) {
      assert.strictEqual((await callRoute(url, tokens.access_token)).status, 200)
    }
  })

  it("a refresh token is used once; used again, it ends all that came of it, at once", async () => {
    const clientId = await clientOf(gateway.url)
    const first = await login(gateway.url, ADA, { clientId, resource: gateway.time })
    const second = tokensOf(await refresh(gateway.url, clientId, first.refresh_token))
    assert.notStrictEqual(second.refresh_token, first.refresh_token)
    assert.strictEqual((await callRoute(gateway.time, second.access_token)).status, 200)
    const replayed = await refresh(gateway.url, clientId, first.refresh_token)
    assert.strictEqual(replayed.body["error"], "invalid_grant")
    for (const { access_token } of [first, second]) {
      assert.strictEqual((await callRoute(gateway.time, access_token)).status, 401)
    }
    assert.strictEqual((await refresh(gateway.url, clientId, second.refresh_token)).body["error"], "invalid_grant")
    await replayOnRecord("oauth:refresh_reuse", clientId, "Ada")
    assert.include(gateway.output(), "A refresh token was used a second time")
    assert.notInclude(gateway.output(), first.refresh_token)
  })

  it("S-05: a code is used once, also by two at a time; used again, it ends what came of it", async () => {
    const clientId = await clientOf(gateway.url)
    const browser = new Browser(gateway.url)
    const raced = request({ clientId, resource: gateway.time })
    const code = answerOf(await through(browser, raced.path, ADA)).get("code") ?? ""
    const both = await Promise.all([exchange(gateway.url, raced, code), exchange(gateway.url, raced, code)])
    assert.isAtMost(both.filter(({ status }) => status === 200).length, 1)
    const asked = request({ clientId, resource: gateway.time })
    const fresh = answerOf(await through(browser, asked.path, ADA)).get("code") ?? ""
    const tokens = tokensOf(await exchange(gateway.url, asked, fresh))
    assert.strictEqual((await exchange(gateway.url, asked, fresh)).body["error"], "invalid_grant")
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 401)
    await replayOnRecord("oauth:code_reuse", clientId, null)
  })

  it("A-23: what it was asked with is what it is exchanged with: verifier, client, redirect, resource", async () => {
    const clientId = await clientOf(gateway.url)
    const other = await clientOf(gateway.url, { client_name: "Another" })
    const browser = new Browser(gateway.url)
    const wrong: ReadonlyArray<Readonly<Record<string, string>>> = [
      { code_verifier: "x".repeat(43) },
      { client_id: other },
      { redirect_uri: "http://127.0.0.1:7777/other" },
      { resource: gateway.fake }
    ]
    for (const more of wrong) {
      const asked = request({ clientId, resource: gateway.time })
      const code = answerOf(await through(browser, asked.path, ADA)).get("code") ?? ""
      const answer = await exchange(gateway.url, asked, code, more)
      assert.strictEqual(answer.status, 400, JSON.stringify(more))
      assert.include(["invalid_grant", "invalid_target"], answer.body["error"])
    }
  })

  it("groups are read anew at every refresh; an account that is gone ends its grants", async () => {
    const clientId = await clientOf(gateway.url)
    const person = { username: "brief", password: "here for a moment" }
    await gateway.addPerson(person, ["staff"])
    const first = await login(gateway.url, person, { clientId, resource: gateway.time })
    await gateway.addPerson(person, ["nobody"])
    const second = tokensOf(await refresh(gateway.url, clientId, first.refresh_token))
    assert.deepStrictEqual(claimsOf(second.access_token)["groups"], ["nobody"])
    assert.strictEqual((await callRoute(gateway.time, second.access_token)).status, 403)
    await gateway.sql("DELETE FROM accounts WHERE id = 'brief'")
    assert.strictEqual((await refresh(gateway.url, clientId, second.refresh_token)).body["error"], "invalid_grant")
  })
})

describe("an IDE that opens several servers at once", () => {
  it("three tabs of one browser, all begun before anybody is signed in, all come to their end", async () => {
    const browser = new Browser(gateway.url)
    const names = ["One", "Two", "Three"]
    const ways = []
    for (const client_name of names) {
      const clientId = await clientOf(gateway.url, { client_name })
      const way = request({ clientId, resource: gateway.time })
      ways.push({ way, page: await browser.go(way.path) })
    }
    for (const { way, page } of ways) {
      assert.include(page.text, 'name="password"')
      const consent = await browser.submit(page, { ...ADA })
      const code = answerOf(await browser.submit(consent, { decision: "allow" })).get("code") ?? ""
      tokensOf(await exchange(gateway.url, way, code))
    }
  })

  it("a second tab, looked at again after the first signed in, goes on without a password", async () => {
    const browser = new Browser(gateway.url)
    const clientId = await clientOf(gateway.url, { client_name: "Tabs" })
    const [first, second] = [await browser.go(request({ clientId }).path), await browser.go(request({ clientId }).path)]
    await browser.submit(first, { ...ADA })
    assert.include((await browser.go(second.url)).text, 'value="allow"')
  })
})

describe("A-37: an agent, set up by an administrator", () => {
  it("gets tokens as itself for one server, with its secret; disabled, it gets none", async () => {
    const cookie = await gateway.signIn()
    const api = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
      const headers = { cookie, "content-type": "application/json", accept: "application/json" }
      const answer = await fetch(`${gateway.url}${path}`, { method, headers, body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
      return JSON.parse(await answer.text())
    }
    await api("POST", "/api/agents", { name: "nightly", groups: ["staff"] })
    const { client_id, secret } = await api("POST", "/api/agents/nightly/secrets", {})
    const ask = (client_secret: string) =>
      post(`${gateway.url}/oauth/token`, {
        grant_type: "client_credentials",
        client_id: String(client_id),
        client_secret,
        resource: gateway.time
      })
    const { body } = await ask(String(secret))
    const token = String(body["access_token"])
    assert.strictEqual(claimsOf(token)["sub"], "agent:nightly")
    const without = { grant_type: "client_credentials", client_id: String(client_id), client_secret: String(secret) }
    const answers = []
    for (const name of ["realserverfaketools", "nosuch"]) {
      answers.push(await post(`${gateway.url}/oauth/token`, { ...without, resource: `${gateway.url}/${name}/mcp` }))
    }
    for (const { body, status } of answers) {
      assert.deepStrictEqual([status, body["error"], body], [400, "invalid_target", answers[0]?.body])
    }
    assert.strictEqual((await callRoute(gateway.time, token)).status, 200)
    assert.strictEqual((await callRoute(gateway.fake, token)).status, 401)
    assert.strictEqual((await ask("wrong")).status, 401)
    await api("PATCH", "/api/agents/nightly", { disabled: true })
    assert.strictEqual((await ask(String(secret))).status, 401)
  })
})

describe("A-34: registration", () => {
  it("a client that registers at every run is one client, whatever port it drew; another name is another", async () => {
    const at = (port: number) => ({ redirect_uris: [`http://localhost:${port}/cb`], client_name: "Runner" })
    const first = await clientOf(gateway.url, at(40_001))
    assert.strictEqual(await clientOf(gateway.url, at(40_002)), first)
    assert.notStrictEqual(await clientOf(gateway.url, { ...at(40_001), client_name: "Runner 2" }), first)
    const tokens = await login(gateway.url, ADA, { clientId: first, redirect: "http://localhost:51999/cb" })
    assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 200)
  })

  it("a client with a secret gets a fresh id and secret each time; the secret is nowhere in the database", async () => {
    const metadata = { token_endpoint_auth_method: "client_secret_post", redirect_uris: ["https://app.example/cb"] }
    const one = await register(gateway.url, metadata)
    const two = await register(gateway.url, metadata)
    assert.notStrictEqual(one.body["client_id"], two.body["client_id"])
    const secret = String(one.body["client_secret"])
    assert.isAbove(secret.length, 40)
    const files = [...new Bun.Glob("mcpgw.db*").scanSync(gateway.dataDir)]
    for (const file of files) {
      assert.notInclude(await Bun.file(`${gateway.dataDir}/${file}`).text(), secret)
    }
    const asked = request({ clientId: String(one.body["client_id"]), redirect: "https://app.example/cb" })
    const code = answerOf(await through(new Browser(gateway.url), asked.path, ADA)).get("code") ?? ""
    assert.strictEqual((await exchange(gateway.url, asked, code)).body["error"], "invalid_client")
    assert.strictEqual((await exchange(gateway.url, asked, code, { client_secret: "wrong" })).status, 401)
    assert.strictEqual((await exchange(gateway.url, asked, code, { client_secret: secret })).status, 200)
  })

  it("A-37: client credentials are not for clients that register themselves", async () => {
    const refused = await register(gateway.url, { grant_types: ["client_credentials"] })
    assert.strictEqual(refused.status, 400)
    assert.strictEqual(refused.body["error"], "invalid_client_metadata")
  })

  it("S-12: redirect URIs that run something, leave the computer in clear or hide a fragment are refused", async () => {
    const bad = [
      "javascript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "http://example.com/cb",
      "https://app.example/cb#x",
      "https://user:pw@app.example/cb",
      "vbscript:x",
      "not a uri"
    ]
    for (const uri of bad) {
      const answer = await register(gateway.url, { redirect_uris: [uri] })
      assert.strictEqual(answer.status, 400, uri)
      assert.include(["invalid_redirect_uri", "invalid_client_metadata"], answer.body["error"], uri)
    }
    for (const uri of ["cursor://anysphere.cursor-retrieval/oauth/cb", "vscode://x/cb", "com.example.app:/cb"]) {
      assert.strictEqual((await register(gateway.url, { redirect_uris: [uri] })).status, 201, uri)
    }
  })
})

describe("RFC 7009, 7662: revocation and introspection", () => {
  it("revoking the access token or the refresh token ends access at once", async () => {
    const clientId = await clientOf(gateway.url)
    for (const which of ["access_token", "refresh_token"] as const) {
      const tokens = await login(gateway.url, ADA, { clientId, resource: gateway.time })
      assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 200)
      const revoked = await post(`${gateway.url}/oauth/revoke`, { token: tokens[which], client_id: clientId })
      assert.strictEqual(revoked.status, 200)
      assert.strictEqual((await callRoute(gateway.time, tokens.access_token)).status, 401, which)
      assert.strictEqual((await refresh(gateway.url, clientId, tokens.refresh_token)).status, 400, which)
    }
  })

  it("introspection is for clients that prove who they are; an id alone is no token", async () => {
    const publicId = await clientOf(gateway.url)
    const tokens = await login(gateway.url, ADA, { clientId: publicId, resource: gateway.time })
    const url = `${gateway.url}/oauth/introspect`
    const bare = await post(url, { token: tokens.access_token, client_id: publicId })
    assert.strictEqual(bare.body["active"], false)
    const { body } = await register(gateway.url, { token_endpoint_auth_method: "client_secret_basic" })
    const basic = Buffer.from(`${String(body["client_id"])}:${String(body["client_secret"])}`).toString("base64")
    const headers = { authorization: `Basic ${basic}` }
    const told = await post(url, { token: tokens.access_token }, headers)
    assert.strictEqual(told.body["active"], true)
    assert.strictEqual(told.body["sub"], "Ada")
    assert.strictEqual(told.body["aud"], gateway.time)
    const { jti } = claimsOf(tokens.access_token)
    for (const token of [String(jti), `${tokens.access_token}x`, "nonsense"]) {
      assert.deepStrictEqual((await post(url, { token }, headers)).body, { active: false })
    }
    await post(`${gateway.url}/oauth/revoke`, { token: tokens.access_token, client_id: publicId })
    assert.deepStrictEqual((await post(url, { token: tokens.access_token }, headers)).body, { active: false })
  })
})
