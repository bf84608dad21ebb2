import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { endOfLastEvent, EventSplitter, EventTooLarge, readEvents, replaceData, type SseEvent } from "../src/Sse.ts"
import { bytesOf } from "./arbitraries.ts"

const LIMIT = 1 << 20

/** The blocks and what is left when `parts` are pushed one by one. */
const split = (parts: ReadonlyArray<Uint8Array>, limit = LIMIT) => {
  const splitter = new EventSplitter(limit)
  const blocks: Array<Uint8Array> = []
  for (const part of parts) {
    const block = splitter.push(part)
    if (block !== undefined) blocks.push(block)
  }
  return { blocks, rest: splitter.rest() }
}

const textOf = (parts: ReadonlyArray<Uint8Array>): string => Buffer.concat(parts).toString()

const lineEnd = fc.constantFrom("\n", "\r", "\r\n")
const line = fc.constantFrom(
  "data: {}",
  "data:x",
  "data",
  "data: é😀",
  "id: 7",
  "event: message",
  "retry: 10",
  ": note",
  ":",
  "x"
)
const event = fc
  .tuple(fc.array(fc.tuple(line, lineEnd), { maxLength: 5 }), lineEnd)
  .map(([lines, last]) => lines.map(([text, end]) => text + end).join("") + last)
const stream = fc.array(event, { maxLength: 6 }).map((events) => events.join(""))

/** Cuts `bytes` where `cuts` say, empty parts included. */
const cutAt = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i] ?? 0, end))
}

/** The same as `endOfLastEvent`, by a pattern: a blank line is two line ends in a row, and a CRLF is one. */
const endByPattern = (text: string): number => {
  for (let end = text.length; end > 0; end--)
    if (/(?:\n|\r)(?:\r\n|\n|\r)$/.test(text.slice(0, end)) && !/(?:^|[^\r\n])\r\n$/.test(text.slice(0, end)))
      return end
  return 0
}

describe("endOfLastEvent", () => {
  it("is just past the last blank line, whatever its line ends", () => {
    const noise = fc.array(fc.constantFrom("\n", "\r", "\r\n", "x", "é", "data: y"), { maxLength: 8 })
    fc.assert(
      fc.property(noise, (pieces) => {
        const bytes = bytesOf(pieces.join(""))
        const text = Buffer.from(bytes).toString("latin1")
        expect(endOfLastEvent(bytes)).toBe(endByPattern(text))
        expect(endOfLastEvent(Buffer.from(bytes))).toBe(endByPattern(text))
      }),
      { numRuns: 2_000 }
    )
  })
})

