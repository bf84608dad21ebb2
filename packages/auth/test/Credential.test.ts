import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { MAX_BEARER_LENGTH, MAX_COOKIE_LENGTH, presented } from "../src/Credential.ts"

const COOKIE = "mcp_gateway_session"
const read = (headers: Record<string, string>) => presented(new Headers(headers).toJSON(), [COOKIE])

describe("contracts §2.2: where a credential is read", () => {
  it("X-Authorization, then Authorization, then the cookie", () => {
    const all = { "X-Authorization": "Bearer x", Authorization: "Bearer a", Cookie: `${COOKIE}=c` }
    expect(read(all)).toEqual({ kind: "bearer", value: "x", header: "x-authorization" })
    expect(read({ Authorization: all.Authorization, Cookie: all.Cookie })).toEqual({
      kind: "bearer",
      value: "a",
      header: "authorization"
    })
    expect(read({ Cookie: all.Cookie })).toEqual({ kind: "cookie", value: "c" })
    expect(read({})).toBeUndefined()
  })

  it("the scheme is case-insensitive, and may be followed by several spaces", () => {
    for (const scheme of ["Bearer", "bearer", "BEARER", "bEaReR"]) {
      expect(read({ Authorization: `${scheme}   t` })).toMatchObject({ value: "t" })
    }
  })

  it("design §6: an unreadable explicit credential ends the search", () => {
    for (const value of [
      "",
      "Bearer",
      "Bearer ",
      "Bearer    ",
      "Basic dTpw",
      "Bearert",
      "t",
      "Bearer\tt",
      "Token t",
      "Bearer a b"
    ]) {
      const rest = { Authorization: "Bearer good", Cookie: `${COOKIE}=c` }
      expect(read({ ...rest, "X-Authorization": value })).toBe("malformed")
      expect(read({ Cookie: rest.Cookie, Authorization: value })).toBe("malformed")
    }
  })

  it("a repeated header is malformed, not the first of two", () => {
    for (const name of ["X-Authorization", "Authorization"]) {
      const headers = new Headers()
      headers.append(name, "Bearer a")
      headers.append(name, "Bearer b")
      expect(presented(headers.toJSON(), [COOKIE])).toBe("malformed")
    }
  })

  it("S-16: over-long values are malformed", () => {
    expect(read({ Authorization: `Bearer ${"x".repeat(MAX_BEARER_LENGTH)}` })).toMatchObject({ kind: "bearer" })
    expect(read({ Authorization: `Bearer ${"x".repeat(MAX_BEARER_LENGTH + 1)}` })).toBe("malformed")
    expect(read({ Cookie: `${COOKIE}=${"x".repeat(MAX_COOKIE_LENGTH)}` })).toMatchObject({ kind: "cookie" })
    expect(read({ Cookie: `${COOKIE}=${"x".repeat(MAX_COOKIE_LENGTH + 1)}` })).toBe("malformed")
  })

  it("the cookie is found among others, by its whole name; an empty one is none", () => {
    expect(read({ Cookie: `a=1; ${COOKIE}=c=d ;b=2` })).toEqual({ kind: "cookie", value: "c=d" })
    expect(read({ Cookie: `x${COOKIE}=c; ${COOKIE}2=d; a=${COOKIE}=e` })).toBeUndefined()
    expect(read({ Cookie: `${COOKIE}=` })).toBeUndefined()
  })

  it("two cookies of the name are malformed: one of them was planted", () => {
    expect(read({ Cookie: `${COOKIE}=a; ${COOKIE}=b` })).toBe("malformed")
    expect(read({ Cookie: `${COOKIE}=; ${COOKIE}=b` })).toBe("malformed")
  })

  it("property: with any explicit header the cookie is never read", () => {
    const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
    fc.assert(
      fc.property(printable, fc.constantFrom("X-Authorization", "Authorization"), (value, name) => {
        const credential = read({ [name]: value, Cookie: `${COOKIE}=c` })
        expect(credential).toBeDefined()
        expect(credential).not.toMatchObject({ kind: "cookie" })
      })
    )
  })
})

describe("design §6: a cookie bound to the host, and its old name", () => {
  const OWN = `__Host-${COOKIE}`
  const from = (cookie: string, headers: Record<string, string> = {}) =>
    presented(new Headers({ ...headers, cookie }).toJSON(), [OWN, COOKIE])
  const BROWSERS: ReadonlyArray<Record<string, string>> = [
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { origin: "https://gw.example" }
  ]

  it("either name from a caller that is no browser; both when they hold the same", () => {
    for (const cookie of [`${OWN}=c`, `${COOKIE}=c`, `${COOKIE}=c; ${OWN}=c`, `${OWN}=; ${COOKIE}=c`]) {
      expect(from(cookie)).toEqual({ kind: "cookie", value: "c" })
    }
  })

  it("two values, under one name or two, are malformed", () => {
    for (const cookie of [`${OWN}=a; ${COOKIE}=b`, `${OWN}=a; ${OWN}=a`, `${COOKIE}=a; ${OWN}=a; ${COOKIE}=a`]) {
      expect(from(cookie)).toBe("malformed")
    }
  })

  it("S-11: from a browser the old name is nothing: a sibling host could have planted it", () => {
    for (const headers of BROWSERS) {
      expect(from(`${COOKIE}=planted`, headers)).toBeUndefined()
      expect(from(`${COOKIE}=planted; ${OWN}=own; ${COOKIE}=again`, headers)).toEqual({ kind: "cookie", value: "own" })
      expect(from(`${OWN}=a; ${OWN}=b`, headers)).toBe("malformed")
    }
  })

  it("property: a browser's credential never depends on cookies of the old name", () => {
    const pair = fc.tuple(fc.constantFrom(COOKIE, `x${OWN}`, "other"), fc.constantFrom("", "a", "b"))
    fc.assert(
      fc.property(fc.array(pair), fc.constantFrom("", "own"), fc.constantFrom(...BROWSERS), (noise, own, headers) => {
        const sent = [...noise, [OWN, own] as const].map(([name, value]) => `${name}=${value}`)
        expect(from(sent.join("; "), headers)).toEqual(own === "" ? undefined : { kind: "cookie", value: own })
      })
    )
  })
})
