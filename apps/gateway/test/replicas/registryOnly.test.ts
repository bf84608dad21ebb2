/** A catalogue without a data plane, as a process (contracts §1.15): whatever it hands out leads to the servers themselves, and tells no secret. */
import { type TestGateway, startGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { callTool, caller, post } from "@mcpgw/testkit/McpRequest"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import * as Schema from "effect/Schema"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const decodeSearch = Schema.decodeUnknownSync(
  Schema.Struct({
    servers: Schema.Array(Schema.Struct({ path: Schema.String, endpoint_url: Schema.NullOr(Schema.String) })),
    tools: Schema.Array(Schema.Struct({ server_path: Schema.String, endpoint_url: Schema.NullOr(Schema.String) }))
  })
)
const decodePublic = Schema.decodeUnknownSync(
  Schema.Struct({
    servers: Schema.Array(
      Schema.Struct({
        url: Schema.String,
        health_status: Schema.String,
        authentication: Schema.Record({ key: Schema.String, value: Schema.Unknown })
      })
    )
  })
)
const Entry = Schema.Struct({
  server: Schema.Struct({
    remotes: Schema.Array(Schema.Struct({ type: Schema.String, url: Schema.String }))
  })
})
const decodeList = Schema.decodeUnknownSync(Schema.Struct({ servers: Schema.Array(Entry) }))
const decodeEntry = Schema.decodeUnknownSync(Entry)
const decodeConnect = Schema.decodeUnknownSync(
  Schema.Struct({ url: Schema.String, through_gateway: Schema.Boolean, configs: Schema.Array(Schema.Unknown) })
)

describe("DEPLOYMENT_MODE=registry-only", () => {
  let server: ScriptedServer
  let registry: TestGateway
  let cookie = ""
  let own = ""

  beforeAll(async () => {
    server = await startScripted(legacyScript({ tools: ["echo"] }))
    registry = await startGateway({ env: { DEPLOYMENT_MODE: "registry-only" } })
    cookie = await registry.signIn()
    own = new URL("/mcp", server.url).href
    const json = {
      server_name: "Clock",
      path: "/clock",
      description: "tells the time",
      proxy_pass_url: `${own}?key=s3cret-in-a-query`,
      visibility: "public",
      auth_scheme: "bearer",
      auth_credential: "s3cret-credential"
    }
    const made = await ask("/api/servers", json)
    assert.strictEqual(made.status, 201, await made.clone().text())
  })

  afterAll(async () => {
    await registry?.close()
    await server?.stop()
  })

  const ask = (path: string, json?: unknown): Promise<Response> =>
    fetch(registry.url + path, {
      headers: { cookie, accept: "application/json", "content-type": "application/json" },
      ...(json === undefined ? {} : { method: "POST", body: JSON.stringify(json) })
    })

  /** An answer of 200 that holds no secret, and no route of a server here. */
  const told = async (path: string, json?: unknown): Promise<unknown> => {
    const answer = await ask(path, json)
    const text = await answer.text()
    assert.strictEqual(answer.status, 200, text)
    assert.notMatch(text, /s3cret/, path)
    assert.notInclude(text, `${registry.url}/clock`, path)
    return JSON.parse(text)
  }

  it("/.well-known/mcp-servers, search, the registry protocol and connect-config lead to the server itself", async () => {
    const [listed] = decodePublic(await told("/.well-known/mcp-servers")).servers
    assert.deepInclude(listed, { url: own, health_status: "healthy" })
    assert.notProperty(listed?.authentication, "authorization_url")
    const remotes = [{ type: "streamable-http", url: own }]
    for (const version of ["v0", "v0.1"]) {
      const [entry] = decodeList(await told(`/${version}/servers`)).servers
      assert.deepStrictEqual(entry?.server.remotes, remotes)
    }
    const name = encodeURIComponent("io.mcpgateway/clock")
    assert.deepStrictEqual(decodeEntry(await told(`/v0.1/servers/${name}/versions/latest`)).server.remotes, remotes)
    for (const form of ["oauth", "headers"]) {
      const config = decodeConnect(await told(`/api/servers/clock/connect-config?form=${form}`))
      assert.deepInclude(config, { url: own, through_gateway: false })
      assert.notInclude(JSON.stringify(config.configs), "X-Authorization")
    }
    await vi.waitFor(async () => {
      const found = decodeSearch(await told("/api/search/semantic", { query: "clock echo" }))
      assert.deepStrictEqual(found.servers, [{ path: "/clock", endpoint_url: own }])
      assert.deepStrictEqual(found.tools, [{ server_path: "/clock", endpoint_url: own }])
    }, 5_000)
  })

  it("whoever may not modify a server is not shown the query of its URL either", async () => {
    const token = await registry.token(["mcp-registry-operator", "mcp-servers-unrestricted/execute"])
    const answer = await fetch(`${registry.url}/api/servers`, { headers: { authorization: `Bearer ${token}` } })
    assert.strictEqual(answer.status, 200)
    assert.notMatch(await answer.text(), /s3cret/)
  })

  it("MCP routes are refused in words that say where to go, and are no resource of ours", async () => {
    const token = await registry.token(["mcp-servers-unrestricted/execute"])
    for (const path of ["/clock/mcp", "/clock/sse", "/nowhere/mcp"]) {
      const answer = await post(caller(registry.url + path, token), callTool("echo"))
      assert.strictEqual(answer.status, 404)
      assert.match(await answer.text(), /"jsonrpc":"2.0".*carries no calls: connect to the server's own URL/)
      const document = await fetch(`${registry.url}/.well-known/oauth-protected-resource${path}`)
      assert.strictEqual(document.status, 404)
    }
    assert.strictEqual((await fetch(`${registry.url}/.well-known/oauth-protected-resource`)).status, 200)
    assert.match(registry.output(), /the registry alone: no MCP is served here/)
  })
})
