/** What one caller does to a healthy server must not take it from the others (S-16): nobody's calls alone open a circuit. */
import { type Caller, caller, callTool, post } from "@mcpgw/testkit/McpRequest"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { see, type Stand, startStand } from "./Stand.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let stand: Stand

beforeAll(async () => {
  stand = await startStand(["busy", "quiet", "shared"])
})

afterAll(() => stand?.close())

const somebody = async (name: string, path: string, clientId = "user-generated"): Promise<Caller> =>
  caller(`${stand.gateway.url}/${path}/mcp`, await stand.gateway.token(["all"], { sub: name, client_id: clientId }))

describe("S-16: a caller whose calls fail", () => {
  it("many slow calls at once do not count against a server that answers others meanwhile, whoever they are of", async () => {
    const [mallory, accomplice] = [await somebody("mallory", "busy"), await somebody("accomplice", "busy")]
    const alice = await somebody("alice", "busy")
    const slow = Promise.all([...Array(16).keys()].map((i) => see(i % 2 === 0 ? mallory : accomplice, "hang")))
    await Bun.sleep(300)
    assert.strictEqual((await see(alice, "fine")).status, 200)
    assert.deepEqual([...new Set((await slow).map(({ status }) => status))], [504])
    assert.strictEqual((await see(alice, "fine")).status, 200)
  })

  it.each(["hang", "reset at once", "closed at once", "no HTTP"])(
    "%s: alone, with however many clients, they open nothing",
    async (fault) => {
      const clients = await Promise.all(["a", "b", "c"].map((id) => somebody("mallory", "quiet", id)))
      await Promise.all([...clients, ...clients, ...clients, ...clients].map((client) => see(client, fault)))
      assert.strictEqual((await see(await somebody("alice", "quiet"), "fine")).status, 200)
    }
  )

  it("who leaves, sends what the server refuses, or is told to slow down opens nothing", async () => {
    const mallory = await somebody("mallory", "quiet")
    for (let i = 0; i < 8; i++) {
      const leaving = new AbortController()
      const call = post(mallory, callTool("hang", 1), { signal: leaving.signal }).catch(() => undefined)
      setTimeout(() => leaving.abort(), 20)
      await call
      for (const fault of ["too many", "unavailable", "no MCP", "no JSON"]) await see(mallory, fault)
    }
    assert.strictEqual((await see(await somebody("alice", "quiet"), "fine")).status, 200)
  })

  it("what fails for several callers opens it, as before", async () => {
    const two = [await somebody("alice", "shared"), await somebody("bob", "shared")]
    for (const one of [...two, ...two, ...two]) await see(one, "reset at once")
    const refused = await see(await somebody("carol", "shared"), "fine")
    assert.strictEqual(refused.status, 503)
  })
})
