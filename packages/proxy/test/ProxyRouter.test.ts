import { describe, expect, it } from "@effect/vitest"
import { Resolver } from "@mcpgw/egress/Resolver"
import { UpstreamFailure } from "@mcpgw/egress/Upstream"
import { layerHttp } from "@mcpgw/egress/UpstreamHttp"
import { layerInProcess, layerOf } from "@mcpgw/egress/UpstreamLayers"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { proxyRouterSuite } from "./suites/proxyRouterSuite.ts"
import { benchOver, type Serve } from "./support/Bench.ts"
import { failureOf, responseOf } from "./support/Call.ts"

const nowhere = layerOf((request) => Promise.reject(new UpstreamFailure("unknown_host", request.url)))

const overHttp: Serve = (handler) =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: handler })),
      (running) => Effect.promise(() => running.stop(true))
    )
    const built = yield* Layer.build(layerHttp().pipe(Layer.provide(Resolver.layer)))
    return { layer: Layer.succeedContext(built), url: `http://127.0.0.1:${server.port}/` }
  })

const inProcess: Serve = (handler) =>
  Effect.succeed({
    layer: Layer.provide(layerInProcess({ demo: async (request) => handler(request) }), nowhere),
    url: "in-process://demo/"
  })

proxyRouterSuite("over HTTP", overHttp)
proxyRouterSuite("over a server in this process", inProcess)

describe("ProxyRouter over a scripted upstream", () => {
  const scripted = (exchange: Parameters<typeof layerOf>[0]) =>
    benchOver({ layer: layerOf(exchange), url: "http://scripted.example/" })

  it.scoped("every reason an exchange fails for is passed on", () =>
    Effect.gen(function* () {
      for (const reason of [
        "refused",
        "unreachable",
        "unknown_host",
        "blocked_address",
        "connect_timeout",
        "first_byte_timeout",
        "broken",
        "aborted"
      ] as const) {
        const { call } = yield* scripted(() => Promise.reject(new UpstreamFailure(reason, "internal.host:1")))
        const outcome = yield* Effect.promise(() => call())
        expect([failureOf(outcome).reason, outcome.endings]).toEqual([reason, []])
      }
    })
  )

  it.scoped("it never rejects, whatever the upstream throws or answers", () =>
    Effect.gen(function* () {
      const outcomes = [
        () => Promise.reject(new Error("boom")),
        () => Promise.reject("boom"),
        () => {
          throw new Error("boom")
        },
        () => Promise.resolve(Response.error()),
        () => {
          const response = new Response("{}", { headers: { "content-type": "application/json" } })
          response.body?.getReader()
          return Promise.resolve(response)
        }
      ]
      for (const exchange of outcomes) {
        const { call } = yield* scripted(exchange)
        for (const message of ["tools/call", "tools/list", "initialize"]) {
          const outcome = yield* Effect.promise(() => call({ message }))
          expect(["broken", "unreadable"]).toContain(failureOf(outcome).reason)
        }
      }
    })
  )

  it.scoped("trust is the record's, and the exchange ends with the client", () =>
    Effect.gen(function* () {
      let trusted: boolean | undefined
      let signal: AbortSignal | undefined
      const { call } = yield* scripted((request) => {
        trusted = request.trustedAddress
        signal = request.signal
        return Promise.resolve(new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } }))
      })
      const client = new AbortController()
      const outcome = yield* Effect.promise(() => call({ signal: client.signal }))
      expect([responseOf(outcome).status, trusted, signal?.aborted]).toEqual([200, true, false])
      client.abort()
      expect(signal?.aborted).toBe(true)
    })
  )

  it.scoped("W-22: one caller's signal ends every exchange made for them", () =>
    Effect.gen(function* () {
      const signals: Array<AbortSignal> = []
      const { call } = yield* scripted((request) => {
        signals.push(request.signal)
        return Promise.resolve(new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } }))
      })
      const client = new AbortController()
      yield* Effect.promise(() => Promise.all([1, 2, 3].map(() => call({ signal: client.signal }))))
      client.abort()
      expect(signals.map((signal) => signal.aborted)).toEqual([true, true, true])
    })
  )

  it.scoped("an answer without a body is let go, one that is not relayed too", () =>
    Effect.gen(function* () {
      let cancelled = 0
      const body = () => new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ })
      const answers = [
        new Response(body(), { status: 202 }),
        new Response(body(), { status: 401 }),
        new Response(body(), { status: 302 }),
        new Response(body(), { status: 404 }),
        new Response(body(), { headers: { "content-type": "text/html" } })
      ]
      for (const [i, answer] of answers.entries()) {
        const { call } = yield* scripted(() => Promise.resolve(answer))
        yield* Effect.promise(() => call())
        expect(cancelled).toBe(i + 1)
      }
    })
  )

  it.scoped("resolve reads the registry as it is now", () =>
    Effect.gen(function* () {
      const { router, registry } = yield* scripted(() => Promise.reject(new UpstreamFailure("refused", "")))
      expect(router.resolve("/new/mcp")._tag).toBe("NotFound")
      yield* registry
        .register({ server_name: "n", path: "/new", proxy_pass_url: "http://scripted.example/" }, "admin")
        .pipe(Effect.orDie)
      expect(router.resolve("/new/mcp")._tag).toBe("Target")
      yield* registry.toggle("/new", false).pipe(Effect.orDie)
      expect(router.resolve("/new/mcp")._tag).toBe("Unavailable")
      yield* registry.remove("/new").pipe(Effect.orDie)
      expect(router.resolve("/new/mcp")._tag).toBe("NotFound")
    })
  )
})
