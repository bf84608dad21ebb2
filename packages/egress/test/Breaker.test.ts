import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { Breaker, type Circuit, Circuits } from "../src/Breaker.ts"
import { Resolver } from "../src/Resolver.ts"
import { Upstream, UpstreamFailure, type UpstreamFailureReason } from "../src/Upstream.ts"
import { layerHttp } from "../src/UpstreamHttp.ts"
import { failureOf, requestTo, textOf } from "./suites/upstreamSuite.ts"
import { exchange, raw, reasonOf } from "./support/Dialler.ts"
import { reply } from "./support/RawServer.ts"

const circuit = () => {
  const clock = { now: 0 }
  const breaker = new Breaker(() => clock.now)
  const one = breaker.of("http://a 192.0.2.1")
  const fail = (times: number, reason: UpstreamFailureReason = "refused"): void => {
    for (let i = 0; i < times; i++) one.failed(reason)
  }
  const attempt = async (result: UpstreamFailureReason | "answer", endless = false): Promise<string> => {
    try {
      return await one.attempt(async () => {
        if (result === "answer") return result
        throw new UpstreamFailure(result, "")
      }, endless)
    } catch (error) {
      return error instanceof UpstreamFailure ? error.reason : String(error)
    }
  }
  return { clock, breaker, one, fail, attempt }
}

