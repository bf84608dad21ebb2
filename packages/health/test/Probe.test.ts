import { describe, expect, it } from "@effect/vitest"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type { ProbeOptions } from "../src/internal/mcpProbe.ts"
import { Probe } from "../src/Probe.ts"
import {
  type Answer,
  failing,
  legacy,
  methods,
  never,
  record,
  rpcError,
  rpcResult,
  TYPE,
  upstream
} from "./support/Scripted.ts"

const through = (
  server: ReturnType<typeof upstream>,
  given: ServerRecord = record(),
  options?: Partial<ProbeOptions>
) =>
  Effect.flatMap(Probe, (probe) => probe.probe(given)).pipe(
    Effect.provide(Probe.layer(options)),
    Effect.provide(server.layer)
  )

const probing = (answer: Answer, given?: ServerRecord, options?: Partial<ProbeOptions>) =>
  through(upstream(answer), given, options)

const official = (era: "stateless" | "reject"): Answer => {
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: "real", version: "1" })
      server.registerTool("hello", { description: "Says hello." }, () => ({ content: [] }))
      return server
    },
    { legacy: era }
  )
  return ({ url, method, headers, body, signal }) =>
    handler.fetch(new Request(url, { method, headers, signal, ...(body === undefined ? {} : { body }) }))
}

describe("Probe.layer, healthy servers", () => {
  it.effect("official server of both eras: asked in the modern one", () =>
    Effect.gen(function* () {
      const server = upstream(official("stateless"))
      const result = yield* through(server)
      expect(result.status).toBe("healthy")
      expect(result.tools?.map(({ name, parsed_description }) => [name, parsed_description.main])).toEqual([
        ["hello", "Says hello."]
      ])
      expect(methods(server.seen)).toEqual(["server/discover", "tools/list"])
      expect(server.seen.map(({ url }) => url)).toEqual(Array(2).fill("http://clock.internal:8000/mcp"))
    })
  )

  it.effect("official server of the modern era alone", () =>
    Effect.map(probing(official("reject")), ({ status }) => expect(status).toBe("healthy"))
  )

  it.effect("legacy server: initialize, ping, every page, session ended; no GET stream", () =>
    Effect.gen(function* () {
      const pages = [[{ name: "a" }], [{ name: "b" }, { name: "c" }], [{ name: "d" }]]
      const server = upstream(
        legacy({ pages: pages.map((page) => page.map((tool) => ({ ...tool, inputSchema: TYPE }))) })
      )
      const { status, tools } = yield* through(server)
      expect(status).toBe("healthy")
      expect(tools?.map(({ name }) => name)).toEqual(["a", "b", "c", "d"])
      expect(methods(server.seen)).toEqual([
        "server/discover",
        "initialize",
        "notifications/initialized",
        "ping",
        "tools/list",
        "tools/list",
        "tools/list",
        "DELETE"
      ])
      expect(server.seen.at(-1)?.headers["mcp-session-id"]).toBe("session-1")
    })
  )

  it.effect("definitions stay as the server gave them, unknown fields included (contracts §2.9)", () =>
    Effect.gen(function* () {
      const definition = {
        name: "now",
        description: "Tells the time.\n\nArgs:\n    zone: Where.\n\nReturns:\n    The time.",
        inputSchema: { type: "object", properties: { zone: { type: "string", "x-mcp-header": "Zone", future: 1 } } },
        annotations: { readOnlyHint: true, invented: true },
        icons: [{ src: "https://x.example/i.png", shiny: true }],
        _meta: { "example/extension": { deep: [1] } },
        extension: { any: null }
      }
      const { tools } = yield* probing(legacy({ pages: [[definition, { description: "nameless" }]] }))
      expect(tools).toEqual([
        {
          name: "now",
          parsed_description: { main: "Tells the time.", args: "zone: Where.", returns: "The time.", raises: null },
          schema: definition.inputSchema,
          definition
        }
      ])
    })
  )

  it.effect("a server without tools is not asked for any (field.md 24)", () =>
    Effect.gen(function* () {
      const server = upstream(legacy({ capabilities: { prompts: {} } }))
      expect(yield* through(server)).toEqual({ status: "healthy", tools: undefined })
      expect(methods(server.seen)).not.toContain("tools/list")
    })
  )

  it.effect("the record's headers go along, framing ones apart, and the vouched address is passed on", () =>
    Effect.gen(function* () {
      const server = upstream(legacy())
      const headers = [{ Authorization: "Bearer t", Host: "evil" }, { "X-Team": "blue" }]
      yield* through(server, record({ headers, trusted_address: true }))
      for (const { headers, trustedAddress } of server.seen) {
        expect(headers["authorization"]).toBe("Bearer t")
        expect(headers["x-team"]).toBe("blue")
        expect(headers["host"] ?? undefined).toBeUndefined()
        expect(trustedAddress).toBe(true)
      }
    })
  )

  it.effect.each([
    ["answers server/discover with 500", () => new Response("oops", { status: 500 })],
    ["answers server/discover with a page", () => html()],
    ["answers server/discover with nothing", () => new Response(null)],
    ["never answers server/discover", never]
  ] as const)("legacy server that %s", ([, discover]) =>
    Effect.map(
      probing(legacy({ instead: { "server/discover": discover } }), record(), { discoverMillis: 30 }),
      (result) => expect(result.status).toBe("healthy")
    )
  )

  it.effect("SSE alone: a handshake over the legacy transport", () =>
    Effect.gen(function* () {
      const server = upstream(sseServer(legacy()))
      const { status, tools } = yield* through(server, record({ supported_transports: ["sse"] }))
      expect(status).toBe("healthy")
      expect(tools?.map(({ name }) => name)).toEqual(["now"])
      expect(server.seen[0]).toMatchObject({ method: "GET", url: "http://clock.internal:8000/sse" })
    })
  )
})

