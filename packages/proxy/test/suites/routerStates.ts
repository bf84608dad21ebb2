/** Contract of `ProxyRouter`: task ids and `requestState` behind a shared identity. Run by `proxyRouterSuite`. */
import { assert, describe, expect } from "@effect/vitest"
import { Principal } from "@mcpgw/domain/Principal"
import { sealState, requestDigest } from "@mcpgw/mcp/StateSeal"
import { serverBinding } from "../../src/SessionGate.ts"
import { answer, event, EVENTS, json, liveStream, readerOf } from "../support/Answers.ts"
import type { Bench, Handler, Law } from "../support/Bench.ts"
import { type CallOptions, claimsOf, failureOf, responseOf } from "../support/Call.ts"

const ada = Principal.unsafeMake(claimsOf("ada", { scopes: ["all"] }))
const bert = Principal.unsafeMake(claimsOf("bert", { scopes: ["all"] }))
const adaElsewhere = Principal.unsafeMake(claimsOf("ada", { scopes: ["all"], clientId: "cli" }))

const VERSION = "io.modelcontextprotocol/protocolVersion"
const META = {
  [VERSION]: "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } }
}
type Params = Readonly<Record<string, unknown>>

/** A 2026-07-28 request as the gateway's edge lets it pass. */
const modern = (method: string, params: Params, more: CallOptions = {}): CallOptions => {
  const name = params["name"] ?? params["uri"] ?? params["taskId"]
  return {
    principal: ada,
    message: { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: META } },
    ...more,
    headers: {
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
      ...more.headers
    }
  }
}

/** The server: hands out the task `t-1` and the state `round-1`, and notes what it is asked with. */
const scripted = (form: "json" | "events") => {
  const seen: Array<{ readonly text: string; readonly name: string | null; readonly params: Params }> = []
  const handler: Handler = async (request) => {
    const text = await request.text()
    const { method, params }: { readonly method: string; readonly params: Params } = JSON.parse(text)
    seen.push({ text, name: request.headers.get("mcp-name"), params })
    const message = answer(resultOf(method, params))
    return form === "json" ? json(message) : new Response(event(message), { headers: EVENTS })
  }
  return { handler, seen }
}

const TASK = { taskId: "t-1", status: "working", ttlMs: 60_000 }
const asking = (requestState: string) => ({ resultType: "input_required", inputRequests: {}, requestState })

const resultOf = (method: string, params: Params): unknown => {
  if (method.startsWith("tasks/")) return { resultType: "complete", ...TASK }
  if (params["name"] === "job") return { ...TASK, resultType: "task" }
  if (params["requestState"] === undefined) return asking("round-1")
  return params["requestState"] === "round-1" ? asking("round-2") : { resultType: "complete", content: [] }
}

const resultIn = async (response: Response): Promise<Params> => {
  const text = await response.text()
  const data = text.startsWith("event:") ? (/^data: (.*)$/m.exec(text)?.[1] ?? "") : text
  return JSON.parse(data).result
}

const handed = async ({ call }: Bench, options: CallOptions): Promise<Params> =>
  resultIn(responseOf(await call(options)))

const textOf = (params: Params, key: string): string => {
  const value = params[key]
  assert(typeof value === "string", JSON.stringify(params))
  return value
}

const taskFor = async (bench: Bench, more: CallOptions = {}): Promise<string> =>
  textOf(await handed(bench, modern("tools/call", { name: "job" }, more)), "taskId")

const stateFor = async (bench: Bench, params: Params = { name: "ask" }, method = "tools/call"): Promise<string> =>
  textOf(await handed(bench, modern(method, params)), "requestState")

const refusal = async ({ call }: Bench, options: CallOptions) => {
  const outcome = await call(options)
  expect(outcome.endings).toEqual([])
  return failureOf(outcome).reason
}

export const routerStates = (law: Law): void => {
  for (const form of ["json", "events"] as const) {
    describe(`task ids and requestState behind a shared identity (${form})`, () => {
      tasks(law, form)
      states(law, form)
    })
  }
  describe("what is not sealed", () => untouched(law))
  describe("subscriptions/listen", () => listening(law))
}

