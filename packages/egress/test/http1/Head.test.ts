import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Head, MAX_HEAD, readHead } from "../../src/internal/http1/Head.ts"
import { Malformed } from "../../src/internal/http1/Malformed.ts"

const bytes = (text: string): Buffer => Buffer.from(text, "latin1")

const headOf = (text: string): Head => {
  const head = readHead(bytes(text), 0)
  assert(head !== undefined, "not whole")
  return head
}

/** The headers of an answer with these lines. */
const headersOf = (...lines: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  headOf(`HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`).headers

describe("readHead, what it reads", () => {
  it("RFC 9112 §4: status line, fields and where the body begins", () => {
    const text = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX: 1\r\n\r\n"
    const head = headOf(`${text}body`)
    expect([head.status, head.minor, head.size]).toEqual([404, 1, text.length])
    expect({ ...head.headers }).toEqual({ "content-type": "text/plain", x: "1" })
  })

  it.each([
    ["HTTP/1.1 200 OK", 200],
    ["HTTP/1.1 200 ", 200],
    ["HTTP/1.1 200", 200],
    ["HTTP/1.1 200 OKAY", 200],
    ["HTTP/1.1 599 caf\xe9\tau lait", 599],
    ["HTTP/1.1 100 Continue", 100],
    ["HTTP/1.1 201 OK", 201]
  ])("RFC 9112 §4: the reason phrase says nothing, and may be missing: %j", (line, status) => {
    expect(headOf(`${line}\r\n\r\n`).status).toBe(status)
    expect(headOf(`${line}\r\na: b\r\n\r\n`).headers["a"]).toBe("b")
  })

  it("RFC 9112 §2.3: HTTP/1.0 is told apart", () => {
    expect(headOf("HTTP/1.0 200 OK\r\n\r\n").minor).toBe(0)
    expect(headOf("HTTP/1.1 200 OK\r\n\r\n").minor).toBe(1)
  })

  it("RFC 9112 §5.1: blanks around a value are none of it, those inside are", () => {
    const headers = headersOf("a:1", "b:  \t two words\t ", "c:", "d: \t ", "e:a:b")
    expect({ ...headers }).toEqual({ a: "1", b: "two words", c: "", d: "", e: "a:b" })
  })

  it("RFC 9110 §5.3: repeated fields are joined in their order, whatever their case", () => {
    expect(headersOf("Via: a", "x: y", "VIA: b", "via: c")["via"]).toBe("a, b, c")
  })

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "a field named %s is a field and no more",
    (name) => {
      expect(headersOf("a: b")[name.toLowerCase()]).toBeUndefined()
      const headers = headersOf(`${name}: polluted`)
      expect(Object.keys(headers)).toEqual([name.toLowerCase()])
      expect(headers[name.toLowerCase()]).toBe("polluted")
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined()
    }
  )

  it("RFC 9112 §6.3: a length said twice is one length when it is the same", () => {
    expect(headersOf("content-length: 5", "Content-Length:5")["content-length"]).toBe("5")
  })
})

