/** API keys and agents against a running gateway: what a key opens, on every transport, and when it stops. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import {
  answerOf,
  callTool,
  type Caller,
  caller,
  get,
  openSession,
  post,
  request,
  toolNames
} from "@mcpgw/testkit/McpRequest"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { eventually } from "../lifecycle/support/Ask.ts"
import { type Made, makeKey } from "../refusals/Keys.ts"
import { connectSse } from "../support/Peers.ts"
import { type Everything, startEverything } from "../support/everything.ts"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
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

let everything: Everything
let gateway: TestGateway
let cookie: string
const made: Array<string> = []

beforeAll(async () => {
  everything = await startEverything()
  gateway = await startSeeded({
    servers: [at("/one", everything.url), at("/two", everything.url), at("/one/more", everything.url)],
    scopes: SCOPES,
    env: { MCPGW_LOG_LEVEL: "debug" }
  })
  cookie = await gateway.signIn()
})

afterAll(async () => {
  await gateway?.close()
  await everything?.stop("SIGKILL")
})

const key = async (limits: Readonly<Record<string, unknown>> = {}): Promise<Made> => {
  const one = await makeKey(gateway.url, cookie, limits)
  made.push(one.key)
  return one
}

const to = (path: string, token: string): Caller => caller(gateway.url + path, token)

const api = (method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(gateway.url + path, {
    method,
    headers: {
      cookie,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })

/** Status of a tool's call within a session. */
const statusOf = async (path: string, token: string): Promise<number> => {
  const response = await post(to(path, token), request("initialize", INITIALIZE))
  await response.text()
  return response.status
}

const INITIALIZE = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } }

describe("an API key", () => {
  it("opens what its owner may, and dies with the next request after it is revoked; last use is shown", async () => {
    const { id, key: token } = await key()
    const who = await openSession(to("/one/mcp", token))
    const call = await answerOf(await post(who, callTool("echo", 1, { message: "hi" })))
    assert.include(JSON.stringify(call.result), "Echo: hi")
    assert.include(toolNames(await answerOf(await post(who, request("tools/list")))), "echo")
    const list = await (await api("GET", "/api/keys")).text()
    assert.match(list, new RegExp(`"id":"${id}".*?"last_used_at":"20`))
    assert.strictEqual((await api("DELETE", `/api/keys/${id}`)).status, 200)
    const after = await post(who, callTool("echo", 1, { message: "hi" }))
    assert.strictEqual(after.status, 401)
    assert.match(await after.text(), /API key not known here/)
  })

  it("limited to a server opens that one alone, on every leg; the ones above and below it are others", async () => {
    const { key: token } = await key({ servers: ["/one"] })
    assert.strictEqual(await statusOf("/one/mcp", token), 200)
    for (const path of [
      "/two/mcp",
      "/one/more/mcp",
      "/one/../two/mcp",
      "/one%2fmore/mcp",
      "/one/more/messages",
      "/two/messages"
    ]) {
      const status = await statusOf(path, token)
      assert.include([400, 403, 404], status, path)
    }
    for (const path of ["/two/sse", "/two/mcp", "/one/more/sse"]) {
      const response = await get(to(path, token))
      await response.body?.cancel()
      assert.strictEqual(response.status, 403, path)
    }
    const nested = await key({ servers: ["/one/more"] })
    assert.strictEqual(await statusOf("/one/mcp", nested.key), 403)
    assert.strictEqual(await statusOf("/one/more/mcp", nested.key), 200)
  })

  it("limited to a tool lists and calls that one, and reads nothing, over HTTP, in batches and over HTTP+SSE", async () => {
    const { key: token } = await key({ tools: { "/one": ["echo"] } })
    const who = await openSession(to("/one/mcp", token))
    assert.deepEqual(toolNames(await answerOf(await post(who, request("tools/list")))), ["echo"])
    assert.isDefined((await answerOf(await post(who, callTool("echo", 1, { message: "hi" })))).result)
    const sum = await answerOf(await post(who, callTool("get-sum", 1, { a: 1, b: 2 })))
    const nothing = await answerOf(await post(who, callTool("no-such-tool")))
    assert.strictEqual(sum.error?.message.replace("get-sum", "no-such-tool"), nothing.error?.message)
    for (const method of ["resources/list", "resources/read", "prompts/list", "prompts/get", "completion/complete"]) {
      assert.strictEqual(
        (await answerOf(await post(who, request(method, { uri: "x", name: "x" })))).error?.code,
        -32601
      )
    }
    const older = await openSession(to("/one/mcp", token), "2025-03-26")
    const before = await (await post(older, [callTool("echo", 1, { message: "a" }), callTool("get-sum", 2)])).text()
    assert.notMatch(before, /Echo: a/)
    assert.match(before, /Access denied: no tool 'get-sum'/)
    const peer = await connectSse(to("/one/sse", token))
    try {
      assert.deepEqual(
        (await peer.tools()).map(({ name }) => name),
        ["echo"]
      )
      assert.match(await peer.call("echo", { message: "sse" }), /sse/)
      for (const refused of [
        () => peer.call("get-sum", { a: 1, b: 2 }),
        () => peer.resources(),
        () => peer.prompts()
      ]) {
        assert.isTrue(
          await refused().then(
            () => false,
            () => true
          )
        )
      }
    } finally {
      await peer.close()
    }
  })

  it("can not use the session of another key of the same owner", async () => {
    const [one, two] = [await key(), await key()]
    const inside = await openSession(to("/one/mcp", one.key))
    const stolen = { ...inside, headers: { ...inside.headers, authorization: `Bearer ${two.key}` } }
    assert.strictEqual((await post(stolen, request("tools/list"))).status, 404)
    assert.strictEqual((await post(inside, request("tools/list"))).status, 200)
  })

  it("ends when it was said to", async () => {
    const { key: token } = await key({ expires_at: new Date(Date.now() + 1_500).toISOString() })
    assert.strictEqual(await statusOf("/one/mcp", token), 200)
    await eventually("401", async () => (await statusOf("/one/mcp", token)) === 401)
  })
})

describe("an agent", () => {
  it("has two secrets alive, and its tokens die with it at the next request", async () => {
    assert.strictEqual((await api("POST", "/api/agents", { name: "ci", groups: ["mcp-registry-admin"] })).status, 201)
    const bodies = await Promise.all(
      [1, 2].map(async () => (await api("POST", "/api/agents/ci/secrets", {})).json() as Promise<{ secret: string }>)
    )
    made.push(...bodies.map(({ secret }) => secret))
    const shown = (await (await api("GET", "/api/agents/ci")).json()) as { readonly secrets: ReadonlyArray<unknown> }
    assert.lengthOf(shown.secrets, 2)
    const token = await gateway.token(["all"], {
      sub: "agent:ci",
      client_id: "agent-ci",
      preferred_username: "agent:ci"
    })
    assert.strictEqual(await statusOf("/one/mcp", token), 200)
    assert.strictEqual((await api("PATCH", "/api/agents/ci", { disabled: true })).status, 200)
    assert.strictEqual(await statusOf("/one/mcp", token), 401)
    const stranger = await gateway.token(["all"], { sub: "agent:nobody" })
    assert.strictEqual(await statusOf("/one/mcp", stranger), 401)
  })
})

describe("secrets", () => {
  it("S-01: of keys and secrets only the beginning is in the data folder and the output", () => {
    assert.isAtLeast(made.length, 8)
    const files = readdirSync(gateway.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    assert.isAtLeast(files.length, 4)
    for (const text of [...files, gateway.output()]) {
      for (const secret of made) assert.isFalse(text.includes(secret.slice(14)))
    }
  })
})