describe("Probe.layer, statuses (contracts §2.11)", () => {
  it.effect.each([
    ["refused", "unhealthy: connection error"],
    ["unreachable", "unhealthy: connection error"],
    ["unknown_host", "unhealthy: connection error"],
    ["broken", "unhealthy: connection error"],
    ["connect_timeout", "unhealthy: timeout"],
    ["first_byte_timeout", "unhealthy: timeout"],
    ["blocked_address", "error: address not allowed by the egress policy"]
  ] as const)("exchange failure %s, telling no host and no secret", ([reason, status]) =>
    Effect.map(probing(failing(reason)), (result) => expect(result).toEqual({ status, tools: undefined }))
  )

  it.effect.each([
    [401, "healthy-auth-expired"],
    [403, "healthy-auth-expired"],
    [302, "unhealthy: status 302"],
    [404, "unhealthy: status 404"],
    [500, "unhealthy: status 500"],
    [502, "unhealthy: status 502"],
    [503, "unhealthy: status 503"]
  ] as const)("HTTP %i to everything", ([status, expected]) =>
    Effect.map(
      probing(() => new Response("secret page", { status, headers: { location: "http://10.0.0.1/" } })),
      (result) => expect(result).toEqual({ status: expected, tools: undefined })
    )
  )

  it.effect.each([
    ["a page", () => html()],
    ["broken JSON", () => new Response('{"jsonrpc":', JSON_TYPE)],
    ["JSON that is no JSON-RPC", () => Response.json({ hello: "world" })],
    ["an empty batch", () => Response.json([])],
    ["200 with nothing", () => new Response(null, { status: 200 })],
    ["200 with an empty JSON body", () => new Response("", JSON_TYPE)],
    ["204", () => new Response(null, { status: 204 })],
    ["an unknown protocol version", (asked) => rpcResult(asked, { ...INITIALIZED, protocolVersion: "1999-01-01" })],
    ["an initialize result without capabilities", (asked) => rpcResult(asked, { protocolVersion: "2025-11-25" })]
  ] satisfies ReadonlyArray<[string, Answer]>)("%s", ([name, answer]) =>
    Effect.gen(function* () {
      const server = upstream(answer)
      const fiber = yield* Effect.fork(through(server, record(), { discoverMillis: 30 }))
      // No answer to anything: only the deadline ends that wait.
      const waits = name === "an empty batch"
      if (waits) yield* elapsed(server, 2)
      const { status, tools } = yield* Fiber.join(fiber)
      expect(status).toBe(waits ? "unhealthy: timeout" : "unhealthy: endpoint check failed")
      expect(tools).toBeUndefined()
    })
  )

  it.effect("a connection that breaks in the middle of an answer", () =>
    Effect.map(
      probing(() => new Response(breaking(), JSON_TYPE)),
      ({ status }) => expect(status).toBe("unhealthy: connection error")
    )
  )

  it.effect("an answer longer than a probe reads", () =>
    Effect.map(
      probing(legacy({ instead: { initialize: () => new Response("[".repeat(5_000), JSON_TYPE) } }), record(), {
        maxBytes: 1_000
      }),
      ({ status }) => expect(status).toBe("unhealthy: endpoint check failed")
    )
  )

  it.effect("a server that says nothing: timeout after 10 s, and the exchange is aborted", () =>
    Effect.gen(function* () {
      const server = upstream(never)
      const fiber = yield* Effect.fork(through(server))
      yield* elapsed(server, 1)
      expect(yield* Fiber.join(fiber)).toEqual({ status: "unhealthy: timeout", tools: undefined })
      expect(server.seen.map(({ signal }) => signal.aborted)).not.toContain(false)
    })
  )

  it.effect("an SSE server that says nothing", () =>
    Effect.gen(function* () {
      const server = upstream(never)
      const fiber = yield* Effect.fork(through(server, record({ supported_transports: ["sse"] })))
      yield* elapsed(server, 1)
      expect((yield* Fiber.join(fiber)).status).toBe("unhealthy: timeout")
      expect(server.seen[0]?.signal.aborted).toBe(true)
    })
  )

  it.effect.each([
    ["http://h/base", {}, "http://h/base/sse"],
    ["http://h/sse", {}, "http://h/sse"],
    ["http://h/", { sse_endpoint: "http://h/events" }, "http://h/events"]
  ] as const)("SSE at %s", ([proxy_pass_url, named, url]) =>
    Effect.gen(function* () {
      const server = upstream(() => new Response(null, { status: 404 }))
      const { status } = yield* through(server, record({ supported_transports: ["sse"], proxy_pass_url, ...named }))
      expect(status).toBe("unhealthy: status 404")
      expect(server.seen.map((asked) => asked.url)).toEqual([url])
    })
  )

  it.effect("initialize refused by JSON-RPC and no ping either", () =>
    Effect.gen(function* () {
      const server = upstream((asked) => rpcError(asked, -32602))
      const given = record({ headers: [{ Authorization: "Bearer t" }] })
      const { status } = yield* through(server, given)
      expect(status).toBe("unhealthy: session initialization failed and ping without auth failed")
      expect(methods(server.seen).at(-1)).toBe("ping")
      expect(server.seen.at(-1)?.headers["authorization"] ?? undefined).toBeUndefined()
    })
  )

  it.effect.each([
    ["answered", (asked) => rpcResult(asked, {})],
    ["asked to authenticate", () => new Response(null, { status: 401 })]
  ] satisfies ReadonlyArray<[string, Answer]>)("initialize refused, ping without auth %s", ([, ping]) =>
    Effect.map(probing(legacy({ instead: { initialize: (asked) => rpcError(asked, -32602), ping } })), ({ status }) =>
      expect(status).toBe("healthy-auth-expired")
    )
  )

  it.effect.each([
    ["disabled", record({ is_enabled: false }), "disabled"],
    ["stdio alone", record({ supported_transports: ["stdio"] }), "unknown"],
    ["no URL", record({ proxy_pass_url: "" }), "unhealthy: missing proxy URL"],
    ["no URL worth the name", record({ proxy_pass_url: "clock" }), "error: the proxy URL is not a URL"],
    [
      "a bad header",
      record({ headers: [{ "X Team": "s3cret\n" }] }),
      "error: a header of the record is not a valid HTTP header"
    ]
  ] as const)("%s is settled without asking", ([, given, status]) =>
    Effect.gen(function* () {
      const server = upstream(legacy())
      expect(yield* through(server, given)).toEqual({ status, tools: undefined })
      expect(server.seen).toEqual([])
    })
  )
})

