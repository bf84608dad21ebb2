/**
 * Whether the checks in front of the authorization server hold for every way of writing an address: its own router knows no case and
 * overlooks a slash at the end, so a check that compares exactly must be the only way in (A-31, A-34, A-37, S-04, S-16).
 */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { Browser } from "./Browser.ts"
import { CALLBACK, clientOf, request } from "./Client.ts"
import { type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Stand

beforeAll(async () => {
  gateway = await startStand()
})

afterAll(async () => {
  await gateway?.close()
})

const OTHERWISE: ReadonlyArray<(path: string) => string> = [
  (path) => `${path}/`,
  (path) => path.replace("/oauth/", "/oauth//"),
  (path) => path.replace(/\/oauth\/(.*)/, (_, rest: string) => `/oauth/${rest.toUpperCase()}`),
  (path) => path.replace(/\/oauth\/(.)/, (_, first: string) => `/oauth/%${first.charCodeAt(0).toString(16)}`)
]

const register = (path: string, metadata: Readonly<Record<string, unknown>>): Promise<Response> =>
  fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(metadata)
  })

describe("S-16: an address of the authorization server is written in one way", () => {
  it("A-34, A-37, S-04: no other spelling registers what may not be registered", async () => {
    const forbidden = [
      { grant_types: ["client_credentials"], response_types: [], redirect_uris: [] },
      { redirect_uris: ["http://evil.example/cb"], application_type: "web", token_endpoint_auth_method: "none" },
      { redirect_uris: ["https://evil.example/cb"], client_name: "y".repeat(5_000), token_endpoint_auth_method: "none" }
    ]
    for (const write of OTHERWISE) {
      for (const metadata of forbidden) {
        const path = write("/oauth/register")
        const answer = await register(path, metadata)
        assert.strictEqual(answer.status, 404, `${path} ${await answer.text()}`)
      }
    }
  })

  it("no other spelling is free of the limits of one address, nor of the checks of a request", async () => {
    const id = await clientOf(gateway.url, { redirect_uris: [CALLBACK] })
    const { path } = request({ clientId: id, resource: gateway.time, extra: { response_mode: "form_post" } })
    const [pathname = "", query = ""] = path.split("?")
    for (const write of OTHERWISE) {
      const page = await new Browser(gateway.url).go(`${write(pathname)}?${query}`)
      assert.strictEqual(page.status, 404, write(pathname))
      assert.notInclude(page.text, "<script")
      for (const other of ["token", "device", "device_authorization", "introspect", "revoke"]) {
        const answer = await fetch(gateway.url + write(`/oauth/${other}`), { method: "POST", body: "token=x" })
        assert.strictEqual(answer.status, 404, write(`/oauth/${other}`))
      }
    }
  })

  it("A-34: what is kept of a client for ever is small, whoever registers it", async () => {
    const uris = Array.from({ length: 50 }, (_, i) => `https://ide.example/callback/${i}`)
    assert.strictEqual((await register("/oauth/register", { redirect_uris: uris })).status, 201)
    const large = uris.map((uri) => `${uri}?${"x".repeat(400)}`)
    const answer = await register("/oauth/register", { redirect_uris: large })
    assert.strictEqual(answer.status, 400)
    assert.include(await answer.text(), "invalid_client_metadata")
  })

  it("A-37: nobody learns which agents there are: one that is there is answered like one that is not", async () => {
    const cookie = await gateway.signIn()
    const made = await fetch(`${gateway.url}/api/agents`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ name: "ci", groups: ["staff"] })
    })
    assert.strictEqual(made.status, 201)
    const answers = async (id: string): Promise<ReadonlyArray<unknown>> => {
      const asked = await new Browser(gateway.url).go(request({ clientId: id }).path)
      const bare = await new Browser(gateway.url).go(`/oauth/authorize?response_type=code&client_id=${id}`)
      const posted = await Promise.all(
        [{}, { client_secret: "x" }].map(async (more) => {
          const answer = await fetch(`${gateway.url}/oauth/token`, {
            method: "POST",
            headers: { origin: "https://evil.example" },
            body: new URLSearchParams({ grant_type: "client_credentials", client_id: id, ...more })
          })
          return [answer.status, answer.headers.get("access-control-allow-origin"), await answer.text()]
        })
      )
      return [asked.status, asked.text, bare.status, bare.text, ...posted]
    }
    assert.deepEqual(await answers("agent-ci"), await answers("agent-no"))
  })

  it("what is not there says so as every other address does, and gets to no provider", async () => {
    for (const path of ["/oauth/", "/oauth/userinfo", "/oauth/end_session/confirm", "/oauth/register/some-client"]) {
      const answer = await fetch(gateway.url + path)
      assert.strictEqual(answer.status, 404, path)
      assert.include(answer.headers.get("content-type") ?? "", "application/json", path)
    }
    for (const method of ["PUT", "DELETE", "PROPFIND"]) {
      const answer = await fetch(`${gateway.url}/oauth/token`, { method })
      assert.strictEqual(answer.status, 405, method)
      assert.isNotNull(answer.headers.get("allow"))
    }
  })
})
