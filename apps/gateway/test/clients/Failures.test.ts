/** Servers that are gone, slow, broken or wrong, seen through a real gateway: the status says which, a JSON-RPC body says it in words. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import {
  answerOf,
  type Caller,
  caller,
  callTool,
  get,
  messagesIn,
  openSession,
  post,
  reading,
  request
} from "@mcpgw/testkit/McpRequest"
import { freePort } from "@mcpgw/testkit/Process"
import {
  type Answer,
  asks,
  eventStream,
  type EventStream,
  type ScriptedServer,
  startScripted
} from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const notHere = (): Response => new Response("not here", { status: 404, headers: { "content-type": "text/plain" } })

/** A tool's name says what the server does when it is called. */
const MISBEHAVIOUR: Readonly<Record<string, Answer>> = {
  hang: () => new Promise(() => undefined),
  fallSilent: () => {
    const stream = eventStream()
    stream.send({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "begun" } })
    return stream.response
  },
  breakOff: () => {
    const stream = eventStream()
    stream.send({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "begun" } })
    setTimeout(stream.fail, 20)
    return stream.response
  },
  stall: () => {
    const stream = eventStream({ "content-type": "application/json", "content-length": "1000" })
    stream.write('{"jsonrpc":"2.0","id":1,')
    return stream.response
  },
  crash: () => {
    throw new Error("the server crashes")
  },
  redirect: () => new Response(null, { status: 307, headers: { location: "http://127.0.0.1:1/" } }),
  login: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  unauthorized: () =>
    new Response("{}", {
      status: 401,
      headers: { "www-authenticate": 'Bearer resource_metadata="https://internal"', "content-type": "application/json" }
    }),
  missing: notHere,
  teapot: () => new Response("short and stout", { status: 418, headers: { "content-type": "text/plain" } }),
  overloaded: () => new Response("", { status: 503, headers: { "retry-after": "7" } }),
  zipped: () =>
    new Response(Bun.gzipSync('{"jsonrpc":"2.0","id":1,"result":{}}'), {
      headers: { "content-type": "application/json", "content-encoding": "gzip" }
    })
}

let server: ScriptedServer
let fine: ScriptedServer
let dying: ScriptedServer
let wrong: ScriptedServer
let lazy: ReturnType<typeof startLazy>
const lazyStreams: Array<EventStream> = []
let gateway: TestGateway
let token: string
let bad: Caller

/** A server with sessions on `Bun.serve`. */
const startLazy = () => {
  const answer = legacyScript({
    instead: {
      GET: () => {
        const stream = eventStream()
        lazyStreams.push(stream)
        return stream.response
      }
    }
  })
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const body = await request.text()
      const { method, url: path, headers, signal } = request
      return answer({ method, path, headers, body, signal, rpc: body === "" ? {} : JSON.parse(body) })
    }
  })
}

const on = (path: string): Caller => caller(`${gateway.url}/${path}/mcp`, token)

beforeAll(async () => {
  const misbehave: Answer = (asked) =>
    MISBEHAVIOUR[String(asked.rpc.params?.["name"])]?.(asked) ?? new Response(null, { status: 500 })
  server = await startScripted(
    legacyScript({
      instead: {
        "tools/call": misbehave,
        "made/list": () => new Response("{", { headers: { "content-type": "application/json" } }),
        GET: () => eventStream().response
      }
    })
  )
  fine = await startScripted(legacyScript())
  const probed = legacyScript()
  wrong = await startScripted((asked) => (asked.headers.has("x-user") ? notHere() : probed(asked)))
  dying = await startScripted(legacyScript())
  lazy = startLazy()
  const nobody = `http://127.0.0.1:${await freePort()}`
  gateway = await startSeeded({
    servers: [
      at("/bad", server.url),
      at("/fine", fine.url),
      at("/dying", dying.url),
      at("/wrong", wrong.url),
      at("/lazy", `http://127.0.0.1:${lazy.port}`),
      at("/sick", nobody),
      at("/off", fine.url, { is_enabled: false }),
      at("/blocked", fine.url, { trusted_address: false })
    ],
    scopes: SCOPES,
    env: { MCPGW_FIRST_BYTE_TIMEOUT_SECONDS: "1", MCPGW_IDLE_TIMEOUT_SECONDS: "1", MCPGW_LOG_LEVEL: "debug" }
  })
  token = await gateway.token(["all"])
  bad = await openSession(on("bad"))
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop(), fine?.stop(), dying?.stop(), wrong?.stop(), lazy?.stop(true)])
})

/** Asks until the answer has this status; health is found out in the background. */
const untilStatus = async (who: Caller, status: number): Promise<Response> => {
  for (;;) {
    const answer = await post(who, request("tools/list", {}, "x"))
    if (answer.status === status) return answer
    await answer.text()
    await Bun.sleep(20)
  }
}

/** Name of the tool, then status, code and words of the answer. */
const outcomes: ReadonlyArray<readonly [string, number, number, RegExp]> = [
  ["hang", 504, -31504, /'bad' did not answer in time/],
  ["stall", 504, -31504, /'bad' fell silent within its answer/],
  ["crash", 502, -31502, /'bad' broke off/],
  ["redirect", 502, -31502, /'bad' answered with a redirect/],
  ["login", 502, -31502, /'bad' sent an answer that is no MCP answer/],
  ["unauthorized", 502, -31502, /'bad' did not accept the credential/],
  ["teapot", 418, -31502, /answered 418/],
  ["overloaded", 503, -31502, /answered 503/],
  ["zipped", 502, -31502, /'bad' sent an answer that is no MCP answer/]
]

