import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readEnvelope } from "../src/Envelope.ts"
import { checkHeaderParams, headerParamsOf } from "../src/HeaderParams.ts"

const SCHEMA = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    level: { type: "integer", "x-mcp-header": "Level" },
    dry: { type: "boolean", "x-mcp-header": "Dry-Run" },
    where: { type: "object", properties: { zone: { type: "string", "x-mcp-header": "Zone" } } },
    plain: { type: "string" }
  }
}

const PARAMS = headerParamsOf(SCHEMA)

const check = (headers: Readonly<Record<string, string>>, args: unknown) => {
  const params = { name: "t", arguments: args, _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }
  const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params })
  const envelope = readEnvelope(new TextEncoder().encode(body))
  assert(!("_tag" in envelope))
  return checkHeaderParams(headers, envelope.messages[0], PARAMS)
}

describe("headerParamsOf", () => {
  it("finds what properties alone lead to, at any depth", () => {
    expect(PARAMS).toEqual([
      { header: "mcp-param-region", path: ["region"] },
      { header: "mcp-param-level", path: ["level"] },
      { header: "mcp-param-dry-run", path: ["dry"] },
      { header: "mcp-param-zone", path: ["where", "zone"] }
    ])
  })

  it.each([
    ["below items", { properties: { a: { items: { "x-mcp-header": "A" } } } }],
    ["below anyOf", { properties: { a: { anyOf: [{ "x-mcp-header": "A" }] } } }],
    ["on the whole", { "x-mcp-header": "A" }],
    ["no token", { properties: { a: { "x-mcp-header": "A B" } } }],
    ["a line end", { properties: { a: { "x-mcp-header": "A\r\nHost" } } }],
    ["empty", { properties: { a: { "x-mcp-header": "" } } }],
    ["no schema", null]
  ])("W-45: a declaration is void: %s", (_title, schema) => {
    expect(headerParamsOf(schema)).toEqual([])
  })

  it("W-46: whatever a tool names, the header keeps the prefix", () => {
    for (const name of ["Authorization", "Cookie", "Host", "Transfer-Encoding"]) {
      expect(headerParamsOf({ properties: { a: { "x-mcp-header": name } } })).toEqual([
        { header: `mcp-param-${name.toLowerCase()}`, path: ["a"] }
      ])
    }
  })
})

describe("checkHeaderParams (W-40, W-41)", () => {
  it.each([
    ["text", { "mcp-param-region": "eu" }, { region: "eu" }],
    ["encoded text", { "mcp-param-region": "=?base64?w6k=?=" }, { region: "é" }],
    [
      "a value that only begins like encoded text",
      { "mcp-param-region": "=?base64?QQ==" },
      { region: "=?base64?QQ==" }
    ],
    ["an integer, by its value", { "mcp-param-level": "7.0" }, { level: 7 }],
    ["a boolean", { "mcp-param-dry-run": "false" }, { dry: false }],
    ["further down", { "mcp-param-zone": "z" }, { where: { zone: "z" } }],
    ["absent, and not spoken of", {}, { plain: "x" }],
    ["null, and not spoken of", {}, { region: null }],
    ["W-42: one that nobody declared", { "mcp-param-other": "=?base64?%%?=" }, { plain: "x" }]
  ])("agrees: %s", (_title, headers, args) => {
    expect(check(headers, args)).toBeUndefined()
  })

  it.each([
    ["another value", { "mcp-param-region": "us" }, { region: "eu" }],
    ["another case", { "mcp-param-region": "EU" }, { region: "eu" }],
    ["missing in the headers", {}, { region: "eu" }],
    ["missing in the body", { "mcp-param-region": "eu" }, {}],
    ["null in the body", { "mcp-param-region": "null" }, { region: null }],
    ["two values", { "mcp-param-region": "eu, us" }, { region: "eu" }],
    ["bad base64", { "mcp-param-region": "=?base64?%%?=" }, { region: "eu" }],
    ["a number in other words", { "mcp-param-level": "0x7" }, { level: 7 }],
    ["nothing for zero", { "mcp-param-level": "" }, { level: 0 }],
    ["true for yes", { "mcp-param-dry-run": "yes" }, { dry: true }],
    ["an object", { "mcp-param-region": "[object Object]" }, { region: {} }],
    ["only on the prototype", { "mcp-param-zone": "z" }, { where: "zone" }]
  ])("S-10: refused with 400 -32020: %s", (_title, headers, args) => {
    expect(check(headers, args)).toMatchObject({ status: 400, code: -32020, id: 7, rule: "envelope:header_mismatch" })
  })

  it("any text agrees with its own encoding, and with no other", () =>
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (value, other) => {
        const encoded = `=?base64?${Buffer.from(value).toString("base64")}?=`
        expect(check({ "mcp-param-region": encoded }, { region: value })).toBeUndefined()
        expect(check({ "mcp-param-region": encoded }, { region: other }) === undefined).toBe(value === other)
      })
    ))
})
