/** What is open when its caller's access is taken back: streams and calls, by token, key, agent and session; over HTTP+SSE too. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { callTool, type Caller, caller, get, openSession, post, type Reading, reading } from "@mcpgw/testkit/McpRequest"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { makeKey } from "../refusals/Keys.ts"
import { at, startSeeded } from "../support/seed.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, all]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const EVENTS = { headers: { "content-type": "text/event-stream" } }

/** Speaks once, and never again. */
const endless = (): Response =>
  new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(": open\n\n")) }),
    EVENTS
  )

/** Within this time, on a busy machine too; two rounds at the most take less than half of it. */
const SOON_MS = 12_000

let server: ScriptedServer
let gateway: TestGateway
let cookie: string

beforeAll(async () => {
  server = await startScripted(legacyScript({ tools: ["slow"], instead: { GET: endless, "tools/call": endless } }))
  gateway = await startSeeded({ servers: [at("/one", server.url)], scopes: SCOPES })
  cookie = await gateway.signIn()
})

afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})

const api = (method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(gateway.url + path, {
    method,
    headers: { cookie, accept: "application/json", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })

interface Open {
  readonly stream: Reading
  readonly call: Reading
}

/** A GET stream and a call that wait for the server. */
const openBoth = async (who: Caller): Promise<Open> => {
  const inside = await openSession(who)
  const stream = reading(await get(inside))
  const call = reading(await post(inside, callTool("slow", 7)))
  await Promise.all([stream.until(/: open/), call.until(/: open/)])
  return { stream, call }
}

const to = (token: string): Caller => caller(`${gateway.url}/one/mcp`, token)

const ended = async ({ call, stream }: Open): Promise<void> => {
  const from = performance.now()
  const texts = await Promise.all([stream.end(), call.end()])
  assert.match(texts[0], /: your access has been taken back\n\n$/)
  assert.match(texts[1], /"id":7,"error":\{"code":-31401,"message":"The access you came with has been taken back"/)
  assert.isBelow(performance.now() - from, SOON_MS)
}

/** Long enough for any look at a store to have gone by. */
const livesOn = async ({ call, stream }: Open): Promise<void> => {
  const over = await Promise.race([
    Promise.all([stream.end(), call.end()]).then(() => "ended"),
    new Promise((resolve) => setTimeout(resolve, 7_000, "open"))
  ])
  assert.strictEqual(over, "open")
}

describe("design §6: what is open ends with the access it was opened by", () => {
  it("a revoked token, and all tokens of a person; on record", async () => {
    const tokens = [
      await gateway.token(["all"], { sub: "x", jti: "one-x" }),
      await gateway.token(["all"], { sub: "y" })
    ] as const
    const [first, second] = await Promise.all([openBoth(to(tokens[0])), openBoth(to(tokens[1]))])
    assert.strictEqual((await api("POST", "/api/tokens/revoke", { token: tokens[0] })).status, 200)
    await ended(first)
    assert.strictEqual((await api("POST", "/api/tokens/revoke", { subject: "y" })).status, 200)
    await ended(second)
    const rows = await auditUntil(
      gateway.dataDir,
      (found) => found.filter(({ rule }) => rule === "auth:revoked").length === 4
    )
    const row = rows.find(({ method, rule }) => rule === "auth:revoked" && method === "tools/call")
    assert.deepInclude(row, { decision: "deny", outcome: "aborted", status: 200, server: "/one", tool: "slow" })
  })

  it("a revoked key; a disabled agent; a session that was signed out", async () => {
    const key = await makeKey(gateway.url, cookie)
    await api("POST", "/api/agents", { name: "ci", groups: ["mcp-registry-admin"] })
    const token = await gateway.token(["all"], { sub: "agent:ci", client_id: "agent-ci" })
    const session = await gateway.signIn()
    const opened = await Promise.all([
      openBoth(to(key.key)),
      openBoth(to(token)),
      openBoth({ url: `${gateway.url}/one/mcp`, headers: { cookie: session } })
    ])
    await api("DELETE", `/api/keys/${key.id}`)
    await api("PATCH", "/api/agents/ci", { disabled: true })
    await fetch(`${gateway.url}/api/auth/logout`, { method: "POST", headers: { cookie: session } })
    await Promise.all(opened.map(ended))
  })

  it("a stream of 2024-11-05 in front of a server that does not speak it", async () => {
    const token = await gateway.token(["all"], { sub: "z" })
    const stream = reading(await get(caller(`${gateway.url}/one/sse`, token)))
    await stream.until(/event: endpoint/)
    assert.strictEqual((await api("POST", "/api/tokens/revoke", { token })).status, 200)
    assert.match(await stream.end(), /: your access has been taken back\n\n$/)
  })

  it("and does not end for its token's age, or for a key that nobody looked at for a while", async () => {
    const key = await makeKey(gateway.url, cookie)
    const now = Math.floor(Date.now() / 1000)
    const short = await gateway.token(["all"], { sub: "short", exp: now + 3 })
    await api("POST", "/api/agents", { name: "long", groups: ["mcp-registry-admin"] })
    const agent = await gateway.token(["all"], { sub: "agent:long", client_id: "agent-long", iat: now + 1 })
    const opened = await Promise.all([key.key, short, agent].map((token) => openBoth(to(token))))
    await Promise.all(opened.map(livesOn))
    assert.strictEqual((await post(to(short), callTool("slow"))).status, 401)
    for (const { call, stream } of opened) await Promise.all([stream.leave(), call.leave()])
  })
})
