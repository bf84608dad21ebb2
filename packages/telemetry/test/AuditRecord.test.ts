import type { AuditRow } from "@mcpgw/domain/Audit"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { digestOf, encodeRow, FIELDS, genesisOf } from "../src/AuditRecord.ts"
import { arbitraryRow, row } from "./fixtures.ts"

/** Compiles only while FIELDS names every property of a row. */
const unnamed: Record<Exclude<keyof AuditRow, (typeof FIELDS)[number]>, never> = {}

describe("AuditRecord", () => {
  it("design §6: a row has no place for arguments, results or credentials", () => {
    assert.deepStrictEqual(Object.keys(unnamed), [])
    assert.deepStrictEqual(Object.keys(row("a")).toSorted(), FIELDS.toSorted())
    for (const field of FIELDS)
      assert.notMatch(field, /argument|param|result|body|token|secret|password|credential|authorization|cookie|header/)
  })

  it("design §6: what a caller adds to a row never reaches the record", () => {
    const smuggled = { ...row("a"), arguments: { city: "Oslo" }, authorization: "Bearer abc" }
    assert.strictEqual(encodeRow(smuggled), encodeRow(row("a")))
  })

  it("a body is one line and gives back every field in the order of FIELDS", () => {
    FastCheck.assert(
      FastCheck.property(arbitraryRow, (one) => {
        const body = encodeRow(one)
        assert.notInclude(body, "\n")
        const values: unknown = JSON.parse(body)
        assert.deepStrictEqual(
          values,
          FIELDS.map((field) => one[field])
        )
      })
    )
  })

  it("the chain's digests are plain SHA-256, so other tools can check them", () => {
    assert.strictEqual(genesisOf("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
    assert.strictEqual(digestOf("a", "bc"), genesisOf("abc"))
  })
})
