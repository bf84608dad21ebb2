/** SIGTERM in the middle of work: what is in flight finishes, streams end cleanly, every call is on record (design §3, style §5.5). */
import { verifyChain } from "@mcpgw/telemetry/AuditChain"
import type { Running } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { openSession } from "../refusals/Sessions.ts"
import { ask, eventually, type Told } from "./support/Ask.ts"
import { auditRows } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, serverAt } from "./support/Box.ts"
import { claimsFor, gatewayKey, mint } from "./support/Minting.ts"
import { type Connection, open, parseAll, type RawResponse } from "./support/RawHttp.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo, slow]
`

let box: Box
let running: Running
let backend: Backend
let slow: Promise<Told>
let stream: Connection
let streamed: RawResponse | undefined
let exitCode: number
let quickly: number
let whileDraining: ReadonlyArray<number>

/** Status of a fresh connection; 0 when it is refused. */
const knock = (path: string): Promise<number> =>
  fetch(`${box.url}${path}`, { keepalive: false }).then(
    ({ status }) => status,
    () => 0
  )

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({ scopes: SCOPES, servers: [serverAt("/backend", backend.url)] })
  running = await box.start()
  const token = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
  const url = `${box.url}/backend/mcp`
  for (let i = 0; i < 20; i++) await ask({ url, token })
  const session = await openSession(box.url, "/backend/mcp", token, "2025-11-25")

  stream = open(box.port)
  stream.write(
    `GET /backend/mcp HTTP/1.1\r\nHost: 127.0.0.1:${box.port}\r\nAuthorization: Bearer ${token}\r\n` +
      `Mcp-Session-Id: ${session}\r\nAccept: text/event-stream\r\n\r\n`
  )
  await stream.until(/: hello/)
  slow = ask({ url, token, params: { name: "slow" } })
  await eventually("the slow call is with the server", () =>
    backend.calls().some(({ body }) => body.includes('"slow"'))
  )

  const began = Date.now()
  const exited = running.stop("SIGTERM")
  streamed = parseAll(await stream.closed(3_000))[0]
  quickly = Date.now() - began
  whileDraining = [await knock("/ready"), await knock("/backend/mcp")]
  backend.release()
  exitCode = await exited
})

afterAll(async () => {
  stream?.destroy()
  await running?.stop("SIGKILL")
  await backend?.stop()
  box?.remove()
})

describe("SIGTERM with a call and a stream in flight", () => {
  it("the call finishes with its answer", async () => {
    const { status, message } = await slow
    assert.strictEqual(status, 200)
    assert.deepEqual(message?.result, { content: [{ type: "text", text: "ran slow" }] })
  })

  it("the stream ends at once and cleanly, with the chunk that ends it", () => {
    assert.strictEqual(streamed?.status, 200)
    assert.strictEqual(streamed?.headers["content-type"], "text/event-stream")
    assert.isTrue(streamed?.complete)
    assert.isBelow(quickly, 3_000)
  })

  it("nobody new is let in: not ready, or the port is closed", () => {
    for (const status of whileDraining) assert.include([0, 503], status)
  })

  it("the process ends with exit code 0", () => {
    assert.strictEqual(exitCode, 0)
  })

  it("says that it drains, and complains of nothing", () => {
    assert.match(running.output(), /draining: \d+ requests in flight/)
    assert.notMatch(running.output(), /level=(?:WARN|ERROR|FATAL)/)
  })

  it("every call is on record, the one that finished late and the stream too", async () => {
    const rows = await auditRows(box.dataDir)
    const of = (tool: string): number => rows.filter((row) => row.tool === tool && row.outcome === "ok").length
    assert.strictEqual(of("echo"), 20)
    assert.strictEqual(of("slow"), 1)
    assert.lengthOf(
      rows.filter(({ method, decision }) => method === "http:GET" && decision === "allow"),
      1
    )
    assert.lengthOf(
      rows.filter(({ method }) => method === "initialize"),
      1
    )
  })

  it("the chain of the record holds", async () => {
    const report = await Effect.runPromise(verifyChain(join(box.dataDir, "audit.db")))
    assert.isTrue(report.intact)
  })
})
