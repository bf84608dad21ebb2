import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { defaultLimits, type Envelope, type Malformed, readEnvelope, VERSION_META } from "../src/Envelope.ts"
import { bytesOf, gaps, json, type Json, spell, write } from "./arbitraries.ts"

const read = (text: string): Envelope => {
  const result = readEnvelope(bytesOf(text))
  assert(!("_tag" in result), `refused: ${JSON.stringify(result)}`)
  return result
}

const refused = (input: string | Uint8Array): Malformed => {
  const result = readEnvelope(typeof input === "string" ? bytesOf(input) : input)
  assert("_tag" in result, `accepted: ${JSON.stringify(result)}`)
  return result
}

const call = (more: Record<string, unknown>) => JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", ...more })

describe("readEnvelope, what it takes", () => {
  it("a request, its tool and its version", () => {
    const params = { name: "echo", arguments: {}, _meta: { [VERSION_META]: "2026-07-28", "org.example/x": [1] } }
    expect(read(call({ params, "x-unknown": { deep: [null] } }))).toEqual({
      batch: false,
      messages: [{ kind: "request", method: "tools/call", id: 1, params, tool: "echo", version: "2026-07-28" }]
    })
  })

  it("a notification", () => {
    const [message] = read('{"jsonrpc":"2.0","method":"notifications/initialized"}').messages
    expect(message).toMatchObject({ kind: "notification", id: undefined, params: undefined, tool: undefined })
  })

  it("responses with a result, and with an error", () => {
    for (const rest of ['"result":{}', '"result":null', '"error":{"code":-1,"message":"no"}']) {
      expect(read(`{"jsonrpc":"2.0","id":"a",${rest}}`).messages[0]).toMatchObject({ kind: "response", id: "a" })
    }
  })

  it.each([
    ["0", 0],
    ['"0"', "0"],
    ["-7", -7],
    ['""', ""],
    ['"\\u00e9 \\ud83d\\ude00"', "é 😀"],
    ["1.0", 1],
    ["1e3", 1000],
    ["9007199254740991", 9_007_199_254_740_991]
  ])("W-12: the id %s", (text, id) => {
    expect(read(`{"jsonrpc":"2.0","id":${text},"method":"ping"}`).messages[0].id).toBe(id)
  })

  it("big integers and floats anywhere but in the id: the bytes are what is forwarded", () => {
    read(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"n","arguments":{"a":90071992547409931,"b":1e400}}}'
    )
  })

  it("tool names belong to tools/call alone", () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}'
    expect(read(text).messages[0]).toMatchObject({ method: "prompts/get", tool: undefined })
  })

  it("a batch keeps its order and its mixture", () => {
    const text =
      '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":2,"result":1}]'
    const { batch, messages } = read(text)
    expect(batch).toBe(true)
    expect(messages.map(({ kind }) => kind)).toEqual(["request", "notification", "response"])
  })

  it("whitespace around and inside", () => {
    expect(read(' \r\n\t{ "jsonrpc" : "2.0" ,\n"id":1,"method" :\t"ping" } \n').messages[0].method).toBe("ping")
  })

  it("`__proto__` keys are keys: they lend nothing to the message", () => {
    const [message] = read(
      '{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{"method":"tools/call"},"params":{"__proto__":{"name":"x"}}}'
    ).messages
    expect(message).toMatchObject({ method: "ping", tool: undefined })
    refused('{"jsonrpc":"2.0","id":1,"__proto__":{"method":"ping"}}')
    const named = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"x"}}}'
    expect(read(named).messages[0].tool).toBeUndefined()
  })

  it("keys of arguments are the tool's own: any case, and their own duplicates of known names", () => {
    read(call({ params: { name: "n", arguments: { Name: 1, METHOD: 2, name: 3, "": 4 } } }))
    read(call({ params: { name: "n", nameExtra: 1, nam: 2, x: { Name: 1 } } }))
  })

  it("depth up to the limit, batches up to the limit, five megabytes", () => {
    const nested = (depth: number) =>
      call({ params: { name: "n", arguments: JSON.parse("[".repeat(depth) + "]".repeat(depth)) } })
    read(nested(defaultLimits.maxDepth - 2))
    expect(refused(nested(defaultLimits.maxDepth - 1)).rule).toBe("envelope:depth")
    const batch = (length: number) => JSON.stringify(Array.from({ length }, () => ({ jsonrpc: "2.0", method: "m" })))
    expect(read(batch(defaultLimits.maxBatch)).messages).toHaveLength(defaultLimits.maxBatch)
    expect(refused(batch(defaultLimits.maxBatch + 1)).rule).toBe("envelope:batch_size")
    read(call({ params: { name: "n", arguments: { text: '\\"'.repeat(2_500_000) } } }))
  })
})

