import { afterEach, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import { Deadlines } from "@mcpgw/egress/Deadlines"
import { layerOf } from "@mcpgw/egress/UpstreamLayers"
import * as Effect from "effect/Effect"
import { BridgedStream, type BridgedParts } from "../src/BridgedStream.ts"
import type { Outbound } from "../src/Forward.ts"
import type { Ending } from "../src/Outcome.ts"
import { benchOver } from "./support/Bench.ts"
import { outboundOf } from "./support/Call.ts"

const STALL_MS = 5_000
const LARGE = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { text: "x".repeat(100_000) } })

/** Some call that was allowed. */
const someCall = Effect.map(
  benchOver({ layer: layerOf(() => Promise.reject(new Error("not asked"))), url: "http://server.example/" }),
  ({ policy, router }) => outboundOf(router, policy)
)

const opened = (call: Outbound, answer: () => Response) => {
  const endings: Array<Ending> = []
  const seen: Array<Outbound> = []
  const parts: BridgedParts = {
    opening: call,
    forward: (outbound) => {
      seen.push(outbound)
      return Promise.resolve(answer())
    },
    deadlines: new Deadlines(),
    openSession: () => undefined,
    heartbeatMs: 15_000,
    stallMs: STALL_MS,
    maxMessageBytes: 1_000_000,
    onEnd: (ending) => void endings.push(ending)
  }
  const stream = new BridgedStream(parts)
  const post = () => stream.carry(call, () => undefined)
  return { endings, seen, stream, post, reader: stream.start("/messages").getReader() }
}

const large = (): Response => new Response(LARGE, { headers: { "content-type": "application/json" } })

describe("BridgedStream (S-16: slow clients)", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }))
  afterEach(() => void vi.useRealTimers())

  const law = (title: string, body: (call: Outbound) => Promise<void>): void =>
    it.scoped(title, () => Effect.flatMap(someCall, (call) => Effect.promise(() => body(call))))

  law("a client that reads nothing is owed a bounded number of answers; further posts are refused", async (call) => {
    const { post, seen } = opened(call, large)
    const results = []
    for (let i = 0; i < 200; i++) results.push(await post())
    const refused = results.filter((result) => !(result instanceof Response))
    expect(refused.length).toBeGreaterThan(100)
    expect(refused[0]).toMatchObject({ reason: "crowded" })
    expect(seen.length).toBeLessThan(100)
  })

  law("a client that reads gets every answer, in whole", async (call) => {
    const { post, reader } = opened(call, large)
    let text = ""
    const decoder = new TextDecoder()
    const reading = (async () => {
      while (text.split("event: message").length <= 200 || !text.endsWith("\n\n"))
        text += decoder.decode((await reader.read()).value)
    })()
    for (let i = 0; i < 200; i++) expect(await post()).toMatchObject({ status: 202 })
    await reading
    expect(text.split(`data: ${LARGE}\n\n`)).toHaveLength(201)
  })

  law("a client that takes nothing for long is cut off, and that is told once", async (call) => {
    const { endings, post, stream } = opened(call, large)
    for (let i = 0; i < 3; i++) await post()
    // All three have been read by now, and two of them wait.
    await new Promise((resolve) => setTimeout(resolve, 50))
    vi.advanceTimersByTime(STALL_MS - 200)
    expect(endings).toEqual([])
    vi.advanceTimersByTime(400)
    expect(endings).toEqual([{ kind: "aborted", stalled: true }])
    stream.close()
    expect(endings).toHaveLength(1)
  })

  law("a client that lost access is told so, and that is told once", async (call) => {
    const { endings, reader, stream } = opened(call, large)
    stream.revoke()
    stream.revoke()
    stream.close()
    const decoder = new TextDecoder()
    let text = ""
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value)
    expect(text).toBe("event: endpoint\ndata: /messages\n\n: your access has been taken back\n\n")
    expect(endings).toEqual([{ kind: "revoked" }])
  })
})
