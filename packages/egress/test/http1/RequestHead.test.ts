import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { headerLines, requestLine } from "../../src/internal/http1/RequestHead.ts"
import { UpstreamFailure } from "../../src/Upstream.ts"

const text = (headers: Readonly<Record<string, string>>): string => headerLines(headers).toString("latin1")

describe("headerLines", () => {
  it("RFC 9112 §5: each as a line, values as they are", () => {
    expect(text({ accept: "a/b", "x-empty": "", "x-high": "caf\xe9\t!" })).toBe(
      "accept: a/b\r\nx-empty: \r\nx-high: caf\xe9\t!\r\n"
    )
    expect(text({})).toBe("")
  })

  it("what belongs to the connection is left out: it is written there, once", () => {
    const headers = { host: "evil", "content-length": "3", "transfer-encoding": "chunked", connection: "close", a: "b" }
    expect(text(headers)).toBe("a: b\r\n")
  })

  it.each(["a\r\nb: c", "a\nb", "a\rb", "a\0b", "\x7f", "\u0100", "\u{1f600}", "a\u2028b", "\u010d\u010a"])(
    "a value that could end its line, or is no latin1: %j",
    (value) => {
      expect(() => headerLines({ a: value })).toThrow(UpstreamFailure)
    }
  )

  it.each(["", " a", "a ", "a b", "a:", "a\r\nb", "a\0", "A", "Host", "caf\xe9", "(a)", "\u0130"])(
    "a name that is no lower-case token: %j",
    (name) => {
      expect(() => headerLines({ [name]: "x" })).toThrow(UpstreamFailure)
    }
  )

  it("a name and a value of any kind: a single line of its own, or refused", () => {
    const loose = fc.string({ unit: "binary", maxLength: 8 })
    fc.assert(
      fc.property(loose, loose, (name, value) => {
        try {
          expect(text({ [name]: value })).toBe(`${name}: ${value}\r\n`)
          expect(`${name}${value}`).not.toMatch(/[\r\n\0]/)
        } catch (error) {
          expect(error).toBeInstanceOf(UpstreamFailure)
        }
      })
    )
  })
})

describe("requestLine", () => {
  it("RFC 9112 §3.2.1: path and query of the URL, and its host with any port of its own", () => {
    expect(requestLine("POST", new URL("http://a.example:80/x/y?z=%20#f"))).toBe(
      "POST /x/y?z=%20 HTTP/1.1\r\nhost: a.example\r\n"
    )
    expect(requestLine("GET", new URL("https://u:p@[::1]:8443"))).toBe("GET / HTTP/1.1\r\nhost: [::1]:8443\r\n")
  })

  it("whatever the URL, two lines and no more", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (path, query) => {
        const line = requestLine("GET", new URL(`http://a.example/${path}?${query}`))
        expect(line).toMatch(/^GET \/[\x21-\x7e]* HTTP\/1\.1\r\nhost: a\.example\r\n$/)
      })
    )
  })
})
