import { ServerPath } from "@mcpgw/domain/Ids"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import { addressOf, type Addressed, publicUrlsOf } from "../src/publicUrls.ts"

const addressed = (proxy_pass_url: string, more: Partial<Addressed> = {}): Addressed => ({
  path: Schema.decodeSync(ServerPath)("/team/time"),
  proxy_pass_url,
  supported_transports: [],
  ...more
})

describe("PublicUrls (contracts §1.15)", () => {
  it("with a gateway a client is told the gateway's URL, whatever the server's own is", () => {
    const urls = publicUrlsOf({ publicUrl: "https://mcp.example.com/gw", deploymentMode: "with-gateway" })
    const server = addressed("http://10.0.0.1:8000/", { mcp_endpoint: "http://10.0.0.1:8000/x" })
    assert.strictEqual(urls.serverUrl(server), "https://mcp.example.com/gw/team/time/mcp")
    assert.strictEqual(urls.serverUrl(server, "sse"), "https://mcp.example.com/gw/team/time/sse")
    assert.isTrue(urls.throughGateway)
  })

  it("registry-only: the server's own URL, its endpoints as the gateway would dial them", () => {
    const urls = publicUrlsOf({ publicUrl: "https://mcp.example.com", deploymentMode: "registry-only" })
    assert.strictEqual(urls.serverUrl(addressed("https://time.example.com/")), "https://time.example.com/mcp")
    assert.strictEqual(urls.serverUrl(addressed("https://time.example.com/mcp/")), "https://time.example.com/mcp/")
    assert.strictEqual(
      urls.serverUrl(addressed("https://time.example.com/", { mcp_endpoint: "https://time.example.com/v2" })),
      "https://time.example.com/v2"
    )
    assert.strictEqual(urls.serverUrl(addressed("https://time.example.com/"), "sse"), "https://time.example.com/sse")
    assert.isFalse(urls.throughGateway)
  })

  it("registry-only: a bundled server has no URL", () => {
    const urls = publicUrlsOf({ publicUrl: "https://mcp.example.com", deploymentMode: "registry-only" })
    assert.isUndefined(urls.serverUrl(addressed("in-process://currenttime")))
    assert.isUndefined(urls.serverUrl(addressed("in-process://currenttime"), "sse"))
  })

  it("registry-only: where a server speaks the older transport alone, the URL is that of its stream", () => {
    const urls = publicUrlsOf({ publicUrl: "https://mcp.example.com", deploymentMode: "registry-only" })
    const server = (...supported_transports: Addressed["supported_transports"]) =>
      addressed("https://time.example.com/", { supported_transports })
    assert.strictEqual(urls.serverUrl(server("sse")), "https://time.example.com/sse")
    assert.strictEqual(urls.serverUrl(server("sse", "streamable-http")), "https://time.example.com/mcp")
  })

  it("SECURITY: registry-only: no query and no user name of a server's URL is told, wherever it stands", () => {
    const urls = publicUrlsOf({ publicUrl: "https://mcp.example.com", deploymentMode: "registry-only" })
    const server = addressed("https://u:s3cret@time.example.com/mcp?key=s3cret#s3cret", {
      sse_endpoint: "https://time.example.com/events?key=s3cret"
    })
    assert.strictEqual(urls.serverUrl(server), "https://time.example.com/mcp")
    assert.strictEqual(urls.serverUrl(server, "sse"), "https://time.example.com/events")
    const endpoint = addressed("https://time.example.com/?key=s3cret", { mcp_endpoint: "https://a.example/x?s3cret" })
    assert.strictEqual(urls.serverUrl(endpoint), "https://a.example/x")
    assert.strictEqual(urls.serverUrl(addressed("https://time.example.com/?s3cret")), "https://time.example.com/mcp")
    assert.strictEqual(addressOf("no URL s3cret"), "")
  })
})
