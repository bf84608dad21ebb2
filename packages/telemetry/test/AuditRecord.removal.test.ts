import { describe, expect, it } from "@effect/vitest"
import { encodeRow, recordsRemoval, removalRow, removalRule } from "../src/AuditRecord.ts"

describe("recordsRemoval", () => {
  const last = { sequence: 300, digest: "abc=" }

  it("knows the row the ledger writes, and only for that head", () => {
    expect(recordsRemoval(encodeRow(removalRow(last, 1)), last)).toBe(true)
    expect(recordsRemoval(encodeRow(removalRow(last, 1)), { ...last, sequence: 301 })).toBe(false)
  })

  it("a caller who names a tool like the rule records nothing", () => {
    const words = removalRule(last)
    for (const forged of [
      { tool: words },
      { method: words },
      { username: words },
      { tool: "x", server: "/x" },
      { status: 200 }
    ]) {
      expect(recordsRemoval(encodeRow({ ...removalRow(last, 1), ...forged }), last)).toBe(false)
    }
  })
})
