/** The 2.x client pinned to 2026-07-28 through a real gateway: over HTTP to a server of its own, in-process to the demo servers. */
import { registrations } from "@mcpgw/demo-servers/Demo"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import {
  answerOf,
  type Caller,
  caller,
  modern,
  openSession,
  post,
  request,
  toolNames,
  withHeaders
} from "@mcpgw/testkit/McpRequest"
import { type ModernServer, startModern } from "@mcpgw/testkit/ModernServer"
import { asks } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
few:
  - server: modern
    methods: [tools/list, subscriptions/listen]
    tools: [echo, count, ask]
  - server: currenttime
    methods: [tools/list]
    tools: [current_time_by_timezone]
`

let server: ModernServer
let gateway: TestGateway
let all: Caller
let few: Caller

const demo = (url: string, who: Caller): Caller => ({ ...who, url: `${gateway.url}${url}/mcp` })

beforeAll(async () => {
  server = await startModern()
  gateway = await startSeeded({
    servers: [at("/modern", server.url), registrations.currenttime, registrations.realserverfaketools],
    scopes: SCOPES
  })
  const url = `${gateway.url}/modern/mcp`
  all = caller(url, await gateway.token(["all"], { sub: "all" }))
  few = caller(url, await gateway.token(["few"], { sub: "few" }))
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop()])
})

const withClient = async <A>(who: Caller, use: (client: Client) => Promise<A>): Promise<A> => {
  const client = new Client(
    { name: "pinned", version: "1.0.0" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } }, capabilities: { elicitation: {} } }
  )
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { name: "Ada" } }))
  await client.connect(
    new StreamableHTTPClientTransport(new URL(who.url), { requestInit: { headers: { ...who.headers } } })
  )
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

const text = (value: string) => [{ type: "text" as const, text: value }]

describe("client 2.x pinned to 2026-07-28", () => {
  it("discovers, lists and calls", () =>
    withClient(all, async (client) => {
      assert.strictEqual(client.getNegotiatedProtocolVersion(), "2026-07-28")
      assert.strictEqual(client.getServerVersion()?.name, "modern")
      assert.sameMembers(
        (await client.listTools()).tools.map(({ name }) => name),
        ["echo", "secret", "count", "ask"]
      )
      assert.deepEqual((await client.callTool({ name: "echo", arguments: { message: "hi" } })).content, text("hi"))
      assert.lengthOf((await client.getPrompt({ name: "greeting" })).messages, 1)
      assert.lengthOf((await client.readResource({ uri: "test://note" })).contents, 1)
    }))

  it("sees and calls only what the policy allows", () =>
    withClient(few, async (client) => {
      assert.sameMembers(
        (await client.listTools()).tools.map(({ name }) => name),
        ["echo", "count", "ask"]
      )
      const refused = await client.callTool({ name: "secret", arguments: {} }).then(
        () => undefined,
        (error) => error
      )
      assert.strictEqual(refused?.code, -32602)
      assert.match(String(refused), /Access denied: no tool 'secret' for you on 'modern'/)
    }))

  it("gets progress step by step", () =>
    withClient(few, async (client) => {
      const steps: Array<number> = []
      const onprogress = ({ progress }: { readonly progress: number }): void => void steps.push(progress)
      await client.callTool({ name: "count", arguments: { to: 5 } }, { onprogress })
      assert.deepEqual(steps, [1, 2, 3, 4, 5])
    }))

  it("is asked by the server and answers (MRTR)", () =>
    withClient(few, async (client) => {
      assert.deepEqual((await client.callTool({ name: "ask", arguments: {} })).content, text("hello Ada"))
    }))

  it("hears on a listen stream what changes, and leaving closes it at the server (W-22)", () =>
    withClient(few, async (client) => {
      const changed = Promise.withResolvers<void>()
      client.setNotificationHandler("notifications/tools/list_changed", () => changed.resolve())
      server.forget()
      const subscription = await client.listen({ toolsListChanged: true })
      assert.isTrue(subscription.honoredFilter.toolsListChanged)
      server.notify.toolsChanged()
      await changed.promise
      const { signal } = await server.when(asks("subscriptions/listen"))
      await subscription.close()
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve))
      assert.strictEqual(await subscription.closed, "local")
    }))

  it("reaches the demo servers in the gateway's own process", async () => {
    await withClient(demo("/currenttime", few), async (client) => {
      assert.deepEqual(
        (await client.listTools()).tools.map(({ name }) => name),
        ["current_time_by_timezone"]
      )
      const { structuredContent } = await client.callTool({
        name: "current_time_by_timezone",
        arguments: { tz_name: "UTC" }
      })
      assert.propertyVal(structuredContent, "timezone", "UTC")
    })
    await withClient(demo("/realserverfaketools", all), async (client) => {
      assert.isAbove((await client.listTools()).tools.length, 3)
    })
  })
})

describe("on the wire of 2026-07-28", () => {
  it("W-56: a list that differs by caller is no longer public, all else of it stays", async () => {
    const mine = await answerOf(await post(...modern(few, "tools/list")))
    assert.strictEqual(mine.result?.["cacheScope"], "private")
    assert.strictEqual(mine.result?.["ttlMs"], 60_000)
    assert.strictEqual(mine.result?.["resultType"], "complete")
    assert.sameMembers([...toolNames(mine)], ["echo", "count", "ask"])
    const whole = await answerOf(await post(...modern(all, "prompts/list")))
    assert.strictEqual(whole.result?.["cacheScope"], "private", "also where nothing was hidden from this caller")
  })

  it("design §6: a refused tool and one that does not exist get the same bytes", async () => {
    const asked = async (name: string): Promise<string> => {
      const answer = await post(...modern(few, "tools/call", { name, arguments: {} }))
      const headers = [...answer.headers].filter(([header]) => header !== "date")
      return JSON.stringify([answer.status, headers, await answer.text()]).replaceAll(name, "NAME")
    }
    assert.strictEqual(await asked("secret"), await asked("absent"))
  })

  it("W-40, W-41, W-43: headers that disagree with the body are refused before the server", async () => {
    const [who, body] = modern(few, "tools/call", { name: "echo", arguments: { message: "hi" } })
    const lies: ReadonlyArray<readonly [Record<string, string>, number]> = [
      [{ "mcp-name": "secret" }, -32020],
      [{ "mcp-method": "tools/list" }, -32020],
      [{ "mcp-protocol-version": "2025-11-25" }, -32020],
      [{ "mcp-name": "=?base64?%%%?=" }, -32020]
    ]
    server.forget()
    for (const [headers, code] of lies) {
      const answer = await post(withHeaders(who, headers), body)
      assert.strictEqual(answer.status, 400)
      assert.strictEqual((await answerOf(answer)).error?.code, code)
    }
    const plain = await post(
      withHeaders(few, { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" }),
      request("tools/list")
    )
    assert.strictEqual(plain.status, 400)
    assert.strictEqual((await answerOf(plain)).error?.code, -32602)
    assert.lengthOf(
      server.seen.filter(({ headers }) => headers.has("x-user")),
      0
    )
    const encoded = await post(withHeaders(who, { "mcp-name": `=?base64?${btoa("echo")}?=` }), body)
    assert.strictEqual(encoded.status, 200)
  })

  it("a session id is neither minted, sent on nor asked for", async () => {
    server.forget()
    const [who, body] = modern(few, "tools/list")
    const answer = await post(withHeaders(who, { "mcp-session-id": "made-up" }), body)
    assert.strictEqual(answer.status, 200)
    assert.isFalse(answer.headers.has("mcp-session-id"))
    assert.isFalse(server.seen.at(-1)?.headers.has("mcp-session-id"))
  })

  it("W-09: status and body of an unknown method come together", async () => {
    const answer = await post(...modern(all, "made/up"))
    assert.strictEqual(answer.status, 404)
    assert.strictEqual((await answerOf(answer)).error?.code, -32601)
  })

  it("W-08: so do those of a version the server does not know", async () => {
    const [who, body] = modern(all, "tools/list")
    const later = JSON.parse(JSON.stringify(body).replaceAll("2026-07-28", "2027-01-01"))
    const answer = await post(withHeaders(who, { "mcp-protocol-version": "2027-01-01" }), later)
    assert.strictEqual(answer.status, 400)
    assert.strictEqual((await answerOf(answer)).error?.code, -32022)
  })

  it("a modern batch is refused", async () => {
    const [who, body] = modern(all, "tools/list")
    assert.strictEqual((await post(who, [body])).status, 400)
    assert.strictEqual((await post(withHeaders(who, { "mcp-protocol-version": "2025-03-26" }), [body])).status, 400)
  })

  it("the same server still serves legacy clients that need no session", async () => {
    const opened = await openSession(few).then(
      () => "opened",
      (error: unknown) => String(error)
    )
    assert.match(opened, /no session: 200/)
    assert.sameMembers([...toolNames(await answerOf(await post(few, request("tools/list"))))], ["echo", "count", "ask"])
  })
})
