/** Which server a path means and where at the server a request arrives (design §7; contracts §2.4), seen through a real gateway. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { answerOf, caller, notification, post, request } from "@mcpgw/testkit/McpRequest"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
team-only:
  - server: team
    methods: [tools/list]
`

let short: ScriptedServer
let long: ScriptedServer
let gateway: TestGateway
let token: string

beforeAll(async () => {
  short = await startScripted(legacyScript())
  long = await startScripted(legacyScript())
  gateway = await startSeeded({
    servers: [
      at("/team", short.url),
      at("/team/search", `${long.url}/base/`),
      at("/team/search/deep.v2", `${long.url}/deep/mcp`),
      at("/explicit", `${short.url}/api`, { mcp_endpoint: `${short.url}/special/endpoint?fixed=1` }),
      at("/a", short.url)
    ],
    scopes: SCOPES
  })
  token = await gateway.token(["all"])
})

afterAll(async () => {
  await Promise.all([gateway?.close(), short?.stop(), long?.stop()])
})

beforeEach(() => {
  short.forget()
  long.forget()
})

/** Server and path that a request for `path` arrived at, or the status it was refused with. */
const arrival = async (path: string): Promise<string> => {
  // A notification: whatever the server says of it, it has arrived.
  const answer = await post(caller(gateway.url + path, token), notification("notifications/initialized"))
  await answer.text()
  for (const [name, server] of [
    ["short", short],
    ["long", long]
  ] as const) {
    const found = server.seen.find(({ headers }) => headers.has("x-user"))
    if (found !== undefined) return `${name} ${found.path} as ${found.headers.get("x-server-name")}`
  }
  return String(answer.status)
}

describe("paths", () => {
  it.each([
    ["/team/mcp", "short /mcp as team"],
    ["/team/mcp/", "short /mcp as team"],
    ["/team", "short /mcp as team"],
    ["/team/", "short /mcp as team"],
    ["/team/other/way", "short /other/way as team"],
    ["/team/searching", "short /searching as team"],
    ["/team/search", "long /base/mcp as team/search"],
    ["/team/search/mcp", "long /base/mcp as team/search"],
    ["/team/search/more", "long /base/more as team/search"],
    ["/team/search/deep.v2", "long /deep/mcp as team/search/deep.v2"],
    ["/team/search/deep.v2/mcp", "long /deep/mcp as team/search/deep.v2"],
    ["/explicit/mcp", "short /special/endpoint?fixed=1 as explicit"],
    ["/explicit", "short /special/endpoint?fixed=1 as explicit"],
    ["/explicit/other", "short /api/other as explicit"],
    ["/team/mcp?city=K%C3%B6ln&x=1", "short /mcp?city=K%C3%B6ln&x=1 as team"],
    ["/explicit/mcp?x=1", "short /special/endpoint?fixed=1&x=1 as explicit"]
  ])("%s → %s", async (path, expected) => {
    assert.strictEqual(await arrival(path), expected)
  })

  it.each([
    ["/Team/mcp", "404"],
    ["/teams/mcp", "404"],
    ["/ab/mcp", "404"],
    ["/te%61m/mcp", "400"],
    ["/team/..%2fsearch/mcp", "400"],
    ["//team/mcp", "400"],
    ["/team//mcp", "400"]
  ])("%s is refused with %s", async (path, status) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const { hostname, port, host } = new URL(gateway.url)
    // Over a bare socket: URL parsers tidy such paths up before they are sent.
    await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => {
          const body = JSON.stringify(request("tools/list"))
          const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`
          socket.write(`${head}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`)
        },
        data: (socket, data) => {
          resolve(data.toString())
          socket.end()
        },
        error: (_socket, error) => reject(error)
      }
    })
    const answer = await promise
    assert.strictEqual(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1], status)
    assert.include(answer, '"jsonrpc":"2.0"')
    assert.lengthOf(
      [...short.seen, ...long.seen].filter(({ headers }) => headers.has("x-user")),
      0
    )
  })

  it("a path that dots lead elsewhere is judged as where it leads", async () => {
    assert.strictEqual(await arrival("/team/%2e%2e/a/mcp"), "short /mcp as a")
    const few = await gateway.token(["team-only"])
    const answer = await post(caller(`${gateway.url}/team/%2e%2e/a/mcp`, few), request("tools/list"))
    assert.strictEqual(answer.status, 403, "a grant on the first segment is none on where it leads")
  })

  it("a grant on a path is none on the paths below it", async () => {
    const few = await gateway.token(["team-only"])
    const own = await post(caller(`${gateway.url}/team/mcp`, few), notification("notifications/initialized"))
    assert.notStrictEqual(own.status, 403)
    const below = await post(caller(`${gateway.url}/team/search/mcp`, few), request("tools/list"))
    assert.strictEqual(below.status, 403)
    assert.match(below.headers.get("www-authenticate") ?? "", /insufficient_scope/)
    assert.isDefined((await answerOf(below)).error)
  })
})