describe("readEnvelope, what it refuses (design §6: what it judged is what the server reads)", () => {
  const request = (more: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call",${more}}`

  it.each<readonly [string, string, string]>([
    ["nothing", "", "empty"],
    ["only whitespace", " \n\t", "json"],
    ["an empty batch", "[]", "empty"],
    ["a batch in a batch", '[[{"jsonrpc":"2.0","method":"m"}]]', "shape"],
    ["null", "null", "shape"],
    ["a number", "1", "shape"],
    ["a text", '"ping"', "shape"],
    ["no JSON", "{jsonrpc:1}", "json"],
    ["NaN", '{"jsonrpc":"2.0","id":NaN,"method":"m"}', "json"],
    ["Infinity", '{"jsonrpc":"2.0","id":Infinity,"method":"m"}', "json"],
    ["comments", '{"jsonrpc":"2.0",/**/"method":"m"}', "json"],
    ["a trailing comma", '{"jsonrpc":"2.0","method":"m",}', "json"],
    ["garbage behind", '{"jsonrpc":"2.0","method":"m"}x', "json"],
    ["two documents", '{"jsonrpc":"2.0","method":"m"}{"jsonrpc":"2.0","method":"n"}', "json"],
    ["a NUL behind", '{"jsonrpc":"2.0","method":"m"}\0', "json"],
    ["single quotes", "{'jsonrpc':'2.0','method':'m'}", "json"],
    ["a raw line end in a text", '{"jsonrpc":"2.0","method":"a\nb"}', "json"],
    ["a byte order mark", '\uFEFF{"jsonrpc":"2.0","method":"m"}', "json"],
    ["an unfinished text", '{"jsonrpc":"2.0","method":"m', "json"],
    ["jsonrpc 1.0", '{"jsonrpc":"1.0","method":"m"}', "jsonrpc"],
    ["jsonrpc as a number", '{"jsonrpc":2.0,"method":"m"}', "jsonrpc"],
    ["no jsonrpc", '{"id":1,"method":"m"}', "jsonrpc"],
    ["W-12: a null id", '{"jsonrpc":"2.0","id":null,"method":"m"}', "id"],
    ["a fractional id", '{"jsonrpc":"2.0","id":1.5,"method":"m"}', "id"],
    ["an id no double holds exactly", '{"jsonrpc":"2.0","id":9007199254740993,"method":"m"}', "id"],
    ["an id that overflows", '{"jsonrpc":"2.0","id":1e400,"method":"m"}', "id"],
    ["a boolean id", '{"jsonrpc":"2.0","id":true,"method":"m"}', "id"],
    ["an array as id", '{"jsonrpc":"2.0","id":[1],"method":"m"}', "id"],
    ["an object as id", '{"jsonrpc":"2.0","id":{},"method":"m"}', "id"],
    ["an empty method", '{"jsonrpc":"2.0","id":1,"method":""}', "method"],
    ["a null method", '{"jsonrpc":"2.0","id":1,"method":null}', "method"],
    ["an array as method", '{"jsonrpc":"2.0","id":1,"method":["tools/list"]}', "method"],
    ["params as an array", request('"params":["x"]'), "params"],
    ["params null", request('"params":null'), "params"],
    ["params as a text", request('"params":"x"'), "params"],
    ["a name that is no text", request('"params":{"name":["x"]}'), "params"],
    ["a null name", request('"params":{"name":null}'), "params"],
    ["an uri that is no text", '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":1}}', "params"],
    ["_meta as an array", request('"params":{"_meta":[]}'), "params"],
    ["a version that is no text", request(`"params":{"_meta":{"${VERSION_META}":20260728}}`), "params"],
    ["a request with a result", request('"result":{}'), "shape"],
    ["a request with an error", request('"error":{}'), "shape"],
    ["a response with both", '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', "shape"],
    ["a response with neither", '{"jsonrpc":"2.0","id":1}', "shape"],
    ["a response without id", '{"jsonrpc":"2.0","result":{}}', "shape"],
    ["a response with a null id", '{"jsonrpc":"2.0","id":null,"result":{}}', "id"],
    ["a response whose error is no object", '{"jsonrpc":"2.0","id":1,"error":"no"}', "shape"],
    ["a key that in C is method", String.raw`{"jsonrpc":"2.0","method\u0000":"a","method":"b"}`, "key_case"],
    [
      "one that is in any case",
      String.raw`{"jsonrpc":"2.0","Method\u0000and a long rest":"a","method":"b"}`,
      "key_case"
    ],
    ["a key that in C is name", request(String.raw`"params":{"name\u0000":"a","name":"b"}`), "key_case"],
    ["a method that in C is another", String.raw`{"jsonrpc":"2.0","method":"tools/call\u0000x"}`, "method"],
    ["a name that in C is another", request(String.raw`"params":{"name":"a\u0000"}`), "params"],
    ["an uri that in C is another", request(String.raw`"params":{"uri":"a\u0000"}`), "params"],
    ["one bad message in a batch", '[{"jsonrpc":"2.0","method":"m"},{"jsonrpc":"2.0","id":1}]', "shape"]
  ])("%s", (_title, text, rule) => {
    const result = refused(text)
    expect(result.rule).toBe(`envelope:${rule}`)
    expect(result.status).toBe(400)
  })

  it("a NUL is refused only where it decides", () => {
    const [message] = read(
      request(String.raw`"params":{"name":"n","arguments":{"name\u0000":"\u0000"},"more\u0000":1}`)
    ).messages
    expect(message.tool).toBe("n")
  })

  it("names the request's id whenever it could be read", () => {
    expect(refused('{"jsonrpc":"1.0","id":"a","method":"m"}').id).toBe("a")
    expect(refused('{"jsonrpc":"2.0","id":0,"method":7}').id).toBe(0)
    expect(refused("[]").id).toBeNull()
  })

  it.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong NUL", [0xc0, 0x80]],
    ["an overlong quote, three bytes", [0xe0, 0x80, 0xa2]],
    ["a surrogate, WTF-8", [0xed, 0xa0, 0x80]],
    ["a surrogate pair, CESU-8", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a truncated sequence", [0xf0, 0x9f, 0x98]],
    ["Latin-1", [0xe9]],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00]]
  ])("W-02: invalid UTF-8: %s", (_title, bad) => {
    const [head, tail] = [bytesOf('{"jsonrpc":"2.0","method":"a'), bytesOf('"}')]
    expect(refused(new Uint8Array([...head, ...bad, ...tail])).rule).toBe("envelope:utf8")
  })

  it("UTF-16 without a mark is no JSON", () => {
    const text = '{"jsonrpc":"2.0","method":"m"}'
    refused(new Uint8Array(Buffer.from(text, "utf16le")))
    refused(new Uint8Array(Buffer.from(text, "utf16le").swap16()))
  })

  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/list","\\u006dethod":"tools/call"}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/list","m\\u0065thod":"tools/list"}'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\\u0061me":"b"}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":[{"a":{"b":1,"b":2}}]}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":1,"__proto__":2}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"a\\/b":1,"a/b":2}}'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"":1,"":2}}'],
    ['[{"jsonrpc":"2.0","method":"m"},{"jsonrpc":"2.0","method":"m","method":"n"}]']
  ])("W-44: a duplicate key in %s", (text) => {
    expect(refused(text).rule).toBe("envelope:duplicate_key")
  })

  const longS = "\u017F"
  const kelvin = "\u212A"
  it.each([
    ["METHOD", { METHOD: "tools/call" }],
    ["Method", { Method: "tools/call" }],
    ["Id", { Id: 1 }],
    ["JsonRpc", { JsonRpc: "2.0" }],
    ["Params", { Params: {} }],
    ["reſult", { [`re${longS}ult`]: {} }],
    ["paramſ", { [`param${longS}`]: {} }],
    ["jſonrpc", { [`j${longS}onrpc`]: "2.0" }],
    ["params.Name", { params: { name: "a", Name: "b" } }],
    ["params.NAME alone", { params: { NAME: "b" } }],
    ["params.taskid", { params: { taskid: "b" } }],
    ["params.taſkId", { params: { [`ta${longS}kId`]: "b" } }],
    ["params.tasKId, Kelvin", { params: { [`tas${kelvin}Id`]: "b" } }],
    ["params.argumentſ", { params: { [`argument${longS}`]: {} } }],
    ["params._META", { params: { _META: {} } }],
    ["params.URI", { params: { URI: "b" } }],
    ["params.requeststate", { params: { requeststate: "b" } }],
    ["params.requeſtState", { params: { [`reque${longS}tState`]: "b" } }],
    ["params.requestState, as C reads it", { params: { "requestState\0": "b" } }],
    ["params.Notifications", { params: { Notifications: { taskIds: ["b"] } } }]
  ])("CVE-2026-27896: the mis-cased key %s", (_title, more) => {
    expect(refused(call(more)).rule).toBe("envelope:key_case")
  })

  it("a refusal never repeats more than a few letters of a key, and no value", () => {
    expect(refused(call({ METHOD: "s3cret" })).message).not.toContain("s3cret")
  })

  it("millions of brackets are refused, closed or not, and exhaust nothing", () => {
    expect(refused("[".repeat(2_000_000) + "]".repeat(2_000_000)).rule).toBe("envelope:depth")
    expect(refused('{"a":'.repeat(10_000) + "1" + "}".repeat(10_000)).rule).toBe("envelope:depth")
    expect(refused('{"a":'.repeat(500_000) + "1" + "}".repeat(500_000)).rule).toBe("envelope:keys")
    expect(refused("[".repeat(4_000_000)).rule).toBe("envelope:json")
  })

  it("S-16: more keys than any call needs are refused before they are parsed; colons in texts do not count", () => {
    const keys = (count: number) =>
      call({ params: Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, i])) })
    const read = (text: string) => readEnvelope(new TextEncoder().encode(text))
    expect(refused(keys(300_000)).rule).toBe("envelope:keys")
    expect("_tag" in read(keys(10_000))).toBe(false)
    expect("_tag" in read(call({ params: { text: ":".repeat(100_000) } }))).toBe(false)
  })
})

