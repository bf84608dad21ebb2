/** 2024-11-05's HTTP+SSE through the gateway: a server that speaks it, and a client that speaks it to one that does not. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { type Caller, caller, get, reading } from "@mcpgw/testkit/McpRequest"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { Schema } from "effect"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { connectSse, type Peer, type PeerOptions } from "../support/Peers.ts"
import { type Everything, startEverything } from "../support/everything.ts"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
few:
  - server: "*"
    methods: [tools/list]
    tools: [echo]
`

let old: Everything
let modern: Everything
let scripted: ScriptedServer
let gateway: TestGateway
let all: Caller
let few: Caller

beforeAll(async () => {
  old = await startEverything("sse")
  modern = await startEverything()
  scripted = await startScripted(legacyScript({ tools: ["echo"] }))
  gateway = await startSeeded({
    servers: [
      at("/old", old.url, { supported_transports: ["sse"] }),
      at("/team/old", old.url, { supported_transports: ["sse"] }),
      at("/modern", modern.url),
      at("/scripted", scripted.url)
    ],
    scopes: SCOPES,
    env: { MCPGW_HEARTBEAT_SECONDS: "1" }
  })
  all = caller(gateway.url, await gateway.token(["all"], { sub: "all" }))
  few = caller(gateway.url, await gateway.token(["few"], { sub: "few" }))
})

afterAll(async () => {
  await gateway?.close()
  await Promise.all([old?.stop("SIGKILL"), modern?.stop("SIGKILL"), scripted?.stop()])
})

const to = (who: Caller, path: string): Caller => ({ ...who, url: gateway.url + path })

const isProgress = Schema.is(
  Schema.Struct({
    method: Schema.Literal("notifications/progress"),
    params: Schema.Struct({ progress: Schema.Number })
  })
)

const withPeer = async <A>(who: Caller, use: (peer: Peer) => Promise<A>, options: PeerOptions = {}): Promise<A> => {
  const peer = await connectSse(who, options)
  try {
    return await use(peer)
  } finally {
    await peer.close()
  }
}

/** Opens a stream by hand; answers where it says messages go. */
const open = async (who: Caller) => {
  const left = new AbortController()
  const response = await fetch(who.url, {
    headers: { ...who.headers, accept: "text/event-stream" },
    signal: left.signal
  })
  const text = response.headers.get("content-type")?.startsWith("text/event-stream")
    ? new TextDecoder().decode((await response.body?.getReader().read())?.value)
    : await response.text()
  return { status: response.status, text, endpoint: /^data: (.*)$/m.exec(text)?.[1] ?? "", leave: () => left.abort() }
}

const PING = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })

const send = (who: Caller, path: string, body = PING): Promise<Response> =>
  fetch(gateway.url + path, { method: "POST", headers: { ...who.headers, "content-type": "application/json" }, body })

