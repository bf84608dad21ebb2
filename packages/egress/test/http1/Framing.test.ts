import { describe, expect, it } from "@effect/vitest"
import { framingOf } from "../../src/internal/http1/Framing.ts"
import { readHead } from "../../src/internal/http1/Head.ts"
import { Malformed } from "../../src/internal/http1/Malformed.ts"

/** How an answer with this status line and these fields is framed. */
const framing = (line: string, ...fields: ReadonlyArray<string>) => {
  const head = readHead(Buffer.from(`${[line, ...fields].join("\r\n")}\r\n\r\n`), 0)
  if (head === undefined) throw new Error("not whole")
  return framingOf(head)
}

const OK = "HTTP/1.1 200 OK"

const take = (of: ReturnType<typeof framing>, ...texts: ReadonlyArray<string>): string => {
  const parts: Array<Uint8Array<ArrayBuffer>> = []
  for (const text of texts) of.take(new Uint8Array(Buffer.from(text)), parts)
  return Buffer.concat(parts).toString()
}

describe("framingOf, RFC 9112 §6.3", () => {
  it.each([204, 304])("(1) %i has no body, whatever its fields say", (status) => {
    for (const fields of [[], ["content-length: 0"], ["content-length: 5"], ["transfer-encoding: chunked"]]) {
      expect(framing(`HTTP/1.1 ${status} X`, ...fields).ended).toBe(true)
    }
  })

  it.each([204, 304])("(1) %i that announces a body nonetheless: what may follow is never an answer", (status) => {
    const line = `HTTP/1.1 ${status} X`
    for (const field of ["content-length: 5", "transfer-encoding: chunked"]) {
      const of = framing(line, field)
      take(of, "")
      expect(of.surplus).toBe(true)
    }
    for (const fields of [[], ["content-length: 0"]]) {
      const of = framing(line, ...fields)
      take(of, "")
      expect(of.surplus).toBe(false)
    }
  })

  it.each([
    ["a length too", OK, "transfer-encoding: chunked", "content-length: 5"],
    ["a length first", OK, "content-length: 5", "Transfer-Encoding: chunked"],
    ["HTTP/1.0", "HTTP/1.0 200 OK", "transfer-encoding: chunked"],
    ["identity", OK, "transfer-encoding: identity"],
    ["gzip", OK, "transfer-encoding: gzip"],
    ["gzip, chunked", OK, "transfer-encoding: gzip, chunked"],
    ["chunked, gzip", OK, "transfer-encoding: chunked, gzip"],
    ["chunked twice in one field", OK, "transfer-encoding: chunked, chunked"],
    ["chunked twice in two fields", OK, "transfer-encoding: chunked", "transfer-encoding: chunked"],
    ["a parameter", OK, "transfer-encoding: chunked;q=1"],
    ["xchunked", OK, "transfer-encoding: xchunked"],
    ["nothing", OK, "transfer-encoding:"],
    ["a vertical lookalike", OK, "transfer-encoding: \xa0chunked"],
    ["a coding on a 204", "HTTP/1.1 204 X", "transfer-encoding: chunked", "content-length: 5"]
  ])("(3) a transfer coding that could be read in two ways is refused: %s", (_what, line, ...fields) => {
    expect(() => framing(line, ...fields)).toThrow(Malformed)
  })

  it("(4) chunked, whatever its case", () => {
    const of = framing(OK, "Transfer-Encoding: Chunked")
    expect(take(of, "3\r\nabc\r\n0\r\n\r\n")).toBe("abc")
    expect([of.ended, of.untilClose, of.surplus]).toEqual([true, false, false])
  })

  it.each(["+5", "-5", "5 5", "5,5", "5, 5", "0x5", "5.0", "1e3", "", "five", "1".repeat(16), "\xb2"])(
    "(5) a length that is no plain number is refused: %j",
    (length) => {
      expect(() => framing(OK, `content-length: ${length}`)).toThrow(Malformed)
    }
  )

  it("(6) a length: exactly so many bytes, however they come", () => {
    const of = framing(OK, "content-length: 5")
    expect(of.ended).toBe(false)
    expect(take(of, "he", "", "llo")).toBe("hello")
    expect([of.ended, of.surplus, of.untilClose]).toEqual([true, false, false])
  })

  it("(6) what is more than the length is surplus and not body", () => {
    const of = framing(OK, "content-length: 5")
    expect(take(of, "hel", "loHTTP/1.1 200 OK")).toBe("hello")
    expect([of.ended, of.surplus]).toEqual([true, true])
    const none = framing(OK, "content-length: 0")
    expect(none.ended).toBe(true)
    expect(take(none, "x")).toBe("")
    expect(none.surplus).toBe(true)
  })

  it("(8) neither: all there is until the connection closes", () => {
    const of = framing(OK)
    expect(take(of, "a", "", "HTTP/1.1 200 OK")).toBe("aHTTP/1.1 200 OK")
    expect([of.ended, of.untilClose, of.surplus]).toEqual([false, true, false])
    expect(framing("HTTP/1.0 200 OK").untilClose).toBe(true)
  })
})
