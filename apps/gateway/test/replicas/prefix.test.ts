/** A public URL with a path (issue 6): behind a proxy that keeps the path, and behind one that takes it off. */
import { type TestGateway, startGateway } from "@mcpgw/testkit/Gateway"
import { callTool, caller, post } from "@mcpgw/testkit/McpRequest"
import * as Schema from "effect/Schema"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const BASE = "/mcp-gw"

let gateway: TestGateway
const proxies: Array<Bun.Server<Relay>> = []

/** One socket of the proxy: what it opens at the gateway, and how. */
interface Relay {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  upstream?: WebSocket
}

/** Sockets from the gateway to the client; the client says nothing on these. */
const relay: Bun.WebSocketHandler<Relay> = {
  open: (socket) => {
    const upstream = new WebSocket(socket.data.url, { headers: socket.data.headers } as never)
    socket.data.upstream = upstream
    upstream.addEventListener("message", ({ data }) => void socket.send(data))
    upstream.addEventListener("close", ({ code, reason }) => socket.close(code === 1006 ? 1011 : code, reason))
  },
  close: (socket) => socket.data.upstream?.close(),
  message: () => {}
}

/** Stands for the public host; `taken`: without the path, and says so. */
const proxy = (taken: boolean): Bun.Server<Relay> => {
  const server = Bun.serve<Relay>({
    hostname: "127.0.0.1",
    port: 0,
    websocket: relay,
    fetch: async (request, self) => {
      const url = new URL(request.url)
      const isBelow = url.pathname === BASE || url.pathname.startsWith(`${BASE}/`)
      const path = taken && isBelow ? url.pathname.slice(BASE.length) || "/" : url.pathname
      const headers = new Headers(request.headers)
      headers.set("x-forwarded-host", new URL(publicUrl()).host)
      if (taken && isBelow) headers.set("x-forwarded-prefix", BASE)
      const to = gateway.url + path + url.search
      if (headers.get("upgrade") === "websocket") {
        const kept = ["authorization", "x-forwarded-host", "x-forwarded-prefix"].flatMap((name) => {
          const value = headers.get(name)
          return value === null ? [] : [[name, value] as const]
        })
        const data = { url: to.replace("http", "ws"), headers: Object.fromEntries(kept) }
        return self.upgrade(request, { data }) ? undefined : new Response(null, { status: 400 })
      }
      const body = request.body === null ? {} : { body: await request.arrayBuffer() }
      return fetch(to, { method: request.method, headers, redirect: "manual", signal: request.signal, ...body })
    }
  })
  proxies.push(server)
  return server
}

const publicUrl = (): string => `http://127.0.0.1:${proxies[0]?.port}${BASE}`

beforeAll(async () => {
  proxy(false)
  proxy(true)
  gateway = await startGateway({
    env: { MCPGW_PUBLIC_URL: publicUrl(), MCPGW_TRUSTED_PROXIES: "127.0.0.1", MCPGW_LOG_LEVEL: "none" }
  })
})

afterAll(async () => {
  await gateway?.close()
  for (const server of proxies) await server.stop(true)
})