describe("Probe.layer, what does not take a server down (field.md 24)", () => {
  it.effect.each([
    ["unsupported", (asked) => rpcError(asked, -32601)],
    ["429", () => new Response(null, { status: 429 })],
    ["503 with Retry-After", () => new Response(null, { status: 503, headers: { "retry-after": "5" } })],
    ["500", () => new Response(null, { status: 500 })],
    ["cursors in a circle", (asked) => rpcResult(asked, { tools: [], nextCursor: "again" })],
    ["no list", (asked) => rpcResult(asked, { tools: "none" })]
  ] satisfies ReadonlyArray<[string, Answer]>)("tools/list: %s", ([, list]) =>
    Effect.map(probing(legacy({ instead: { "tools/list": list } })), (result) =>
      expect(result).toEqual({ status: "healthy", tools: undefined })
    )
  )

  it.effect("tools/list that never comes: healthy at the deadline", () =>
    Effect.gen(function* () {
      const server = upstream(legacy({ instead: { "tools/list": never } }))
      const fiber = yield* Effect.fork(through(server))
      yield* elapsed(server, 5)
      expect(yield* Fiber.join(fiber)).toEqual({ status: "healthy", tools: undefined })
    })
  )

  it.effect("tools/list that wants other credentials says so", () =>
    Effect.map(
      probing(legacy({ instead: { "tools/list": () => new Response(null, { status: 401 }) } })),
      ({ status }) => expect(status).toBe("healthy-auth-expired")
    )
  )

  it.effect.each([
    ["unsupported", (asked) => rpcError(asked, -32601)],
    ["429", () => new Response(null, { status: 429 })]
  ] satisfies ReadonlyArray<[string, Answer]>)("ping: %s", ([, ping]) =>
    Effect.map(probing(legacy({ instead: { ping } })), ({ status, tools }) => {
      expect(status).toBe("healthy")
      expect(tools).toHaveLength(1)
    })
  )

  it.effect("a session that can not be ended", () =>
    Effect.map(probing(legacy({ instead: { DELETE: () => new Response(null, { status: 500 }) } })), ({ status }) =>
      expect(status).toBe("healthy")
    )
  )

  it.effect.each([
    [429, undefined, 0],
    [429, "7", 7],
    [503, "30", 30]
  ] as const)("HTTP %i with Retry-After %s to the handshake passes the wait on", ([status, after, seconds]) =>
    Effect.gen(function* () {
      const server = upstream(
        () => new Response(null, { status, headers: after === undefined ? {} : { "retry-after": after } })
      )
      expect(yield* through(server)).toEqual({
        status: `unhealthy: status ${status}`,
        tools: undefined,
        retryAfterSeconds: seconds
      })
      expect(server.seen.length).toBeLessThanOrEqual(2)
    })
  )
})

