/** Legacy sessions through a real gateway: bound to their caller, batched only where negotiated, resumed without a leak. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript, SESSION, tool } from "@mcpgw/testkit/LegacyScript"
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
  remove,
  request,
  toolNames,
  withHeaders
} from "@mcpgw/testkit/McpRequest"
import {
  type Asked,
  asks,
  eventStream,
  eventText,
  type EventStream,
  type ScriptedServer,
  startScripted
} from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const TOOLS = ["open", "secret"]

const note = (data: string) => ({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data } })

/** A resumable server: its replay holds the list it gave, unfiltered, as event stores do. */
const replay = (): Response => {
  const stream = eventStream()
  stream.write("retry: 10\nid: e-2\ndata:\n\n")
  stream.write(eventText(note("before"), "e-3"))
  stream.write(eventText({ jsonrpc: "2.0", id: 7, result: { tools: TOOLS.map(tool) } }, "e-4"))
  stream.write(eventText(note("after"), "e-5"))
  stream.end()
  return stream.response
}

/** A batch as 2025-03-26 servers answer it. */
const batch = (asked: Asked): Response => {
  const messages: ReadonlyArray<{ readonly id?: number; readonly method?: string }> = JSON.parse(asked.body)
  const answers = messages.flatMap(({ id, method }) =>
    id === undefined ? [] : [{ jsonrpc: "2.0", id, result: method === "tools/list" ? { tools: TOOLS.map(tool) } : {} }]
  )
  return Response.json(answers)
}

const SCOPES = `
few:
  - server: "*"
    methods: [tools/list, slow, stuck]
    tools: [open]
`

let upstream: ScriptedServer
let other: ScriptedServer
let gateway: TestGateway
let alice: Caller
let bob: Caller
const streams: Array<EventStream> = []

/** Streams are named by the order in which they were opened. */
const openStream = (): Response => {
  const stream = eventStream()
  streams.push(stream)
  return stream.response
}

const who = async (claims: Readonly<Record<string, unknown>>, path = "/one/mcp"): Promise<Caller> =>
  caller(gateway.url + path, await gateway.token(["few"], claims))

beforeAll(async () => {
  upstream = await startScripted(
    legacyScript({
      tools: TOOLS,
      instead: {
        GET: (asked) => (asked.headers.has("last-event-id") ? replay() : openStream()),
        slow: openStream,
        stuck: () => new Promise(() => undefined),
        "": (asked) => (asked.body.startsWith("[") ? batch(asked) : undefined)
      }
    })
  )
  other = await startScripted(legacyScript({ tools: TOOLS }))
  gateway = await startSeeded({ servers: [at("/one", upstream.url), at("/two", other.url)], scopes: SCOPES })
  alice = await who({ sub: "alice" })
  bob = await who({ sub: "bob" })
})

afterAll(async () => {
  await Promise.all([gateway?.close(), upstream?.stop(), other?.stop()])
})

/** What the server was asked for Alice's and Bob's sake; health checks left out. */
const asked = (): ReadonlyArray<Asked> => upstream.seen.filter(({ headers }) => headers.has("x-user"))

describe("design §6: legacy sessions are sealed", () => {
  it("S-08: the client's id is not the server's, is visible ASCII, and differs at every opening", async () => {
    const ids = [await openSession(alice), await openSession(alice)].map(({ headers }) => headers[SESSION] ?? "")
    assert.match(ids[0] ?? "", /^[\x21-\x7e]{40,}$/)
    // The server names its sessions s-1, s-2, …
    assert.notMatch(ids[0] ?? "", /^s-\d/)
    assert.notStrictEqual(ids[0], ids[1])
    const answer = await post(await openSession(alice), request("tools/list"))
    assert.strictEqual(answer.status, 200)
    assert.match(asked().at(-1)?.headers.get(SESSION) ?? "", /^s-\d+$/)
  })

  it("S-07: another caller, client, server or an altered id gets 404 on POST, GET, DELETE and Last-Event-ID", async () => {
    const inside = await openSession(alice)
    const id = inside.headers[SESSION] ?? ""
    const flipped = id.slice(0, -1) + (id.endsWith("A") ? "B" : "A")
    const strangers = [
      withHeaders(bob, { [SESSION]: id }),
      withHeaders(await who({ sub: "alice", client_id: "other-client" }), { [SESSION]: id }),
      withHeaders(await who({ sub: "alice" }, "/two/mcp"), { [SESSION]: id }),
      withHeaders(alice, { [SESSION]: flipped }),
      withHeaders(alice, { [SESSION]: "s-1" })
    ]
    const before = asked().length
    for (const stranger of strangers) {
      const resuming = withHeaders(stranger, { "last-event-id": "e-1" })
      const answers = [
        await post(stranger, request("tools/list", {}, 5)),
        await post(stranger, notification("notifications/initialized")),
        await get(stranger),
        await get(resuming),
        await remove(stranger)
      ]
      for (const answer of answers) {
        assert.strictEqual(answer.status, 404)
        assert.strictEqual((await answerOf(answer)).jsonrpc, "2.0")
      }
    }
    assert.strictEqual(asked().length, before, "nothing of it reached the server")
    assert.strictEqual((await post(inside, request("tools/list"))).status, 200, "the owner's session lives on")
  })

  it("the same person with a new token of the same client goes on in the session", async () => {
    const inside = await openSession(alice)
    const renewed = await who({ sub: "alice" })
    const answer = await post(withHeaders(renewed, { [SESSION]: inside.headers[SESSION] ?? "" }), request("tools/list"))
    assert.deepEqual(toolNames(await answerOf(answer)), ["open"])
  })

  it("Last-Event-ID without a session is refused; GET and DELETE without one too", async () => {
    const before = asked().length
    const resumed = await get(withHeaders(alice, { "last-event-id": "e-1" }))
    assert.strictEqual(resumed.status, 400)
    assert.isDefined((await answerOf(resumed)).error)
    for (const answer of [await get(alice), await remove(alice)]) {
      assert.strictEqual(answer.status, 405)
      assert.isDefined((await answerOf(answer)).error)
    }
    assert.strictEqual(asked().length, before)
  })

  it("DELETE ends the session at the server, and the id is 404 from then on (W-05)", async () => {
    const inside = await openSession(alice)
    assert.strictEqual((await remove(inside)).status, 200)
    const last = asked().at(-1)
    assert.strictEqual(last?.method, "DELETE")
    assert.match(last?.headers.get(SESSION) ?? "", /^s-\d+$/)
    const answer = await post(inside, request("tools/list"))
    assert.strictEqual(answer.status, 404)
    assert.strictEqual((await answerOf(answer)).error?.code, -32000, "the server's own words")
  })
})

