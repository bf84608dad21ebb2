/**
 * The schemas' messages over 2024-11-05's HTTP+SSE: posted to the endpoint that the gateway names, and on the stream, byte for byte. No
 * published package holds the schema of 2024-11-05 itself; these are those of 2025-03-26, which began with the same messages.
 */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { type Caller, caller, get, reading } from "@mcpgw/testkit/McpRequest"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { type OldServer, startOld } from "../support/oldServer.ts"
import { at, startSeeded } from "../support/seed.ts"
import { errorsOf, messagesOf, oddly } from "./SpecMessages.ts"
import { readSpecSchemas } from "./SpecSchemas.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const [spec] = readSpecSchemas()
assert(spec !== undefined)
const [client, server] = (["Client", "Server"] as const).map((side) =>
  [
    ...(["Request", "Notification", "Result"] as const).flatMap((union) => messagesOf(spec, side, union)),
    ...errorsOf(spec)
  ].map(({ message }) => message)
)

let old: OldServer
let gateway: TestGateway
let anyone: Caller

beforeAll(async () => {
  old = await startOld()
  gateway = await startSeeded({
    servers: [at("/old", old.url, { supported_transports: ["sse"] })],
    scopes: SCOPES
  })
  anyone = caller(gateway.url, await gateway.token(["all"]))
  await old.when(({ rpc }) => rpc.method === "tools/list")
})

afterAll(async () => {
  await Promise.all([gateway?.close(), old?.stop()])
})

const post = (url: string, body: string): Promise<Response> =>
  fetch(url, { method: "POST", headers: { ...anyone.headers, "content-type": "application/json" }, body })

describe("messages over HTTP+SSE", () => {
  it("W-30, W-33: client to server and server to client, byte for byte", async () => {
    const stream = reading(await get({ ...anyone, url: `${gateway.url}/old/sse` }))
    const opening = await stream.until(/\ndata: .*\n\n/)
    const endpoint = /^data: (.*)$/m.exec(opening)?.[1] ?? ""
    const own = old.streams.at(-1)
    old.forget()
    assert.isAtLeast(client?.length ?? 0, 50)
    for (const message of client ?? []) {
      for (const body of [JSON.stringify(message), ` ${oddly(message)}\r\n`]) {
        const answer = await post(gateway.url + endpoint, body)
        assert.strictEqual(answer.status, 202, await answer.text())
        assert.deepEqual(
          old.seen.map((asked) => asked.bytes.toString()),
          [body]
        )
        old.forget()
      }
    }
    own?.write(": from here\n\n")
    await stream.until(/: from here\n\n/)
    const spoken = (server ?? []).map((message) => {
      const lines = oddly(message).split("\r\n")
      return `event: message\ndata: ${JSON.stringify(message)}\n\nid: 1\r\n${lines.map((line) => `data:${line}\r\n`).join("")}\r\n`
    })
    assert.isAtLeast(spoken.length, 50)
    for (const text of spoken) own?.write(text)
    own?.write(": to here\n\n")
    const text = await stream.until(/: to here\n\n/)
    await stream.leave()
    assert.strictEqual(text.slice(text.indexOf(": from here\n\n") + 13, text.indexOf(": to here")), spoken.join(""))
  })
})
