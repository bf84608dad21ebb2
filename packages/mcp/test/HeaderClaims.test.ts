import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Envelope, type Malformed, readEnvelope, VERSION_META } from "../src/Envelope.ts"
import { checkHeaderClaims, decodeHeaderValue, encodeHeaderValue, type Era, eraOf } from "../src/HeaderClaims.ts"
import { bytesOf } from "./arbitraries.ts"

const MODERN = "2026-07-28"

const envelope = (body: unknown): Envelope => {
  const result = readEnvelope(bytesOf(JSON.stringify(body)))
  assert(!("_tag" in result))
  return result
}

const message = (method: string, params: Record<string, unknown> = {}, version: string | undefined = undefined) => ({
  jsonrpc: "2.0",
  id: 7,
  method,
  params: version === undefined ? params : { ...params, _meta: { [VERSION_META]: version } }
})

const check = (headers: Record<string, string>, body: unknown): Era | Malformed =>
  checkHeaderClaims(new Headers(headers).toJSON(), envelope(body))

const refused = (result: Era | Malformed): Malformed => {
  assert(typeof result !== "string", `accepted as ${String(result)}`)
  return result
}

const modernCall = message("tools/call", { name: "echo" }, MODERN)
const modernHeaders = { "Mcp-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "echo" }

const encoded = (text: string) => `=?base64?${Buffer.from(text).toString("base64")}?=`

describe("W-40: names in any case, values exact, whitespace trimmed, base64 decoded first", () => {
  it("header names in any case", () => {
    const headers = { "MCP-PROTOCOL-VERSION": MODERN, "mcp-METHOD": "tools/call", "mCP-nAME": "echo" }
    expect(check(headers, modernCall)).toBe("modern")
  })

  it("values are case-sensitive", () => {
    for (const lie of [{ "Mcp-Name": "Echo" }, { "Mcp-Method": "Tools/Call" }]) {
      expect(refused(check({ ...modernHeaders, ...lie }, modernCall)).code).toBe(-32020)
    }
  })

  it("optional whitespace does not count, other whitespace does", () => {
    expect(check({ ...modernHeaders, "Mcp-Name": " \techo\t " }, modernCall)).toBe("modern")
    expect(decodeHeaderValue(" \ta b\t ")).toBe("a b")
    for (const other of ["\u00a0echo", "echo\u00a0"]) {
      refused(check({ ...modernHeaders, "Mcp-Name": other }, modernCall))
    }
  })

  it("base64 forms", () => {
    const body = (name: string) => message("tools/call", { name }, MODERN)
    for (const name of ["echo", "", "é", "日本", " padded ", "a\r\nb", "=?base64?", "\uFEFFx"]) {
      expect(check({ ...modernHeaders, "Mcp-Name": encoded(name) }, body(name))).toBe("modern")
    }
    expect(decodeHeaderValue("=?base64??=")).toBe("")
    expect(decodeHeaderValue("=?base64?QQ==?=")).toBe("A")
  })

  it.each([
    ["no padding", "=?base64?QQ?="],
    ["too much padding", "=?base64?QQ===?="],
    ["padding inside", "=?base64?QQ==QQ==?="],
    ["the URL alphabet", "=?base64?-_-_?="],
    ["a space", "=?base64?QU JD?="],
    ["no UTF-8", "=?base64?/w==?="]
  ])("bad base64 is refused: %s", (_title, value) => {
    expect(decodeHeaderValue(value)).toBeUndefined()
    refused(check({ ...modernHeaders, "Mcp-Name": value }, modernCall))
  })

  it.each(["=?base64?QUJD", "=?base64?QUJD?=x", "QUJD?=", "=?base64?"])(
    "%s has not both markers and is a plain value",
    (value) => {
      expect(decodeHeaderValue(value)).toBe(value)
      refused(check({ ...modernHeaders, "Mcp-Name": value }, modernCall))
    }
  )

  it("markers are exact: an upper-case one is an ordinary value", () => {
    expect(decodeHeaderValue("=?BASE64?QQ==?=")).toBe("=?BASE64?QQ==?=")
  })

  it("a byte order mark inside base64 is part of the value", () => {
    refused(check({ ...modernHeaders, "Mcp-Name": encoded("\uFEFFecho") }, modernCall))
  })

  it("decoding undoes encoding, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodeHeaderValue(encoded(text))).toBe(text)
      })
    )
  })
})

