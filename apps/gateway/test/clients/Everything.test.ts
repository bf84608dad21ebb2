/**
 * The official clients and the real npm server, with a real gateway between them: everything the protocol does between the two
 * still happens, and what the policy hides is nowhere to be seen.
 */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import {
  answerOf,
  type Caller,
  caller,
  callTool,
  get,
  messagesIn,
  notification,
  openSession,
  post,
  reading,
  request,
  toolNames,
  withHeaders
} from "@mcpgw/testkit/McpRequest"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { connectV1, connectV2, type Fetch, type Peer, type PeerOptions } from "../support/Peers.ts"
import { type Everything, startEverything } from "../support/everything.ts"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const FEW = ["echo", "get-sum", "trigger-long-running-operation"]

const SCOPES = `
everything/all:
  - server: everything
    methods: ["*"]
    tools: ["*"]
everything/few:
  - server: everything
    methods: [tools/list, prompts/list, resources/list, resources/read]
    tools: [${FEW.join(", ")}]
`

let everything: Everything
let gateway: TestGateway
let direct: Caller
let all: Caller
let few: Caller

beforeAll(async () => {
  everything = await startEverything()
  gateway = await startSeeded({ servers: [at("/everything", everything.url)], scopes: SCOPES })
  direct = { url: `${everything.url}/mcp`, headers: {} }
  const url = `${gateway.url}/everything/mcp`
  all = caller(url, await gateway.token(["everything/all"], { sub: "all" }))
  few = caller(url, await gateway.token(["everything/few"], { sub: "few" }))
})

afterAll(async () => {
  await gateway?.close()
  await everything?.stop("SIGKILL")
})

type Connect = (who: Caller, options?: PeerOptions) => Promise<Peer>

const withPeer = async <A>(
  connect: Connect,
  who: Caller,
  use: (peer: Peer) => Promise<A>,
  options?: PeerOptions
): Promise<A> => {
  const peer = await connect(who, options)
  try {
    return await use(peer)
  } finally {
    await peer.close()
  }
}

/** Code and words of a failed call. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no failure",
    (error: { readonly code?: unknown }) => `${String(error.code)} ${String(error)}`
  )

const lines: ReadonlyArray<readonly [string, Connect]> = [
  ["@modelcontextprotocol/sdk 1.x", connectV1],
  ["@modelcontextprotocol/client 2.x, legacy era", connectV2]
]

describe.each(lines)("%s with server-everything", (_name, connect) => {
  it("initialize: name and version are the server's, the session id is the gateway's", () =>
    withPeer(connect, all, async (peer) => {
      assert.strictEqual(peer.serverName(), "mcp-servers/everything")
      assert.strictEqual(peer.version(), "2025-11-25")
      assert.match(peer.sessionId() ?? "", /^v1\./)
    }))

  it("lists and results are what the server gives directly, to whom all is allowed", () =>
    withPeer(connect, direct, (straight) =>
      withPeer(connect, all, async (peer) => {
        assert.deepEqual(await peer.tools(), await straight.tools())
        assert.deepEqual(await peer.prompts(), await straight.prompts())
        assert.deepEqual(await peer.resources(), await straight.resources())
        assert.deepEqual(await peer.templates(), await straight.templates())
        assert.strictEqual(await peer.prompt("simple-prompt"), 1)
        assert.strictEqual(await peer.read("demo://resource/dynamic/text/1"), 1)
        assert.deepEqual(await peer.complete("completable-prompt", "department", "S"), ["Sales", "Support"])
        assert.strictEqual(
          await peer.call("echo", { message: "hello" }),
          await straight.call("echo", { message: "hello" })
        )
      })
    ))

  it("lists and calls agree for whom little is allowed", () =>
    withPeer(connect, few, async (peer) => {
      assert.sameMembers(
        (await peer.tools()).map(({ name }) => name),
        FEW
      )
      assert.deepEqual(await peer.prompts(), [], "prompts/get is not granted")
      assert.isNotEmpty(await peer.resources(), "resources/read is")
      assert.include(await peer.call("get-sum", { a: 2, b: 3 }), "5")
      assert.match(await failure(peer.call("get-env")), /-32602.*Access denied/)
      assert.match(await failure(peer.setLevel("debug")), /-32601.*Access denied/)
      assert.match(await failure(peer.prompt("simple-prompt")), /-32601.*Access denied/)
    }))

  it("progress arrives step by step (W-04, W-53)", () =>
    withPeer(connect, few, async (peer) => {
      const steps: Array<number> = []
      const text = await peer.call("trigger-long-running-operation", { duration: 0.2, steps: 4 }, (step) =>
        steps.push(step)
      )
      assert.include(text, "completed")
      assert.deepEqual(steps, [1, 2, 3, 4])
    }))

  it("the server's own notifications and requests come on the GET stream", async () => {
    const listening = Promise.withResolvers<void>()
    const logged = Promise.withResolvers<unknown>()
    const fetch: Fetch = async (url, init) => {
      const response = await globalThis.fetch(url, init)
      if (init?.method === "GET" && response.ok) listening.resolve()
      return response
    }
    const onNotification = (method: string, params: unknown): void => {
      if (method === "notifications/message") logged.resolve(params)
    }
    await withPeer(
      connect,
      all,
      async (peer) => {
        await listening.promise
        await peer.setLevel("debug")
        assert.include(await peer.call("toggle-simulated-logging"), "Started")
        assert.isObject(await logged.promise)
        assert.include(await peer.call("get-roots-list"), "file:///workspace", "roots/list went to the client and back")
        await peer.call("toggle-simulated-logging")
      },
      { fetch, onNotification }
    )
  })

  it("sampling and elicitation go to the client and back", () =>
    withPeer(connect, all, async (peer) => {
      assert.include(await peer.call("trigger-sampling-request", { prompt: "hi" }), "sampled answer")
      assert.include(await peer.call("trigger-elicitation-request"), "Ada")
    }))

  it("a stream that drops is resumed, and the call still gets its answer", async () => {
    let cut = false
    let resumed = 0
    const fetch: Fetch = async (url, init) => {
      if (new Headers(init?.headers).has("last-event-id")) resumed++
      const response = await globalThis.fetch(url, init)
      if (cut || typeof init?.body !== "string" || !init.body.includes("trigger-long-running-operation"))
        return response
      cut = true
      return afterFirstEvent(response)
    }
    await withPeer(
      connect,
      few,
      async (peer) => {
        const text = await peer.call("trigger-long-running-operation", { duration: 0.05, steps: 2 })
        assert.include(text, "completed")
      },
      { fetch }
    )
    assert.isTrue(cut)
    assert.isAbove(resumed, 0)
  })

  it("terminate ends the session at the server", () =>
    withPeer(connect, all, async (peer) => {
      const id = peer.sessionId() ?? ""
      await peer.terminate()
      const answer = await post(withHeaders(all, { "mcp-session-id": id }), request("tools/list"))
      assert.strictEqual(answer.status, 400, "what the server itself says of a session it does not have")
      assert.match((await answerOf(answer)).error?.message ?? "", /No valid session/)
    }))
})

/** The answer, cut off behind its first event as a failing network does. */
const afterFirstEvent = (response: Response): Response => {
  const body = reading(response)
  return new Response(
    new ReadableStream<Uint8Array>({
      start: async (controller) => {
        const text = await body.until(/id: \S+[\s\S]*?\n\n/)
        controller.enqueue(new TextEncoder().encode(text))
        await body.leave()
        controller.error(new Error("the network failed"))
      }
    }),
    { status: response.status, headers: response.headers }
  )
}