describe("resume after a dropped stream", () => {
  it("design §6: a replayed list is filtered, everything around it comes as it was (W-20, W-23)", async () => {
    const inside = await openSession(alice)
    const answer = await get(withHeaders(inside, { "last-event-id": "e-1" }))
    const text = await answer.text()
    assert.strictEqual(asked().at(-1)?.headers.get("last-event-id"), "e-1")
    assert.notInclude(text, "secret")
    assert.include(text, "retry: 10\nid: e-2\ndata:\n\n")
    assert.include(text, eventText(note("before"), "e-3"))
    assert.include(text, eventText(note("after"), "e-5"))
    const list = messagesIn(text).find(({ id }) => id === 7)
    assert.isDefined(list)
    if (list !== undefined) assert.deepEqual(toolNames(list), ["open"])
    assert.match(text, /^id: e-4$/m)
  })
})

describe("W-16: batches", () => {
  const list = request("tools/list", {}, 1)

  it("in a session that negotiated 2025-03-26, every list in the answer is filtered", async () => {
    const inside = await openSession(alice, "2025-03-26")
    const answer = await post(inside, [list, request("ping", {}, 2), notification("notifications/initialized")])
    assert.strictEqual(answer.status, 200)
    const [first, second] = JSON.parse(await answer.text())
    assert.deepEqual(toolNames(first), ["open"])
    assert.deepEqual(second, { jsonrpc: "2.0", id: 2, result: {} })
  })

  it("one element that is not allowed stops the whole batch before the server", async () => {
    const inside = await openSession(alice, "2025-03-26")
    const before = asked().length
    const answer = await post(inside, [list, callTool("secret", 2), callTool("open", 3)])
    const body: ReadonlyArray<{
      readonly id: unknown
      readonly error: { readonly code: number; readonly message: string }
    }> = JSON.parse(await answer.text())
    // Each request of the batch is answered; the refused one says why.
    assert.deepEqual(
      body.map(({ id, error }) => [id, error.code]),
      [
        [2, -32602],
        [list.id, -32600],
        [3, -32600]
      ]
    )
    assert.match(body[0]?.error.message ?? "", /^Access denied/)
    assert.strictEqual(asked().length, before)
  })

  it("arrays are refused in other versions' sessions, without a session, empty and nested", async () => {
    const old = await openSession(alice, "2025-03-26")
    const refused: ReadonlyArray<readonly [Caller, unknown]> = [
      [await openSession(alice, "2025-06-18"), [list]],
      [await openSession(alice, "2025-11-25"), [list]],
      [withHeaders(await openSession(alice, "2025-11-25"), { "mcp-protocol-version": "2025-03-26" }), [list]],
      [alice, [list]],
      [alice, [request("initialize", { protocolVersion: "2025-03-26", capabilities: {} })]],
      [old, []],
      [old, [[list]]]
    ]
    const before = asked().length
    for (const [from, body] of refused) {
      const answer = await post(from, body)
      assert.strictEqual(answer.status, 400)
      assert.isDefined((await answerOf(answer)).error)
    }
    assert.strictEqual(asked().length, before)
  })
})

describe("streams", () => {
  it("the head of a quiet stream arrives before the server speaks, and messages as they come", async () => {
    const inside = await openSession(alice)
    const answer = await get(inside)
    assert.strictEqual(answer.status, 200)
    assert.strictEqual(answer.headers.get("x-accel-buffering"), "no")
    const stream = streams.at(-1)
    const body = reading(answer)
    stream?.send(note("first"))
    await body.until(/first/)
    stream?.send({ jsonrpc: "2.0", id: 9, result: { tools: TOOLS.map(tool) } })
    const text = await body.until(/"id":9.*\n\n/)
    assert.notInclude(text, "secret", "a list on the GET stream is filtered too")
    await body.leave()
    await stream?.left
  })

  it("W-22: a client that leaves closes the exchange with the server, on GET and on POST", async () => {
    const inside = await openSession(alice)
    const quiet = reading(await get(inside))
    const onGet = streams.at(-1)
    await quiet.leave()
    await onGet?.left

    const abort = new AbortController()
    const slow = await post(inside, request("slow"), { signal: abort.signal })
    assert.strictEqual(slow.status, 200)
    const onPost = streams.at(-1)
    abort.abort()
    await onPost?.left
    assert.isFalse(asked().some(asks("notifications/cancelled")), "nothing is invented")
  })

  it("W-22: so does one that leaves before the server has begun to answer", async () => {
    const inside = await openSession(alice)
    const abort = new AbortController()
    const answer = post(inside, request("stuck"), { signal: abort.signal }).catch(() => "left")
    const { signal } = await upstream.when(asks("stuck"))
    abort.abort()
    assert.strictEqual(await answer, "left")
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve))
  })
})