describe("a circuit", () => {
  it("opens at the fifth failure in a row, not before; an answer starts the count again", () => {
    const { one, fail, breaker } = circuit()
    fail(4)
    one.answered()
    fail(4)
    expect([one.closed, breaker.opened]).toEqual([true, 0])
    fail(1)
    expect([one.closed, breaker.opened]).toEqual([false, 1])
    one.answered()
    expect([one.closed, breaker.opened]).toEqual([true, 0])
  })

  it("callers who leave, names unknown and addresses refused count for nothing", () => {
    for (const reason of ["aborted", "unknown_host", "blocked_address", "circuit_open"] as const) {
      const { one, fail } = circuit()
      fail(4)
      fail(20, reason)
      expect(one.closed).toBe(true)
    }
    for (const reason of ["refused", "unreachable", "connect_timeout", "first_byte_timeout", "broken"] as const) {
      const { one, fail } = circuit()
      fail(5, reason)
      expect(one.closed).toBe(false)
    }
  })

  it("open, it refuses for thirty seconds and says how long; later failures do not put that off", async () => {
    const { clock, one, fail, attempt } = circuit()
    fail(5)
    clock.now = 12_345
    fail(5)
    const refused = await one.attempt(() => Promise.resolve(1), false).catch((error: unknown) => error)
    expect(refused).toMatchObject({ reason: "circuit_open", retryAfterSeconds: 18 })
    clock.now = 29_999
    expect(await attempt("answer")).toBe("circuit_open")
    clock.now = 30_000
    expect(await attempt("answer")).toBe("answer")
    expect(one.closed).toBe(true)
  })

  it("lets one trial through at a time; failed, it is open for another thirty seconds", async () => {
    const { clock, one, fail, attempt, breaker } = circuit()
    fail(5)
    clock.now = 30_000
    const { promise, reject } = Promise.withResolvers<never>()
    const trial = one.attempt(() => promise, false).catch(() => "failed")
    expect(await Promise.all([attempt("answer"), attempt("answer")])).toEqual(["circuit_open", "circuit_open"])
    clock.now = 40_000
    reject(new UpstreamFailure("first_byte_timeout", ""))
    expect(await trial).toBe("failed")
    clock.now = 69_999
    expect(await attempt("answer")).toBe("circuit_open")
    expect(breaker.opened).toBe(1)
    clock.now = 70_000
    expect(await attempt("answer")).toBe("answer")
  })

  it("a trial whose caller leaves decides nothing: the next request is the trial", async () => {
    const { clock, fail, attempt } = circuit()
    fail(5)
    clock.now = 30_000
    expect(await attempt("aborted")).toBe("aborted")
    expect(await attempt("answer")).toBe("answer")
  })

  const by = (subject: string) => ({ issuer: "http://as", subject })
  const ask = (one: Circuit, subject: string, carry: () => Promise<unknown>): Promise<unknown> =>
    one
      .attempt(carry, false, by(subject))
      .catch((error: unknown) => (error instanceof UpstreamFailure ? error.reason : error))
  const breaks = (reason: UpstreamFailureReason) => () => Promise.reject(new UpstreamFailure(reason, ""))

  it("S-16: what one caller sends opens it for nobody; the first failure of another's does", () => {
    const { one } = circuit()
    const sent = (subject: string) => ({ caller: by(subject), answers: one.answers })
    for (let i = 0; i < 50; i++) one.failed(i % 2 === 0 ? "first_byte_timeout" : "broken", sent("mallory"))
    expect(one.closed).toBe(true)
    one.failed("aborted", sent("alice"))
    expect(one.closed).toBe(true)
    one.failed("broken", sent("alice"))
    expect(one.closed).toBe(false)
  })

  it("S-16: what is sent before the server answered another does not count", () => {
    const { one, fail } = circuit()
    const before = { caller: undefined, answers: one.answers }
    one.answered()
    for (let i = 0; i < 50; i++) one.failed("first_byte_timeout", before)
    expect([one.closed, one.clean]).toEqual([true, true])
    fail(5)
    expect(one.closed).toBe(false)
  })

  it("S-16: a slow trial holds up others for five seconds, and the first answer of any closes it", async () => {
    const { clock, one, fail, attempt } = circuit()
    fail(5)
    clock.now = 30_000
    const { promise, reject } = Promise.withResolvers<never>()
    const slow = ask(one, "mallory", () => promise)
    clock.now = 34_999
    expect(await attempt("answer")).toBe("circuit_open")
    clock.now = 35_000
    expect(await attempt("answer")).toBe("answer")
    reject(new UpstreamFailure("first_byte_timeout", ""))
    expect(await slow).toBe("first_byte_timeout")
    expect([one.closed, one.clean]).toEqual([true, true])
  })

  it("S-16: whoever fails one trial after the other shuts nobody out; a server that is not there does", async () => {
    const { clock, one, fail, attempt } = circuit()
    fail(5)
    clock.now = 30_000
    expect(await ask(one, "mallory", breaks("broken"))).toBe("broken")
    expect(await attempt("answer")).toBe("circuit_open")
    clock.now = 60_000
    expect(await ask(one, "mallory", breaks("broken"))).toBe("broken")
    expect(await ask(one, "mallory", breaks("refused"))).toBe("refused")
    expect(await attempt("answer")).toBe("circuit_open")
    clock.now = 90_000
    expect(await ask(one, "mallory", breaks("broken"))).toBe("broken")
    expect(await attempt("answer")).toBe("answer")
    expect(one.closed).toBe(true)
  })

  it("a trial that may wait for ever holds up nobody for longer than an open circuit", async () => {
    const { clock, one, fail, attempt } = circuit()
    fail(5)
    clock.now = 30_000
    void one.attempt(() => new Promise<never>(() => undefined), true)
    expect(await attempt("answer")).toBe("circuit_open")
    clock.now = 60_000
    expect(await attempt("answer")).toBe("answer")
  })

  it("a probe's answer closes it, whatever the trial comes to", async () => {
    const { clock, one, fail, breaker } = circuit()
    fail(5)
    clock.now = 30_000
    const { promise, reject } = Promise.withResolvers<never>()
    const trial = one.attempt(() => promise, false).catch(() => "failed")
    one.answered()
    reject(new UpstreamFailure("broken", ""))
    await trial
    expect([one.closed, breaker.opened]).toEqual([true, 0])
  })

  it("is the same for a key until its breaker has too many; the memory is bounded and the count stays right", () => {
    const breaker = new Breaker(() => 0)
    expect(breaker.of("a")).toBe(breaker.of("a"))
    const failing = breaker.of("failing")
    for (let i = 0; i < 5; i++) failing.failed("refused")
    for (let i = 0; i < 10_001; i++) breaker.of(`clean ${i}`)
    expect(breaker.of("failing")).toBe(failing)
    const all = Array.from({ length: 20_000 }, (_, i) => breaker.of(`dead ${i}`))
    for (const one of all) if (!one.retired) for (let i = 0; i < 5; i++) one.failed("refused")
    for (let i = 0; i < 20_000; i++) for (let n = 0; n < 5; n++) breaker.of(`worse ${i}`).failed("refused")
    expect(breaker.opened).toBeLessThanOrEqual(10_000)
    expect(breaker.opened).toBeGreaterThan(8_000)
    expect(failing.retired).toBe(true)
    failing.answered()
    expect(breaker.opened).toBeGreaterThan(8_000)
  })
})

