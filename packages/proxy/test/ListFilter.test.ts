import { assert, describe, expect, it } from "@effect/vitest"
import { fromRules } from "@mcpgw/policy/Library"
import * as fc from "fast-check"
import { filterEvents, filterText, looksWhole, noteFailure, type Seen } from "../src/ListFilter.ts"
import { relayEvents } from "../src/StreamRelay.ts"
import { RULES } from "./support/Call.ts"
import { bodyOf, bytesOf, cutAt, recorded, textOf, viewerOf } from "./support/Streams.ts"

const policy = fromRules(RULES)
const viewer = viewerOf(policy, "some")
const everything = viewerOf(policy, "all")
const nobody = viewerOf(policy, "none")

const tool = (name: string) => ({ name, inputSchema: { type: "object" } })
const answer = (result: unknown, id: string | number = 1) => ({ jsonrpc: "2.0", id, result })
const toolList = JSON.stringify(answer({ tools: [tool("seen"), tool("hidden")] }))

const seen = (): Seen => ({ failure: undefined })

const filtered = (text: string, who = viewer): string => {
  const result = filterText(who, text, seen())
  assert(result?._tag === "Text", `${result?._tag ?? "unchanged"}: ${text}`)
  return result.text
}

const event = (data: string) => `event: message\nid: 7\ndata: ${data}\n\n`
const block = (text: string, who = viewer) => Buffer.from(filterEvents(who, bytesOf(text), seen())).toString()

describe("filterText (design §6: lists and calls agree)", () => {
  it("leaves out what the caller may not use, and nothing else of the answer", () => {
    const result = { tools: [tool("hidden"), tool("seen")], nextCursor: "", _meta: { "x/y": [1] } }
    expect(JSON.parse(filtered(JSON.stringify(answer(result))))).toEqual(answer({ ...result, tools: [tool("seen")] }))
  })

  it("passes as it came what holds nothing hidden", () => {
    expect(filterText(everything, toolList, seen())).toBeUndefined()
    expect(filterText(viewer, JSON.stringify(answer({ tools: [tool("seen")] })), seen())).toBeUndefined()
    expect(filterText(viewer, JSON.stringify(answer({ tools: [] })), seen())).toBeUndefined()
    expect(filterText(viewer, '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}', seen())).toBeUndefined()
  })

  it("whoever has no grant sees nothing", () => {
    expect(JSON.parse(filtered(toolList, nobody)).result.tools).toEqual([])
  })

  it("every kind of list, and two in one result", () => {
    const lists = {
      tools: [tool("hidden"), tool("seen")],
      prompts: [{ name: "p" }],
      resources: [{ uri: "file:///x", name: "r" }],
      resourceTemplates: [{ uriTemplate: "file:///{x}", name: "t" }]
    }
    const { result } = JSON.parse(filtered(JSON.stringify(answer(lists))))
    expect(result).toEqual({ tools: [tool("seen")], prompts: [], resources: [], resourceTemplates: [] })
  })

  it("escapes hide no key and no name", () => {
    const spelt = '{"jsonrpc":"2.0","id":1,"result":{"\\u0074ools":[{"name":"hidd\\u0065n"},{"n\\u0061me":"seen"}]}}'
    expect(JSON.parse(filtered(spelt)).result).toEqual({ tools: [{ name: "seen" }] })
  })

  it("batches are filtered message by message", () => {
    const text = JSON.stringify([answer({ tools: [tool("hidden")] }, 1), answer({ ok: true }, 2)])
    expect(JSON.parse(filtered(text))).toEqual([answer({ tools: [] }, 1), answer({ ok: true }, 2)])
  })

  it("a list that can not be judged is refused, with the request's id", () => {
    for (const tools of [{}, "x", null, [1], [null], [{}], [{ name: 7 }], [["seen"]]]) {
      const { id, error, result } = JSON.parse(filtered(JSON.stringify(answer({ tools }, "a"))))
      expect([id, error.code, result]).toEqual(["a", -32603, undefined])
    }
  })

  it("no JSON is refused", () => {
    for (const text of ['{"result":{"tools":[', "", "tools", `${toolList}x`]) {
      const noted = seen()
      expect(filterText(viewer, text, noted)?._tag).toBe("Unreadable")
      expect(noted.failure).toBe(-32700)
    }
  })

  it("W-44: what two parsers could read differently goes out as it was judged", () => {
    const twice = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hidden"}],"tools":[{"name":"seen"}]}}'
    expect(filtered(twice)).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"seen"}]}}')
    const name = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hidden","name":"seen"}]}}'
    expect(filtered(name)).not.toContain("hidden")
    expect(filtered('{"id":1,"result":{"tools":[{"name":"hidden"}]},"result":{}}')).not.toContain("hidden")
  })

  it("W-56: a list that differs by caller is private, even with nothing left out", () => {
    const text = JSON.stringify(answer({ tools: [tool("seen")], cacheScope: "public", ttlMs: 5 }))
    expect(JSON.parse(filtered(text)).result).toEqual({ tools: [tool("seen")], cacheScope: "private", ttlMs: 5 })
    expect(JSON.parse(filtered(text, everything)).result.cacheScope).toBe("private")
  })

  it("nesting past any real list is refused, and overflows no stack", () => {
    const deep = (depth: number) =>
      `{"id":1,"result":{"tools":[{"name":"seen","x":${"[".repeat(depth)}${"]".repeat(depth)}}]}}`
    expect(filterText(viewer, deep(400), seen())).toBeUndefined()
    expect(filterText(viewer, deep(200_000), seen())?._tag).toBe("Unreadable")
    expect(filterText(viewer, `${"[".repeat(200_000)}${"]".repeat(200_000)}`, seen())?._tag).toBe("Unreadable")
    expect(() => noteFailure(bytesOf(`${"[".repeat(200_000)}"isError"${"]".repeat(200_000)}`), seen())).not.toThrow()
  })

  const looked = (text: string, into: Seen) => void noteFailure(bytesOf(text), into)

  it("notes JSON-RPC errors and failed tools, in batches too, and nothing else", () => {
    const noted = (value: unknown, note = (text: string, into: Seen): void => void filterText(viewer, text, into)) => {
      const into = seen()
      note(JSON.stringify(value), into)
      return into.failure
    }
    for (const note of [undefined, looked]) {
      expect(noted({ id: 1, error: { code: -32601, message: "no" } }, note)).toBe(-32601)
      expect(noted({ id: 1, error: {} }, note)).toBe(-32603)
      expect(noted(answer({ isError: true, content: [] }), note)).toBe(0)
      expect(noted(answer({ isError: false }), note)).toBeUndefined()
      expect(noted(answer({ text: '"error" and "isError":true' }), note)).toBeUndefined()
      expect(noted([answer({}), { id: 1, error: { code: -1 } }], note)).toBe(-1)
    }
  })
})

