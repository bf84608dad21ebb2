/** HTTP+SSE in front of Streamable HTTP, with a server or a caller that means ill, or breaks (W-30…W-33, S-07, S-16). */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { type Caller, caller, get, type Reading, post, reading, request, withHeaders } from "@mcpgw/testkit/McpRequest"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { eventStream, eventText, type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { connect } from "node:net"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { type FaultyServer, startFaulty } from "../faults/FaultyServer.ts"
import { residentOf } from "../faults/Stand.ts"
import { connectSse } from "../support/Peers.ts"
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

const ELSEWHERE = "event: endpoint\ndata: /faulty/mcp\n\n"
const TEXT = { "content-type": "text/event-stream" }

let scripted: ScriptedServer
let faulty: FaultyServer
let gateway: TestGateway
let all: Caller
let few: Caller

/** By tool, what the server sends. */
const ANSWERS: Readonly<Record<string, (id: unknown) => Response>> = {
  redirecting: (id) =>
    new Response(
      `${ELSEWHERE}id: 7\nretry: 1\n${eventText({ jsonrpc: "2.0", id, result: { content: [] } })}${ELSEWHERE}`,
      {
        headers: TEXT
      }
    ),
  unended: (id) =>
    new Response(`${eventText({ jsonrpc: "2.0", id, result: { content: [] } })}data: {"jsonrpc":"2.0","id":99,`, {
      headers: TEXT
    }),
  "half a list": () =>
    new Response('event: message\ndata: {"jsonrpc":"2.0","id":50,"x":"result","result":{"to', {
      headers: { ...TEXT, "x-rest": "1" }
    }),
  "other half": (id) =>
    new Response(
      `ols":[{"name":"secret","inputSchema":{"type":"object"}}]}}\n\n${eventText({ jsonrpc: "2.0", id, result: {} })}`,
      {
        headers: TEXT
      }
    ),
  "cut short": (id) =>
    new Response(`data: {"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"con`, { headers: TEXT }),
  "lost session": () =>
    Response.json({ jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } }, { status: 404 }),
  busy: () => new Response(null, { status: 503, headers: { "retry-after": "9" } })
}

beforeAll(async () => {
  scripted = await startScripted(
    legacyScript({
      tools: ["echo", "secret"],
      instead: {
        GET: () => {
          const stream = eventStream()
          stream.write(`${ELSEWHERE}${eventText({ jsonrpc: "2.0", method: "notifications/hello" })}`)
          return stream.response
        },
        "tools/call": (asked) => ANSWERS[String(asked.rpc.params?.["name"])]?.(asked.rpc.id)
      }
    })
  )
  faulty = await startFaulty()
  gateway = await startSeeded({
    servers: [at("/scripted", scripted.url), at("/faulty", faulty.url)],
    scopes: SCOPES
  })
  all = caller(gateway.url, await gateway.token(["all"], { sub: "all" }))
  few = caller(gateway.url, await gateway.token(["few"], { sub: "few" }))
})

afterAll(async () => {
  await gateway?.close()
  await Promise.all([scripted?.stop(), faulty?.stop()])
})

interface Open extends Reading {
  readonly say: (method: string, params?: Readonly<Record<string, unknown>>, id?: string | number) => Promise<Response>
}

/** A client's stream with its session begun. */
const opened = async (who: Caller, path = "/scripted/sse"): Promise<Open> => {
  const response = await get({ ...who, url: gateway.url + path })
  assert.strictEqual(response.status, 200)
  const read = reading(response)
  const endpoint = /^data: (.*)$/m.exec(await read.until(/\ndata: .*\n\n/))?.[1] ?? ""
  const say: Open["say"] = (method, params = {}, id = 1) =>
    post({ ...who, url: gateway.url + endpoint }, request(method, params, id))
  const clientInfo = { name: "raw", version: "1" }
  await say("initialize", { protocolVersion: "2024-11-05", capabilities: {}, clientInfo }, "hello")
  await read.until(/"hello"/)
  return { ...read, say }
}

const callTool = (open: Open, name: string, id: number): Promise<Response> => open.say("tools/call", { name }, id)

