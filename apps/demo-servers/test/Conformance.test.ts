import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventLog } from "../src/conformance/EventLog.ts"
import { makeTasks } from "../src/conformance/Tasks.ts"
import { type Running, serve } from "../src/Serve.ts"
import { type Era, eras } from "./support/Clients.ts"

const eachEra = Object.keys(eras).filter((era): era is Era => era in eras)

describe("the conformance server", () => {
  let server: Running
  beforeAll(() => {
    server = serve("conformance", "127.0.0.1", 0)
  })
  afterAll(() => server.stop())

  const withClient = async (era: Era, use: (client: Client) => Promise<void>): Promise<void> => {
    const capabilities = { elicitation: {}, sampling: {}, roots: {} }
    const client = new Client({ name: "test", version: "1.0.0" }, { ...eras[era], capabilities })
    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { name: "Ada", ok: true } }))
    client.setRequestHandler("roots/list", () => ({ roots: [{ uri: "file:///here" }] }))
    client.setRequestHandler("sampling/createMessage", () => ({
      model: "scripted",
      role: "assistant",
      content: { type: "text", text: "Paris" }
    }))
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url)))
    try {
      await use(client)
    } finally {
      await client.close()
    }
  }

  const textOf = async (client: Client, name: string): Promise<unknown> => {
    const [first] = (await client.callTool({ name, arguments: {} })).content
    return first?.type === "text" ? first.text : first
  }

  it.each(eachEra)("offers a %s client the same tools, prompts and resources", (era) =>
    withClient(era, async (client) => {
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain("not_for_the_suite")
      expect((await client.listPrompts()).prompts).toHaveLength(5)
      expect((await client.listResources()).resources).toHaveLength(3)
      expect((await client.readResource({ uri: "test://template/7/data" })).contents).toMatchObject([
        { uri: "test://template/7/data", text: '{"id":"7"}' }
      ])
    })
  )

  it.each(eachEra)("asks a %s client for what its tools need, and reads the answers", (era) =>
    withClient(era, async (client) => {
      expect(await textOf(client, "test_input_required_result_elicitation")).toBe("Answered: Ada")
      expect(await textOf(client, "test_input_required_result_sampling")).toBe("Answered: Paris")
      expect(await textOf(client, "test_input_required_result_list_roots")).toBe("Answered: 1")
      expect(await textOf(client, "test_input_required_result_request_state")).toBe("state-ok: confirmed")
      expect(await textOf(client, "test_input_required_result_multiple_inputs")).toBe("Paris, Ada: 1")
    })
  )

  it("answers a legacy client on the stream it resumes", () =>
    withClient("legacy", async (client) => {
      expect(await textOf(client, "test_reconnection")).toBe("answered on the resumed stream")
    }))

  const post = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(server.url, {
      method: "POST",
      headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
      body: JSON.stringify(body)
    })

  it("answers 404 to a session it does not know (W-05)", async () => {
    const response = await post({ jsonrpc: "2.0", id: 1, method: "ping" }, { "mcp-session-id": "gone" })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ jsonrpc: "2.0", error: { code: -32001 } })
  })

  it("refuses a tool that answers only tasks to those who do not know them (SEP-2663)", async () => {
    const params = {
      name: "failing_job",
      arguments: {},
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
      }
    }
    const headers = {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "failing_job"
    }
    const response = await post({ jsonrpc: "2.0", id: "a", method: "tools/call", params }, headers)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ id: "a", error: { code: -32021 } })
  })
})

describe("tasks", () => {
  const settled = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

  it("complete with the result of their work, or fail with the protocol's error", async () => {
    const tasks = makeTasks()
    const good = tasks.start(async () => ({ content: [] }))
    const bad = tasks.start(async () => {
      throw new Error("broken")
    })
    expect(good.status).toBe("working")
    await settled()
    expect(tasks.get(good.taskId)).toMatchObject({ status: "completed", result: { content: [] } })
    expect(tasks.get(bad.taskId)).toMatchObject({ status: "failed", error: { code: -32603, message: "broken" } })
  })

  it("show only the questions still open, and go on when all are answered", async () => {
    const tasks = makeTasks()
    const { taskId } = tasks.start(({ ask }) => ask({ one: { q: 1 }, two: { q: 2 } }))
    expect(tasks.get(taskId)).toMatchObject({ status: "input_required" })
    expect(tasks.answer(taskId, { one: "first", stray: true })).toBe(true)
    expect(tasks.get(taskId)).toMatchObject({ status: "input_required", inputRequests: { two: { q: 2 } } })
    expect(tasks.get(taskId)).not.toHaveProperty("inputRequests.one")
    tasks.answer(taskId, { two: "second" })
    await settled()
    expect(tasks.get(taskId)).toMatchObject({ status: "completed", result: { one: "first", two: "second" } })
  })

  it("stay cancelled, whatever their work comes to, and stay over", async () => {
    const tasks = makeTasks()
    const { taskId } = tasks.start(async ({ pause }) => {
      await pause(3_600)
      return {}
    })
    expect(tasks.cancel(taskId)).toBe(true)
    await settled()
    expect(tasks.get(taskId)).toMatchObject({ status: "cancelled" })
    expect(tasks.get(taskId)).not.toHaveProperty("result")
    expect(tasks.cancel(taskId)).toBe(true)
  })

  it("of another name are not known", () => {
    const tasks = makeTasks()
    expect(tasks.get("other")).toBeUndefined()
    expect(tasks.answer("other", {})).toBe(false)
    expect(tasks.cancel("other")).toBe(false)
  })
})

describe("the log of a session's events", () => {
  it("says again what followed on the same stream, without the marks", async () => {
    const log = eventLog()
    const message = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" }) as const
    const mark = await log.storeEvent("a", {} as never)
    await log.storeEvent("b", message(1))
    const seen = await log.storeEvent("a", message(2))
    const last = await log.storeEvent("a", message(3))
    const replayed = async (after: string): Promise<ReadonlyArray<unknown>> => {
      const said: Array<unknown> = []
      expect(await log.replayEventsAfter(after, { send: async (id, given) => void said.push([id, given]) })).toBe("a")
      return said
    }
    expect(await replayed(mark)).toEqual([
      [seen, message(2)],
      [last, message(3)]
    ])
    expect(await replayed(seen)).toEqual([[last, message(3)]])
    await expect(log.replayEventsAfter("99", { send: async () => undefined })).rejects.toThrow("there is no event 99")
  })
})
