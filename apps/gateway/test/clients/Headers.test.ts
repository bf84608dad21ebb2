/** What a client's headers claim, through a real gateway: compared with the body where that is worth something, else left to the server. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript, tool } from "@mcpgw/testkit/LegacyScript"
import {
  answerOf,
  type Caller,
  caller,
  callTool,
  get,
  modern,
  openSession,
  post,
  request,
  withHeaders
} from "@mcpgw/testkit/McpRequest"
import { asks, result, type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { type Everything, startEverything } from "../support/everything.ts"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const WEATHER = {
  ...tool("weather"),
  inputSchema: {
    type: "object",
    properties: { region: { type: "string", "x-mcp-header": "Region" }, days: { type: "integer" } }
  }
}

let scripted: ScriptedServer
let everything: Everything
let gateway: TestGateway
let who: Caller

beforeAll(async () => {
  everything = await startEverything()
  const instead = { "tools/list": (asked: Parameters<typeof result>[0]) => result(asked, { tools: [WEATHER] }) }
  scripted = await startScripted(legacyScript({ instead }))
  gateway = await startSeeded({
    servers: [at("/scripted", scripted.url), at("/everything", everything.url)],
    scopes: SCOPES
  })
  who = caller(`${gateway.url}/scripted/mcp`, await gateway.token(["all"]))
  await scripted.when(asks("tools/list"))
  await vi.waitFor(async () => {
    assert.strictEqual((await answerOf(await weather({ region: "north" }, {}))).error?.code, -32020)
  }, 20_000)
})

afterAll(async () => {
  await Promise.all([gateway?.close(), scripted?.stop(), everything?.stop("SIGKILL")])
})

beforeEach(() => scripted.forget())

const weather = (args: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>>) => {
  const [from, body] = modern(who, "tools/call", { name: "weather", arguments: args })
  return post(withHeaders(from, headers), body)
}

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString("base64")}?=`

describe("Mcp-Param-* of a tool that declares them", () => {
  it.each([
    ["it says something else", { region: "north" }, { "mcp-param-region": "south" }],
    ["it is missing", { region: "north" }, {}],
    ["there is no such argument", {}, { "mcp-param-region": "north" }],
    ["its base64 is broken", { region: "north" }, { "mcp-param-region": "=?base64?%%%?=" }],
    ["what it encodes is something else", { region: "north" }, { "mcp-param-region": base64("south") }],
    ["its case is another", { region: "north" }, { "mcp-param-region": "North" }]
  ])("W-40, W-41, S-10: refused before the server when %s", async (_title, args, headers) => {
    const answer = await weather(args, headers)
    assert.strictEqual(answer.status, 400)
    assert.strictEqual((await answerOf(answer)).error?.code, -32020)
    assert.isFalse(scripted.seen.some(asks("tools/call")))
  })

  it("W-40, W-42: carried as it was sent when it agrees, and so are those that nobody declared", async () => {
    const given = { "mcp-param-region": base64("nörd"), "mcp-param-other": "=?base64?%%?=" }
    await (await weather({ region: "nörd" }, given)).text()
    const asked = scripted.seen.find(asks("tools/call"))
    for (const [name, value] of Object.entries(given)) assert.strictEqual(asked?.headers.get(name), value)
  })

  it("W-43: means nothing in an older version's call", async () => {
    const inside = withHeaders(await openSession(who), { "mcp-param-region": "south" })
    assert.strictEqual((await post(inside, callTool("weather", 1, { region: "north" }))).status, 200)
  })
})

/** What the server itself answers, and what comes through the gateway. */
const bothWays = async (ask: (to: Caller) => Promise<Response>) => {
  const told = []
  for (const to of [
    { url: `${everything.url}/mcp`, headers: {} },
    { ...who, url: `${gateway.url}/everything/mcp` }
  ]) {
    const answer = await ask(await openSession(to))
    // What goes well differs in its ids, and may be a stream.
    told.push({ status: answer.status, text: answer.ok ? "" : await answer.text() })
    if (answer.ok) await answer.body?.cancel()
  }
  return told
}

const without = ({ url, headers }: Caller, name: string): Caller => ({
  url,
  headers: Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
})

const VERSION = "mcp-protocol-version"

describe("what only the server can judge is answered as it answers", () => {
  it.each([
    ["of a known version", "2025-06-18", 200],
    ["of one that never was", "1999-01-01", 400],
    ["that is absent: the session knows it", undefined, 200]
  ])("W-07: MCP-Protocol-Version %s", async (_title, version, status) => {
    const [direct, through] = await bothWays((inside) =>
      post(
        version === undefined ? without(inside, VERSION) : withHeaders(inside, { [VERSION]: version }),
        request("ping")
      )
    )
    assert.deepEqual(through, direct)
    assert.strictEqual(through?.status, status)
  })

  it.each([
    ["POST", "application/json", (inside: Caller) => post(inside, request("ping"))],
    ["GET", "application/json", (inside: Caller) => get(inside)]
  ])("W-01: %s with Accept: %s", async (_method, accept, ask) => {
    const [direct, through] = await bothWays((inside) => ask(withHeaders(inside, { accept })))
    assert.deepEqual(through, direct)
    assert.strictEqual(through?.status, 406)
  })

  it("W-07: without session and version it is 2025-03-26, of which arrays may not come unnegotiated (W-16)", async () => {
    const ping = request("ping")
    assert.strictEqual((await post(who, [ping])).status, 400)
    assert.lengthOf(
      scripted.seen.filter(({ headers }) => headers.has("x-user")),
      0
    )
    await (await post(who, ping)).text()
    assert.isFalse(scripted.seen.find(asks("ping"))?.headers.has(VERSION), "nothing is claimed for the client")
  })
})