const tasks = (law: Law, form: "json" | "events"): void => {
  const { handler, seen } = scripted(form)

  law(
    "S-09, W-63: the server gets its own id back, in body and Mcp-Name; the client keeps one name for it",
    handler,
    async (bench) => {
      const id = await taskFor(bench)
      expect(id).not.toContain("t-1")
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const options = modern(method, { taskId: id, inputResponses: { a: "é\u2028" } })
        expect((await handed(bench, options))["taskId"]).toBe(id)
        const last = seen.at(-1)
        expect(last?.text).toBe(JSON.stringify(options.message).replace(id, "t-1"))
        expect(last?.name).toBe("t-1")
      }
    }
  )

  law(
    "S-09, W-63: another's, another client's, another server's, altered, unsealed or no text: no such task",
    handler,
    async (bench) => {
      const id = await taskFor(bench)
      const before = seen.length
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const others: ReadonlyArray<CallOptions> = [
          modern(method, { taskId: id }, { principal: bert }),
          modern(method, { taskId: id }, { principal: adaElsewhere }),
          modern(method, { taskId: id }, { path: "/other/mcp" }),
          modern(method, { taskId: `${id.slice(0, -2)}AA` }),
          modern(method, { taskId: "t-1" }),
          modern(method, { taskId: "" }),
          modern(method, { taskId: 1 }),
          modern(method, { taskId: [id] }),
          modern(method, { taskId: null })
        ]
        for (const other of others) expect(await refusal(bench, other)).toBe("unknown_task")
      }
      expect(seen.length).toBe(before)
    }
  )

  law("S-09: it expires, and goes with its key", handler, async (bench) => {
    const target = bench.router.resolve("/time/mcp")
    assert(target._tag === "Target")
    const [key] = bench.keys.sealing
    assert(key !== undefined)
    const binding = { owner: ada.claims, server: serverBinding(target.server), use: { kind: "task" as const } }
    const sealed = (at: number, by = key) => sealState(by, binding, "t-1", Math.floor(Date.now() / 1000) + at)
    expect(await refusal(bench, modern("tasks/get", { taskId: sealed(0) }))).toBe("unknown_task")
    const stranger = { id: key.id, bytes: new Uint8Array(32) }
    expect(await refusal(bench, modern("tasks/get", { taskId: sealed(60, stranger) }))).toBe("unknown_task")
    expect((await handed(bench, modern("tasks/get", { taskId: sealed(60) })))["status"]).toBe("working")
  })

  law("W-63: who does not know tasks, and who asks what there is not, hears of that first", handler, async (bench) => {
    const id = await taskFor(bench)
    const before = seen.length
    const without = { [VERSION]: "2026-07-28" }
    const bare = (method: string, taskId: string): CallOptions => ({
      ...modern(method, { taskId }),
      message: { jsonrpc: "2.0", id: 1, method, params: { taskId, _meta: without } }
    })
    expect(await refusal(bench, bare("tasks/get", "t-1"))).toBe("undeclared_tasks")
    expect(await refusal(bench, modern("tasks/result", { taskId: "t-1" }))).toBe("unknown_task_method")
    expect(await refusal(bench, modern("tasks/list", {}))).toBe("unknown_task_method")
    expect(seen.length).toBe(before)
    await handed(bench, bare("tasks/get", id))
    await handed(bench, modern("tasks/result", { taskId: id }))
    expect(seen.slice(before).map(({ params }) => params["taskId"])).toEqual(["t-1", "t-1"])
  })

  law(
    "S-09: as a notification, and through the era without seals when nothing is bound, neither",
    handler,
    async (bench) => {
      const before = seen.length
      const note = { jsonrpc: "2.0", method: "tasks/cancel", params: { taskId: "t-1" } }
      const headers = { "content-type": "application/json", "mcp-protocol-version": "2026-07-28" }
      expect(await refusal(bench, { principal: ada, message: note, headers })).toBe("undeclared_tasks")
      const legacy = { jsonrpc: "2.0", id: 1, method: "tasks/get", params: { taskId: "t-1" } }
      expect(await refusal(bench, { principal: ada, message: legacy })).toBe("unknown_task")
      expect(seen.length).toBe(before)
    }
  )
}