describe("what the policy hides", () => {
  it("design §6: a refused tool and one that does not exist get the same bytes", async () => {
    const inside = await openSession(few)
    const asked = async (name: string): Promise<string> => {
      const answer = await post(inside, callTool(name, "x"))
      const headers = [...answer.headers].filter(([header]) => header !== "date")
      return JSON.stringify([answer.status, headers, await answer.text()]).replaceAll(name, "NAME")
    }
    const hidden = await asked("get-env")
    assert.strictEqual(hidden, await asked("no-such"))
    assert.include(hidden, "Access denied: no tool 'NAME' for you on 'everything'")
    assert.include(hidden, "-32602")
    assert.include(hidden, "[200,")
  })

  it("is in no byte of a list, and a replay of the session's events reveals no more", async () => {
    const inside = await openSession(few)
    const first = await (await post(inside, callTool("echo", 1, { message: "first" }))).text()
    const event = /^id: (\S+)$/m.exec(first)?.[1] ?? ""
    const list = await (await post(inside, request("tools/list", {}, 2))).text()
    assert.notInclude(list, "get-env")
    // The server replays the whole session; what it kept is the list as it gave it.
    const replay = reading(await get(withHeaders(inside, { "last-event-id": event })))
    const text = await replay.until(/"id":2[^0-9]/)
    await replay.leave()
    assert.notInclude(text, "get-env")
    const replayed = messagesIn(text).find(({ id }) => id === 2)
    assert.isDefined(replayed, "the list is in the replay")
    if (replayed !== undefined) assert.sameMembers([...toolNames(replayed)], FEW)
  })

  it("W-03: a notification is taken with 202 and an empty body, a refused one with 403 and words", async () => {
    const inside = await openSession(few)
    const taken = await post(inside, notification("notifications/roots/list_changed"))
    assert.strictEqual(taken.status, 202)
    assert.strictEqual(await taken.text(), "")
    const refused = await post(inside, notification("notifications/made-up"))
    assert.strictEqual(refused.status, 403)
    assert.strictEqual((await answerOf(refused)).error?.code, -32601)
  })
})
