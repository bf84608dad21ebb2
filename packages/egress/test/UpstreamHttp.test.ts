import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { parseAllowed } from "../src/AddressPolicy.ts"
import { Resolver, type ResolverApi } from "../src/Resolver.ts"
import { Upstream } from "../src/Upstream.ts"
import { layerHttp } from "../src/UpstreamHttp.ts"
import { failureOf, requestTo, textOf } from "./suites/upstreamSuite.ts"
import { openBlackhole } from "./support/Blackhole.ts"
import { dialler, exchange, raw, reasonOf } from "./support/Dialler.ts"
import { reply } from "./support/RawServer.ts"

describe("layerHttp, where it connects (S-06)", () => {
  it.scoped("an address nobody vouched for is never dialled", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const upstream = yield* dialler({}, () => ["127.0.0.1"])
      const no = { trustedAddress: false }
      for (const host of ["127.0.0.1", "inside.example", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]) {
        expect(yield* reasonOf(upstream, `http://${host}:${server.port}/mcp`, no)).toBe("blocked_address")
      }
      expect(yield* reasonOf(upstream, "http://169.254.169.254/latest/meta-data")).toBe("blocked_address")
      expect(server.connections()).toBe(0)
      expect((yield* exchange(upstream, `http://inside.example:${server.port}/mcp`)).status).toBe(200)
    })
  )

  it.scoped("an allowed host and port is dialled, its neighbour is not", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const entry = parseAllowed(`inside.example:${server.port}`)
      assert(entry !== undefined)
      const upstream = yield* dialler({ allowed: [entry] }, () => ["127.0.0.1"])
      const no = { trustedAddress: false }
      expect((yield* exchange(upstream, `http://inside.example:${server.port}/`, no)).status).toBe(200)
      expect(yield* reasonOf(upstream, `http://inside.example:${server.port + 1}/`, no)).toBe("blocked_address")
      expect(yield* reasonOf(upstream, `http://other.example:${server.port}/`, no)).toBe("blocked_address")
    })
  )

  it.scoped("DNS rebinding: every answer is judged, and the judged address is the one dialled", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      let answer = ["127.0.0.1"]
      // Forgets at once: each exchange asks anew.
      const forgetful: ResolverApi = { known: () => undefined, resolve: async () => answer }
      const context = yield* Layer.build(layerHttp().pipe(Layer.provide(Layer.succeed(Resolver, forgetful))))
      const upstream = yield* Effect.provide(Upstream, context)
      const url = `http://rebind.example:${server.port}/mcp`
      expect((yield* exchange(upstream, url)).status).toBe(200)
      answer = ["169.254.169.254"]
      expect(yield* reasonOf(upstream, url)).toBe("blocked_address")
      answer = ["203.0.113.1"]
      expect(yield* reasonOf(upstream, url, { trustedAddress: false })).toBe("blocked_address")
      answer = ["127.0.0.1"]
      expect((yield* exchange(upstream, url)).status).toBe(200)
      expect(yield* reasonOf(upstream, url, { trustedAddress: false })).toBe("blocked_address")
      // `rebind.example` has no address anywhere: had the name been dialled, nothing would have answered.
      expect(server.received()).toContain(`host: rebind.example:${server.port}`)
    })
  )

  it.scoped("one blocked address among several stops the exchange there", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const upstream = yield* dialler({}, () => ["169.254.169.254", "127.0.0.1"])
      expect(yield* reasonOf(upstream, `http://a.example:${server.port}/`)).toBe("blocked_address")
      expect(server.connections()).toBe(0)
    })
  )

  it.scoped("a refused address gives way to the next", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("second")), "127.0.0.2")
      const upstream = yield* dialler({}, () => ["127.0.0.1", "127.0.0.2"])
      expect((yield* exchange(upstream, `http://a.example:${server.port}/`)).text).toBe("second")
    })
  )

  it.scoped("a name without an address", () =>
    Effect.gen(function* () {
      expect(yield* reasonOf(yield* dialler(), "http://nowhere.example/")).toBe("unknown_host")
    })
  )
})

describe("layerHttp, what it sends", () => {
  it.scoped("Host is the server's own, query and path are untouched, nothing is added that matters", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const upstream = yield* dialler({}, () => ["127.0.0.1"])
      yield* exchange(upstream, `http://tools.example:${server.port}/a%2Fb/mcp?x=%20&y`, {
        headers: { "accept-encoding": "identity", accept: "a/b" }
      })
      const [head = ""] = server.received().split("\r\n\r\n")
      expect(head).toContain("POST /a%2Fb/mcp?x=%20&y HTTP/1.1")
      expect(head).toMatch(new RegExp(`^host: tools\\.example:${server.port}$`, "im"))
      expect(head.match(/^host:/gim)).toHaveLength(1)
      expect(head).toMatch(/^accept-encoding: identity$/im)
      expect(head).toMatch(/^content-length: 2$/im)
      for (const name of ["cookie", "authorization", "referer", "origin", "transfer-encoding"]) {
        expect(head.toLowerCase()).not.toContain(`\r\n${name}:`)
      }
    })
  )

  it.scoped("a request that was sent is never sent again", () =>
    Effect.gen(function* () {
      // Answers once, then closes the kept connection on the next request without a word.
      const server = yield* raw((socket, count) => (count === 0 ? socket.write(reply("{}")) : socket.destroy()))
      const upstream = yield* dialler({}, () => ["127.0.0.1", "127.0.0.1"])
      const url = `http://a.example:${server.port}/`
      yield* exchange(upstream, url)
      expect(yield* reasonOf(upstream, url)).toBe("broken")
      expect(server.received().match(/POST/g)).toHaveLength(2)
    })
  )
})