const JSON_TYPE = { headers: { "content-type": "application/json" } }
const INITIALIZED = { capabilities: {}, serverInfo: { name: "x", version: "1" } }
const html = () => new Response("<!doctype html><h1>Welcome</h1>", { headers: { "content-type": "text/html" } })

const breaking = () =>
  new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"jsonrpc":')),
    pull: (controller) => controller.error(new Error("reset by 10.1.2.3"))
  })

/** Waits for so many exchanges, then lets the probe's whole time pass. */
const elapsed = (server: ReturnType<typeof upstream>, exchanges: number) =>
  Effect.gen(function* () {
    while (server.seen.length < exchanges) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    yield* TestClock.adjust("10 seconds")
  })

/** The deprecated two-endpoint transport around a server's answers. */
const sseServer = (answer: Answer): Answer => {
  const encoder = new TextEncoder()
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined
  const event = (name: string, data: string) => stream?.enqueue(encoder.encode(`event: ${name}\ndata: ${data}\n\n`))
  return async (asked) => {
    if (asked.method === "GET") {
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (stream = controller) })
      event("endpoint", "/messages?session=1")
      return new Response(body, { headers: { "content-type": "text/event-stream" } })
    }
    const reply = await (await answer(asked)).text()
    if (reply !== "") event("message", reply)
    return new Response("Accepted", { status: 202 })
  }
}

describe("S-01: the server's own credential", () => {
  it.effect("goes with every message of a check, and a problem with it is the status", () =>
    Effect.gen(function* () {
      const server = upstream(legacy())
      const sentTo = () => ({ headers: { "x-api-key": "s3cret" }, problem: undefined })
      expect((yield* through(server, record({ headers: [{ "X-Old": "unused" }] }), { sentTo })).status).toBe("healthy")
      expect(server.seen.length).toBeGreaterThan(3)
      for (const { headers } of server.seen) {
        expect(headers["x-api-key"]).toBe("s3cret")
        expect(headers["x-old"]).toBeUndefined()
      }
      const silent = upstream(legacy())
      const problem = { sentTo: () => ({ headers: {}, problem: "the environment variable A_AUTH_TOKEN is not set" }) }
      expect(yield* through(silent, record(), problem)).toEqual({
        status: "error: the environment variable A_AUTH_TOKEN is not set",
        tools: undefined
      })
      expect(silent.seen).toEqual([])
    })
  )
})