const refused: ReadonlyArray<readonly [rule: string, head: string]> = [
  ["§2.2: bare LF after the status line", "HTTP/1.1 200 OK\na: b\r\n\r\n"],
  ["§2.2: bare LF after a field", "HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n"],
  ["§2.2: bare LF only", "HTTP/1.1 200 OK\n\n"],
  ["§2.2: bare CR in the status line", "HTTP/1.1 200 O\rK\r\n\r\n"],
  ["§2.2: bare CR in a value", "HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n"],
  ["§2.2: CR before CRLF", "HTTP/1.1 200 OK\r\na: b\r\r\n\r\n"],
  ["§2.2: an empty line before the status line", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
  ["§5.2: obs-fold with a space", "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n"],
  ["§5.2: obs-fold with a tab", "HTTP/1.1 200 OK\r\na: b\r\n\tc\r\n\r\n"],
  ["§5.2: a first field that is folded", "HTTP/1.1 200 OK\r\n content-length: 5\r\n\r\n"],
  ["§5.1: a space before the colon", "HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\n"],
  ["§5.1: a tab before the colon", "HTTP/1.1 200 OK\r\ncontent-length\t: 5\r\n\r\n"],
  ["§5: no colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["§5: an empty name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n"],
  ["§5.6.2 of 9110: a name that is no token", "HTTP/1.1 200 OK\r\na(b): c\r\n\r\n"],
  ["§5.6.2 of 9110: a name beyond ASCII", "HTTP/1.1 200 OK\r\ncaf\xe9: c\r\n\r\n"],
  ["§5.5 of 9110: NUL in a value", "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n"],
  ["§5.5 of 9110: DEL in a value", "HTTP/1.1 200 OK\r\na: b\x7f\r\n\r\n"],
  ["§5.5 of 9110: a control character in a value", "HTTP/1.1 200 OK\r\na: b\x1b[0m\r\n\r\n"],
  ["§5.1: NUL in a name", "HTTP/1.1 200 OK\r\na\0: b\r\n\r\n"],
  ["§6.3: two lengths that differ", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n"],
  [
    "§6.3: two lengths that are written differently",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 05\r\n\r\n"
  ],
  ["§2.3: HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
  ["§2.3: HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["§2.3: HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n"],
  ["§2.3: lower case", "http/1.1 200 OK\r\n\r\n"],
  ["§2.3: another protocol", "SSH-2.0-nope\r\n\r\n"],
  ["§2.3: a request", "GET / HTTP/1.1\r\n\r\n"],
  ["§4: no status", "HTTP/1.1 OK\r\n\r\n"],
  ["§4: two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["§4: four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["§4: two spaces", "HTTP/1.1  200 OK\r\n\r\n"],
  ["§4: status 000", "HTTP/1.1 000 OK\r\n\r\n"],
  ["§15 of 9110: status 600", "HTTP/1.1 600 OK\r\n\r\n"],
  ["§15 of 9110: status 999", "HTTP/1.1 999 OK\r\n\r\n"],
  ["§4: NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"],
  ["nothing but an empty line", "\r\n\r\n"]
]

describe("readHead, what it refuses (RFC 9112)", () => {
  it.each(refused)("%s", (_rule, head) => {
    expect(() => readHead(bytes(head), 0)).toThrow(Malformed)
  })

  it("§2.2: a server that ends its lines with bare LF is told so at once, not waited for", () => {
    expect(() => readHead(bytes("HTTP/1.1 200 OK\ncontent-length: 0\n\n"), 0)).toThrow(Malformed)
    const begun = "HTTP/1.1 200 OK"
    expect(() => readHead(bytes(`${begun}\n`), begun.length)).toThrow(Malformed)
  })
})

describe("readHead, in pieces", () => {
  const text = "HTTP/1.1 200 OK\r\ncontent-type: a/b\r\nx-long: some words\r\n\r\n"

  it("cut at every byte: not whole before its end, then the same", () => {
    const all = bytes(`${text}body`)
    for (let size = 0; size < text.length; size++) expect(readHead(all.subarray(0, size), 0)).toBeUndefined()
    for (let seen = 0; seen < text.length; seen++) expect(readHead(all, seen)).toEqual(headOf(text))
  })

  it("byte by byte", () => {
    const all = bytes(text)
    for (let size = 1; size < text.length; size++) {
      expect(readHead(all.subarray(0, size), size - 1)).toBeUndefined()
    }
    expect(readHead(all, text.length - 1)?.size).toBe(text.length)
  })

  it("64 KiB are a head, a byte more is none, and neither is one without end", () => {
    const of = (size: number) => {
      const frame = "HTTP/1.1 200 OK\r\na: \r\n\r\n"
      return bytes(frame.replace("a: ", `a: ${"x".repeat(size + 4 - frame.length)}`))
    }
    // The limit is the head's without its empty line.
    expect(readHead(of(MAX_HEAD), 0)?.headers["a"]?.length).toBeGreaterThan(65_000)
    expect(() => readHead(of(MAX_HEAD + 1), 0)).toThrow(Malformed)
    expect(() => readHead(bytes(`HTTP/1.1 200 OK\r\na: ${"x".repeat(MAX_HEAD)}`), 0)).toThrow(Malformed)
    expect(readHead(bytes(`HTTP/1.1 200 OK\r\na: ${"x".repeat(1000)}`), 0)).toBeUndefined()
  })
})

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/)
const value = fc.stringMatching(/^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e\x80-\xff])?)?$/)

describe("readHead, for all heads", () => {
  it("what was written is read, and read again the same", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name.toLowerCase() }), (fields) => {
        const expected = fields
          .filter(([name]) => name.toLowerCase() !== "content-length")
          .map(([name, text]) => [name.toLowerCase(), text])
        const lines = expected.map(([name, text]) => `${name}: ${text}`)
        expect(Object.entries(headersOf(...lines)).toSorted()).toEqual(expected.toSorted())
        expect(headersOf(...lines)).toEqual(headersOf(...lines))
      })
    )
  })

  it("any bytes are a head, not whole, or malformed; nothing else", () => {
    const piece = fc.oneof(
      fc.constantFrom("HTTP/1.1 200 OK", "\r\n", "\r", "\n", ": ", "a", " ", "content-length", "\0", "5"),
      fc.string({ unit: "binary-ascii", maxLength: 3 })
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const input = bytes(pieces.join(""))
        try {
          const head = readHead(input, 0)
          if (head === undefined) return
          const text = input.toString("latin1", 0, head.size)
          expect(text.endsWith("\r\n\r\n")).toBe(true)
          expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n\0]/)
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      })
    )
  })
})
