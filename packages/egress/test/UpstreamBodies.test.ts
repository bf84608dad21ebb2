import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { UpstreamAnswer } from "../src/Upstream.ts"
import { requestTo, textOf } from "./suites/upstreamSuite.ts"
import { dialler, eventually, exchange, raw } from "./support/Dialler.ts"
import { reply } from "./support/RawServer.ts"
import { tcp } from "./support/Tcp.ts"

const local = (port: number): string => `http://127.0.0.1:${port}/`

const MIB = 1024 * 1024

const bytesOf = (size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 12)) & 0xff
  return bytes
}

const digest = (...parts: ReadonlyArray<Uint8Array>): string => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest("hex")
}

const partsOf = async (answer: UpstreamAnswer): Promise<ReadonlyArray<Uint8Array>> => {
  const parts: Array<Uint8Array> = []
  for (let part = await answer.read(); part !== undefined; part = await answer.read()) parts.push(part)
  return parts
}

describe("layerHttp, request bodies", () => {
  it.scoped("20 MB to a server that reads slowly arrive whole, and the connection is used again", () =>
    Effect.gen(function* () {
      const body = bytesOf(20_000_000)
      const server = yield* tcp((socket) => {
        let head = ""
        let size = 0
        let hash = createHash("sha256")
        socket.on("data", (data: Buffer) => {
          if (head === "") {
            const end = data.indexOf("\r\n\r\n")
            head = data.toString("latin1", 0, end)
            data = data.subarray(end + 4)
          }
          hash.update(data)
          size += data.length
          socket.pause()
          setTimeout(() => socket.resume(), 1)
          if (size < Number(/content-length: (\d+)/.exec(head)?.[1])) return
          socket.write(reply(hash.digest("hex")))
          head = ""
          size = 0
          hash = createHash("sha256")
        })
      })
      const upstream = yield* dialler()
      expect((yield* exchange(upstream, local(server.port), { body })).text).toBe(digest(body))
      expect((yield* exchange(upstream, local(server.port), { body: bytesOf(70_000) })).text).toBe(
        digest(bytesOf(70_000))
      )
      expect(server.open()).toBe(1)
    })
  )

  it.scoped("many at once, larger than what is written at once: none has another's bytes", () =>
    Effect.gen(function* () {
      const server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: async (request) => new Response(digest(new Uint8Array(await request.arrayBuffer())))
      })
      yield* Effect.addFinalizer(() => Effect.promise(() => server.stop(true)))
      const upstream = yield* dialler()
      const bodies = Array.from({ length: 64 }, (_, i) => bytesOf(2_000 * (i + 1)).fill(i, 0, 100))
      const answers = yield* Effect.promise(() =>
        Promise.all(
          bodies.map(async (body) => textOf(await upstream.exchange(requestTo(local(server.port ?? 0), { body }))))
        )
      )
      expect(answers).toEqual(bodies.map((body) => digest(body)))
    })
  )

  it.scoped("413 before 5 MB were taken: the answer is seen, the rest is not sent, the connection not used again", () =>
    Effect.gen(function* () {
      let first = true
      const server = yield* tcp((socket) => {
        // Reads the head, answers, and reads no more.
        socket.once("data", () => {
          if (first) socket.pause()
          socket.write(first ? reply("too large", "", "413 Content Too Large") : reply("fine"))
          first = false
        })
      })
      const upstream = yield* dialler()
      const answer = yield* exchange(upstream, local(server.port), { body: bytesOf(5 * MIB) })
      expect(answer).toEqual({ status: 413, text: "too large" })
      expect((yield* exchange(upstream, local(server.port))).text).toBe("fine")
    })
  )

  it.scoped("an answer that begins before the request has ended: both go on", () =>
    Effect.gen(function* () {
      const body = bytesOf(3 * MIB)
      const server = yield* tcp((socket) => {
        let size = 0
        socket.on("data", (data: Buffer) => {
          if (size === 0) socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n")
          size += data.length
          if (size > body.length) socket.write("6\r\n ended\r\n0\r\n\r\n")
        })
      })
      const upstream = yield* dialler()
      expect((yield* exchange(upstream, local(server.port), { body })).text).toBe("begun ended")
    })
  )
})

