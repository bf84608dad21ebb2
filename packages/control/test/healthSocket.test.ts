/** The socket at an edge: real WebSocket clients, and one on a bare connection that takes nothing. */
import { it } from "@effect/vitest"
import { cookieName } from "@mcpgw/identity/SessionCookie"
import * as Effect from "effect/Effect"
import { connect } from "node:net"
import { afterAll, beforeAll, describe, expect, vi } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { limits } from "../src/healthHub.ts"
import { socketSink } from "../src/healthSinks.ts"
import { serveSocket, type SocketData, socketHandlers, type SocketPlane, wantsSocket } from "../src/healthSocket.ts"
import { claims, policyOf, server, stand } from "./support/hub.ts"
import { call, layer, PUBLIC_URL, signedIn } from "./support/plane.ts"

const names = Array.from({ length: 2_000 }, (_, i) => `server-with-a-rather-long-name-${i}`)

const HANDSHAKE = [
  "GET /ws/health_status HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "",
  ""
].join("\r\n")

/** In real time: the sockets are real. */
const eventually = (so: () => void) => Effect.promise(() => vi.waitFor(so, { timeout: 15_000, interval: 20 }))

const serve = (openSocket: SocketPlane["openSocket"], websocket = socketHandlers) =>
  Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket,
    fetch: (request, server) => serveSocket({ openSocket }, request, server, "127.0.0.1")
  })

const listening = (openSocket: SocketPlane["openSocket"]) =>
  Effect.acquireRelease(
    Effect.sync(() => serve(openSocket)),
    (listener) => Effect.promise(() => listener.stop(true))
  ).pipe(Effect.map(({ port }) => port ?? 0))

/** An edge over a hub whose every watcher may see all. */
const edge = Effect.gen(function* () {
  const { hub, state } = stand(yield* policyOf({ a: ["all"] }), names, { waitingBytes: 512 * 1024 })
  const openSocket = (): Promise<SocketData> => {
    let leave = (): void => {}
    return Promise.resolve({
      opened: (socket) => (leave = hub.join(claims("a"), () => () => undefined, socketSink(socket))),
      closed: () => leave()
    })
  }
  return { hub, state, port: yield* listening(openSocket) }
})

