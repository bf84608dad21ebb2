import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { UpstreamFailure } from "../../src/Upstream.ts"
import { failureOf } from "../suites/upstreamSuite.ts"
import { begun, bodyOf } from "../support/Recorder.ts"

const OK = "HTTP/1.1 200 OK\r\n"
const SURPLUS = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"

/** The same body, framed in each way. */
const framings = (body: string, sizes: ReadonlyArray<number>): Readonly<Record<string, string>> => {
  let chunked = ""
  let at = 0
  for (const size of [...sizes, body.length]) {
    const data = body.slice(at, at + size)
    at += data.length
    if (data !== "") chunked += `${data.length.toString(16)}\r\n${data}\r\n`
  }
  return {
    counted: `${OK}content-length: ${body.length}\r\n\r\n${body}`,
    chunked: `${OK}transfer-encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`,
    closing: `${OK}\r\n${body}`
  }
}

const plan = fc.record({
  body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  sizes: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 }),
  interim: fc.constantFrom("", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
  places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
  surplus: fc.boolean()
})

const cut = (text: string, places: ReadonlyArray<number>): ReadonlyArray<string> => {
  const at = [0, ...places.map((place) => Math.floor(place * text.length)), text.length].toSorted((a, b) => a - b)
  return at.slice(1).map((end, i) => text.slice(at[i], end))
}

describe("Exchange, for all bodies, framings and cuts", () => {
  it.each(["counted", "chunked", "closing"])(
    "%s: the same body, and a connection used again only when it is clean",
    (name) =>
      fc.assert(
        fc.asyncProperty(plan, async ({ body, sizes, interim, places, surplus }) => {
          const { connection, exchange, say } = begun()
          const more = surplus && name !== "closing" ? SURPLUS : ""
          for (const piece of cut(`${interim}${framings(body, sizes)[name]}${more}`, places)) {
            // The connection gives nothing to an exchange that has ended.
            if (connection.asked.some((asked) => asked.startsWith("finished"))) break
            if (piece !== "") say(piece)
          }
          if (name === "closing") exchange.closed("", true)
          const answer = await exchange.answer
          expect(answer.status).toBe(200)
          if (answer.whole !== undefined) expect(Buffer.from(answer.whole).toString("latin1")).toBe(body)
          expect(await bodyOf(exchange)).toBe(body)
          expect(connection.asked.filter((asked) => asked.startsWith("finished")).length).toBe(
            name === "closing" ? 0 : 1
          )
          expect(connection.count("drop")).toBe(0)
        })
      )
  )

  it.each(["counted", "chunked"])("%s: surplus in the last piece ends the connection", async (name) => {
    const { connection, exchange, say } = begun()
    say(`${framings("true", [])[name]}${SURPLUS}`)
    expect(connection.asked).toEqual(["finished false undefined"])
    expect(await bodyOf(exchange)).toBe("true")
  })

  it.each(["counted", "chunked", "closing"])("%s: cut short is broken, wherever", async (name) => {
    const text = framings("0123456789", [3, 4])[name] ?? ""
    for (let end = 0; end < text.length; end++) {
      const { exchange, say } = begun()
      say(text.slice(0, end))
      // Reset, as opposed to ended: even a body that ends with its connection is not whole then (RFC 9112 §8).
      exchange.closed("reset", false)
      const outcome = await exchange.answer.then(() => bodyOf(exchange)).catch((error: unknown) => error)
      assert(outcome instanceof UpstreamFailure, `cut at ${end}: ${outcome}`)
      expect(outcome.reason).toBe("broken")
    }
  })
})

describe("Exchange, the head", () => {
  it.each([
    ["a chunk that is none", `${OK}transfer-encoding: chunked\r\n\r\nZZ\r\n`],
    ["a good chunk before one that is none", `${OK}transfer-encoding: chunked\r\n\r\n1\r\na\r\nZZ\r\n`],
    ["a length that is none", `${OK}content-length: 1x\r\n\r\n`]
  ])("%s, in the piece that ends the head: refused, not left waiting", async (_what, text) => {
    const { connection, exchange, say } = begun()
    say(text)
    expect((await failureOf(exchange.answer)).reason).toBe("broken")
    expect(connection.asked).toEqual(["drop"])
  })

  it("a head of nearly 64 KiB, byte by byte", async () => {
    const { exchange, say } = begun()
    for (const char of `${OK}content-length: 0\r\nx: ${"y".repeat(60_000)}\r\n\r\n`) say(char)
    expect((await exchange.answer).headers["x"]?.length).toBe(60_000)
  })

  it("RFC 9110 §15.2: a few interim answers are passed over, in pieces too; endless ones are not", async () => {
    const few = begun()
    for (const char of `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(8)}${framings("ok", [])["counted"]}`) few.say(char)
    expect(await few.exchange.answer.then(() => bodyOf(few.exchange))).toBe("ok")
    const many = begun()
    many.say("HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000))
    expect((await failureOf(many.exchange.answer)).reason).toBe("broken")
    expect(many.connection.asked).toEqual(["drop"])
  })

  it.each(["HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", "HTTP/1.1 999 X\r\n\r\n"])(
    "no answer: %j",
    async (text) => {
      const { exchange, say } = begun()
      say(text)
      expect((await failureOf(exchange.answer)).reason).toBe("broken")
    }
  )

  it.each([
    ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true],
    ["HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n", false],
    ["HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 0\r\n\r\n", false],
    ["HTTP/1.1 200 OK\r\nconnection: keep-alive, Close\r\ncontent-length: 0\r\n\r\n", false],
    ["HTTP/1.1 200 OK\r\nconnection: x-closed\r\ncontent-length: 0\r\n\r\n", true],
    ["HTTP/1.1 204 No Content\r\n\r\n", true],
    ["HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n", false],
    ["HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", false]
  ])("RFC 9112 §9.3: %j, used again: %s", (text, reusable) => {
    const { connection, say } = begun()
    say(text)
    expect(connection.asked).toEqual([`finished ${reusable} undefined`])
  })
})
