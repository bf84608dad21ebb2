import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Socket } from "node:net"
import { type UpstreamAnswer, UpstreamFailure } from "../src/Upstream.ts"
import { failureOf, requestTo, textOf } from "./suites/upstreamSuite.ts"
import { openBlackhole } from "./support/Blackhole.ts"
import { dialler, eventually, exchange, raw, reasonOf } from "./support/Dialler.ts"
import { reply } from "./support/RawServer.ts"

const local = (port: number): string => `http://127.0.0.1:${port}/`

/** What a body read to its end comes to: its text, or why it broke. */
const outcomeOf = async (answer: Promise<UpstreamAnswer>): Promise<string> => {
  try {
    const body = await answer
    let text = ""
    for (let part = await body.read(); part !== undefined; part = await body.read())
      text += Buffer.from(part).toString("latin1")
    return text
  } catch (error) {
    return error instanceof UpstreamFailure ? `(${error.reason})` : `(not a failure: ${String(error)})`
  }
}

const OK = "HTTP/1.1 200 OK\r\n"
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`

const end = (socket: Socket): void => void socket.end()
const reset = (socket: Socket): void => void socket.resetAndDestroy()

const cases: ReadonlyArray<readonly [what: string, text: string, then: (socket: Socket) => void, outcome: string]> = [
  ["ended in the status line", "HTTP/1.1 2", end, "(broken)"],
  ["ended in the head", `${OK}content-le`, end, "(broken)"],
  ["ended after an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", end, "(broken)"],
  ["ended within the length", `${OK}content-length: 9\r\n\r\npart`, end, "(broken)"],
  ["ended before the first chunk", CHUNKED, end, "(broken)"],
  ["ended within a chunk's size", `${CHUNKED}5`, end, "(broken)"],
  ["ended within a chunk", `${CHUNKED}5\r\nhe`, end, "(broken)"],
  ["ended between chunks", `${CHUNKED}5\r\nhello\r\n`, end, "(broken)"],
  ["ended within the last chunk", `${CHUNKED}5\r\nhello\r\n0\r\n`, end, "(broken)"],
  ["ended where nothing said how long", `${OK}\r\nall of it`, end, "all of it"],
  ["ended where nothing said how long, empty", `${OK}\r\n`, end, ""],
  ["HTTP/1.0 ended", "HTTP/1.0 200 OK\r\n\r\nall of it", end, "all of it"],
  ["reset in the head", OK, reset, "(broken)"],
  ["reset within the length", `${OK}content-length: 9\r\n\r\npart`, reset, "(broken)"],
  ["§8: reset where nothing said how long", `${OK}\r\nnot all`, reset, "(broken)"],
  ["a chunk that is none, later", `${CHUNKED}5\r\nhello\r\n`, (socket) => void socket.write("ZZ\r\n"), "(broken)"],
  ["a chunk that is none, at once", `${CHUNKED}ZZ\r\n`, () => undefined, "(broken)"],
  ["a switch of protocols nobody asked for", "HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n", () => undefined, "(broken)"],
  ["endless interim answers", "HTTP/1.1 102 X\r\n\r\n".repeat(2_000), () => undefined, "(broken)"],
  ["a head without end", `${OK}x: ${"y".repeat(100_000)}`, () => undefined, "(broken)"],
  ["bare line ends", "HTTP/1.1 200 OK\ncontent-length: 0\n\n", () => undefined, "(broken)"],
  ["hints, then the answer", `HTTP/1.1 103 X\r\nlink: a\r\n\r\n${reply("hello")}`, () => undefined, "hello"]
]

describe("layerHttp, how an answer ends (RFC 9112 §8)", () => {
  it.scoped.each(cases)("%s", ([, text, then, outcome]) =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(text, () => setTimeout(() => then(socket), 10)))
      const upstream = yield* dialler()
      // A GET: no deadline would end what hangs.
      const request = requestTo(local(server.port), { method: "GET", body: undefined })
      expect(yield* Effect.promise(() => outcomeOf(upstream.exchange(request)))).toBe(outcome)
      if (outcome === "(broken)") yield* eventually(() => server.connections() === 1 && server.open() === 0)
    })
  )
})

describe("layerHttp, a caller that leaves", () => {
  const begun: ReadonlyArray<readonly [when: string, text: string]> = [
    ["before the head", ""],
    ["within the head", `${OK}content-le`],
    ["after an interim answer", "HTTP/1.1 100 Continue\r\n\r\n"]
  ]

  it.scoped.each(begun)("%s: aborted, and the connection is closed", ([, text]) =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => void (text !== "" && socket.write(text)))
      const upstream = yield* dialler()
      const request = requestTo(local(server.port))
      const failure = failureOf(upstream.exchange(request))
      yield* eventually(() => server.received() !== "")
      yield* Effect.promise(() => Bun.sleep(5))
      request.leave()
      expect((yield* Effect.promise(() => failure)).reason).toBe("aborted")
      yield* eventually(() => server.open() === 0)
    })
  )

  it.scoped("within the body, read or not, held back or not", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(`${OK}\r\n${"x".repeat(1_000_000)}`))
      const upstream = yield* dialler()
      for (const wait of [0, 30]) {
        const request = requestTo(local(server.port))
        const answer = yield* Effect.promise(() => upstream.exchange(request))
        yield* Effect.promise(() => Bun.sleep(wait))
        request.leave()
        yield* Effect.promise(() => expect(textOf(answer)).rejects.toThrow())
      }
      yield* eventually(() => server.connections() === 2 && server.open() === 0)
    })
  )

  it.scoped("while a large request is being sent", () =>
    Effect.gen(function* () {
      const server = yield* raw(() => undefined)
      const upstream = yield* dialler()
      const request = requestTo(local(server.port), { body: new Uint8Array(30_000_000) })
      const failure = failureOf(upstream.exchange(request))
      yield* eventually(() => server.received() !== "")
      request.leave()
      expect((yield* Effect.promise(() => failure)).reason).toBe("aborted")
      yield* eventually(() => server.open() === 0)
    })
  )

  it.scoped("after the answer is here whole: it is not taken back, nor is its connection", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("whole")))
      const upstream = yield* dialler()
      for (let i = 0; i < 3; i++) {
        const request = requestTo(local(server.port))
        const answer = yield* Effect.promise(() => upstream.exchange(request))
        request.leave()
        answer.cancel()
        expect(yield* Effect.promise(() => textOf(answer))).toBe("whole")
      }
      expect(server.connections()).toBe(1)
    })
  )

  it.scoped("an old caller that leaves does not touch the exchange that has its connection now", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) =>
        setTimeout(() => socket.write(reply(String(count))), count === 0 ? 0 : 20)
      )
      const upstream = yield* dialler({ firstByteTimeoutMs: 10_000 })
      const old = requestTo(local(server.port))
      const first = yield* Effect.promise(() => upstream.exchange(old))
      const second = upstream.exchange(requestTo(local(server.port)))
      old.leave()
      first.cancel()
      expect(yield* Effect.promise(async () => textOf(await second))).toBe("1")
      expect(server.connections()).toBe(1)
    })
  )

  it.scoped("one signal for several exchanges ends them all", () =>
    Effect.gen(function* () {
      const server = yield* raw(() => undefined)
      const upstream = yield* dialler()
      const caller = new AbortController()
      const failures = [1, 2, 3].map(() =>
        failureOf(upstream.exchange(requestTo(local(server.port), { signal: caller.signal })))
      )
      yield* eventually(() => server.received().match(/POST/g)?.length === 3)
      caller.abort()
      for (const failure of failures) expect((yield* Effect.promise(() => failure)).reason).toBe("aborted")
      yield* eventually(() => server.open() === 0)
    })
  )
})

describe("layerHttp, deadlines", () => {
  it.scoped("a head that never ends is late, however it trickles", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => {
        socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx: ")
        const timer = setInterval(() => socket.write("y"), 5)
        socket.on("close", () => clearInterval(timer))
      })
      const upstream = yield* dialler({ firstByteTimeoutMs: 100 })
      expect(yield* reasonOf(upstream, local(server.port))).toBe("first_byte_timeout")
      yield* eventually(() => server.open() === 0)
    })
  )

  it.scoped("a body may take its time, and a GET its head", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket, count) => {
        if (count === 0) socket.write(`${OK}content-length: 5\r\n\r\n`)
        setTimeout(() => socket.write(count === 0 ? "hello" : reply("late")), 350)
      })
      const upstream = yield* dialler({ firstByteTimeoutMs: 50 })
      expect((yield* exchange(upstream, local(server.port))).text).toBe("hello")
      const get = { method: "GET", body: undefined } as const
      expect((yield* exchange(upstream, local(server.port), get)).text).toBe("late")
    })
  )

  it.scoped("a server that takes no connection is not given ever more attempts", () =>
    Effect.gen(function* () {
      const hole = yield* Effect.acquireRelease(Effect.promise(openBlackhole), (open) =>
        Effect.sync(() => open?.close())
      )
      if (hole === undefined) return
      const upstream = yield* dialler({ connectTimeoutMs: 60_000 })
      const ask = async () => {
        const request = requestTo(local(hole.port))
        const failure = failureOf(upstream.exchange(request))
        request.leave()
        return (await failure).reason
      }
      const reasons = yield* Effect.promise(async () => {
        const all: Array<string> = []
        for (let i = 0; i < 600; i++) all.push(await ask())
        return all
      })
      expect(reasons.filter((reason) => reason === "aborted")).toHaveLength(512)
      expect(reasons.slice(512, 517)).toEqual(Array.from({ length: 5 }, () => "connect_timeout"))
      expect(new Set(reasons.slice(517))).toEqual(new Set(["circuit_open"]))
    })
  )

  it.scoped.each(["http://127.0.0.1:0/", "http://127.0.0.1:1/", "http://[::1]:1/"])("nobody is there: %s", (url) =>
    Effect.gen(function* () {
      expect(["refused", "unreachable"]).toContain(yield* reasonOf(yield* dialler(), url))
    })
  )
})
