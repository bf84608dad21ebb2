/** Many at once through a real gateway: idle streams beyond `fetch`'s cap (design §4, rule 0), and answers that find their askers. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { answerOf, type Caller, caller, callTool, openSession, post, request } from "@mcpgw/testkit/McpRequest"
import { openStream, type RawStream } from "@mcpgw/testkit/RawSocket"
import {
  events,
  eventStream,
  type EventStream,
  result,
  type ScriptedServer,
  startScripted
} from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

/** Design §4: more than the 256 that a process's `fetch` would carry at once. */
const STREAMS = 600
const PARALLEL = 200

let server: ScriptedServer
let gateway: TestGateway
let url: string
const open: Array<EventStream> = []
const held: Array<() => void> = []

beforeAll(async () => {
  server = await startScripted(
    legacyScript({
      instead: {
        GET: () => {
          const stream = eventStream()
          open.push(stream)
          return stream.response
        },
        "tools/call": (asked) => {
          const answer = { content: [{ type: "text", text: `${asked.headers.get("x-user")} ${asked.body}` }] }
          if (asked.rpc.params?.["name"] !== "held") return result(asked, answer)
          // Answered in reverse order, every other one as a stream, when all are here.
          const { promise, resolve } = Promise.withResolvers<Response>()
          const streamed = held.length % 2 === 0
          held.push(() =>
            resolve(streamed ? events([{ jsonrpc: "2.0", id: asked.rpc.id, result: answer }]) : result(asked, answer))
          )
          if (held.length === PARALLEL) for (const release of held.splice(0).reverse()) release()
          return promise
        }
      }
    })
  )
  gateway = await startSeeded({ servers: [at("/one", server.url)], scopes: SCOPES })
  url = `${gateway.url}/one/mcp`
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop()])
})

const who = async (name: string): Promise<Caller> =>
  openSession(caller(url, await gateway.token(["all"], { sub: name, preferred_username: name })))

describe("design §4, rule 0", () => {
  it(`${STREAMS} idle streams are open, and calls still answer`, async () => {
    const { headers } = await who("idle")
    const streams: Array<RawStream> = []
    for (let i = 0; i < STREAMS; i += 100) {
      streams.push(...(await Promise.all(Array.from({ length: 100 }, () => openStream(url, headers)))))
    }
    assert.deepEqual(new Set(streams.map(({ status }) => status)), new Set([200]))
    assert.lengthOf(open, STREAMS, "each has a stream of its own at the server")
    const caller = await who("active")
    for (let i = 0; i < 20; i++) assert.strictEqual((await post(caller, callTool("quick", i))).status, 200)
    assert.strictEqual(streams.filter((stream) => stream.open()).length, STREAMS)
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
    assert.match(metrics, new RegExp(`^mcpgw_open_streams(?:\\{.*\\})? ${STREAMS}$`, "m"))

    open.at(-1)?.send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" })
    for (const stream of streams) stream.close()
    await Promise.all(open.map(({ left }) => left))
  })
})

describe("two callers with the same JSON-RPC ids", () => {
  it(`${PARALLEL} calls at once, answered in reverse: everyone gets the own answer and no other`, async () => {
    const callers = { ann: await who("ann"), ben: await who("ben") }
    const ask = async (name: "ann" | "ben", id: number): Promise<void> => {
      const message = callTool("held", id, { secret: `${name}-${id}` })
      const answer = await answerOf(await post(callers[name], message))
      assert.strictEqual(answer.id, id)
      assert.deepEqual(answer.result, { content: [{ type: "text", text: `${name} ${JSON.stringify(message)}` }] })
    }
    const asked = Array.from({ length: PARALLEL / 2 }, (_, id) => [ask("ann", id), ask("ben", id)]).flat()
    await Promise.all(asked)
  })

  it('W-12: ids 0, "0" and the empty string are told apart and come back as they were', async () => {
    const inside = await who("ids")
    for (const id of [0, "0", "", -1, 9_007_199_254_740_991]) {
      assert.strictEqual((await answerOf(await post(inside, request("ping", {}, id)))).id, id)
    }
  })
})