describe("filterEvents", () => {
  it("other events and lines stay byte for byte, the list's other lines too", () => {
    const before = ': note\n\nid: 1\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\nretry: 5\n\n'
    const list = `id: 2\r\nevent: message\r\ndata: ${toolList}\r\n\r\n`
    const out = block(before + list + before)
    expect(out.startsWith(before)).toBe(true)
    expect(out.endsWith(before)).toBe(true)
    expect(out.slice(before.length, -before.length)).toMatch(
      /^id: 2\r\nevent: message\r\ndata: \{.*"seen".*\}\r\n\r\n$/
    )
    expect(out).not.toContain("hidden")
  })

  it("returns the very block when nothing had to change", () => {
    const bytes = bytesOf(event('{"jsonrpc":"2.0","id":1,"result":{"content":[{"text":"tools error \\\\u"}]}}'))
    expect(filterEvents(viewer, bytes, seen())).toBe(bytes)
    const mine = bytesOf(event(JSON.stringify(answer({ tools: [tool("seen")] }))))
    expect(filterEvents(viewer, mine, seen())).toBe(mine)
  })

  it("data over several lines, CR, CRLF and a byte order mark hide nothing", () => {
    const lines = toolList.replace('"tools"', '\n"tools"').replace("[{", "[\n{").split("\n")
    for (const end of ["\n", "\r", "\r\n"]) {
      const text = `${lines.map((line) => `data:${line}`).join(end)}${end}${end}`
      expect(block(text)).not.toContain("hidden")
      expect(block(`\uFEFF${text}`)).not.toContain("hidden")
    }
  })

  it("data that is no JSON but speaks of lists is refused; other data passes", () => {
    expect(block(event('{"result":{"tools":[{"name":"hidden"}'))).not.toContain("hidden")
    const endpoint = "event: endpoint\ndata: /message?sessionId=1\n\n"
    expect(block(endpoint)).toBe(endpoint)
  })
})