describe("layerHttp, when it gives up", () => {
  it.scoped("nobody listens: refused", () =>
    Effect.gen(function* () {
      const server = yield* raw(() => undefined)
      server.stop()
      expect(yield* reasonOf(yield* dialler(), `http://127.0.0.1:${server.port}/`)).toBe("refused")
    })
  )

  it.scoped("closed without an answer, and an answer that is no HTTP: broken", () =>
    Effect.gen(function* () {
      const upstream = yield* dialler()
      const closing = yield* raw((socket) => socket.destroy())
      expect(yield* reasonOf(upstream, `http://127.0.0.1:${closing.port}/`)).toBe("broken")
      const babbling = yield* raw((socket) => socket.end("SSH-2.0-nope\r\n\r\n"))
      expect(yield* reasonOf(upstream, `http://127.0.0.1:${babbling.port}/`)).toBe("broken")
    })
  )

  it.scoped("connected, but silent: first_byte_timeout, and the connection is closed", () =>
    Effect.gen(function* () {
      const server = yield* raw(() => undefined)
      const upstream = yield* dialler({ firstByteTimeoutMs: 100 })
      const request = requestTo(`http://127.0.0.1:${server.port}/`)
      const failure = yield* Effect.promise(() => failureOf(upstream.exchange(request)))
      expect(failure.reason).toBe("first_byte_timeout")
      yield* Effect.promise(() => server.closed)
    })
  )

  it.scoped("no connection to be had: connect_timeout, long before the first byte would be late", () =>
    Effect.gen(function* () {
      const hole = yield* Effect.acquireRelease(Effect.promise(openBlackhole), (open) =>
        Effect.sync(() => open?.close())
      )
      if (hole === undefined) return
      const upstream = yield* dialler({ connectTimeoutMs: 150 })
      expect(yield* reasonOf(upstream, `http://127.0.0.1:${hole.port}/`)).toBe("connect_timeout")
    })
  )

  it.scoped("an address that takes no connection gives way to the next", () =>
    Effect.gen(function* () {
      const hole = yield* Effect.acquireRelease(Effect.promise(openBlackhole), (open) =>
        Effect.sync(() => open?.close())
      )
      if (hole === undefined) return
      const server = Bun.serve({ hostname: "127.0.0.2", port: hole.port, fetch: () => new Response("second") })
      yield* Effect.addFinalizer(() => Effect.promise(() => server.stop(true)))
      const upstream = yield* dialler({ connectTimeoutMs: 150 }, () => ["127.0.0.1", "127.0.0.2"])
      const request = requestTo(`http://a.example:${hole.port}/`)
      expect(yield* Effect.promise(async () => textOf(await upstream.exchange(request)))).toBe("second")
    })
  )

  it.scoped("a caller that leaves closes the exchange, whichever address answers", () =>
    Effect.gen(function* () {
      const server = yield* raw(
        (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart"),
        "127.0.0.1"
      )
      const upstream = yield* dialler({}, () => ["127.0.0.1", "127.0.0.2"])
      const request = requestTo(`http://a.example:${server.port}/`)
      const response = yield* Effect.promise(() => upstream.exchange(request))
      expect(response.status).toBe(200)
      request.leave()
      yield* Effect.promise(() => server.closed)
      yield* Effect.promise(() => expect(textOf(response)).rejects.toThrow())
    })
  )

  it.scoped("a name that is never resolved is late too, and a caller may leave meanwhile", () =>
    Effect.gen(function* () {
      const mute: ResolverApi = { known: () => undefined, resolve: () => new Promise(() => undefined) }
      const context = yield* Layer.build(
        layerHttp({ connectTimeoutMs: 100 }).pipe(Layer.provide(Layer.succeed(Resolver, mute)))
      )
      const upstream = yield* Effect.provide(Upstream, context)
      expect(yield* reasonOf(upstream, "http://a.example/")).toBe("connect_timeout")
      const request = requestTo("http://a.example/")
      const answer = upstream.exchange(request)
      request.leave()
      expect((yield* Effect.promise(() => failureOf(answer))).reason).toBe("aborted")
    })
  )

  it.scoped("many different queries at one server do not each open a second connection", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("{}")))
      const upstream = yield* dialler()
      for (let i = 0; i < 20; i++) yield* exchange(upstream, `http://127.0.0.1:${server.port}/?q=${i}`)
      expect(server.connections()).toBeLessThan(5)
    })
  )
})