const states = (law: Law, form: "json" | "events"): void => {
  const { handler, seen } = scripted(form)

  law("S-09, W-66: the server gets its own state back, round after round", handler, async (bench) => {
    const asked = { name: "ask", arguments: { a: 1, b: "ü" } }
    const first = await stateFor(bench, asked)
    expect(first).not.toContain("round-1")
    const retry = modern("tools/call", { ...asked, requestState: first, inputResponses: { k: { "a:b": [1.0] } } })
    const second = textOf(await handed(bench, retry), "requestState")
    expect(seen.at(-1)?.text).toBe(JSON.stringify(retry.message).replace(first, "round-1"))
    expect(seen.at(-1)?.name).toBe("ask")
    const last = await handed(bench, modern("tools/call", { ...asked, requestState: second }))
    expect(last["resultType"]).toBe("complete")
    expect(seen.at(-1)?.params["requestState"]).toBe("round-2")
  })

  law("W-66: prompts and resources, too", handler, async (bench) => {
    for (const [method, params] of [
      ["prompts/get", { name: "p" }],
      ["resources/read", { uri: "file:///a" }]
    ] as const) {
      const state = await stateFor(bench, params, method)
      await handed(bench, modern(method, { ...params, requestState: state }))
      expect(seen.at(-1)?.params["requestState"]).toBe("round-1")
    }
  })

  law(
    "S-09, W-66: another's, of another request, altered, unsealed or no text: refused before the server",
    handler,
    async (bench) => {
      const requestState = await stateFor(bench)
      const before = seen.length
      const retry = (params: Params, more: CallOptions = {}, method = "tools/call") =>
        modern(method, { name: "ask", requestState, ...params }, more)
      const others: ReadonlyArray<CallOptions> = [
        retry({}, { principal: bert }),
        retry({}, { principal: adaElsewhere }),
        retry({}, { path: "/other/mcp" }),
        retry({ name: "job" }),
        retry({ arguments: { a: 1 } }),
        retry({}, {}, "prompts/get"),
        retry({}, {}, "completion/complete"),
        retry({ requestState: `${requestState}-TAMPERED` }),
        retry({ requestState: "round-1" }),
        retry({ requestState: "" }),
        retry({ requestState: { of: requestState } })
      ]
      for (const other of others) expect(await refusal(bench, other)).toBe("foreign_state")
      expect(seen.length).toBe(before)
      const target = bench.router.resolve("/time/mcp")
      assert(target._tag === "Target")
      const [key] = bench.keys.sealing
      assert(key !== undefined)
      const use = { kind: "requestState" as const, method: "tools/call", digest: requestDigest({ name: "ask" }) }
      const now = Math.floor(Date.now() / 1000)
      const late = sealState(key, { owner: ada.claims, server: serverBinding(target.server), use }, "round-1", now)
      expect(await refusal(bench, retry({ requestState: late }))).toBe("foreign_state")
      expect((await handed(bench, retry({})))["resultType"]).toBe("input_required")
    }
  )
}

/** The same bytes that the server sent. */
const same = async ({ call }: Bench, options: CallOptions, text: string): Promise<void> => {
  expect(await responseOf(await call(options)).text()).toBe(text)
}