const chars = fc.constantFrom("a", ":", "é", "😀", '"', "\\", "{", "data: ", "hidde")
const note = fc.array(chars, { maxLength: 6 }).map((parts) => parts.join(""))
const lineEnd = fc.constantFrom("\n", "\r\n", "\r")
const quiet = fc.tuple(note, lineEnd).map(([text, end]) => {
  const data = JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { data: text } })
  return `id: ${text.length}${end}: ${text.replace(/[\r\n]/g, "")}${end}data: ${data}${end}${end}`
})
const listing = fc
  .tuple(
    fc.array(fc.constantFrom("seen", "hidden-1", "hidden-2"), { maxLength: 4 }),
    lineEnd,
    fc.boolean(),
    fc.boolean()
  )
  .map(([names, end, escaped, split]) => {
    const text = JSON.stringify(answer({ tools: names.map(tool) }))
    const spelt = escaped ? text.replace("tools", "to\\u006fls").replaceAll("hidden", "\\u0068idden") : text
    const lines = split ? spelt.replace("[", `[${end}data: `) : spelt
    return `event: message${end}data: ${lines}${end}${end}`
  })

const through = (text: string, cuts: ReadonlyArray<number>) =>
  textOf(relayEvents(bodyOf(cutAt(bytesOf(text), cuts)), viewer, undefined, 1 << 20, recorded().options))

describe("relayEvents, for any stream cut anywhere", () => {
  const cuts = fc.array(fc.nat(), { maxLength: 10 })

  it("W-20: a stream without lists comes out byte for byte, an unfinished end included", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(quiet, { maxLength: 5 }),
        cuts,
        fc.constantFrom("", ": open", "data: x", "id: 1\n", "\n"),
        async (events, at, tail) => {
          const text = events.join("") + tail
          expect(await through(text, at)).toBe(text)
        }
      )
    ))

  it("a stream with lists never shows a hidden name, and keeps everything else in order", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(quiet, listing), { maxLength: 6 }),
        cuts,
        fc.boolean(),
        async (events, at, cutShort) => {
          const whole = events.join("")
          const text = cutShort ? whole.slice(0, -1) : whole
          const out = await through(text, at)
          for (const name of ["hidden-1", "hidden-2", "\\u0068idden"]) expect(out).not.toContain(name)
          const others = events.filter((one) => !one.startsWith("event: message"))
          let from = 0
          for (const other of cutShort ? others.slice(0, -1) : others) {
            const found = out.indexOf(other, from)
            expect(found).toBeGreaterThanOrEqual(from)
            from = found + other.length
          }
        }
      )
    ))

  it("one list, cut at every place", async () => {
    const text = `: hello\n\nid: 1\ndata: ${toolList}\n\ndata: {"jsonrpc":"2.0","id":2,"result":{}}\n\n`
    const expected = await through(text, [])
    expect(expected).toContain('"seen"')
    expect(expected).not.toContain("hidden")
    for (let cut = 0; cut <= text.length; cut++) expect(await through(text, [cut])).toBe(expected)
  })
})

describe("looksWhole", () => {
  it("holds for every JSON object and array, however it is padded", () =>
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.json()), fc.dictionary(fc.string(), fc.json())), (value) => {
        for (const pad of ["", " \r\n\t", "\uFEFF"])
          expect(looksWhole(bytesOf(pad + JSON.stringify(value) + "\n"))).toBe(true)
      })
    ))

  it("does not for what was cut short, and for what is neither", () => {
    const text = JSON.stringify(answer({ content: [{ type: "text", text: "fine" }] }))
    for (const part of [
      text.slice(0, 20),
      text.slice(1),
      "",
      " ",
      "null",
      '"text"',
      "not JSON",
      "<html></html>",
      "{",
      "[}"
    ])
      expect(looksWhole(bytesOf(part)), part).toBe(false)
  })
})

describe("W-25: since 2026-07-28 a server asks nothing", () => {
  const policy = fromRules(RULES)
  const through = (text: string, modern: boolean): readonly [string, number | undefined] => {
    const seen: Seen = { failure: undefined }
    const out = filterEvents({ ...viewerOf(policy, "some"), modern }, bytesOf(text), seen)
    return [new TextDecoder().decode(out), seen.failure]
  }
  const event = (data: object | string): string =>
    `event: message\ndata: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`
  const progress = event({ jsonrpc: "2.0", method: "notifications/progress", params: { progress: 1 } })
  const result = event({ jsonrpc: "2.0", id: 1, result: { method: "x" } })
  const request = event({ jsonrpc: "2.0", id: 9, method: "sampling/createMessage", params: {} })
  const spelt = event('{"jsonrpc":"2.0","\\u0069d":9,"m\\u0065thod":"roots/list"}')

  it("its requests are taken out, and the record hears of it", () => {
    for (const asked of [request, spelt]) {
      expect(through(progress + asked + result, true)).toEqual([progress + result, -31502])
    }
  })

  it("notifications and results pass as they came; in older versions requests do too", () => {
    expect(through(progress + result, true)).toEqual([progress + result, undefined])
    expect(through(progress + request + result, false)).toEqual([progress + request + result, undefined])
  })
})
