import { describe, expect, it } from "@effect/vitest"
import { HOP_BY_HOP, IDENTITY, isNeverForwarded } from "../src/HeaderNames.ts"
import { errorBody, isObject } from "../src/JsonRpc.ts"

describe("JsonRpc", () => {
  it("an error body always carries its id, null when unknown", () => {
    expect(JSON.parse(errorBody(null, -32700, "no"))).toEqual({
      jsonrpc: "2.0",
      id: null,
      error: { code: -32700, message: "no" }
    })
    expect(JSON.parse(errorBody("0", 1, "m", { supported: ["x"] })).error.data).toEqual({ supported: ["x"] })
    expect(errorBody(0, 1, "m")).toContain('"id":0')
  })

  it("objects are neither null nor arrays", () => {
    expect([{}, null, [], "x", 1, undefined].map(isObject)).toEqual([true, false, false, false, false, false])
  })
})

describe("HeaderNames", () => {
  it("S-01: credentials, cookies, identity and hop-by-hop headers are never sent on; every name is lower-case", () => {
    for (const name of [
      "authorization",
      "x-authorization",
      "cookie",
      "host",
      "content-length",
      "mcp-session-id",
      "dpop"
    ]) {
      expect(isNeverForwarded(name)).toBe(true)
    }
    for (const name of [...HOP_BY_HOP, ...IDENTITY]) expect(isNeverForwarded(name)).toBe(true)
    for (const name of ["x-forwarded-user", "x_forwarded_email", "x-auth-request-email", "x_user"]) {
      expect(isNeverForwarded(name)).toBe(true)
    }
    for (const name of ["accept", "mcp-protocol-version", "x-atlassian-cloud-id"])
      expect(isNeverForwarded(name)).toBe(false)
  })
})
