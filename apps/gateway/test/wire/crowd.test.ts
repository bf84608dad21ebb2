/**
 * Two thousand people at once, each on a connection of their own, all with the same JSON-RPC ids: nobody gets another's answer, and
 * everybody's session is theirs alone (W-12, S-07).
 */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { type Answered, type KeepAlive, keepAlive } from "@mcpgw/testkit/KeepAlive"
import { legacyScript, SESSION } from "@mcpgw/testkit/LegacyScript"
import { callTool, messagesIn, request } from "@mcpgw/testkit/McpRequest"
import { type Asked, events, result } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { claimsFor, gatewayKey, mint } from "../lifecycle/support/Minting.ts"
import { at, startSeeded } from "../support/seed.ts"
import { startUpstream, type Upstream } from "./Upstream.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const CROWD = 2_000
/** Connections opened at once: no more than a listening socket's queue takes. */
const AT_ONCE = 200

interface Person {
  readonly name: string
  readonly connection: KeepAlive
  readonly headers: Readonly<Record<string, string>>
  readonly sealed: string
}

let server: Upstream
let gateway: TestGateway
let people: ReadonlyArray<Person> = []
/** Who opened which of the server's sessions. */
const openers = new Map<string, string>()
const held: Array<() => void> = []

const userOf = ({ headers }: Asked): string => headers.get("x-user") ?? ""

/** Tells who asks, who opened the session it is asked in, and what was asked; but not before the whole crowd is here. */
const answer = (asked: Asked): Promise<Response> => {
  const opener = openers.get(asked.headers.get(SESSION) ?? "") ?? "nobody"
  const value = { content: [{ type: "text", text: `${userOf(asked)} in a session of ${opener}: ${asked.body}` }] }
  const { promise, resolve } = Promise.withResolvers<Response>()
  const streamed = held.length % 2 === 0
  held.push(() =>
    resolve(streamed ? events([{ jsonrpc: "2.0", id: asked.rpc.id, result: value }]) : result(asked, value))
  )
  // Last come, first served.
  if (held.length === CROWD) for (const release of held.splice(0).reverse()) release()
  return promise
}

beforeAll(async () => {
  const script = legacyScript({ instead: { "tools/call": answer } })
  server = await startUpstream(async (asked) => {
    const response = await script(asked)
    const session = response.headers.get(SESSION)
    if (session !== null) openers.set(session, userOf(asked))
    return response
  })
  gateway = await startSeeded({ servers: [at("/one", server.url)], scopes: SCOPES })
})

afterAll(async () => {
  for (const { connection } of people) connection.close()
  await Promise.all([gateway?.close(), server?.stop()])
})

const enter = async (name: string, token: string): Promise<Person> => {
  const connection = await keepAlive(`${gateway.url}/one/mcp`)
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json"
  }
  const hello = request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name, version: "1" }
  })
  const { status, headers: answered, body } = await connection.post(headers, JSON.stringify(hello))
  assert.strictEqual(status, 200, body)
  return { name, connection, headers, sealed: answered[SESSION] ?? "" }
}

const inSession = ({ headers }: Person, sealed: string) => ({ ...headers, [SESSION]: sealed })

const messageOf = ({ headers, body }: Answered) =>
  headers["content-type"]?.startsWith("text/event-stream") === true ? messagesIn(body)[0] : JSON.parse(body)

describe(`${CROWD} clients at once, all with JSON-RPC id 1`, () => {
  it("everybody gets a session of their own", async () => {
    const key = gatewayKey(gateway.dataDir)
    const names = Array.from({ length: CROWD }, (_, i) => `person-${i}`)
    const entered: Array<Person> = []
    for (let i = 0; i < CROWD; i += AT_ONCE) {
      const tokenOf = (sub: string) => mint(key, claimsFor(gateway.url, ["all"], { sub, preferred_username: sub }))
      entered.push(...(await Promise.all(names.slice(i, i + AT_ONCE).map((name) => enter(name, tokenOf(name))))))
    }
    people = entered
    assert.strictEqual(new Set(people.map(({ sealed }) => sealed)).size, CROWD)
    assert.strictEqual(new Set(openers.values()).size, CROWD, "one session of the server each")
  })

  it("nobody sees another's answer, though all wait at the same time and are served in reverse", async () => {
    assert.lengthOf(people, CROWD)
    await Promise.all(
      people.map(async (person) => {
        const asked = JSON.stringify(callTool("echo", 1, { secret: `of ${person.name}` }))
        const answered = await person.connection.post(inSession(person, person.sealed), asked)
        assert.strictEqual(answered.status, 200, answered.body)
        const text = `${person.name} in a session of ${person.name}: ${asked}`
        assert.deepEqual(messageOf(answered), { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text }] } })
      })
    )
    assert.isEmpty(held)
  })

  it("nobody can use the session of the next", async () => {
    const before = server.asked().length
    await Promise.all(
      people.map(async (person, i) => {
        const sealed = people[(i + 1) % CROWD]?.sealed ?? ""
        const { status, body } = await person.connection.post(
          inSession(person, sealed),
          JSON.stringify(callTool("echo", 1, {}))
        )
        assert.strictEqual(status, 404)
        assert.strictEqual(JSON.parse(body).id, 1)
      })
    )
    assert.lengthOf(server.asked(), before)
  })
})