const untouched = (law: Law): void => {
  const raw = `{ "jsonrpc":"2.0","id":1, "result": {"resultType":"task", "taskId": "t-1", "n": 1.0, "s": "\\u00e9\\/" }}`
  const asIs: Handler = () => new Response(raw, { headers: { "content-type": "application/json" } })

  law("design §4.3: around the sealed value every byte stays", asIs, async ({ call }) => {
    const text = await responseOf(await call(modern("tools/call", { name: "job" }))).text()
    const sealed: string = JSON.parse(text).result.taskId
    expect(text).toBe(raw.replace("t-1", sealed))
    expect(sealed).not.toBe("t-1")
  })

  law("a caller known to the server by a credential of their own", asIs, async (bench) => {
    const own = { path: "/asking/mcp", clientAuthorization: "Bearer ada's" }
    await same(bench, modern("tools/call", { name: "job" }, own), raw)
    await same(bench, modern("tasks/get", { taskId: "t-1" }, own), raw)
    expect(await refusal(bench, modern("tasks/get", { taskId: "t-1" }, { path: "/asking/mcp" }))).toBe("unknown_task")
  })

  law("S-09: a credential sent to a server that asks for none is nobody's", asIs, async (bench) => {
    const own = { clientAuthorization: "Bearer made-up" }
    expect(await refusal(bench, modern("tasks/get", { taskId: "t-1" }, own))).toBe("unknown_task")
  })

  law("the legacy era, whose sessions are bound", asIs, async (bench) => {
    await same(bench, { principal: ada, message: "tools/call" }, raw)
  })

  for (const [what, result] of [
    [
      "content that looks like one",
      { content: [{ type: "text", text: "taskId requestState" }], resultType: "complete" }
    ],
    [
      "a task id of the tool's own",
      { structuredContent: { taskId: "t-1", requestState: "x" }, resultType: "complete" }
    ],
    ["a result that is complete", { resultType: "complete", taskId: "t-1", requestState: "x" }],
    ["what is no text", { resultType: "input_required", requestState: 5, taskId: 7 }]
  ] as const) {
    const text = JSON.stringify(answer(result))
    const handler: Handler = () => new Response(text, { headers: { "content-type": "application/json" } })
    law(what, handler, (bench) => same(bench, modern("tools/call", { name: "job" }), text))
  }

  law(
    "an error",
    () => json({ jsonrpc: "2.0", id: 1, error: { code: -32602, message: "taskId t-1" } }),
    async ({ call }) => {
      expect(await responseOf(await call(modern("tools/call", { name: "job" }))).text()).toContain("taskId t-1")
    }
  )

  for (const length of ["measured", "unmeasured"] as const) {
    const long = JSON.stringify(answer({ filler: "x".repeat(200_000), resultType: "task", taskId: "t-1" }))
    const handler: Handler = () =>
      new Response(length === "measured" ? long : new Blob([long]).stream(), {
        headers: { "content-type": "application/json" }
      })
    law(`W-63: a long answer is sealed as a short one (${length})`, handler, async (bench) => {
      expect(await taskFor(bench)).not.toBe("t-1")
    })
  }
}

const listening = (law: Law): void => {
  const noted: Array<string> = []
  const live = liveStream()
  const handler: Handler = async (request) => {
    const text = await request.text()
    if (text.includes("subscriptions/listen")) {
      noted.push(text)
      return new Response(live.body, { headers: EVENTS })
    }
    return json(answer({ ...TASK, resultType: "task" }))
  }

  law("W-63: taskIds are opened, and notifications speak of tasks as the client knows them", handler, async (bench) => {
    const [one, two] = [await taskFor(bench), await taskFor(bench)]
    const listen = (notifications: unknown, more: CallOptions = {}) =>
      modern("subscriptions/listen", { notifications }, more)
    const others: ReadonlyArray<CallOptions> = [
      listen({ taskIds: [one] }, { principal: bert }),
      listen({ taskIds: [one, "t-1"] }),
      listen({ taskIds: "t-1" }),
      listen({ taskIds: Array.from({ length: 1_001 }, () => one) }),
      listen({ taskIds: [null] }),
      listen({ taskIDs: ["t-1"] }),
      listen({ "taskIds\0": ["t-1"] })
    ]
    for (const other of others) expect(await refusal(bench, other)).toBe("unknown_task")
    expect(noted).toEqual([])

    const options = listen({ toolsListChanged: true, taskIds: [one, two] })
    // Bun sends the head of an answer with its first bytes.
    live.say(":\n\n")
    const response = responseOf(await bench.call(options))
    expect(noted).toEqual([JSON.stringify(options.message).replace(one, "t-1").replace(two, "t-1")])
    const reader = readerOf(response)
    const ack = { method: "notifications/subscriptions/acknowledged", params: { notifications: { taskIds: ["t-1"] } } }
    const raw = (message: object) => `: hi\r\nid: 1\r\ndata:${JSON.stringify(message)}\r\n\r\n`
    live.say(raw(ack))
    expect(await reader.until("}\r\n\r\n")).toContain(raw(ack).replace("t-1", two))
    const note = {
      jsonrpc: "2.0",
      method: "notifications/tasks",
      params: { ...TASK, status: "completed", result: { taskId: "t-1" } }
    }
    live.say(raw(note))
    expect(await reader.until("completed")).toContain(raw(note).replace("t-1", two))
    await reader.cancel()
  })
}
