/** Time limits, heartbeats, back-pressure and the bound on streams, through a real gateway (W-21, W-22, W-27). */
import {
  answerOf,
  caller,
  callTool,
  get,
  messagesIn,
  modern,
  notification,
  post,
  reading,
  request
} from "@mcpgw/testkit/McpRequest"
import type { AuditRecord } from "@mcpgw/telemetry/AuditRecord"
import { connect, type Socket } from "node:net"
import { afterAll, afterEach, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { chunk, FILLER, GIGABYTE } from "./FaultyServer.ts"
import { IDLE, residentOf, see, type Stand, startStand, TOTAL, until } from "./Stand.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MOST = 5
/** What a gigabyte on its way may add to the process. */
const ROOM = 128 * 1024 * 1024

let stand: Stand
const path = "f0"
const sockets: Array<Socket> = []

beforeAll(async () => {
  stand = await startStand([path], { MCPGW_MAX_STREAMS_PER_CALLER: String(MOST) })
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

afterAll(() => stand?.close())

const server = () => {
  const found = stand.servers[path]
  assert(found !== undefined)
  return found
}

/** A caller of their own. */
const somebody = async (name: string, { gateway }: Stand = stand) => {
  const token = await gateway.token(["all"], { sub: name, preferred_username: name })
  return caller(`${gateway.url}/${path}/mcp`, token)
}

const ERAS = [
  ["legacy", (who: Awaited<ReturnType<typeof somebody>>) => [who, callTool("half-open stream", 7)] as const],
  ["modern", (who: Awaited<ReturnType<typeof somebody>>) => modern(who, "tools/call", { name: "half-open stream" }, 7)]
] as const

describe("W-22: a client that leaves closes the exchange with the server, and no cancellation is invented", () => {
  it.each(ERAS)("%s", async (era, callOf) => {
    const [who, message] = callOf(await somebody(`leaver-${era}`))
    const leaving = new AbortController()
    const body = reading(await post(who, message, { signal: leaving.signal }))
    await body.until(/progress/)
    const before = server().open()
    leaving.abort()
    await until("the exchange with the server is closed", () => server().open() < before, IDLE * 1000 - 500)
    assert.notInclude(server().asked, "notifications/cancelled")
    const row = await stand.row(path, ({ username }) => username === `leaver-${era}`)
    assert.deepEqual([row.decision, row.outcome], ["allow", "aborted"])
  })
})

describe("W-21: heartbeats", () => {
  it("a comment for each second of silence, between events only, and the answer after it", async () => {
    const response = await post(await somebody("waiter"), callTool("quiet", 1))
    const text = await response.text()
    assert.match(text, /progress.*\n\n: keepalive\n\nevent: message\ndata: .*"fine"/)
    assert.lengthOf(messagesIn(text), 2)
  })

  it("W-27: GET and subscriptions/listen outlive every deadline, on heartbeats", async () => {
    const who = await somebody("listener")
    const stream = reading(await get(who))
    const [listener, listen] = modern(who, "subscriptions/listen", { notifications: {} })
    const subscribed = reading(await post(listener, listen))
    const beats = new RegExp(`(?:: keepalive[^]*){${TOTAL + 1}}`)
    for (const text of await Promise.all([stream.until(beats), subscribed.until(beats)])) {
      assert.match(text, beats)
      assert.notInclude(text, "error")
    }
    await Promise.all([stream.leave(), subscribed.leave()])
  })
})

/** Sends the head of a call over a bare socket. `framing`: the header that says how long the body is. */
const rawPost = (token: string, framing: string): Socket => {
  const { hostname, port, host } = new URL(stand.gateway.url)
  const socket = connect({ host: hostname, port: Number(port) })
  sockets.push(socket)
  socket.on("error", () => undefined)
  socket.write(
    `POST /${path}/mcp HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${token}\r\ncontent-type: application/json\r\n` +
      `accept: application/json, text/event-stream\r\n${framing}\r\n\r\n`
  )
  return socket
}

/** The whole call. */
const rawCall = (token: string, tool: string): Socket => {
  const body = JSON.stringify(callTool(tool, 1))
  const socket = rawPost(token, `content-length: ${body.length}`)
  socket.write(body)
  return socket
}

describe("a gigabyte", () => {
  // On a full machine it takes longer than a call may take at the other.
  let patient: Stand
  beforeAll(async () => {
    patient = await startStand([path], { MCPGW_TOTAL_TIMEOUT_SECONDS: "60", MCPGW_IDLE_TIMEOUT_SECONDS: "30" })
  })
  afterAll(() => patient?.close())

  it("is relayed whole, in constant memory", async () => {
    const before = residentOf(patient.gateway.pid)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, residentOf(patient.gateway.pid))), 50)
    const response = await post(await somebody("big", patient), callTool("a gigabyte", 1))
    let size = 0
    for await (const part of response.body ?? []) size += part.length
    clearInterval(watch)
    assert.deepEqual([response.status, size], [200, GIGABYTE])
    assert.isBelow(most - before, ROOM)
  })

  it("of events is relayed whole, in constant memory", async () => {
    const before = residentOf(patient.gateway.pid)
    let [most, size] = [0, 0]
    const watch = setInterval(() => (most = Math.max(most, residentOf(patient.gateway.pid))), 50)
    const response = await post(await somebody("big-stream", patient), callTool("a gigabyte of events", 1))
    for await (const part of response.body ?? []) size += part.length
    clearInterval(watch)
    assert.strictEqual(response.status, 200)
    assert.isAtLeast(size, GIGABYTE)
    assert.isBelow(most - before, ROOM)
  })

  it.each([
    ["of announced length", `content-length: ${GIGABYTE}`, FILLER],
    ["in chunks", "transfer-encoding: chunked", Buffer.from(chunk(FILLER.toString()))]
  ])("S-16: from a client, %s, is refused in words, in constant memory", async (_title, framing, part) => {
    const before = residentOf(stand.gateway.pid)
    const { headers } = await somebody("talker")
    const socket = rawPost(headers["authorization"] ?? "", framing)
    let [answer, most] = ["", 0]
    socket.on("data", (data) => (answer += data.toString()))
    for (let sent = 0; sent < GIGABYTE; sent += FILLER.length) {
      if (socket.write(part)) continue
      await new Promise((resolve) => socket.once("drain", resolve))
      most = Math.max(most, residentOf(stand.gateway.pid))
    }
    await until("it is refused", () => answer.includes("jsonrpc"))
    assert.match(answer, /^HTTP\/1\.1 413 [^]*"The body is larger than \d+ bytes"/)
    assert.isBelow(most - before, ROOM)
  })

  it("is refused where it had to be read whole", async () => {
    const before = residentOf(stand.gateway.pid)
    const response = await post(await somebody("lister"), request("tools/list", { cursor: "gigabyte" }))
    assert.strictEqual(response.status, 502)
    assert.isBelow(residentOf(stand.gateway.pid) - before, ROOM)
  })
})