describe("what a server writes on a stream that several answers share", () => {
  it("W-32: names no other endpoint, and sets nothing of the stream", async () => {
    const open = await opened(all)
    assert.strictEqual((await callTool(open, "redirecting", 3)).status, 202)
    await open.until(/"id":3/)
    await open.say("ping", {}, 4)
    const text = await open.until(/"id":4/)
    await open.leave()
    assert.lengthOf(text.match(/^event: endpoint$/gm) ?? [], 1, text)
    assert.notMatch(text, /^(?:id|retry):/m)
  })

  it("W-32: nor does the stream of the server's own messages", async () => {
    const hello: Array<string> = []
    const peer = await connectSse(
      { ...all, url: `${gateway.url}/scripted/sse` },
      { onNotification: (name) => hello.push(name) }
    )
    await vi.waitFor(() => assert.include(hello, "notifications/hello"), 15_000)
    assert.lengthOf(await peer.tools(), 2)
    await peer.close()
  })

  it("W-20: an event that is not ended spoils no other answer", async () => {
    const open = await opened(all)
    await callTool(open, "unended", 5)
    await open.until(/"id":5/)
    await open.say("ping", {}, 6)
    const text = await open.until(/"id":6/)
    await open.leave()
    assert.include(text.split("\n\n"), 'event: message\ndata: {"jsonrpc":"2.0","id":6,"result":{}}')
  })

  it("W-56: a list in two halves is no list", async () => {
    const open = await opened({ ...all })
    await callTool(open, "half a list", 50)
    await callTool(open, "other half", 51)
    const text = await open.until(/"id":51/)
    await open.leave()
    assert.notInclude(text, "secret")
  })

  it("an answer that is cut short is told to whoever waits for it", async () => {
    const open = await opened(all)
    await callTool(open, "cut short", 8)
    const text = await open.until(/"id":8.*\n\n/)
    await open.leave()
    assert.match(text, /"id":8,"error"/)
  })
})

describe("W-33: a server that refuses a message", () => {
  it.each([
    ["lost session", 404],
    ["busy", 503]
  ])("%s: the post says so at once, and nobody waits on the stream", async (tool, status) => {
    const open = await opened(all)
    const answer = await callTool(open, tool, 9)
    assert.strictEqual(answer.status, status)
    assert.isNull(answer.headers.get("mcp-session-id"))
    await open.leave()
  })

  it("an SDK client hears of it, too", async () => {
    const peer = await connectSse({ ...all, url: `${gateway.url}/scripted/sse` })
    const began = Date.now()
    assert.match(await peer.call("lost session").then(String, String), /Session not found/)
    assert.isBelow(Date.now() - began, 20_000, "long before the client gives up")
    await peer.close()
  })
})

describe("S-16: memory and streams", () => {
  it("an answer of a gigabyte is not held", async () => {
    const before = residentOf(gateway.pid)
    const open = await opened(all, "/faulty/sse")
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, residentOf(gateway.pid) - before)), 20)
    await callTool(open, "a gigabyte", 2)
    const text = await open.until(/"id":2.*\n\n/)
    clearInterval(watch)
    await open.leave()
    assert.include(text.slice(0, 2_000), "error")
    assert.isBelow(most, 200 * 1024 * 1024)
  })

  it("a client that leaves before its stream is there leaves none behind", async () => {
    const { hostname, port } = new URL(gateway.url)
    const streams = async (): Promise<number> => {
      const text = await (await fetch(`${gateway.url}/metrics`, { headers: { cookie: await gateway.signIn() } })).text()
      return Number(/^mcpgw_open_streams(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1])
    }
    await vi.waitFor(async () => assert.strictEqual(await streams(), 0), 12_000)
    for (let i = 0; i < 40; i++) {
      // A token never seen is verified first: long enough to leave.
      const token = await gateway.token(["all"], { sub: "leaver" })
      const socket = connect(Number(port), hostname)
      socket.on("error", () => undefined)
      socket.write(
        `GET /scripted/sse HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
        () => setTimeout(() => socket.resetAndDestroy(), i % 4)
      )
    }
    await Bun.sleep(500)
    await vi.waitFor(async () => assert.strictEqual(await streams(), 0), 12_000)
  })
})

it("W-23: a client that takes its stream up again after an event with an id gets a new one", async () => {
  const who = withHeaders({ ...few, url: `${gateway.url}/scripted/sse` }, { "last-event-id": "7" })
  const response = await get(who)
  assert.strictEqual(response.status, 200)
  await response.body?.cancel()
})