const params = fc.record(
  {
    name: fc.string(),
    uri: fc.string(),
    arguments: json,
    _meta: fc.record(
      { [VERSION_META]: fc.constantFrom("2025-11-25", "2026-07-28"), other: json },
      { requiredKeys: [] }
    ),
    more: json
  },
  { requiredKeys: [], noNullPrototype: true }
)

const message = fc.record(
  {
    jsonrpc: fc.constant("2.0"),
    id: fc.oneof(fc.maxSafeInteger(), fc.string({ unit: "binary" })),
    method: fc.oneof(fc.constantFrom("tools/call", "tools/list", "ping"), fc.string({ minLength: 1 })),
    params,
    extra: json
  },
  { requiredKeys: ["jsonrpc", "method"], noNullPrototype: true }
)

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

describe("readEnvelope, for any message", () => {
  it("reads the method, id and tool that JSON.parse reads", () => {
    fc.assert(
      fc.property(message, gaps, (value, gap) => {
        const { text } = write(asJson(value), gap)
        const parsed = JSON.parse(text)
        const [seen] = read(text).messages
        expect(seen.method).toBe(parsed.method)
        expect(seen.id).toBe(parsed.id)
        expect(seen.tool).toBe(parsed.method === "tools/call" ? parsed.params?.name : undefined)
        expect(seen.version).toBe(parsed.params?._meta?.[VERSION_META])
      })
    )
  })

  it("W-44: the same key twice, anywhere, in any spelling, is refused", () => {
    fc.assert(
      fc.property(message, gaps, fc.nat(), fc.func(fc.boolean()), (value, gap, pick, escape) => {
        const plain = asJson(value)
        const { members } = write(plain, gap)
        const { text } = write(plain, gap, pick % members, (name) => spell(name, escape))
        expect(refused(text).rule).toBe("envelope:duplicate_key")
      })
    )
  })

  it("never throws, whatever the bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readEnvelope(bytes)))
    const pieces = fc.array(fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "\\", "\\u", "1", "null", '"a"', " "))
    fc.assert(fc.property(pieces, (some) => void readEnvelope(bytesOf(some.join("")))))
  })
})
