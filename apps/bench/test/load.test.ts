import { readEnvelope } from "@mcpgw/mcp/Envelope"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { nginxConf } from "../src/arms/nginxConf.ts"
import { bodyOf, bodyOfTool } from "../src/load/call.ts"
import { HttpReader } from "../src/load/HttpReader.ts"
import { wrkScript } from "../src/load/wrkScript.ts"
import { LARGE, MEDIUM, PROSE, SMALL, TOOL_LIST } from "../src/micro/messages.ts"

const envelopeOf = (text: string) => readEnvelope(new TextEncoder().encode(text))

describe("the measured call", () => {
  it("is a call of the echo tool, another argument each time, of one length", () => {
    expect(envelopeOf(bodyOf(7))).toMatchObject({
      messages: [{ method: "tools/call", tool: "echo", params: { arguments: { text: "call 000000007" } } }]
    })
    expect(bodyOf(7)).not.toBe(bodyOf(8))
    expect(bodyOf(7)).toHaveLength(bodyOf(999_999_999).length)
    expect(envelopeOf(bodyOfTool("other"))).toMatchObject({ messages: [{ tool: "other" }] })
  })

  it("is what the wrk script sends", () => {
    const script = wrkScript({ head: "HEAD", tail: "TAIL", headers: { "content-type": "application/json" } })
    expect(script).toContain("wrk.headers[ [==[content-type]==] ] = [==[application/json]==]")
    expect(script).toContain("[==[HEAD]==] .. marker .. [==[TAIL]==]")
  })
})

describe("the bundled generator's reader", () => {
  const sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"
  const chunked =
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n"
  const empty = "HTTP/1.1 204 No Content\r\n\r\n"

  it("sees the same answers however the bytes are cut", () => {
    const whole = sized + chunked + empty + sized
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 12 }), (cuts) => {
        const reader = new HttpReader()
        const edges = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
        const seen = edges.flatMap((from, i) => reader.push(whole.slice(from, edges[i + 1] ?? whole.length)))
        expect(seen.map(({ status }) => status)).toEqual([200, 404, 204, 200])
      })
    )
  })

  it("refuses what is no answer, or one without an end", () => {
    expect(() => new HttpReader().push("SSH-2.0\r\n\r\n")).toThrow("not an HTTP/1.1 answer")
    expect(() => new HttpReader().push("HTTP/1.1 200 OK\r\n\r\n")).toThrow("without a length")
    expect(() => new HttpReader().push("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")).toThrow(
      "without a size"
    )
  })
})

describe("nginx", () => {
  it("is tuned: one worker, kept-alive both ways, no access log", () => {
    const conf = nginxConf({ port: 8080, upstream: "127.0.0.1:9000", auth: undefined })
    for (const line of [
      "worker_processes 1;",
      "access_log off;",
      "keepalive 256;",
      "keepalive_requests 1000000;",
      "proxy_http_version 1.1;",
      'proxy_set_header Connection "";'
    ]) {
      expect(conf).toContain(line)
    }
    expect(conf).not.toContain("auth_request")
  })

  it("asks before every call, keeps that connection too, and does not pass the token on", () => {
    const conf = nginxConf({ port: 8080, upstream: "127.0.0.1:9000", auth: "127.0.0.1:9001" })
    expect(conf).toContain("auth_request /_auth;")
    expect(conf.match(/keepalive 256;/g)).toHaveLength(2)
    expect(conf).toContain('proxy_set_header Authorization "";')
    expect(conf.split("{")).toHaveLength(conf.split("}").length)
  })
})

describe("texts of the micro benches", () => {
  it("have the sizes they are called by, and pass the check they measure", () => {
    expect(SMALL).toHaveLength(137)
    expect(MEDIUM.length).toBeGreaterThan(2_400)
    for (const text of [LARGE, PROSE]) expect(text.length).toBeGreaterThan(29_000)
    for (const text of [SMALL, MEDIUM, LARGE, PROSE]) expect(envelopeOf(text)).toMatchObject({ batch: false })
    expect(JSON.parse(TOOL_LIST).result.tools).toHaveLength(100)
  })
})