describe.each([
  ["a server that speaks HTTP+SSE (W-30, W-33)", "/old/sse"],
  ["the same below a path of two segments", "/team/old/sse"],
  ["a server of Streamable HTTP, to a client of 2024-11-05", "/modern/sse"]
])("%s", (_title, path) => {
  it("connects, lists, calls; progress, sampling and elicitation come on the stream", () => {
    const steps: Array<unknown> = []
    const onMessage = (message: unknown) => {
      if (isProgress(message)) steps.push(message.params.progress)
    }
    return withPeer(
      to(all, path),
      async (peer) => {
        assert.strictEqual(peer.serverName(), "mcp-servers/everything")
        assert.isAbove((await peer.tools()).length, 5)
        assert.include(await peer.call("get-sum", { a: 2, b: 3 }), "5")
        await peer.call("trigger-long-running-operation", { duration: 0.3, steps: 3 }, () => undefined)
        assert.deepEqual(steps, [1, 2, 3])
        assert.include(await peer.call("trigger-sampling-request", { prompt: "hi" }), "sampled answer")
      },
      { onMessage }
    )
  })

  it("lists and calls agree for whom little is allowed; a refused call is a refused post", () =>
    withPeer(to(few, path), async (peer) => {
      assert.deepEqual(
        (await peer.tools()).map(({ name }) => name),
        ["echo"]
      )
      assert.include(await peer.call("echo", { message: "hello" }), "hello")
      const refused = await peer.call("get-sum", { a: 1, b: 1 }).then(String, String)
      assert.match(refused, /403.*Access denied: no tool 'get-sum'/s)
    }))

  it("S-07: the endpoint is the gateway's, and nobody else's", async () => {
    const mine = await open(to(all, path))
    try {
      assert.strictEqual(mine.status, 200)
      assert.match(mine.endpoint, new RegExp(`^${path.replace(/sse$/, "messages")}\\?sessionId=v1\\.`))
      // A server of Streamable HTTP says itself that there is no session yet.
      assert.strictEqual((await send(all, mine.endpoint)).status, path === "/modern/sse" ? 400 : 202)
      assert.strictEqual((await send(few, mine.endpoint)).status, 404, "another caller")
      assert.strictEqual((await send(all, mine.endpoint.slice(0, -2))).status, 404, "cut")
      assert.strictEqual((await send(all, mine.endpoint.split("?")[0] ?? "")).status, 404, "none")
      const elsewhere = mine.endpoint.replace(/^.*\/messages/, "/scripted/messages")
      assert.strictEqual((await send(all, elsewhere)).status, 404, "another server")
      const sealed = decodeURIComponent(mine.endpoint.split("sessionId=")[1] ?? "")
      const asSession = await fetch(gateway.url + path.replace(/sse$/, "mcp"), {
        method: "POST",
        headers: { ...all.headers, "content-type": "application/json", "mcp-session-id": sealed },
        body: PING
      })
      const refused = path === "/modern/sse" ? 404 : 405
      assert.strictEqual(asSession.status, refused, "no session of Streamable HTTP")
      assert.strictEqual((await send({ ...all, headers: {} }, mine.endpoint)).status, 401)
    } finally {
      mine.leave()
    }
  })

  it("W-21: a quiet stream has heartbeats, between events only", async () => {
    const stream = reading(await get(to(all, path)))
    const text = await stream.until(/\n\n: keepalive\n\n/)
    await stream.leave()
    assert.match(text, /^event: endpoint\ndata: .*\n\n(?:: keepalive\n\n)+$/)
  })

  it("each of the two endpoints takes one method, and bodies are judged as everywhere (W-16, W-44)", async () => {
    const mine = await open(to(all, path))
    try {
      const refused = await fetch(gateway.url + mine.endpoint, { headers: all.headers })
      assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "POST"])
      assert.strictEqual((await send(all, path)).status, 405)
      assert.strictEqual((await send(all, mine.endpoint, `[${PING}]`)).status, 400)
      assert.strictEqual((await send(all, mine.endpoint, `{"id":1,${PING.slice(1)}`)).status, 400)
    } finally {
      mine.leave()
    }
  })
})

describe("HTTP+SSE in front of Streamable HTTP", () => {
  it("W-22: a client that leaves ends the session at the server", async () => {
    await withPeer(to(all, "/scripted/sse"), async (peer) => {
      assert.deepEqual(
        (await peer.tools()).map(({ name }) => name),
        ["echo"]
      )
    })
    const ended = await scripted.when(({ method }) => method === "DELETE")
    assert.strictEqual(ended.headers.get("mcp-session-id"), "s-1")
  })

  it("W-24: what the server answers to the gateway's own requests is no message for the client", async () => {
    const left = new AbortController()
    const headers = { ...all.headers, accept: "text/event-stream" }
    const stream = await fetch(`${gateway.url}/scripted/sse`, { headers, signal: left.signal })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    assert(reader !== undefined)
    let seen = ""
    const until = async (words: string): Promise<void> => {
      while (!seen.includes(words)) seen += (await reader.read()).value ?? ""
    }
    await until("\n\n")
    const endpoint = /^data: (.*)$/m.exec(seen)?.[1] ?? ""
    const say = (message: object): Promise<Response> =>
      send(all, endpoint, JSON.stringify({ jsonrpc: "2.0", ...message }))
    const hello = { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "raw", version: "1" } }
    scripted.forget()
    await say({ id: 1, method: "initialize", params: hello })
    await say({ method: "notifications/initialized" })
    await scripted.when(({ method }) => method === "GET")
    await say({ id: 2, method: "ping" })
    await until('"id":2')
    assert.lengthOf(seen.match(/^event: message$/gm) ?? [], 2)
    left.abort()
  })

  it("a message for a stream that is closed is told so", async () => {
    const mine = await open(to(all, "/scripted/sse"))
    mine.leave()
    await vi.waitFor(async () => assert.strictEqual((await send(all, mine.endpoint)).status, 404), 15_000)
  })
})