const client = (port: number) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/health_status`)
  const told: Array<string> = []
  socket.addEventListener("message", ({ data }) => void told.push(String(data)))
  return { socket, told }
}

/** An empty ping (RFC 6455 §5.5.2), at the end of what came. */
const PING = Buffer.from([0x89, 0])

describe("contracts §2.11: the socket", () => {
  // Goes on beside the other tests: eight seconds are the shortest silence there is, instead of a minute's.
  let pinged: ReturnType<typeof serve> | undefined
  let answers: WebSocket | undefined
  let silent: Promise<Buffer> | undefined

  beforeAll(() => {
    const openSocket = () => Promise.resolve({ opened: () => {}, closed: () => {} })
    pinged = serve(openSocket, { ...socketHandlers, idleTimeout: 8 })
    const port = pinged.port ?? 0
    answers = new WebSocket(`ws://127.0.0.1:${port}/ws/health_status`)
    silent = new Promise((resolve) => {
      const parts: Array<Buffer> = []
      const socket = connect(port, "127.0.0.1", () => void socket.write(HANDSHAKE))
      socket.on("data", (part) => void parts.push(typeof part === "string" ? Buffer.from(part) : part))
      socket.on("error", () => undefined)
      socket.on("close", () => resolve(Buffer.concat(parts)))
    })
  })

  afterAll(() => pinged?.stop(true))

  it("is asked for by GET with Upgrade at its two paths, and nowhere else", () => {
    const cases = [
      ["GET", "/ws/health_status", "websocket", true],
      ["GET", "/api/health/ws/health_status", "WebSocket", true],
      ["GET", "/ws/health_status", undefined, false],
      ["GET", "/ws/health_status", "h2c", false],
      ["POST", "/ws/health_status", "websocket", false],
      ["GET", "/ws/health_status/x", "websocket", false],
      ["GET", "/one/mcp", "websocket", false]
    ] as const
    for (const [method, path, upgrade, wanted] of cases) expect(wantsSocket(method, path, upgrade)).toBe(wanted)
  })

  it.scopedLive("who takes nothing is let go, the others lose nothing, and nobody's memory grows", () =>
    Effect.gen(function* () {
      const { hub, port, state } = yield* edge
      const good = client(port)
      const stuck = connect(port, "127.0.0.1", () => {
        stuck.write(HANDSHAKE)
        stuck.pause()
      })
      const closed = new Promise<void>((resolve) => stuck.on("close", () => resolve()))
      stuck.on("error", () => undefined)
      yield* eventually(() => expect(hub.stats().websockets).toBe(2))
      const versions = (["unhealthy: timeout", "healthy"] as const).map((status) =>
        names.map((name) => [`/${name}`, server(name, status)] as const)
      )
      for (let round = 0; hub.stats().dropped_slow_total === 0; round++) {
        for (const [path, one] of versions[round % 2] ?? []) state.servers.set(path, one)
        hub.changed(state.servers.keys())
        yield* Effect.sleep("5 millis")
        hub.round(round)
        expect(round).toBeLessThan(500)
      }
      stuck.resume()
      yield* Effect.promise(() => closed)
      yield* eventually(() => expect(good.told.length).toBe(hub.stats().broadcasts_total + 1))
      expect(hub.stats()).toMatchObject({ websockets: 1, dropped_slow_total: 1 })
      good.socket.close()
      yield* eventually(() => expect(hub.stats().connections).toBe(0))
    })
  )

  it.scopedLive("a ping is answered; what a client says is not listened to, and a long message ends it", () =>
    Effect.gen(function* () {
      const { hub, port } = yield* edge
      const { socket } = client(port)
      const ponged = new Promise<void>((resolve) => socket.addEventListener("pong", () => resolve()))
      yield* eventually(() => expect(socket.readyState).toBe(WebSocket.OPEN))
      socket.ping()
      yield* Effect.promise(() => ponged)
      socket.send("anything")
      socket.ping()
      expect(hub.stats().connections).toBe(1)
      socket.send("x".repeat(10_000))
      yield* eventually(() => expect(hub.stats().connections).toBe(0))
    })
  )

  it.scopedLive("without a handshake there is no socket, and no place is taken", () =>
    Effect.gen(function* () {
      const { hub, port } = yield* edge
      const answer = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/ws/health_status`))
      expect(answer.status).toBe(426)
      expect(hub.stats().connections).toBe(0)
    })
  )

  it.scopedLive("S-16: whoever asks for many at once gets no more than one after the other", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const session = yield* signedIn("admin")
      const many = 2 * limits.perPerson
      const asked: Array<() => void> = []
      /** None goes on before all have been let in. */
      const together = (): Promise<void> =>
        new Promise((resolve) => {
          asked.push(resolve)
          if (asked.length === many) for (const goOn of asked) goOn()
        })
      const openSocket: ControlPlane.ControlPlane["openSocket"] = async (request, info) => {
        const opened = await plane.openSocket(request, info)
        await together()
        return opened
      }
      const port = yield* listening(openSocket)
      const headers = { cookie: `${cookieName(PUBLIC_URL)}=${session}` }
      const codes: Array<number> = []
      for (let i = 0; i < many; i++) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/health_status`, { headers } as never)
        socket.addEventListener("close", ({ code }) => void codes.push(code))
      }
      yield* eventually(() => expect(codes).toEqual(Array.from({ length: limits.perPerson }, () => 1008)))
      const stats = yield* call(plane, "GET", "/api/health/ws/stats", { cookie: session })
      expect(stats.body).toMatchObject({ websockets: limits.perPerson, refused_at_capacity_total: limits.perPerson })
      expect((yield* call(plane, "GET", "/api/health/events", { cookie: session })).status).toBe(503)
    }).pipe(Effect.provide(layer()))
  )

  it("issue 6: the server asks for a sign of life; who gives none is let go, who answers stays", async () => {
    const came = await silent
    expect(came?.subarray(-PING.length)).toEqual(PING)
    expect(answers?.readyState).toBe(WebSocket.OPEN)
  }, 20_000)
})
