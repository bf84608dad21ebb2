/**
 * Task ids and `requestState` across callers, replicas and key rotations (design §6; S-09, W-63, W-66), with the conformance suite's
 * reference server, which trusts everybody: what it hands to one caller is of no use to another, and keeps its use for that one.
 */
import { conformanceHandler } from "@mcpgw/demo-servers/conformance/ConformanceServer"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { answerOf, type Caller, caller, type Envelope, modern, post, withHeaders } from "@mcpgw/testkit/McpRequest"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { serverAt } from "../lifecycle/support/Box.ts"
import { type Replicas, startReplicas } from "./Replicas.ts"
import { startUpstream, type Upstream } from "./Upstream.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

let server: Upstream
let replicas: Replicas

beforeAll(async () => {
  const answer = conformanceHandler()
  server = await startUpstream(({ method, path, headers, body, signal }) =>
    answer(new Request(`http://localhost${path}`, { method, headers, signal, ...(body === "" ? {} : { body }) }))
  )
  replicas = await startReplicas({
    scopes: SCOPES,
    servers: [serverAt("/one", server.url), serverAt("/two", server.url)]
  })
})

afterAll(async () => {
  await replicas?.close()
  await server?.stop()
})

type Replica = 0 | 1
type Params = Readonly<Record<string, unknown>>

const EVERYWHERE: ReadonlyArray<Replica> = [0, 1]

const who = (sub: string, replica: Replica, claims: Params = {}, path = "/one/mcp"): Caller =>
  caller(replicas.urls[replica] + path, replicas.token("all", { sub, preferred_username: sub, ...claims }))

const ada = (replica: Replica): Caller => who("ada", replica)
const bert = (replica: Replica): Caller => who("bert", replica)

const CAPABILITIES = { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }

const ask = async (from: Caller, method: string, params: Params): Promise<Envelope> => {
  const [named, { params: sent, ...rest }] = modern(from, method, params)
  const meta = { ...Object(sent["_meta"]), "io.modelcontextprotocol/clientCapabilities": CAPABILITIES }
  const { taskId } = params
  const to = typeof taskId === "string" ? withHeaders(named, { "mcp-name": taskId }) : named
  const response = await post(to, { ...rest, params: { ...sent, _meta: meta } })
  assert.strictEqual(response.status, 200)
  return answerOf(response)
}

const field = (answer: Envelope, key: string): string => {
  const value = answer.result?.[key]
  if (typeof value !== "string") throw new Error(`no ${key} in ${JSON.stringify(answer)}`)
  return value
}

const job = { name: "slow_compute", arguments: { seconds: 0 } }
const startJob = async (from: Caller): Promise<string> => field(await ask(from, "tools/call", job), "taskId")

/** What the server itself was last asked for. */
const askedFor = (key: string): unknown => server.asked().at(-1)?.rpc.params?.[key]

/** It is refused before the server, in the very words for what there never was. */
const expectUnknown = async (from: Caller, taskId: string, why: string): Promise<void> => {
  const before = server.asked().length
  for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
    const { error } = await ask(from, method, { taskId, inputResponses: {} })
    assert.deepEqual(error, { code: -32602, message: "Task not found" }, `${method}, ${why}`)
  }
  assert.lengthOf(server.asked(), before, why)
}