describe("design §6, A-09: 404 never means that the server is down, no failure brings a challenge, and each has a JSON-RPC body", () => {
  it.concurrent.each(outcomes)("%s: %i", async (name, status, code, words) => {
    const answer = await post(bad, callTool(name, 1))
    assert.strictEqual(answer.status, status)
    assert.strictEqual(answer.headers.get("content-type"), "application/json")
    for (const header of ["www-authenticate", "location"]) assert.isFalse(answer.headers.has(header), header)
    const { id, error } = await answerOf(answer)
    assert.strictEqual(id, 1)
    assert.strictEqual(error?.code, code)
    assert.match(error?.message ?? "", words)
    assert.notMatch(error?.message ?? "", /127\.0\.0\.1|localhost|internal/, "S-19: no internal address")
  })

  it("W-05: a bare 404 is the session's end within a session and a wrong address without one", async () => {
    const within = await post(bad, callTool("missing", 2))
    assert.strictEqual(within.status, 404)
    assert.strictEqual((await answerOf(within)).id, 2)
    const without = await post(on("wrong"), callTool("any", 3))
    assert.strictEqual(without.status, 502)
    assert.match((await answerOf(without)).error?.message ?? "", /'wrong' has no MCP endpoint at its registered URL/)
  })

  it("a JSON answer that could hold a list and can not be read is refused", async () => {
    const answer = await post(bad, request("made/list", {}, 4))
    assert.strictEqual(answer.status, 502)
    assert.strictEqual((await answerOf(answer)).id, 4)
  })

  it.concurrent.each([["fallSilent"], ["breakOff"]])(
    "%s: the stream ends with an error for the request",
    async (name) => {
      const answer = await post(bad, callTool(name, "r-1"))
      assert.strictEqual(answer.status, 200)
      const [begun, last, ...rest] = messagesIn(await answer.text())
      assert.strictEqual(begun?.method, "notifications/message")
      assert.strictEqual(last?.id, "r-1")
      assert.strictEqual(last?.error?.code, -31502)
      assert.lengthOf(rest, 0)
    }
  )

  it("a GET stream may be silent for longer than any deadline", async () => {
    const body = reading(await get(bad))
    // The deadline of the call passes while the stream says nothing; the stream outlives it.
    assert.strictEqual((await post(bad, callTool("hang"))).status, 504)
    const ended = await Promise.race([body.end().then(() => true), Bun.sleep(100).then(() => false)])
    assert.isFalse(ended)
    await body.leave()
  })

  // `packages/egress` ends a GET whose head is late; a server on `Bun.serve` completes its head with its first event only.
  it("a GET stream whose head comes with its first event outlives the first-byte deadline", async () => {
    const inside = await openSession(on("lazy"))
    const answer = get(inside)
    assert.strictEqual((await post(bad, callTool("hang"))).status, 504)
    const state = await Promise.race([answer.then(({ status }) => status), Bun.sleep(200).then(() => "open")])
    assert.strictEqual(state, "open")
    lazyStreams.at(-1)?.send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" })
    const response = await answer
    assert.strictEqual(response.status, 200)
    const body = reading(response)
    assert.include(await body.until(/list_changed/), "list_changed")
    await body.leave()
  })

  it("a server that stopped listening: 502", async () => {
    await untilStatus(on("dying"), 400)
    await dying.when(({ method }) => method === "DELETE")
    await dying.stop()
    const answer = await post(on("dying"), callTool("any", 5))
    assert.strictEqual(answer.status, 502)
    const { id, error } = await answerOf(answer)
    assert.strictEqual(id, 5)
    assert.match(error?.message ?? "", /'dying' (?:refused the connection|broke off)/)
  })
})

describe("servers that are not called at all: 503 with the reason", () => {
  it("disabled", async () => {
    const answer = await post(on("off"), callTool("any", 6))
    assert.strictEqual(answer.status, 503)
    assert.match((await answerOf(answer)).error?.message ?? "", /'off' is not available: disabled/)
  })

  it("unhealthy", async () => {
    const answer = await untilStatus(on("sick"), 503)
    assert.isTrue(answer.headers.has("retry-after"))
    assert.match((await answerOf(answer)).error?.message ?? "", /'sick' is not available: unhealthy: connection error/)
  })

  it("S-06: at a loopback address nobody vouched for", async () => {
    const answer = await untilStatus(on("blocked"), 503)
    assert.match(
      (await answerOf(answer)).error?.message ?? "",
      /'blocked' is not available: error: address not allowed/
    )
  })

  it("without a path there is nothing: 404, and 401 before that for a stranger", async () => {
    const answer = await post(on("nothing"), request("tools/list"))
    assert.strictEqual(answer.status, 404)
    assert.strictEqual((await answerOf(answer)).error?.code, -31404)
    assert.strictEqual(
      (await post({ url: `${gateway.url}/nothing/mcp`, headers: {} }, request("tools/list"))).status,
      401
    )
  })
})

describe("a slow server is not felt by another", () => {
  it("calls to one are answered while fifty hang at the other", async () => {
    const order: Array<string> = []
    const slow = Array.from({ length: 50 }, (_, i) =>
      post(bad, callTool("hang", `slow-${i}`)).then((answer) => {
        order.push("slow")
        return answer.status
      })
    )
    for (let i = 0; i < 50; i++) await server.when((asked) => asks("tools/call")(asked) && asked.rpc.id === `slow-${i}`)
    const inside = await openSession(on("fine"))
    const answer = await post(inside, callTool("quick", 1))
    order.push("quick")
    assert.strictEqual(answer.status, 200)
    assert.deepEqual(new Set(await Promise.all(slow)), new Set([504]))
    assert.strictEqual(order[0], "quick")
  })
})