const decode = Schema.decodeUnknownSync(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
const json = async (url: string): Promise<Readonly<Record<string, unknown>>> => {
  const response = await fetch(url)
  assert.strictEqual(response.status, 200, url)
  return decode(await response.json())
}

const token = (): Promise<string> =>
  gateway.token(["mcp-registry-admin", "mcp-servers-unrestricted/execute"], { iss: publicUrl(), aud: publicUrl() })

for (const [index, name] of ["keeps the path", "takes the path off"].entries()) {
  describe(`behind a proxy that ${name}`, () => {
    const at = (path: string): string => `http://127.0.0.1:${proxies[index]?.port}${BASE}${path}`

    it("A-02: the way in leads from a refused call to the authorization server's endpoints, all below the path", async () => {
      const refused = await fetch(at("/currenttime/mcp"), { method: "POST", body: "{}" })
      assert.strictEqual(refused.status, 401)
      const metadata = /resource_metadata="([^"]+)"/.exec(refused.headers.get("www-authenticate") ?? "")?.[1] ?? ""
      assert.isTrue(metadata.startsWith(`${publicUrl()}/`), metadata)
      const resource = await json(metadata)
      assert.strictEqual(resource["resource"], `${publicUrl()}/currenttime/mcp`)
      assert.deepStrictEqual(resource["authorization_servers"], [publicUrl()])
      const server = await json(at("/.well-known/openid-configuration"))
      assert.strictEqual(server["issuer"], publicUrl())
      for (const endpoint of ["authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri"]) {
        const url = String(server[endpoint])
        assert.isTrue(url.startsWith(`${publicUrl()}/`), `${endpoint}: ${url}`)
        assert.notStrictEqual((await fetch(url)).status, 404, url)
      }
    })

    it("calls, and the API", async () => {
      const who = caller(at("/currenttime/mcp"), await token())
      const name = "current_time_by_timezone"
      const answer = await post(who, callTool(name, 1, { tz_name: "Europe/Berlin" }))
      assert.strictEqual(answer.status, 200)
      assert.match(await answer.text(), /"result"/)
      const servers = await fetch(at("/api/servers"), { headers: { authorization: `Bearer ${await token()}` } })
      assert.strictEqual(servers.status, 200)
      assert.deepStrictEqual((await json(at("/openapi.json")))["servers"], [{ url: publicUrl() }])
    })

    it("contracts §2.11: health by event stream, and every document and page of the API, lead below the path", async () => {
      const headers = { authorization: `Bearer ${await token()}` }
      const read = async (path: string): Promise<string> => {
        const answer = await fetch(at(path), { headers })
        assert.strictEqual(answer.status, 200, path)
        return answer.text()
      }
      const leave = new AbortController()
      const events = await fetch(at("/api/health/events"), { headers, signal: leave.signal })
      assert.strictEqual(events.headers.get("content-type"), "text/event-stream")
      const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ""
      while (!text.includes("\n\ndata: ")) text += (await reader?.read())?.value ?? assert.fail(text)
      assert.include(text, `"/currenttime":{"status"`)
      leave.abort()
      const documents = [
        ["/v0.1/servers", "/currenttime/mcp"],
        ["/api/servers/currenttime/connect-config", "/currenttime/mcp"],
        // No server is public here; the document says where the registry is.
        ["/.well-known/mcp-servers", "/"]
      ] as const
      for (const [path, named] of documents) {
        const document = await read(path)
        assert.include(document, publicUrl() + named, path)
        assert.notInclude(document.replaceAll(publicUrl(), ""), new URL(publicUrl()).origin, path)
      }
      assert.include(await read("/.well-known/jwks.json"), `"keys"`)
      const resource = decode(JSON.parse(await read("/.well-known/oauth-protected-resource/currenttime/mcp")))
      assert.strictEqual(resource["resource"], `${publicUrl()}/currenttime/mcp`)
      const docs = await read("/docs")
      const links = [...docs.matchAll(/(?:href|src|data-url)="([^"]*)"/g)].map(([, link = ""]) => link)
      assert.isNotEmpty(links)
      assert.deepStrictEqual(
        links.filter((link) => link.startsWith("/") && !link.startsWith(`${BASE}/`)),
        [],
        docs.slice(0, 2_000)
      )
    })

    it("contracts §2.11: health by WebSocket, at both its paths", async () => {
      const headers = { authorization: `Bearer ${await token()}` }
      for (const path of ["/api/health/ws/health_status", "/ws/health_status"]) {
        const socket = new WebSocket(at(path).replace("http", "ws"), { headers } as never)
        const first = await new Promise<unknown>((resolve, reject) => {
          socket.addEventListener("message", ({ data }) => resolve(data))
          socket.addEventListener("close", ({ code, reason }) => reject(new Error(`${path}: ${code} ${reason}`)))
        })
        assert.include(String(first), `"/currenttime":{"status"`)
        socket.close()
      }
    })

    it("pages lead below the path, cookies are for it, and so are redirects", async () => {
      const page = await (await fetch(at("/login?return_to=%2Faccount"))).text()
      const links = [...page.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, link = ""]) => link)
      assert.isNotEmpty(links)
      assert.deepStrictEqual(
        links.filter((link) => !link.startsWith(`${BASE}/`)),
        []
      )
      const form = new URLSearchParams({ username: "admin", password: gateway.adminPassword })
      const signedIn = await fetch(at("/api/auth/login"), { method: "POST", body: form, redirect: "manual" })
      assert.match(signedIn.headers.get("set-cookie") ?? "", /mcp_gateway_session=.*; Path=\/mcp-gw(?:;|$)/)
      assert.isTrue((signedIn.headers.get("location") ?? `${BASE}/`).startsWith(`${BASE}/`))
      const nobody = await fetch(at("/account"), { redirect: "manual" })
      assert.isTrue((nobody.headers.get("location") ?? `${BASE}/`).startsWith(`${BASE}/`))
    })
  })
}

describe("beside the path", () => {
  const root = (): string => new URL(publicUrl()).origin

  it("RFC 8414, RFC 9728: documents are also where the path is put behind the well-known one", async () => {
    assert.strictEqual((await json(`${root()}/.well-known/oauth-authorization-server${BASE}`))["issuer"], publicUrl())
    const resource = await json(`${root()}/.well-known/oauth-protected-resource${BASE}/currenttime/mcp`)
    assert.strictEqual(resource["resource"], `${publicUrl()}/currenttime/mcp`)
  })

  it("nothing is served but the probes, whatever a client says of a prefix itself", async () => {
    const headers = { authorization: `Bearer ${await token()}` }
    for (const path of ["/api/servers", "/login", "/currenttime/mcp", "/", "/openapi.json", "/mcp-gwx/api/servers"]) {
      const answer = await fetch(root() + path, { headers })
      assert.strictEqual(answer.status, 404, path)
      assert.match(await answer.text(), /Everything is served below/)
    }
    for (const path of ["/health", "/ready"]) assert.strictEqual((await fetch(root() + path)).status, 200)
  })
})
