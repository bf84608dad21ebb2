import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { countKeys, hasDistinctKeys } from "../src/JsonText.ts"
import { gaps, json, write } from "./arbitraries.ts"

const DEEP = 512

const distinct = (text: string): boolean => hasDistinctKeys(text, countKeys(JSON.parse(text), DEEP))

describe("hasDistinctKeys and countKeys (W-44, S-10)", () => {
  it("agree for any JSON value, however it is spaced", () => {
    fc.assert(
      fc.property(json, gaps, (value, gap) => {
        const { text, members } = write(value, gap)
        expect(countKeys(JSON.parse(text), DEEP)).toBe(members)
        expect(distinct(text)).toBe(true)
      }),
      { numRuns: 500 }
    )
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
        expect(distinct(JSON.stringify(value, null, indent))).toBe(true)
      })
    )
  })

  it("a duplicate is seen whatever the other texts hold", () => {
    const piece = fc.constantFrom("\\", '"', ":", "a", "x".repeat(23), "x".repeat(24), "x".repeat(25), "{", "é", "\\\\")
    const anyText = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(""))
    fc.assert(
      fc.property(anyText, (text) => {
        const object = JSON.stringify({ [text]: text, b: [text, { c: text }] })
        expect(distinct(object)).toBe(text !== "b" || countKeys(JSON.parse(object), DEEP) === 2)
        const quoted = JSON.stringify(text)
        expect(distinct(`{${quoted}:${quoted},"b":[${quoted}],${quoted}:1}`)).toBe(false)
      }),
      { numRuns: 500 }
    )
  })

  it("an escaped spelling is the same key", () => {
    expect(distinct('{"a":{"b":1,"\\u0062":2}}')).toBe(false)
    expect(distinct('{"a":{"b":1,"\\u0063":2}}')).toBe(true)
  })

  it("depth: -1 past the limit, in arrays and objects alike; texts do not nest", () => {
    expect(countKeys(JSON.parse("[[[]]]"), 3)).toBe(0)
    expect(countKeys(JSON.parse("[[[]]]"), 2)).toBe(-1)
    expect(countKeys(JSON.parse('{"a":[{}]}'), 2)).toBe(-1)
    expect(countKeys("[[[[{{{{", 1)).toBe(0)
  })

  it("costs time in proportion to the length: no text is searched twice", () => {
    // Each of these would take minutes if looked through once per quote or backslash.
    for (const part of ["\\\\".repeat(2_000_000), '\\"'.repeat(2_000_000), ":".repeat(4_000_000)]) {
      expect(distinct(`{"a":"${part}"}`)).toBe(true)
    }
    expect(distinct(`[${'"a:",'.repeat(1_000_000)}1]`)).toBe(true)
  })
})
