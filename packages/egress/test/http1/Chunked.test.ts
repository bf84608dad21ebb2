import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Chunked } from "../../src/internal/http1/Chunked.ts"
import { Malformed } from "../../src/internal/http1/Malformed.ts"

type Part = Uint8Array<ArrayBuffer>

const bytes = (text: string): Part => new Uint8Array(Buffer.from(text, "latin1"))

/** Reads these pieces one after another. */
const read = (pieces: ReadonlyArray<string>) => {
  const chunked = new Chunked()
  const parts: Array<Part> = []
  for (const piece of pieces) chunked.take(bytes(piece), parts)
  const body = Buffer.concat(parts).toString("latin1")
  return { body, ended: chunked.ended, surplus: chunked.surplus, parts: parts.length }
}

const whole = (body: string) => ({ body, ended: true, surplus: false })

const accepted: ReadonlyArray<readonly [rule: string, coded: string, body: string]> = [
  ["§7.1: chunks in a row", "4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", "Wikipedia"],
  ["§7.1: nothing", "0\r\n\r\n", ""],
  ["§7.1: upper-case hex", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"],
  ["§7.1: lower-case hex", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"],
  ["§7.1: leading zeros", "00000000000000004\r\nWiki\r\n000\r\n\r\n", "Wiki"],
  ["§7.1: line ends inside a chunk", "6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", "\r\n0\r\n\r"],
  ["§7.1.1: an extension", "4;name\r\nWiki\r\n0;last\r\n\r\n", "Wiki"],
  ["§7.1.1: an extension with a value", '4;a=b;c="d e;f"\r\nWiki\r\n0\r\n\r\n', "Wiki"],
  ["§7.1.1: blanks before an extension", "4 \t ; a = b\r\nWiki\r\n0\r\n\r\n", "Wiki"],
  ["§7.1.1: blanks and no extension", "4  \r\nWiki\r\n0\r\n\r\n", "Wiki"],
  ["§7.1.2: trailers are passed over", "4\r\nWiki\r\n0\r\na: b\r\ncontent-length: 7\r\n\r\n", "Wiki"]
]

const refused: ReadonlyArray<readonly [rule: string, coded: string]> = [
  ["a sign", "+5\r\nhello\r\n0\r\n\r\n"],
  ["a negative size", "-1\r\nhello\r\n"],
  ["the prefix 0x", "0x5\r\nhello\r\n0\r\n\r\n"],
  ["an empty size", "\r\nhello\r\n"],
  ["only an extension", ";a\r\nhello\r\n"],
  ["a blank before the size", " 5\r\nhello\r\n"],
  ["a blank inside the size", "1 0\r\nhello\r\n"],
  ["no hex digit", "5g\r\nhello\r\n"],
  ["an underscore", "1_0\r\nhello\r\n"],
  ["a size over 32 bits", "100000000\r\n"],
  ["a size that would wrap", "ffffffffffffffff1\r\n"],
  ["a size that would lose digits", "20000000000000005\r\nhello\r\n"],
  ["bare LF after the size", "5\nhello\r\n0\r\n\r\n"],
  ["bare CR after the size", "5\rXhello\r\n0\r\n\r\n"],
  ["two CRs after the size", "5\r\r\nhello\r\n"],
  ["bare LF after the data", "5\r\nhello\n0\r\n\r\n"],
  ["a chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n"],
  ["no line end after the data", "5\r\nhello0\r\n\r\n"],
  ["bare LF in an extension", "5;a\nb\r\nhello\r\n"],
  ["bare CR in an extension", "5;a\rb\r\nhello\r\n"],
  ["NUL in an extension", "5;a\0\r\nhello\r\n"],
  ["bare LF after the last chunk", "0\n\n"],
  ["bare LF after the trailers", "0\r\na: b\r\n\n"],
  ["bare LF after a trailer", "0\r\na: b\n\r\n"],
  ["bare CR in a trailer", "0\r\na: b\rc\r\n\r\n"],
  ["NUL in a trailer", "0\r\na: \0\r\n\r\n"]
]

describe("Chunked (RFC 9112 §7.1)", () => {
  it.each(accepted)("%s", (_rule, coded, body) => {
    expect(read([coded])).toMatchObject(whole(body))
    expect(read([...coded])).toMatchObject(whole(body))
  })

  it.each(accepted)("%s, cut at every byte", (_rule, coded, body) => {
    for (let cut = 0; cut <= coded.length; cut++) {
      expect(read([coded.slice(0, cut), coded.slice(cut)])).toMatchObject(whole(body))
      expect(read([coded.slice(0, cut)]).ended).toBe(cut === coded.length)
    }
  })

  it.each(refused)("refused: %s", (_rule, coded) => {
    expect(() => read([coded])).toThrow(Malformed)
    expect(() => read([...coded])).toThrow(Malformed)
  })

  it("a line without end is refused, be it size, extension or trailer", () => {
    expect(() => read(["0".repeat(100_000)])).toThrow(Malformed)
    expect(() => read([`5;${"a".repeat(100_000)}`])).toThrow(Malformed)
    expect(() => read([`0\r\na: ${"b".repeat(100_000)}`])).toThrow(Malformed)
    expect(() => read([`0\r\n${"a: b\r\n".repeat(10_000)}`])).toThrow(Malformed)
    expect(() => read(["5", ...Array.from({ length: 10_000 }, () => ";")])).toThrow(Malformed)
  })

  it("what follows the end is surplus, in the same piece and in the next", () => {
    expect(read(["1\r\na\r\n0\r\n\r\nHTTP/1.1"])).toMatchObject({ body: "a", ended: true, surplus: true })
    expect(read(["1\r\na\r\n0\r\n\r\n", "H"])).toMatchObject({ body: "a", ended: true, surplus: true })
  })

  it("many tiny chunks in one piece are one part: memory follows the bytes, not the chunks", () => {
    const count = 20_000
    expect(read([`${"1\r\nx\r\n".repeat(count)}0\r\n\r\n`])).toEqual({ ...whole("x".repeat(count)), parts: 1 })
  })
})

/** Every way to write a chunk of these bytes. */
const chunk = (data: string) =>
  fc
    .record({
      upper: fc.boolean(),
      zeros: fc.nat({ max: 3 }),
      extension: fc.constantFrom("", ";a", ";a=b", ' ; a="b c"', "\t")
    })
    .map(({ upper, zeros, extension }) => {
      const hex = "0".repeat(zeros) + data.length.toString(16)
      return `${upper ? hex.toUpperCase() : hex}${extension}\r\n${data}\r\n`
    })

const latin1 = fc.uint8Array({ maxLength: 60 }).map((part) => Buffer.from(part).toString("latin1"))

const coded = fc
  .array(latin1, { maxLength: 12 })
  .chain((datas) =>
    fc
      .tuple(
        fc.tuple(...datas.filter((data) => data !== "").map(chunk)),
        fc.array(fc.constantFrom("a: b\r\n", "x:\r\n"), { maxLength: 2 })
      )
      .map(([chunks, trailers]) => ({ body: datas.join(""), text: `${chunks.join("")}0\r\n${trailers.join("")}\r\n` }))
  )

/** A text in pieces, some of them empty. */
export const cuts = (text: string) =>
  fc.array(fc.nat({ max: text.length }), { maxLength: 20 }).map((places) => {
    const sorted = [0, ...places, text.length].toSorted((a, b) => a - b)
    return sorted.slice(1).map((end, i) => text.slice(sorted[i], end))
  })

describe("Chunked, for all bodies, chunkings and cuts", () => {
  it("the same body", () => {
    const cases = coded.chain(({ body, text }) => cuts(text).map((pieces) => ({ body, pieces })))
    fc.assert(
      fc.property(cases, ({ body, pieces }) => {
        expect(read(pieces)).toMatchObject(whole(body))
      })
    )
  })

  it("cut short it never ends", () => {
    const cases = coded.chain(({ text }) => fc.nat({ max: text.length - 1 }).map((end) => text.slice(0, end)))
    fc.assert(
      fc.property(cases, (text) => {
        expect(read([text]).ended).toBe(false)
      })
    )
  })
})