describe("W-41: missing, differing or invalid headers answer 400 -32020", () => {
  it("agreeing ones are modern", () => expect(check(modernHeaders, modernCall)).toBe("modern"))

  it.each(["Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"])("%s missing", (name) => {
    const rest = Object.fromEntries(Object.entries(modernHeaders).filter(([key]) => key !== name))
    expect(refused(check(rest, modernCall))).toMatchObject({ status: 400, code: -32020, id: 7 })
  })

  it.each([
    ["Mcp-Protocol-Version", "2026-07-29"],
    ["Mcp-Protocol-Version", "2025-11-25"],
    ["Mcp-Method", "tools/list"],
    ["Mcp-Name", "danger"],
    ["Mcp-Name", ""]
  ])("%s: %s", (name, value) => {
    const lie = refused(check({ ...modernHeaders, [name]: value }, modernCall))
    expect(lie).toMatchObject({ status: 400, code: -32020, rule: "envelope:header_mismatch" })
  })

  it("two values are one wrong value", () => {
    const headers = new Headers(modernHeaders)
    headers.append("Mcp-Name", "danger")
    refused(checkHeaderClaims(headers.toJSON(), envelope(modernCall)))
  })

  it("characters that must be encoded are invalid when they are not", () => {
    const body = message("tools/call", { name: "é" }, MODERN)
    expect(refused(check({ ...modernHeaders, "Mcp-Name": "é" }, body)).code).toBe(-32020)
  })

  it("a name in the header alone is a lie too", () => {
    for (const params of [{}, { taskId: 5 }]) {
      const method = "taskId" in params ? "tasks/get" : "tools/call"
      refused(check({ ...modernHeaders, "Mcp-Method": method }, message(method, params, MODERN)))
    }
  })

  it.each([
    ["prompts/get", { name: "p" }, "p"],
    ["resources/read", { uri: "file:///a" }, "file:///a"],
    ["tasks/get", { taskId: "t" }, "t"],
    ["tasks/update", { taskId: "t" }, "t"],
    ["tasks/cancel", { taskId: "t" }, "t"]
  ])("Mcp-Name of %s", (method, params, name) => {
    const body = message(method, params, MODERN)
    const headers = { "Mcp-Protocol-Version": MODERN, "Mcp-Method": method }
    expect(check({ ...headers, "Mcp-Name": name }, body)).toBe("modern")
    refused(check(headers, body))
    refused(check({ ...headers, "Mcp-Name": "other" }, body))
  })

  it("methods that name nothing need no Mcp-Name", () => {
    const headers = { "Mcp-Protocol-Version": MODERN, "Mcp-Method": "tools/list" }
    expect(check(headers, message("tools/list", {}, MODERN))).toBe("modern")
  })
})

describe("W-42: headers it does not know are nothing to it", () => {
  it("Mcp-Param-* may hold anything", () => {
    expect(check({ ...modernHeaders, "Mcp-Param-Region": "=?base64?%%%?=" }, modernCall)).toBe("modern")
  })
})

