/** 2024-11-05's HTTP+SSE with a server, or a caller, that means ill (W-30…W-33, S-06, S-07, S-16). */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { type Caller, caller, get, post, type Reading, reading, request } from "@mcpgw/testkit/McpRequest"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { connectSse } from "../support/Peers.ts"
import { at, startSeeded } from "../support/seed.ts"
import { ENDPOINT, type OldServer, startOld } from "../support/oldServer.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

let old: OldServer
let other: ScriptedServer
let gateway: TestGateway
let alice: Caller
let mallory: Caller

beforeAll(async () => {
  old = await startOld()
  other = await startScripted(() => new Response(null, { status: 202 }))
  gateway = await startSeeded({
    servers: [
      at("/old", old.url, { supported_transports: ["sse"] }),
      at("/whole", `${old.url}/sse`, { supported_transports: ["sse"] }),
      at("/both", old.url, { supported_transports: ["streamable-http", "sse"] })
    ],
    scopes: SCOPES
  })
  alice = caller(gateway.url, await gateway.token(["all"], { sub: "alice" }))
  mallory = caller(gateway.url, await gateway.token(["all"], { sub: "mallory" }))
  await old.when(({ rpc }) => rpc.method === "tools/list")
  await vi.waitFor(async () => {
    const stream = await opened(alice)
    await stream.leave()
    assert.strictEqual(stream.status, 200)
  }, 20_000)
})

afterAll(async () => {
  await gateway?.close()
  await Promise.all([old?.stop(), other?.stop()])
})

beforeEach(() => {
  old.opens = (session) => `${ENDPOINT}${session}\n\n`
  old.forget()
  other.forget()
})

const to = (who: Caller, path: string): Caller => ({ ...who, url: gateway.url + path })

interface Open extends Reading {
  readonly status: number
  readonly endpoint: string
}

const opened = async (who: Caller, path = "/old/sse"): Promise<Open> => {
  const response = await get(to(who, path))
  const read = reading(response)
  const text = response.status === 200 ? await read.until(/\ndata: .*\n\n/) : await read.end()
  return { ...read, status: response.status, endpoint: /^data: (.*)$/m.exec(text)?.[1] ?? "" }
}

describe("W-32, S-06: the endpoint a server names", () => {
  it.each([
    ["a path that begins with two slashes, behind a dot segment", (port: number) => `/.//127.0.0.1:${port}/steal`],
    ["the same at its own origin", (port: number) => `${old.url}//127.0.0.1:${port}/steal`],
    ["the same with a back slash", (port: number) => `/.\\\\127.0.0.1:${port}/steal`]
  ])("%s leads to no other origin", async (_, named) => {
    old.opens = () => `event: endpoint\ndata: ${named(other.port)}\n\n`
    const stream = await opened(alice)
    if (stream.status === 200) await (await post(to(alice, stream.endpoint), request("ping"))).text()
    await stream.leave()
    assert.deepEqual(
      other.seen.map(({ method, path }) => `${method} ${path}`),
      []
    )
  })

  it("a second one, with the first or later, does not reach the client, which would post its messages there", async () => {
    const elsewhere = "event: endpoint\ndata: /both/mcp\n\n"
    old.opens = (session) => `${ENDPOINT}${session}\n\n${elsewhere}`
    const stream = await opened(alice)
    const own = old.streams.at(-1)
    own?.write(elsewhere)
    own?.write("event: message\nevent:endpoint\r\ndata: /both/mcp\r\n\r\n")
    own?.send({ jsonrpc: "2.0", method: "notifications/last" })
    const text = await stream.until(/notifications\/last/)
    await stream.leave()
    assert.lengthOf(text.match(/endpoint/g) ?? [], 1, text)
    assert.notInclude(text, "/both/mcp")
  })

  it("one that a client does not take for one is not taken for one here", async () => {
    old.opens = (session) =>
      `event: endpoint\n\nevent: endpoint\nevent: message\ndata: /wrong\n\ndata: x\u2028event: endpoint\n\n${ENDPOINT}${session}\n\n`
    const stream = await opened(alice)
    const text = await stream.until(/\nevent: endpoint\ndata: \/old\/messages/)
    await stream.leave()
    assert.match(text, /\nevent: endpoint\ndata: \/old\/messages\?sessionId=v1\./)
  })
})

describe("W-31: a server that names its endpoint as an absolute URL", () => {
  it("sends its clients to the gateway's origin all the same: the official client refuses any other", async () => {
    old.opens = (session) => `event: endpoint\ndata: ${old.url}/message?sessionId=${session}\n\n`
    const stream = await opened(alice)
    await stream.leave()
    assert.match(stream.endpoint, /^\/old\/messages\?sessionId=v1\./)
    const peer = await connectSse(to(alice, "/old/sse"))
    try {
      assert.deepEqual(await peer.tools(), [])
    } finally {
      await peer.close()
    }
  })
})

describe("S-07: the streams of others", () => {
  it.each(["/old/message", "/both/message", "/both/x/y", "/old/mcp", "/old/sse", "/whole", "/whole/mcp", "/whole/sse"])(
    "a message posted to %s under the server's own name for another's stream does not get there",
    async (path) => {
      const stream = await opened(alice)
      const session = old.streams.length
      old.forget()
      const answer = await post(to(mallory, `${path}?sessionId=${session}`), request("ping", {}, "stolen"))
      assert.isAtLeast(answer.status, 400)
      assert.deepEqual(
        old.seen.map((asked) => asked.path),
        []
      )
      await stream.leave()
    }
  )

  it.each(["/old", "/old/mcp", "/both/sse", "/whole", "/whole/mcp"])(
    "GET %s shows nobody the server's own name for a stream",
    async (path) => {
      const response = await get(to(mallory, path), { signal: AbortSignal.timeout(1_000) })
      const read = reading(response)
      const text = await read.until(/\n\n/).catch(() => read.text())
      assert.notMatch(text, /sessionId=\d/)
      await read.leave().catch(() => undefined)
    }
  )

  it("two callers with the same ids get each their own answers", async () => {
    const [one, two] = [await opened(alice), await opened(mallory)]
    const streams = old.streams.length
    await post(to(alice, one.endpoint), request("ping", {}, 7))
    await one.until(/"id":7/)
    await post(to(mallory, two.endpoint), request("ping", {}, 7))
    await two.until(/"id":7/)
    assert.lengthOf(one.text().match(/"id":7/g) ?? [], 1)
    assert.deepEqual(
      old.seen.filter(({ method }) => method === "POST").map(({ path }) => path),
      [`/message?sessionId=${streams - 1}`, `/message?sessionId=${streams}`]
    )
    await Promise.all([one.leave(), two.leave()])
  })
})
