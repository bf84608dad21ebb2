import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Resolver } from "../src/Resolver.ts"
import { Upstream, UpstreamFailure } from "../src/Upstream.ts"
import { layerHttp } from "../src/UpstreamHttp.ts"
import { type InProcessHandler, layerInProcess, layerOf } from "../src/UpstreamLayers.ts"
import { failureOf, requestTo, upstreamSuite } from "./suites/upstreamSuite.ts"

const nowhere = layerOf((request) => Promise.reject(new UpstreamFailure("unknown_host", request.url)))

const http = layerHttp().pipe(Layer.provide(Resolver.layer))

const server = (fetch: (request: Request) => Response | Promise<Response>, hostname = "127.0.0.1") =>
  Effect.acquireRelease(
    Effect.sync(() => Bun.serve({ port: 0, hostname, idleTimeout: 0, fetch })),
    (running) => Effect.promise(() => running.stop(true))
  )

upstreamSuite("layerHttp", (handler) =>
  Effect.gen(function* () {
    const { port } = yield* server(handler)
    const layer = Layer.succeedContext(yield* Layer.build(http))
    return { layer, url: `http://127.0.0.1:${port}/base/mcp` }
  })
)

upstreamSuite("layerHttp, by name", (handler) =>
  Effect.gen(function* () {
    const { port } = yield* server(handler)
    const named = layerHttp().pipe(Layer.provide(Resolver.layerOf(() => ["127.0.0.1"])))
    const layer = Layer.succeedContext(yield* Layer.build(named))
    return { layer, url: `http://tools.example:${port}/base/mcp` }
  })
)

upstreamSuite("layerInProcess", (handler) =>
  Effect.succeed({
    layer: Layer.provide(layerInProcess({ demo: async (request) => handler(request) }), nowhere),
    url: "in-process://demo/base/mcp"
  })
)

upstreamSuite("layerOf", (handler) =>
  Effect.succeed({
    layer: layerOf(({ url, method, headers, body, signal }) => {
      const left = new Promise<never>((_, reject) => {
        const leave = () => reject(new UpstreamFailure("aborted", "the caller left"))
        if (signal.aborted) leave()
        else signal.addEventListener("abort", leave, { once: true })
      })
      const init: RequestInit = body === undefined ? { method, headers } : { method, headers, body }
      const answer = Promise.resolve(handler(new Request(url, init))).then(
        (response) => new Response(response.body?.pipeThrough(new TransformStream(), { signal }) ?? null, response)
      )
      return Promise.race([left, answer])
    }),
    url: "http://scripted/base/mcp"
  })
)

describe("layerInProcess", () => {
  const ask = (handlers: Readonly<Record<string, InProcessHandler>>, url: string) =>
    Effect.gen(function* () {
      const upstream = yield* Upstream
      return yield* Effect.promise(() => failureOf(upstream.exchange(requestTo(url))))
    }).pipe(Effect.provide(Layer.provide(layerInProcess(handlers), nowhere)))

  it.effect("a bundled server there is none of", () =>
    Effect.gen(function* () {
      for (const name of ["absent", "toString", "__proto__", "constructor"]) {
        expect((yield* ask({}, `in-process://${name}/mcp`)).reason).toBe("unknown_host")
      }
    })
  )

  it.effect("a handler that fails is a broken server", () =>
    Effect.map(ask({ demo: () => Promise.reject(new Error("boom")) }, "in-process://demo/mcp"), (failure) =>
      expect(failure.reason).toBe("broken")
    )
  )

  it.effect("W-10: a bundled server is addressed as localhost, whatever it is called", () => {
    let url = ""
    const handlers: Record<string, InProcessHandler> = {
      demo: async (request) => {
        url = request.url
        return new Response()
      }
    }
    return Effect.gen(function* () {
      const upstream = yield* Upstream
      yield* Effect.promise(() => upstream.exchange(requestTo("in-process://demo/a/b?c=d")))
      expect(url).toBe("http://localhost/a/b?c=d")
    }).pipe(Effect.provide(Layer.provide(layerInProcess(handlers), nowhere)))
  })

  it.effect("everything else goes to the upstream below", () =>
    Effect.map(ask({}, "http://demo/mcp"), (failure) => expect(failure.message).toBe("http://demo/mcp"))
  )
})
