import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readEvents } from "@mcpgw/mcp/Sse"
import { replay } from "../src/Answer.ts"
import { messagesPath, readOpening, withoutEndpoints } from "../src/HttpSse.ts"
import { bodyOf, bytesOf, cutAt } from "./support/Streams.ts"
import { serverOf } from "./support/Call.ts"

const SERVER = serverOf("/team/old", { proxy_pass_url: "https://tools.example/base" })

const opening = (text: string, cuts: ReadonlyArray<number> = []) =>
  readOpening(bodyOf(cutAt(bytesOf(text), cuts)), SERVER)

const decoder = new TextDecoder()

describe("readOpening (W-30…W-32)", () => {
  it.each([
    ["/message?sessionId=1", "/message?sessionId=1"],
    ["message?sessionId=1", "/base/message?sessionId=1"],
    ["?sessionId=1", "/base/sse?sessionId=1"],
    ["https://tools.example/m", "/m"],
    ["https://tools.example:443/m?a=b", "/m?a=b"]
  ])("W-30: %s is relative to the stream", async (named, path) => {
    expect(await opening(`event: endpoint\ndata: ${named}\n\n`)).toMatchObject({ path })
  })

  it.each([
    "https://evil.example/m",
    "//evil.example/m",
    "http://tools.example/m",
    "https://tools.example:8443/m",
    "https://tools.example@evil.example/m",
    "javascript:alert(1)",
    "\\\\evil.example/m",
    "/\\evil.example/m",
    "https:\\\\evil.example",
    "\t//evil.example/m"
  ])("W-32: %s lies at another origin, and is refused", async (named) => {
    expect(await opening(`event: endpoint\ndata: ${named}\n\n`)).toMatchObject({ reason: "unreadable" })
  })

  it("a stream that ends, or goes on for long, without naming an endpoint is refused", async () => {
    expect(await opening("event: message\ndata: {}\n\n")).toMatchObject({ reason: "unreadable" })
    const late = `${": x\n\n".repeat(20_000)}event: endpoint\ndata: /m\n\n`
    const cuts = Array.from({ length: 20 }, (_, i) => i * 4_001)
    expect(await opening(late, cuts)).toMatchObject({ reason: "unreadable" })
  })

  it("W-30, W-32: cut anywhere, the first endpoint is replaced and others are left out; every other byte stays", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("\n", "\r\n"),
        fc.constantFrom("", ": hello", "retry: 100"),
        fc.array(fc.constantFrom("event: endpoint|data: /other", "event: message|data: {}", ": x"), { maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (end, before, after, cuts) => {
          const event = (lines: string): string => lines.split("|").join(end) + end + end
          const text = (endpoint: string, more = after): string =>
            (before === "" ? "" : event(before)) + event(`event: endpoint|data: ${endpoint}`) + more.map(event).join("")
          const chunks = cutAt(bytesOf(text("/m?s=1")), cuts)
          const body = bodyOf(chunks)
          const opened = await readOpening(body, SERVER)
          if ("_tag" in opened) throw new Error(opened.detail)
          let out = decoder.decode(opened.withEndpoint("/gateway"))
          const unread = opened.rest === undefined ? body : replay([opened.rest], body)
          const rest = withoutEndpoints(unread, 1_000)
          for (let part = await rest.read(); part !== undefined; part = await rest.read()) out += decoder.decode(part)
          const kept = after.filter((lines) => !lines.includes("endpoint"))
          // Of a line end cut in two the second half may stand or fall by itself: an empty line says nothing.
          const spoken = (stream: string) => readEvents(stream).flatMap(({ raw }) => raw.trim() || [])
          expect([opened.path, spoken(out)]).toEqual(["/m?s=1", spoken(text("/gateway", kept))])
        }
      )
    ))
})

describe("messagesPath", () => {
  it("is relative to the gateway's origin, the seal as a query", () => {
    expect(messagesPath(SERVER, "v1.a.b+c")).toBe("/team/old/messages?sessionId=v1.a.b%2Bc")
  })
})
