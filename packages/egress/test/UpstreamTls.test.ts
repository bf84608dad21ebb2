import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, type Server } from "node:net"
import { createServer as createSecureServer } from "node:tls"
import { failureOf, requestTo, textOf } from "./suites/upstreamSuite.ts"
import { type Certificate, certificate } from "./support/Certificates.ts"
import { dialler, eventually, exchange, raw, reasonOf } from "./support/Dialler.ts"

const pinned = certificate("DNS:pinned.test")
const addressed = certificate("DNS:localhost,IP:127.0.0.1")
const wild = certificate("DNS:*.wild.test")
const expired = certificate("DNS:pinned.test", -1)

const served = (tls: Certificate | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      assert(tls !== undefined)
      const fetch = async (request: Request) => {
        const body = await request.arrayBuffer()
        return new Response(`${request.headers.get("host")} ${body.byteLength}`)
      }
      return Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch })
    }),
    (server) => Effect.promise(() => server.stop(true))
  )

const here = () => ["127.0.0.1"]

/** The port a server listens on from here on, until the scope closes. */
const portOf = (server: Server) =>
  Effect.acquireRelease(
    Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
    () => Effect.sync(() => server.close())
  ).pipe(
    Effect.map(() => {
      const address = server.address()
      return typeof address === "object" && address !== null ? address.port : 0
    })
  )

describe.skipIf(pinned === undefined)("layerHttp, over TLS", () => {
  it.scoped("the address is pinned, the name on the certificate stays the host's", () =>
    Effect.gen(function* () {
      const { port } = yield* served(pinned)
      const upstream = yield* dialler({ ca: pinned?.cert }, here)
      for (let i = 0; i < 2; i++) {
        expect((yield* exchange(upstream, `https://pinned.test:${port}/`)).text).toBe(`pinned.test:${port} 2`)
        expect(yield* reasonOf(upstream, `https://other.test:${port}/`)).toBe("broken")
        expect(yield* reasonOf(upstream, `https://sub.pinned.test:${port}/`)).toBe("broken")
        expect(yield* reasonOf(upstream, `https://127.0.0.1:${port}/`)).toBe("broken")
      }
    })
  )

  it.scoped("an authority nobody named is not trusted", () =>
    Effect.gen(function* () {
      const { port } = yield* served(pinned)
      for (const ca of [undefined, addressed?.cert]) {
        const upstream = yield* dialler({ ca }, here)
        expect(yield* reasonOf(upstream, `https://pinned.test:${port}/`)).toBe("broken")
      }
    })
  )

  it.scoped("authorities that are none: a failure, and no other error", () =>
    Effect.gen(function* () {
      const { port } = yield* served(pinned)
      const upstream = yield* dialler({ ca: "no PEM" }, here)
      expect(yield* reasonOf(upstream, `https://pinned.test:${port}/`)).toBe("unreachable")
    })
  )

  it.scoped("an address as the host is looked for among the certificate's addresses", () =>
    Effect.gen(function* () {
      const { port } = yield* served(addressed)
      const upstream = yield* dialler({ ca: addressed?.cert }, here)
      expect((yield* exchange(upstream, `https://127.0.0.1:${port}/`)).text).toBe(`127.0.0.1:${port} 2`)
      expect((yield* exchange(upstream, `https://localhost:${port}/`)).text).toBe(`localhost:${port} 2`)
      expect(yield* reasonOf(upstream, `https://pinned.test:${port}/`)).toBe("broken")
    })
  )

  it.scoped("RFC 6125 §6.4.3: a wildcard stands for one label", () =>
    Effect.gen(function* () {
      const { port } = yield* served(wild)
      const upstream = yield* dialler({ ca: wild?.cert }, here)
      expect((yield* exchange(upstream, `https://a.wild.test:${port}/`)).status).toBe(200)
      expect(yield* reasonOf(upstream, `https://wild.test:${port}/`)).toBe("broken")
      expect(yield* reasonOf(upstream, `https://a.b.wild.test:${port}/`)).toBe("broken")
    })
  )

  it.scoped("a certificate of the past", () =>
    Effect.gen(function* () {
      const { port } = yield* served(expired)
      const upstream = yield* dialler({ ca: expired?.cert }, here)
      const failure = yield* Effect.promise(() =>
        failureOf(upstream.exchange(requestTo(`https://pinned.test:${port}/`)))
      )
      expect([failure.reason, failure.message]).toEqual(["broken", expect.stringContaining("expired")])
    })
  )

  it.scoped("a server that never finishes the handshake: connect_timeout, and it is left alone", () =>
    Effect.gen(function* () {
      let open = 0
      const server = createServer((socket) => {
        open++
        socket
          .resume()
          .on("error", () => undefined)
          .on("close", () => open--)
      })
      const port = yield* portOf(server)
      const upstream = yield* dialler({ connectTimeoutMs: 100 }, here)
      expect(yield* reasonOf(upstream, `https://pinned.test:${port}/`)).toBe("connect_timeout")
      yield* eventually(() => open === 0)
      const slow = yield* dialler({}, here)
      const request = requestTo(`https://pinned.test:${port}/`)
      const leaving = reasonOf(slow, request.url, request)
      setTimeout(() => request.leave(), 30)
      expect(yield* leaving).toBe("aborted")
      yield* eventually(() => open === 0)
    })
  )

  it.scoped("a server that speaks no TLS: broken", () =>
    Effect.gen(function* () {
      const server = yield* raw(() => undefined)
      const plain = createServer((socket) =>
        socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n")
      )
      const port = yield* portOf(plain)
      const upstream = yield* dialler({}, here)
      expect(yield* reasonOf(upstream, `https://pinned.test:${port}/`)).toBe("broken")
      server.stop()
      expect(yield* reasonOf(upstream, `https://pinned.test:${server.port}/`)).toBe("refused")
    })
  )

  it.scoped("8 MB to a slow reader, and an answer larger than what is held, over one connection", () =>
    Effect.gen(function* () {
      assert(pinned !== undefined)
      let connections = 0
      const body = new Uint8Array(8_000_000).fill(7)
      const server = createSecureServer(pinned, (socket) => {
        connections++
        let size = 0
        socket
          .on("error", () => undefined)
          .on("data", (data: Buffer) => {
            size += data.length
            socket.pause()
            setTimeout(() => socket.resume(), 1)
            if (size < body.length) return
            size = 0
            socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n${"y".repeat(2_000_000)}`)
          })
      })
      const port = yield* portOf(server)
      const upstream = yield* dialler({ ca: pinned.cert }, here)
      for (const wait of [0, 50, 0]) {
        const answer = yield* Effect.promise(() =>
          upstream.exchange(requestTo(`https://pinned.test:${port}/`, { body }))
        )
        // Long enough to be held back.
        yield* Effect.promise(() => Bun.sleep(wait))
        expect(yield* Effect.promise(() => textOf(answer))).toBe("y".repeat(2_000_000))
      }
      expect(connections).toBe(1)
    })
  )

  it.scoped("connections of one name are not used for another at the same address", () =>
    Effect.gen(function* () {
      const { port } = yield* served(addressed)
      const upstream = yield* dialler({ ca: addressed?.cert }, here)
      expect((yield* exchange(upstream, `https://localhost:${port}/`)).status).toBe(200)
      expect(yield* reasonOf(upstream, `https://pinned.test:${port}/`)).toBe("broken")
    })
  )
})
