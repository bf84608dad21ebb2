/** Contract of `Upstream`; run over every layer. Each brings a server it can reach at `url` and that answers with `handler`. */
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import {
  type ExchangeRequest,
  Upstream,
  type UpstreamAnswer,
  type UpstreamApi,
  UpstreamFailure
} from "../../src/Upstream.ts"
import { responseOf } from "../../src/WebAnswer.ts"

export type Handler = (request: Request) => Response | Promise<Response>

export interface UpstreamFixture {
  readonly layer: Layer.Layer<Upstream>
  /** With a path and no query. */
  readonly url: string
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** `leave`: what a caller that goes away does. */
export const requestTo = (
  url: string,
  more: Partial<ExchangeRequest> = {}
): ExchangeRequest & { readonly leave: () => void } => {
  const caller = new AbortController()
  return {
    method: "POST",
    url,
    headers: { "content-type": "application/json" },
    body: bytesOf("{}"),
    signal: caller.signal,
    trustedAddress: true,
    ...more,
    leave: () => caller.abort()
  }
}

export const textOf = async (answer: UpstreamAnswer): Promise<string> => responseOf(answer).text()

/** The failure an exchange ends with; anything else is an error of its own. */
export const failureOf = async (answer: Promise<UpstreamAnswer>): Promise<UpstreamFailure> => {
  const error = await answer.then(
    (response) => new Error(`answered ${response.status}`),
    (failure: unknown) => failure
  )
  assert(error instanceof UpstreamFailure, String(error))
  return error
}

const forever = new Promise<Response>(() => undefined)

export const upstreamSuite = (
  name: string,
  serve: (handler: Handler) => Effect.Effect<UpstreamFixture, never, Scope.Scope>
): void => {
  const law = (title: string, handler: Handler, body: (upstream: UpstreamApi, url: string) => Promise<void>): void =>
    it.scoped(title, () =>
      Effect.gen(function* () {
        const { layer, url } = yield* serve(handler)
        const upstream = yield* Effect.provide(Upstream, layer)
        yield* Effect.promise(() => body(upstream, url))
      })
    )

  describe(`Upstream contract: ${name}`, () => {
    let seen: { method: string; url: string; headers: Headers; body: Uint8Array } | undefined
    const echo: Handler = async (request) => {
      const body = new Uint8Array(await request.arrayBuffer())
      seen = { method: request.method, url: request.url, headers: request.headers, body }
      return new Response(body, { status: 207, headers: { "x-answer": "yes" } })
    }

    law(
      "bytes, method, path, query and headers arrive as given, and so does the answer",
      echo,
      async (upstream, url) => {
        const body = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256)
        const headers = { "x-given": "Ab c", "mcp-session-id": "s" }
        const response = await upstream.exchange(requestTo(`${url}?a=%20b&c`, { body, headers }))
        expect([response.status, response.headers["x-answer"]]).toEqual([207, "yes"])
        expect(Buffer.from(await responseOf(response).arrayBuffer()).equals(body)).toBe(true)
        assert(seen !== undefined)
        expect(Buffer.from(seen.body).equals(body)).toBe(true)
        expect([seen.method, new URL(seen.url).search]).toEqual(["POST", "?a=%20b&c"])
        expect(new URL(seen.url).pathname).toBe(new URL(url).pathname)
        expect([seen.headers.get("x-given"), seen.headers.get("mcp-session-id")]).toEqual(["Ab c", "s"])
      }
    )

    for (const method of ["GET", "DELETE", "POST"] as const) {
      law(`${method} without a body`, echo, async (upstream, url) => {
        const response = await upstream.exchange(requestTo(url, { method, body: undefined, headers: {} }))
        expect(response.status).toBe(207)
        expect([seen?.method, seen?.body.length]).toEqual([method, 0])
        await textOf(response)
      })
    }

    let release = (): void => undefined
    const slow: Handler = () => {
      const gate = Promise.withResolvers<void>()
      release = gate.resolve
      let step = 0
      return new Response(
        new ReadableStream({
          async pull(controller) {
            step++
            if (step === 1) return controller.enqueue(bytesOf("data: 1\n\n"))
            await gate.promise
            if (step === 2) return controller.enqueue(bytesOf("data: 2\n\n"))
            controller.close()
          }
        }),
        { headers: { "content-type": "text/event-stream" } }
      )
    }

    law("W-04: the body streams: its first part is here before the last is sent", slow, async (upstream, url) => {
      const response = await upstream.exchange(requestTo(url))
      const decoder = new TextDecoder()
      expect(decoder.decode(await response.read())).toBe("data: 1\n\n")
      release()
      expect(decoder.decode(await response.read())).toBe("data: 2\n\n")
      expect(await response.read()).toBeUndefined()
    })

    law(
      "S-06: a redirect is an answer, and is not followed",
      (request) =>
        new URL(request.url).pathname.endsWith("/elsewhere")
          ? new Response("followed")
          : new Response("moved", { status: 307, headers: { location: "/elsewhere" } }),
      async (upstream, url) => {
        const response = await upstream.exchange(requestTo(url))
        expect([response.status, response.headers["location"]]).toEqual([307, "/elsewhere"])
        expect(await textOf(response)).toBe("moved")
      }
    )

    const zipped = Bun.gzipSync(bytesOf("plain"))
    law(
      "an encoded body is not decoded",
      () => new Response(zipped, { headers: { "content-encoding": "gzip" } }),
      async (upstream, url) => {
        const response = await upstream.exchange(requestTo(url))
        expect(response.headers["content-encoding"]).toBe("gzip")
        expect(Buffer.from(await responseOf(response).arrayBuffer()).equals(zipped)).toBe(true)
      }
    )

    law(
      "a caller that leaves before the answer gets `aborted`",
      () => forever,
      async (upstream, url) => {
        const request = requestTo(url)
        const answer = upstream.exchange(request)
        setTimeout(() => request.leave(), 20)
        expect((await failureOf(answer)).reason).toBe("aborted")
      }
    )

    law("a caller that has already left gets `aborted`", echo, async (upstream, url) => {
      const request = requestTo(url)
      request.leave()
      expect((await failureOf(upstream.exchange(request))).reason).toBe("aborted")
    })

    const left = { told: () => undefined as void }
    const quiet: Handler = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(bytesOf(": hello\n\n")),
          cancel: () => left.told()
        }),
        { headers: { "content-type": "text/event-stream" } }
      )

    law("W-22: giving up the body closes the exchange with the server", quiet, async (upstream, url) => {
      const told = new Promise<void>((resolve) => (left.told = resolve))
      const response = await upstream.exchange(requestTo(url))
      await response.read()
      response.cancel()
      await told
    })

    law("aborting ends a body that has begun, on both sides", quiet, async (upstream, url) => {
      const told = new Promise<void>((resolve) => (left.told = resolve))
      const request = requestTo(url)
      const response = await upstream.exchange(request)
      await response.read()
      const next = response.read()
      request.leave()
      await expect(next).rejects.toThrow()
      await told
    })
  })
}