const watched = (table: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(layerHttp().pipe(Layer.provide(Resolver.layerOf(() => table))))
    return yield* Effect.all({ upstream: Upstream, circuits: Circuits }).pipe(Effect.provide(context))
  })

describe("layerHttp, a server that fails in a row", () => {
  it.scoped("is not dialled for thirty seconds, whatever the path; then one trial decides", () =>
    Effect.gen(function* () {
      let healthy = false
      const server = yield* raw((socket) => (healthy ? socket.write(reply("fine")) : socket.destroy()))
      const { upstream, circuits } = yield* watched()
      const url = (path: string) => `http://127.0.0.1:${server.port}/${path}`
      for (let i = 0; i < 5; i++) expect(yield* reasonOf(upstream, url(`${i}`))).toBe("broken")
      expect(circuits.open()).toBe(1)
      const dialled = server.connections()
      healthy = true
      expect(yield* reasonOf(upstream, url("new"))).toBe("circuit_open")
      expect(yield* reasonOf(upstream, url("stream"), { method: "GET", body: undefined })).toBe("circuit_open")
      yield* TestClock.adjust("29 seconds")
      const late = yield* Effect.promise(() => failureOf(upstream.exchange(requestTo(url("0")))))
      expect([late.reason, late.retryAfterSeconds, server.connections()]).toEqual(["circuit_open", 1, dialled])
      yield* TestClock.adjust("1 second")
      expect((yield* exchange(upstream, url("0"))).text).toBe("fine")
      expect(circuits.open()).toBe(0)
    })
  )

  it.scoped("a probe goes through, and its answer closes the circuit", () =>
    Effect.gen(function* () {
      let healthy = false
      const server = yield* raw((socket) => (healthy ? socket.write(reply("", "", "404 Not Found")) : socket.destroy()))
      const { upstream, circuits } = yield* watched()
      const url = `http://127.0.0.1:${server.port}/`
      for (let i = 0; i < 5; i++) yield* reasonOf(upstream, url)
      expect(yield* reasonOf(upstream, url, { probe: true })).toBe("broken")
      healthy = true
      expect(yield* reasonOf(upstream, url)).toBe("circuit_open")
      expect((yield* exchange(upstream, url, { probe: true })).status).toBe(404)
      expect((yield* exchange(upstream, url)).status).toBe(404)
      expect(circuits.open()).toBe(0)
    })
  )

  it.scoped("streams that end before their head say nothing of the server; one that can not be opened does", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => void socket.end())
      const { upstream } = yield* watched()
      const get = { method: "GET", body: undefined } as const
      const url = `http://127.0.0.1:${server.port}/`
      for (let i = 0; i < 8; i++) expect(yield* reasonOf(upstream, url, get)).toBe("broken")
      server.stop()
      for (let i = 0; i < 5; i++) expect(yield* reasonOf(upstream, url, get)).toBe("refused")
      expect(yield* reasonOf(upstream, url, get)).toBe("circuit_open")
    })
  )

  it.scoped("callers who leave open nothing", () =>
    Effect.gen(function* () {
      const server = yield* raw(() => undefined)
      const { upstream, circuits } = yield* watched()
      yield* Effect.promise(async () => {
        for (let i = 0; i < 10; i++) {
          const request = requestTo(`http://127.0.0.1:${server.port}/`)
          const failure = failureOf(upstream.exchange(request))
          setTimeout(request.leave, 5)
          expect((await failure).reason).toBe("aborted")
        }
      })
      expect(circuits.open()).toBe(0)
    })
  )

  it.scoped("of a name's addresses only the one that fails is left alone", () =>
    Effect.gen(function* () {
      const server = yield* raw((socket) => socket.write(reply("fine", "connection: close\r\n")))
      const { upstream, circuits } = yield* watched(["127.0.0.2", "127.0.0.1"])
      const url = `http://two.example:${server.port}/`
      for (let i = 0; i < 8; i++) {
        const answer = yield* Effect.promise(async () => textOf(await upstream.exchange(requestTo(url))))
        expect(answer).toBe("fine")
      }
      expect(circuits.open()).toBe(1)
    })
  )
})