describe("W-43: headers are believed only together with the body", () => {
  it("an old body may come without any", () => {
    expect(check({}, message("tools/call", { name: "danger" }))).toBe("legacy")
    expect(check({ "MCP-Protocol-Version": "2025-11-25" }, message("tools/list"))).toBe("legacy")
  })

  it("the proven lie: harmless headers, an old version, a dangerous body", () => {
    const headers = { "Mcp-Method": "tools/list", "Mcp-Name": "safe", "MCP-Protocol-Version": "2025-11-25" }
    expect(refused(check(headers, message("tools/call", { name: "danger" }))).code).toBe(-32020)
    const onlyName = { "Mcp-Name": "safe" }
    expect(refused(check(onlyName, message("tools/call", { name: "danger" }))).code).toBe(-32020)
  })

  it("the same lie with a modern body", () => {
    const headers = { ...modernHeaders, "Mcp-Name": "safe" }
    expect(refused(check(headers, message("tools/call", { name: "danger" }, MODERN))).code).toBe(-32020)
  })

  it("W-08: a modern header over a body without _meta answers -32602", () => {
    const body = message("tools/call", { name: "echo" })
    expect(refused(check(modernHeaders, body))).toMatchObject({ code: -32602, status: 400 })
  })

  it("W-14: initialize may still be tried with a modern header", () => {
    expect(check({ "MCP-Protocol-Version": MODERN }, message("initialize"))).toBe("legacy")
  })

  it("a modern body under an old or absent header", () => {
    for (const version of [{}, { "MCP-Protocol-Version": "2025-11-25" }]) {
      const headers = { "Mcp-Method": "tools/call", "Mcp-Name": "echo", ...version }
      expect(refused(check(headers, modernCall)).code).toBe(-32020)
    }
  })

  it("W-41, S-10: no header says what a batch asks for", () => {
    const batch = [message("ping"), message("tools/call", { name: "delete" })]
    expect(refused(check({ "Mcp-Method": "ping" }, batch))).toMatchObject({ status: 400, code: -32020 })
    expect(refused(check({ "Mcp-Name": "echo" }, batch))).toMatchObject({ status: 400, code: -32020 })
    expect(refused(check({ "Mcp-Method": "" }, batch))).toMatchObject({ status: 400, code: -32020 })
  })

  it("W-16: batches are legacy only", () => {
    const batch = [message("ping")]
    expect(check({}, batch)).toBe("legacy")
    refused(check({ "MCP-Protocol-Version": MODERN }, batch))
    refused(check({}, [message("ping"), message("ping", {}, MODERN)]))
  })

  it("eras: versions compare as texts", () => {
    expect(["", "2024-11-05", "2026-07-27", undefined].map(eraOf)).toEqual(["legacy", "legacy", "legacy", "legacy"])
    expect(["2026-07-28", "2027-01-01", "DRAFT-2026"].map(eraOf)).toEqual(["modern", "modern", "modern"])
  })

  it("whatever the headers, what is let through agrees with the body", () => {
    const word = fc.constantFrom(
      "tools/call",
      "tools/list",
      "echo",
      "danger",
      MODERN,
      "2025-11-25",
      encoded("echo"),
      ""
    )
    const headers = fc.record({ v: word, m: word, n: word }, { requiredKeys: [] })
    const body = fc.record(
      { method: word.filter((text) => text !== ""), name: word, version: word },
      { requiredKeys: ["method"] }
    )
    fc.assert(
      fc.property(headers, body, ({ v, m, n }, { method, name, version }) => {
        const given = new Headers()
        if (v !== undefined) given.set("mcp-protocol-version", v)
        if (m !== undefined) given.set("mcp-method", m)
        if (n !== undefined) given.set("mcp-name", n)
        const era = checkHeaderClaims(
          given.toJSON(),
          envelope(message(method, name === undefined ? {} : { name }, version))
        )
        if (typeof era !== "string") return
        if (m !== undefined) expect(decodeHeaderValue(m)).toBe(method)
        if (n !== undefined && method === "tools/call") expect(decodeHeaderValue(n)).toBe(name)
        if (era === "modern") expect(v).toBe(version)
        else expect(version === undefined || version < MODERN).toBe(true)
      }),
      { numRuns: 2000 }
    )
  })
})

describe("protocol.md §1.2: requests alone must say their version in the body", () => {
  const headers = { "Mcp-Protocol-Version": MODERN }
  const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } }
  const claiming = { ...cancelled, params: { requestId: 7, _meta: { [VERSION_META]: MODERN } } }
  const call = { jsonrpc: "2.0", method: "tools/call", params: { name: "echo" } }

  it("a notification is of the era its header names, with or without the other headers", () => {
    expect(check(headers, cancelled)).toBe("modern")
    expect(check(headers, claiming)).toBe("modern")
    expect(check({ ...headers, "Mcp-Method": "notifications/cancelled" }, cancelled)).toBe("modern")
    expect(check({}, cancelled)).toBe("legacy")
  })

  it.each([
    ["another method", { "Mcp-Method": "ping" }, cancelled],
    ["another method beside a claim", { "Mcp-Method": "ping" }, claiming],
    ["another tool", { "Mcp-Name": "safe" }, call]
  ])("but its headers must not lie: %s", (_title, lie, body) => {
    expect(refused(check({ ...headers, ...lie }, body)).code).toBe(-32020)
  })

  it("nor may header and body name two versions", () => {
    expect(refused(check({ "Mcp-Protocol-Version": "2026-07-29" }, claiming)).code).toBe(-32020)
    expect(refused(check({}, claiming)).code).toBe(-32020)
    const older = { ...cancelled, params: { requestId: 7, _meta: { [VERSION_META]: "2025-11-25" } } }
    refused(check(headers, older))
  })

  it("a response has no place in that era", () => {
    expect(refused(check(headers, { jsonrpc: "2.0", id: 7, result: {} })).code).toBe(-32602)
  })
})

describe("W-40: a value written into a header", () => {
  it("is read back as it was, and is plain wherever that is unmistakable", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const written = encodeHeaderValue(value)
        expect(written).toMatch(/^[\t\x20-\x7e]*$/)
        expect(decodeHeaderValue(written)).toBe(value)
      })
    )
    expect(encodeHeaderValue("786512e2-9e0d")).toBe("786512e2-9e0d")
    for (const odd of [" a", "a\t", "a\nb", "é", "=?base64?YQ==?="]) {
      expect(encodeHeaderValue(odd)).toMatch(/^=\?base64\?/)
    }
  })
})