describe("S-09, W-63: a task is its caller's", () => {
  it("it serves them on every replica, under the one id they know; the server sees its own", async () => {
    const taskId = await startJob(ada(0))
    for (const replica of EVERYWHERE) {
      const answer = await ask(ada(replica), "tasks/get", { taskId })
      assert.strictEqual(answer.result?.["taskId"], taskId)
      assert.include(["working", "completed"], answer.result?.["status"])
      assert.match(String(askedFor("taskId")), /^[0-9a-f-]{36}$/)
      assert.strictEqual(server.asked().at(-1)?.headers.get("mcp-name"), askedFor("taskId"))
    }
    assert.isUndefined((await ask(ada(1), "tasks/cancel", { taskId })).error)
  })

  it("nobody else, no other client and no other server can use it; nor can anybody use the server's own id", async () => {
    const taskId = await startJob(ada(0))
    await ask(ada(0), "tasks/get", { taskId })
    const raw = String(askedFor("taskId"))
    for (const replica of EVERYWHERE) {
      await expectUnknown(bert(replica), taskId, "another's")
      await expectUnknown(who("ada", replica, { client_id: "another" }), taskId, "another client's")
      await expectUnknown(who("ada", replica, {}, "/two/mcp"), taskId, "another server's")
      await expectUnknown(bert(replica), raw, "unsealed")
      await expectUnknown(ada(replica), raw, "their own, unsealed")
      await expectUnknown(ada(replica), `${taskId.slice(0, -4)}AAAA`, "altered")
      await expectUnknown(ada(replica), "made-up", "made up")
    }
    const made = withHeaders(who("bert", 0), { "x-authorization": who("bert", 0).headers["authorization"] ?? "" })
    await expectUnknown(
      withHeaders(made, { authorization: "Bearer anything" }),
      raw,
      "with a credential nobody asked for"
    )
    assert.strictEqual((await ask(ada(1), "tasks/get", { taskId })).result?.["taskId"], taskId)
  })
})

const TOOL = "test_input_required_result_request_state"
const yes = { confirm: { action: "accept", content: { ok: true } } }

describe("S-09, W-66: a requestState is its caller's, for its request", () => {
  const begin = async (from: Caller): Promise<string> =>
    field(await ask(from, "tools/call", { name: TOOL }), "requestState")

  const retry = (from: Caller, requestState: string, name = TOOL): Promise<Envelope> =>
    ask(from, "tools/call", { name, arguments: {}, inputResponses: yes, requestState })

  it("it serves them on every replica; the server gets what it made", async () => {
    const requestState = await begin(ada(0))
    for (const replica of EVERYWHERE) {
      const answer = await retry(ada(replica), requestState)
      assert.deepEqual(answer.result?.["content"], [{ type: "text", text: "state-ok: confirmed" }])
      assert.notStrictEqual(askedFor("requestState"), requestState)
    }
  })

  it("for anybody and anything else it is refused before the server, which would have taken it", async () => {
    const requestState = await begin(ada(0))
    await retry(ada(0), requestState)
    const raw = String(askedFor("requestState"))
    const before = server.asked().length
    for (const replica of EVERYWHERE) {
      const refused = await Promise.all([
        retry(bert(replica), requestState),
        retry(who("ada", replica, { client_id: "another" }), requestState),
        retry(who("ada", replica, {}, "/two/mcp"), requestState),
        retry(ada(replica), requestState, "test_input_required_result_tampered_state"),
        retry(ada(replica), raw),
        retry(bert(replica), raw),
        retry(ada(replica), `${requestState}-TAMPERED`)
      ])
      for (const { error } of refused) {
        assert.strictEqual(error?.code, -32602)
        assert.match(error?.message ?? "", /requestState is not yours/)
      }
    }
    assert.lengthOf(server.asked(), before)
  })

  it("the official client goes through its rounds", async () => {
    const capabilities = { elicitation: {} }
    const client = new Client(
      { name: "rounds", version: "1" },
      { versionNegotiation: { mode: { pin: "2026-07-28" } }, capabilities }
    )
    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { name: "Ada", color: "red" } }))
    const { url, headers } = ada(1)
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { ...headers } } }))
    const { content } = await client.callTool({ name: "test_input_required_result_multi_round", arguments: {} })
    assert.deepEqual(content, [{ type: "text", text: "Ada likes red" }])
    await client.close()
  })
})

describe("when keys are rotated", () => {
  it("what was handed out serves its caller alone, until the key has gone", async () => {
    const taskId = await startJob(ada(0))
    await replicas.rotate(2)
    assert.strictEqual((await ask(ada(1), "tasks/get", { taskId })).result?.["taskId"], taskId)
    await expectUnknown(bert(1), taskId, "another's, after the rotation")
    assert.notStrictEqual((await startJob(ada(0))).split(".")[1], taskId.split(".")[1], "the new key seals")
    await replicas.rotate(1)
    await expectUnknown(ada(0), taskId, "its key has gone")
  })
})
