import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { countColons, countKeys } from "../src/JsonText.ts"
import { gaps, json, write } from "./arbitraries.ts"

const DEEP = 512

describe("countColons and countKeys", () => {
  it("agree for any JSON value, however it is spaced", () => {
    fc.assert(
      fc.property(json, gaps, (value, gap) => {
        const { text, members } = write(value, gap)
        expect(countColons(text, DEEP)).toBe(members)
        expect(countKeys(JSON.parse(text))).toBe(members)
      }),
      { numRuns: 500 }
    )
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(countColons(text, DEEP)).toBe(countKeys(JSON.parse(text)))
      })
    )
  })

  it("texts of any length and any run of backslashes end where they end", () => {
    const piece = fc.constantFrom("\\", '"', ":", "a", "x".repeat(23), "x".repeat(24), "x".repeat(25), "{", "é", "\\\\")
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")), (text) => {
        expect(countColons(JSON.stringify({ [text]: text, b: [text, { c: text }] }), DEEP)).toBe(3)
      }),
      { numRuns: 500 }
    )
  })

  it("a lone duplicate makes them differ", () => {
    const text = '{"a":{"b":1,"\\u0062":2}}'
    expect(countColons(text, DEEP)).toBe(3)
    expect(countKeys(JSON.parse(text))).toBe(2)
  })

  it("depth: -1 past the limit, in arrays and objects alike; texts do not nest", () => {
    expect(countColons("[[[]]]", 3)).toBe(0)
    expect(countColons("[[[]]]", 2)).toBe(-1)
    expect(countColons('{"a":[{}]}', 2)).toBe(-1)
    expect(countColons('"[[[[{{{{"', 1)).toBe(0)
  })

  it("costs time in proportion to the length: no text is searched twice", () => {
    // Each of these would take minutes if looked through once per quote or backslash.
    for (const text of [`"${"\\".repeat(4_000_000)}`, `"${'\\"'.repeat(2_000_000)}`, '"a"'.repeat(1_000_000), '"'.repeat(1_000_001)]) {
      expect(countColons(text, 4)).toBe(0)
    }
  })
})