describe("layerHttp, answer bodies", () => {
  it.scoped("an answer in pieces of one byte", () =>
    Effect.gen(function* () {
      const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nt: u\r\n\r\n`
      const server = yield* raw((socket) => {
        socket.setNoDelay(true)
        let at = 0
        const next = (): void => {
          socket.write(text.charAt(at++))
          if (at < text.length) setImmediate(next)
        }
        next()
      })
      const upstream = yield* dialler()
      for (let i = 0; i < 2; i++) expect((yield* exchange(upstream, local(server.port))).text).toBe("hello")
      expect(server.connections()).toBe(1)
    })
  )

  const coded = (parts: ReadonlyArray<Uint8Array>): Buffer =>
    Buffer.concat(
      parts
        .flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")])
        .concat(Buffer.from("0\r\n\r\n"))
    )
  const body = bytesOf(12 * MIB)
  const slices = Array.from({ length: 12 * 64 }, (_, i) => body.subarray(i * 16_384, (i + 1) * 16_384))
  const large: ReadonlyArray<readonly [name: string, head: string, wire: () => Uint8Array, end: boolean]> = [
    ["counted", `content-length: ${body.length}\r\n`, () => body, false],
    ["chunked", "transfer-encoding: chunked\r\n", () => coded(slices), false],
    ["until the server ends the connection", "", () => body, true]
  ]

  it.scoped.each(large)("12 MiB to a slow reader, %s: the server is held back, all arrives", ([, head, wire, end]) =>
    Effect.gen(function* () {
      let written = 0
      const server = yield* tcp((socket) =>
        socket.once("data", () => {
          socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`)
          const bytes = wire()
          const send = (at: number): void => {
            if (at >= bytes.length) return end ? void socket.end() : undefined
            socket.write(bytes.subarray(at, at + 65_536), () => {
              written = at + 65_536
              send(at + 65_536)
            })
          }
          send(0)
        })
      )
      const upstream = yield* dialler()
      const answer = yield* Effect.promise(() => upstream.exchange(requestTo(local(server.port))))
      const first = yield* Effect.promise(() => answer.read())
      // Until nothing moves any more; the sockets of both sides hold some megabytes of it.
      let before = -1
      yield* Effect.promise(async () => {
        while (written !== before) {
          before = written
          await Bun.sleep(60)
        }
      })
      expect(written).toBeLessThan(9 * MIB)
      const rest = yield* Effect.promise(() => partsOf(answer))
      expect(digest(first ?? new Uint8Array(), ...rest)).toBe(digest(body))
    })
  )

  it.scoped("a reader that never reads, then cancels: the connection is closed", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), body])))
      const upstream = yield* dialler()
      const answer = yield* Effect.promise(() => upstream.exchange(requestTo(local(server.port))))
      yield* Effect.promise(() => Bun.sleep(30))
      answer.cancel()
      yield* eventually(() => server.open() === 0)
      expect(yield* Effect.promise(() => answer.read())).toBeUndefined()
    })
  )

  it.scoped("held back at the end of a body: the connection still serves the next exchange", () =>
    Effect.gen(function* () {
      const size = 600_000
      const server = yield* raw((socket) => socket.write(reply("x".repeat(size))))
      const upstream = yield* dialler()
      for (let i = 0; i < 5; i++) {
        const answer = yield* Effect.promise(() => upstream.exchange(requestTo(local(server.port))))
        yield* Effect.promise(() => Bun.sleep(10))
        expect((yield* Effect.promise(() => textOf(answer))).length).toBe(size)
      }
      expect(server.connections()).toBe(1)
    })
  )

  it.scoped("2,000 exchanges at once: each its own answer", () =>
    Effect.gen(function* () {
      const server = yield* tcp((socket) =>
        socket.on("data", (data: Buffer) => {
          const id = /^id: (.*)\r$/m.exec(data.toString("latin1"))?.[1] ?? ""
          setTimeout(() => socket.write(reply(id)), Number(id) % 7)
        })
      )
      const upstream = yield* dialler()
      for (const count of [2_000, 300]) {
        const ids = Array.from({ length: count }, (_, i) => String(i))
        const ask = async (id: string) =>
          textOf(await upstream.exchange(requestTo(local(server.port), { headers: { id } })))
        expect(yield* Effect.promise(() => Promise.all(ids.map(ask)))).toEqual(ids)
      }
      yield* eventually(() => server.open() <= 256)
    })
  )
})