describe("EventSplitter", () => {
  it("finds a blank line across any seam, as if nothing had been cut", () => {
    const noise = fc.array(fc.constantFrom("\n", "\r", "\r\n", "x"), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(noise, fc.array(fc.nat(), { maxLength: 5 }), (pieces, cuts) => {
        // An event that is open, so that what follows is never the blank line after another event.
        const bytes = bytesOf(`data${pieces.join("")}`)
        const { blocks, rest } = split(cutAt(bytes, cuts))
        const ended = textOf(blocks).length
        const end = endOfLastEvent(bytes)
        // A cut within the last blank line ends the event early; what is left over then is line ends.
        expect(
          ended === end ||
            /^[\r\n]*$/.test(Buffer.from(bytes.subarray(Math.min(ended, end), Math.max(ended, end))).toString())
        ).toBe(true)
        expect(textOf([...blocks, ...(rest === undefined ? [] : [rest])])).toBe(Buffer.from(bytes).toString())
      }),
      { numRuns: 2_000 }
    )
  })

  it("W-20: the same bytes come out, however they were cut", () => {
    fc.assert(
      fc.property(stream, fc.string(), fc.array(fc.nat(), { maxLength: 12 }), (text, tail, cuts) => {
        const bytes = bytesOf(text + tail)
        const { blocks, rest } = split(cutAt(bytes, cuts))
        expect(textOf([...blocks, ...(rest === undefined ? [] : [rest])])).toBe(text + tail)
      }),
      { numRuns: 500 }
    )
  })

  it("every block ends where an event ends, and nothing whole is held back: at every cut", () => {
    const text = 'id: 1\r\ndata: {"a":1}\r\n\r\n: note\n\nevent: x\rdata: y\r\rdata: é\n\r\ndata: z\n\n'
    const bytes = bytesOf(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { blocks, rest } = split([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(textOf(blocks)).toBe(text)
      expect(rest).toBeUndefined()
      for (const block of blocks)
        expect(endOfLastEvent(block) === block.length || Buffer.from(block).toString() === "\n").toBe(true)
    }
  })

  it("byte by byte, and with empty parts between", () => {
    fc.assert(
      fc.property(stream, fc.boolean(), (text, empties) => {
        const single = [...bytesOf(text)].flatMap((byte) => [
          ...(empties ? [new Uint8Array(0)] : []),
          Uint8Array.of(byte)
        ])
        const { blocks, rest } = split(single)
        const whole = bytesOf(text)
        const held = Buffer.from(rest ?? []).toString()
        expect(textOf(blocks) + held).toBe(text)
        // CR CRLF: the event ends at the second CR; its LF, like any blank line between events, waits for the next one.
        const unfinished = Buffer.from(whole.subarray(endOfLastEvent(whole))).toString()
        expect(held.replace(/^[\r\n]+/, "")).toBe(unfinished.replace(/^[\r\n]+/, ""))
      })
    )
  })

  it("a chunk of whole events is passed on itself, not copied", () => {
    const chunk = bytesOf("data: 1\n\ndata: 2\n\n")
    expect(split([chunk]).blocks[0]).toBe(chunk)
  })

  it("an unfinished event is what is left", () => {
    const { blocks, rest } = split([bytesOf("data: 1\n\nda"), bytesOf("ta: 2\n")])
    expect(textOf(blocks)).toBe("data: 1\n\n")
    expect(Buffer.from(rest ?? []).toString()).toBe("data: 2\n")
  })

  it("S-16: an event past the limit is an error, before it is held; many small ones are none", () => {
    expect(() => split([bytesOf("data: "), bytesOf("x".repeat(100))], 64)).toThrow(EventTooLarge)
    expect(() => split([bytesOf(`data: ${"x".repeat(100)}`)], 64)).toThrow(EventTooLarge)
    expect(() =>
      split(
        Array.from({ length: 100 }, () => bytesOf("data: 1\n\n")),
        64
      )
    ).not.toThrow()
    expect(() =>
      split(Array.from({ length: 100 }, () => bytesOf("data: 1\n\nda")).concat(bytesOf("\n\n")), 64)
    ).not.toThrow()
  })
})

describe("readEvents", () => {
  it("joins back to the block; data as the standard reads it", () => {
    fc.assert(
      fc.property(stream, (block) => {
        expect(
          readEvents(block)
            .map(({ raw }) => raw)
            .join("")
        ).toBe(block)
      })
    )
  })

  const dataOf = (block: string): ReadonlyArray<string | undefined> => readEvents(block).map(({ data }) => data)

  it("lines of data are joined by LF, one leading space is dropped", () => {
    expect(dataOf("data: a\ndata:b\ndata:  c\ndata\n\n")).toEqual(["a\nb\n c\n"])
    expect(dataOf("data:\r\n\r\ndata: \r\r")).toEqual(["", ""])
  })

  it("comments, ids, retries, other fields and names that only look like it hold no data", () => {
    expect(dataOf(": c\n\nid: 1\n\nretry: 5\n\ndatabase: x\n\nDATA: x\n\n data: x\n\ndata : x\n\n")).toEqual(
      Array.from({ length: 7 }, () => undefined)
    )
  })

  it("LF, CR and CRLF end lines, in any mixture", () => {
    expect(dataOf("data: a\rdata: b\r\ndata: c\n\r\ndata: d\r\r")).toEqual(["a\nb\nc", "d"])
  })

  it("an event without its blank line is read as well", () => {
    expect(readEvents("data: 1\n\ndata: 2")).toEqual([
      { raw: "data: 1\n\n", data: "1" },
      { raw: "data: 2", data: "2" }
    ])
  })
})

const first = (block: string): SseEvent => readEvents(block)[0] ?? { raw: "", data: undefined }

describe("replaceData", () => {
  it("W-20: id, event, retry and comments stay in their places", () => {
    const block = ": c\r\nid: 7\r\ndata: old\r\nevent: message\r\ndata: older\r\nretry: 3\r\n\r\n"
    expect(replaceData(first(block), "new")).toBe(": c\r\nid: 7\r\ndata: new\r\nevent: message\r\nretry: 3\r\n\r\n")
  })

  it("design §4.3: the new data is spelt as the old was, a line for each of its lines", () => {
    expect(replaceData(first("data:a\ndata: b\n\n"), "x\n y\nz")).toBe("data:x\ndata:  y\ndata:z\n\n")
    expect(replaceData(first("data: a\r\n\r\n"), "x\n y\n")).toBe("data: x\r\ndata:  y\r\ndata: \r\n\r\n")
    expect(replaceData(first("data\n\n"), "x")).toBe("data: x\n\n")
  })

  it("the blank line stays one, whatever ended the lines of data", () => {
    for (const end of ["\r", "\n", "\r\n"]) {
      for (const blank of ["\r", "\n", "\r\n"]) {
        if (end === "\r" && blank === "\n") continue
        const block = `data: a\rdata: b${end}${blank}`
        expect(readEvents(`${replaceData(first(block), "x")}data: next\n\n`).map(({ data }) => data)).toEqual([
          "x",
          "next"
        ])
      }
    }
  })

  it("whatever the event was, it now holds the new data and its other lines", () => {
    fc.assert(
      fc.property(
        event,
        fc.array(fc.oneof(fc.constantFrom("\n", " "), fc.string())).map((parts) => parts.join("").replaceAll("\r", "")),
        (block, data) => {
          const old = first(block)
          const fresh = readEvents(replaceData(old, data))
          const others = (raw: string) =>
            raw.split(/\r\n|\r|\n/).filter((text) => text !== "" && !/^data(?::|$)/.test(text))
          expect(fresh).toHaveLength(1)
          expect(fresh[0]?.data).toBe(old.data === undefined ? undefined : data)
          expect(others(fresh[0]?.raw ?? "")).toEqual(others(old.raw))
        }
      )
    )
  })
})
