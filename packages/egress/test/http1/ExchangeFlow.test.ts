import { describe, expect, it } from "@effect/vitest"
import { UpstreamFailure } from "../../src/Upstream.ts"
import { begun, bodyOf } from "../support/Recorder.ts"

const OK = "HTTP/1.1 200 OK\r\n"

describe("Exchange, who is held back", () => {
  const open = `${OK}transfer-encoding: chunked\r\n\r\n`
  const chunk = (size: number): string => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`

  it("nobody reads: the server is held back after 256 KiB, and may go on once that is read", async () => {
    const { connection, exchange, say } = begun()
    say(open)
    for (let i = 0; i < 64 && connection.count("pause") === 0; i++) say(chunk(16 * 1024))
    expect(connection.count("pause")).toBe(1)
    let size = 0
    for (let i = 0; i < 12; i++) size += (await exchange.read())?.length ?? 0
    expect(connection.count("resume")).toBe(0)
    while (connection.count("resume") === 0) size += (await exchange.read())?.length ?? 0
    expect(size).toBeGreaterThan(128 * 1024)
    expect(size).toBeLessThan(320 * 1024)
  })

  it("parts of one byte: what they take beside it counts", () => {
    const { connection, say } = begun()
    say(open)
    let pieces = 0
    while (connection.count("pause") === 0) {
      say(chunk(1))
      pieces++
    }
    expect(pieces).toBeLessThan(2_000)
  })

  it("a byte of body in a large piece does not keep the piece", async () => {
    const { exchange, say } = begun()
    say(open)
    say(`${`1;${"e".repeat(4_000)}\r\nx\r\n`.repeat(16)}`)
    expect((await exchange.read())?.buffer.byteLength).toBeLessThan(1_000)
  })

  it("who waits gets what comes next, and nothing is held back", async () => {
    const { connection, exchange, say } = begun()
    say(open)
    for (let i = 0; i < 100; i++) {
      const next = exchange.read()
      say(chunk(10_000))
      expect((await next)?.length).toBe(10_000)
    }
    const last = exchange.read()
    say("0\r\n\r\n")
    expect(await last).toBeUndefined()
    expect(connection.count("pause")).toBe(0)
  })

  it("a size line alone wakes nobody", async () => {
    const { exchange, say } = begun()
    say(open)
    let woken = false
    const next = exchange.read().then((part) => {
      woken = true
      return part
    })
    say("5\r\n")
    await Promise.resolve()
    expect(woken).toBe(false)
    say("hello")
    expect(Buffer.from((await next) ?? []).toString()).toBe("hello")
  })
})

describe("Exchange, parts that are there already", () => {
  it("are taken without waiting, in order, before and between reads", async () => {
    const { exchange, say } = begun()
    say(`${OK}transfer-encoding: chunked\r\n\r\n`)
    await exchange.answer
    expect(exchange.take()).toBeUndefined()
    const waited = exchange.read()
    say("1\r\na\r\n")
    expect(Buffer.from((await waited) ?? []).toString()).toBe("a")
    say("1\r\nb\r\n")
    say("1\r\nc\r\n")
    expect(Buffer.from(exchange.take() ?? []).toString()).toBe("b")
    expect(Buffer.from((await exchange.read()) ?? []).toString()).toBe("c")
    say("1\r\nd\r\n0\r\n\r\n")
    expect(Buffer.from(exchange.take() ?? []).toString()).toBe("d")
    expect(exchange.take()).toBeUndefined()
    expect(await exchange.read()).toBeUndefined()
  })

  it("that are taken let a server go on that was held back", () => {
    const { connection, exchange, say } = begun()
    say(`${OK}transfer-encoding: chunked\r\n\r\n`)
    while (connection.count("pause") === 0) say(`4000\r\n${"x".repeat(0x4000)}\r\n`)
    for (let part = exchange.take(); part !== undefined; part = exchange.take());
    expect(connection.count("resume")).toBeGreaterThan(0)
  })

  it("how it ended is for a read to tell", async () => {
    const { exchange, say } = begun()
    say(`${OK}content-length: 9\r\n\r\npart`)
    exchange.closed("gone", true)
    expect(Buffer.from(exchange.take() ?? []).toString()).toBe("part")
    expect(exchange.take()).toBeUndefined()
    await expect(exchange.read()).rejects.toMatchObject({ reason: "broken" })
    const left = begun()
    left.say(`${OK}content-length: 9\r\n\r\npart`)
    left.exchange.cancel()
    expect(left.exchange.take()).toBeUndefined()
  })
})

describe("Exchange, after its end", () => {
  it("nothing that comes later changes it or touches the connection", async () => {
    const { connection, exchange, say } = begun()
    say(`${OK}content-length: 4\r\n\r\nbody`)
    exchange.leave()
    exchange.cancel()
    exchange.closed("late", false)
    exchange.fail(new UpstreamFailure("first_byte_timeout", "late"))
    expect(await exchange.answer.then(() => bodyOf(exchange))).toBe("body")
    expect(connection.asked).toEqual(["finished true undefined"])
  })

  it("cancelled: reads end, the one that waits too; the connection is dropped once", async () => {
    const { connection, exchange, say } = begun()
    say(`${OK}content-length: 9\r\n\r\n`)
    await exchange.answer
    const next = exchange.read()
    exchange.cancel()
    exchange.cancel()
    exchange.leave()
    expect(await next).toBeUndefined()
    expect(await exchange.read()).toBeUndefined()
    expect(connection.count("drop")).toBe(1)
  })

  it("left: the read that waits rejects, and all later ones", async () => {
    const { exchange, say } = begun()
    say(`${OK}content-length: 9\r\n\r\n`)
    await exchange.answer
    const next = exchange.read()
    exchange.leave()
    await expect(next).rejects.toMatchObject({ reason: "aborted" })
    await expect(exchange.read()).rejects.toMatchObject({ reason: "aborted" })
  })

  it("broken off: what came before is still read, then the failure", async () => {
    const { exchange, say } = begun()
    say(`${OK}content-length: 9\r\n\r\npart`)
    exchange.closed("gone", true)
    await exchange.answer
    expect(Buffer.from((await exchange.read()) ?? []).toString()).toBe("part")
    await expect(exchange.read()).rejects.toMatchObject({ reason: "broken" })
  })
})