describe("a client that takes nothing", () => {
  it("holds the server back, and is cut off at the idle deadline", async () => {
    const before = residentOf(stand.gateway.pid)
    const { headers } = await somebody("stalled")
    const socket = rawCall(headers["authorization"] ?? "", "a gigabyte")
    socket.pause()
    const began = performance.now()
    const row = await stand.row(path, ({ username }) => username === "stalled")
    assert.isAtLeast(performance.now() - began, IDLE * 1000 - 100)
    assert.deepEqual([row.decision, row.outcome], ["allow", "aborted"])
    assert.isBelow(residentOf(stand.gateway.pid) - before, ROOM)
    const closed = new Promise((resolve) => socket.once("close", resolve))
    socket.resume()
    await closed
    assert.isBelow(socket.bytesRead, GIGABYTE / 2)
  })
})

describe("streams of one caller are bounded", () => {
  it("one more: 429 with Retry-After, on record; others are served, and so is what ends one", async () => {
    const who = await somebody("greedy")
    const streams = await Promise.all(Array.from({ length: MOST }, () => get(who)))
    assert.deepEqual(new Set(streams.map(({ status }) => status)), new Set([200]))
    for (const response of [await get(who), await post(who, callTool("fine", 9))]) {
      assert.strictEqual(response.status, 429)
      assert.isTrue(response.headers.has("retry-after"))
      const { error } = await answerOf(response)
      assert.strictEqual(error?.code, -31429)
      assert.match(error?.message ?? "", /You have 5 streams and calls open/)
    }
    const row = await stand.row(path, ({ rule }) => rule === "gate:streams")
    assert.deepEqual([row.username, row.decision, row.outcome, row.status], ["greedy", "allow", "refused", 429])
    assert.strictEqual((await post(who, notification("notifications/cancelled"))).status, 202)
    assert.strictEqual((await see(await somebody("modest"), "fine")).status, 200)
    await streams[0]?.body?.cancel()
    while ((await see(who, "fine")).status === 429) await Bun.sleep(20)
    await Promise.all(streams.slice(1).map(({ body }) => body?.cancel()))
  })

  it("whatever way calls end, what they took is given back", async () => {
    const who = await somebody("busy")
    for (const tool of ["fine", "closed at once", "fine", "no JSON", "ended without an answer", "too many", "fine"])
      for (let i = 0; i < 4; i++) await see(who, tool)
    const own = (rows: ReadonlyArray<AuditRecord>) => rows.filter(({ username }) => username === "busy")
    const rows = own(await auditUntil(stand.gateway.dataDir, (all) => own(all).length >= 28))
    assert.lengthOf(rows, 28)
    assert.isFalse(rows.some(({ rule }) => rule === "gate:streams"))
  })
})
