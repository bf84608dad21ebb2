import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Deadlines } from "../src/Deadlines.ts"
import { Pool } from "../src/internal/http1/Pool.ts"
import { failureOf, requestTo, textOf } from "./suites/upstreamSuite.ts"
import { dialler, eventually, exchange, raw, reasonOf } from "./support/Dialler.ts"
import { reply } from "./support/RawServer.ts"

const local = (port: number): string => `http://127.0.0.1:${port}/`

const FORGED = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"

describe("layerHttp, which connections are used again (RFC 9112 §9.3)", () => {
  it.scoped("one connection serves many exchanges, one after another", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) => socket.write(reply(String(count))))
      const upstream = yield* dialler()
      for (let i = 0; i < 20; i++) expect((yield* exchange(upstream, local(server.port))).text).toBe(String(i))
      expect(server.connections()).toBe(1)
    })
  )

  it.scoped("an unread body keeps its connection from other exchanges", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) => {
        if (count === 0) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf")
        else socket.write(reply("other"))
      })
      const upstream = yield* dialler()
      const first = yield* Effect.promise(() => upstream.exchange(requestTo(local(server.port))))
      expect((yield* exchange(upstream, local(server.port))).text).toBe("other")
      expect(server.connections()).toBe(2)
      first.cancel()
      yield* eventually(() => server.open() === 1)
    })
  )

  const notAgain: ReadonlyArray<readonly [what: string, answer: string, body: string]> = [
    ["Connection: close", reply("once", "connection: close\r\n"), "once"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\nonce", "once"],
    ["Keep-Alive: timeout=1", reply("once", "keep-alive: timeout=1\r\n"), "once"],
    ["Keep-Alive: timeout=0", reply("once", "keep-alive: max=5, timeout=0\r\n"), "once"],
    ["surplus after a length", `${reply("once")}${FORGED}`, "once"],
    [
      "surplus after chunks",
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nonce\r\n0\r\n\r\n${FORGED}`,
      "once"
    ],
    ["a 204 that announced a body", `HTTP/1.1 204 No Content\r\ncontent-length: ${FORGED.length}\r\n\r\n`, ""],
    ["a 204 with a body", `HTTP/1.1 204 No Content\r\n\r\n${FORGED}`, ""],
    ["a 304 with a body", `HTTP/1.1 304 Not Modified\r\ncontent-length: ${FORGED.length}\r\n\r\n${FORGED}`, ""]
  ]

  it.scoped.each(notAgain)(
    "not after %s: the next exchange has a connection, and an answer, of its own",
    ([, answer, body]) =>
      Effect.gen(function* () {
        const server = yield* raw((socket, count) => socket.write(count === 0 ? answer : reply("second")))
        const upstream = yield* dialler()
        expect((yield* exchange(upstream, local(server.port))).text).toBe(body)
        expect((yield* exchange(upstream, local(server.port))).text).toBe("second")
        expect(server.connections()).toBe(2)
        yield* eventually(() => server.open() === 1)
      })
  )

  it.scoped("unsolicited bytes on a free connection close it: they answer nobody", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) => {
        socket.write(reply(String(count)))
        if (count === 0) setTimeout(() => socket.write(FORGED), 10)
      })
      const upstream = yield* dialler()
      yield* exchange(upstream, local(server.port))
      yield* eventually(() => server.open() === 0)
      expect((yield* exchange(upstream, local(server.port))).text).toBe("1")
    })
  )

  it.scoped("a free connection that the server closes is forgotten, ended or reset", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) => {
        socket.write(reply(String(count)))
        setTimeout(() => (count % 2 === 0 ? socket.end() : socket.resetAndDestroy()), 5)
      })
      const upstream = yield* dialler()
      for (let i = 0; i < 4; i++) {
        expect((yield* exchange(upstream, local(server.port))).text).toBe(String(i))
        yield* eventually(() => server.open() === 0)
        // Its own side of the news may come a moment later.
        yield* Effect.promise(() => Bun.sleep(10))
      }
      expect(server.connections()).toBe(4)
    })
  )
})

describe("layerHttp, headers that can not be sent", () => {
  it.scoped.each([
    { "x-a": "b\r\nx-c: d" },
    { "x-a": "b\nc" },
    { "x-a": "\0" },
    { "x-a": "\u0100" },
    { "x a": "b" },
    { "": "b" }
  ])("refused, nothing is sent, and no connection is taken: %j", (headers) =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const upstream = yield* dialler()
      expect(yield* reasonOf(upstream, local(server.port), { headers })).toBe("broken")
      expect(server.connections()).toBe(0)
      yield* exchange(upstream, local(server.port))
      const sent = server.received()
      expect(yield* reasonOf(upstream, local(server.port), { headers })).toBe("broken")
      yield* exchange(upstream, local(server.port))
      expect(server.received()).toBe(sent + sent)
      expect(server.connections()).toBe(1)
    })
  )

  it.scoped("what the connection writes itself is not sent twice", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const upstream = yield* dialler()
      const headers = { host: "evil", "content-length": "99", "transfer-encoding": "chunked", connection: "x", a: "b" }
      yield* exchange(upstream, local(server.port), { headers })
      const length = "content-length: 2\r\n\r\n{}"
      expect(server.received()).toBe(`POST / HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\na: b\r\n${length}`)
    })
  )
})

describe("layerHttp, when its scope closes", () => {
  it.scoped("free connections, exchanges and attempts end, and later exchanges are refused", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) => {
        if (count < 3) setTimeout(() => socket.write(reply("{}")), 20)
        else if (count === 4) socket.write("HTTP/1.1 200 OK\r\n\r\nuntil close")
      })
      const scope = yield* Scope.make()
      const upstream = yield* Scope.extend(dialler(), scope)
      const ask = () => upstream.exchange(requestTo(local(server.port)))
      yield* Effect.promise(() => Promise.all([ask(), ask(), ask()]))
      const waiting = failureOf(ask())
      yield* eventually(() => server.received().match(/POST/g)?.length === 4)
      const open = yield* Effect.promise(ask)
      const connecting = Array.from({ length: 5 }, () => failureOf(ask()))
      yield* Scope.close(scope, Exit.void)
      expect((yield* Effect.promise(() => waiting)).reason).toBe("broken")
      for (const failure of yield* Effect.promise(() => Promise.all(connecting))) expect(failure.reason).toBe("broken")
      // A body that ends with its connection was not ended by the server here.
      yield* Effect.promise(() => expect(textOf(open)).rejects.toThrow())
      expect((yield* Effect.promise(() => failureOf(ask()))).reason).toBe("broken")
      yield* eventually(() => server.connections() > 0 && server.open() === 0)
    })
  )
})

/** How many deadlines are neither cancelled nor over. */
class Counting extends Deadlines {
  private readonly running = new Set<unknown>()
  get size(): number {
    return this.running.size
  }
  override start(ms: number, fire: () => void) {
    const deadline = super.start(ms, fire)
    this.running.add(deadline)
    return deadline
  }
  override drop(...[entry]: Parameters<Deadlines["drop"]>): void {
    this.running.delete(entry)
    super.drop(entry)
  }
}

describe("Pool", () => {
  const never = new AbortController().signal
  const pooled = Effect.gen(function* () {
    const server = yield* raw((socket) => socket.write(reply("{}")))
    const deadlines = new Counting()
    const destination = { address: "127.0.0.1", port: server.port, tls: undefined, connectTimeoutMs: 5_000 }
    const pool = new Pool(destination, deadlines)
    yield* Effect.addFinalizer(() => Effect.sync(() => (pool.end(), deadlines.stop())))
    return { server, pool, deadlines }
  })

  it.scoped("keeps 256 free connections at most, the latest is used first, and a sweep closes the old ones", () =>
    Effect.gen(function* () {
      const { server, pool, deadlines } = yield* pooled
      const made = yield* Effect.promise(() => Promise.all(Array.from({ length: 300 }, () => pool.connect(never))))
      for (const connection of made) pool.keep(connection, undefined)
      expect(deadlines.size).toBe(0)
      yield* eventually(() => server.connections() === 300 && server.open() === 256)
      const latest = pool.take()
      expect(latest).toBe(made[255])
      pool.sweep(performance.now())
      expect(pool.retire()).toBe(false)
      pool.sweep(performance.now() + 3_900)
      expect(server.open()).toBe(256)
      pool.sweep(performance.now() + 4_100)
      yield* eventually(() => server.open() === 1)
      expect(pool.take()).toBeUndefined()
      latest?.drop()
      yield* eventually(() => server.open() === 0)
      expect(pool.retire()).toBe(true)
    })
  )

  it.scoped("Keep-Alive: timeout=n is obeyed, a second earlier", () =>
    Effect.gen(function* () {
      const { server, pool } = yield* pooled
      pool.keep(yield* Effect.promise(() => pool.connect(never)), "max=100, timeout=30")
      pool.sweep(performance.now() + 28_900)
      const connection = pool.take()
      expect(connection).toBeDefined()
      if (connection !== undefined) pool.keep(connection, "timeout=30")
      pool.sweep(performance.now() + 29_100)
      yield* eventually(() => server.connections() === 1 && server.open() === 0)
    })
  )

  it.scoped("a caller that leaves while connecting leaves no connection behind", () =>
    Effect.gen(function* () {
      const { server, pool, deadlines } = yield* pooled
      for (let i = 0; i < 20; i++) {
        const caller = new AbortController()
        const connection = pool.connect(caller.signal)
        caller.abort()
        yield* Effect.promise(() => expect(connection).rejects.toMatchObject({ reason: "aborted" }))
      }
      const gone = AbortSignal.abort()
      yield* Effect.promise(() => expect(pool.connect(gone)).rejects.toMatchObject({ reason: "aborted" }))
      yield* eventually(() => server.connections() === 20 && server.open() === 0)
      yield* eventually(() => pool.retire())
      expect(deadlines.size).toBe(0)
    })
  )
})
