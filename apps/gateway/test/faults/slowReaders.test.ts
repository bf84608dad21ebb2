/** Clients that ask for much and take nothing of it, where the answer is read whole before it is sent on (S-16). */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { asks, result, type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { answerOf, caller, post, request, toolNames } from "@mcpgw/testkit/McpRequest"
import { connect, type Socket } from "node:net"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const MOST = 4
const IDLE = 2

const TOOLS = Array.from({ length: 800 }, (_, i) => ({
  name: `tool${i}`,
  description: "x".repeat(10_000),
  inputSchema: { type: "object" }
}))

let server: ScriptedServer
let gateway: TestGateway
let token: string

beforeAll(async () => {
  const offers = {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "big", version: "1" }
  }
  server = await startScripted((asked) => {
    // Health checks read no list that long.
    const isCall = asked.headers.has("x-original-url")
    if (asks("tools/list")(asked)) return result(asked, { tools: isCall ? TOOLS : [] })
    if (asks("initialize")(asked)) return result(asked, offers)
    if (asks("ping")(asked)) return result(asked, {})
    return new Response(null, { status: asked.rpc.id === undefined ? 202 : 400 })
  })
  gateway = await startSeeded({
    servers: [at("/big", server.url)],
    scopes: SCOPES,
    env: { MCPGW_MAX_STREAMS_PER_CALLER: String(MOST), MCPGW_IDLE_TIMEOUT_SECONDS: String(IDLE) }
  })
  await server.when(asks("tools/list"))
  token = await gateway.token(["all"], { sub: "slow" })
})

afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})

const LIST = JSON.stringify(request("tools/list"))

/** Asks for the list and takes no more of the answer than its first line. */
const askAndWait = async (): Promise<{ readonly status: number; readonly socket: Socket }> => {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  socket.write(
    `POST /big/mcp HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\nContent-Length: ${LIST.length}\r\n\r\n${LIST}`
  )
  const first = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString("latin1"))))
  socket.pause()
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(first)?.[1]), socket }
}

describe("S-16: a list of eight megabytes", () => {
  it("comes whole to whoever takes it", async () => {
    const answer = await post(caller(`${gateway.url}/big/mcp`, token), request("tools/list"))
    assert.lengthOf(toolNames(await answerOf(answer)), TOOLS.length)
  })

  it("counts as open until it is taken, and is given up when nothing of it is", async () => {
    const asked = []
    for (let i = 0; i < MOST + 3; i++) asked.push(await askAndWait())
    const statuses = asked.map(({ status }) => status)
    assert.deepEqual(statuses, [...Array(MOST).fill(200), 429, 429, 429])
    await vi.waitFor(
      async () => {
        const again = await askAndWait()
        again.socket.destroy()
        assert.strictEqual(again.status, 200)
      },
      { timeout: 20_000, interval: 300 }
    )
    for (const { socket } of asked) socket.destroy()
  })
})
