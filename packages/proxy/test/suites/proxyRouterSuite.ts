/** Contract of `ProxyRouter`; run over every kind of upstream. Each brings a server at `url` that answers with `handler`. */
import { assert, describe, expect, it } from "@effect/vitest"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { Principal } from "@mcpgw/domain/Principal"
import { Upstream } from "@mcpgw/egress/Upstream"
import { VERSION_META } from "@mcpgw/mcp/Envelope"
import { open } from "@mcpgw/mcp/SessionSeal"
import { ScopePolicy, type ScopePolicyApi } from "@mcpgw/policy/ScopePolicy"
import { layerOf as policyOf } from "@mcpgw/policy/ScopePolicyLayers"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Credentials } from "../../src/Credentials.ts"
import { type ProxyOptions, ProxyRouter, type ProxyRouterApi } from "../../src/ProxyRouter.ts"
import { SessionGate } from "../../src/SessionGate.ts"
import {
  alice,
  bob,
  type CallOptions,
  claimsOf,
  failureOf,
  forward,
  type Outcome,
  outboundOf,
  responseOf,
  RULES
} from "../support/Call.ts"
import { bytesOf } from "../support/Streams.ts"

export type Handler = (request: Request) => Response | Promise<Response>

export interface ServerFixture {
  readonly layer: Layer.Layer<Upstream>
  /** Without a path. */
  readonly url: string
}

export type Serve = (handler: Handler) => Effect.Effect<ServerFixture, never, Scope.Scope>

/** What a law works with. */
export interface Bench {
  readonly router: ProxyRouterApi
  readonly policy: ScopePolicyApi
  readonly registry: RegistryApi
  readonly gate: SessionGate
  readonly keys: typeof KeyRing.Service
  readonly call: (options?: CallOptions) => Promise<Outcome>
}

/** A router over `fixture`, with servers at `/time` and `/other`. */
export const benchOver = (fixture: ServerFixture, options: Partial<ProxyOptions> = {}) =>
  Effect.gen(function* () {
    const below = Layer.mergeAll(
      fixture.layer,
      Layer.provide(Registry.layer, RegistryStore.layerMemory),
      policyOf(RULES),
      Credentials.layerClient,
      KeyRing.layerEphemeral
    )
    const context = yield* Layer.build(Layer.provideMerge(ProxyRouter.layer(options), below))
    const services = Effect.all([ProxyRouter, ScopePolicy, Registry, KeyRing])
    const [router, policy, registry, keys] = yield* Effect.provide(services, context)
    for (const path of ["/time", "/other"]) {
      yield* registry.register({ server_name: path, path, proxy_pass_url: fixture.url, trusted_address: true }, "admin")
    }
    const call = (more: CallOptions = {}) => forward(router, outboundOf(router, policy, more))
    return { router, policy, registry, keys, gate: new SessionGate(keys), call } satisfies Bench
  }).pipe(Effect.orDie)

const json = (value: unknown, init: ResponseInit = {}): Response =>
  new Response(JSON.stringify(value), {
    ...init,
    headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(init.headers)) }
  })

const answer = (result: unknown, id: number | string = 1) => ({ jsonrpc: "2.0", id, result })
const lists = answer({ tools: [{ name: "seen" }, { name: "hidden" }] })
const event = (value: unknown) => `event: message\ndata: ${JSON.stringify(value)}\n\n`

const EVENTS = { "content-type": "text/event-stream" }

/** A stream the test writes to; tells when the other side has gone. */
const liveStream = () => {
  const gone = Promise.withResolvers<void>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
    cancel: () => gone.resolve()
  })
  return {
    body,
    gone: gone.promise,
    say: (text: string) => controller?.enqueue(bytesOf(text)),
    end: () => controller?.close(),
    break: () => controller?.error(new Error("gone"))
  }
}

/** Reads a body chunk by chunk, as text. */
const readerOf = (response: Response) => {
  assert(response.body !== null)
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const decoder = new TextDecoder()
  let text = ""
  return {
    /** Reads on until `part` has come, or the end. */
    until: async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { done, value } = await reader.read()
        if (done) break
        text += decoder.decode(value, { stream: true })
      }
      return text
    },
    cancel: () => reader.cancel()
  }
}

export const proxyRouterSuite = (name: string, serve: Serve): void => {
  const law = (title: string, handler: Handler, body: (bench: Bench) => Promise<void>, options: Partial<ProxyOptions> = {}): void =>
    it.scoped(title, () =>
      Effect.gen(function* () {
        const bench = yield* benchOver(yield* serve(handler), options)
        yield* Effect.promise(() => body(bench))
      })
    )

  describe(`ProxyRouter contract: ${name}`, () => {
    describe("requests", () => {
      let seen: { url: URL; headers: Headers; body: string; method: string } | undefined
      const note: Handler = async (request) => {
        seen = { url: new URL(request.url), headers: request.headers, body: await request.text(), method: request.method }
        return json(answer({ content: [] }))
      }

      law("the body as received, the identity as known, the query as given", note, async ({ call }) => {
        const headers = { accept: "a/b", "x-user": "root", cookie: "c=1", authorization: "Bearer inbound", "x-extra": "kept" }
        const outcome = await call({ headers, search: "?a=b", clientAuthorization: "Bearer own" })
        expect(await responseOf(outcome).json()).toEqual(answer({ content: [] }))
        expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
        assert(seen !== undefined)
        expect(seen.body).toBe('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"seen"}}')
        expect([seen.method, seen.url.pathname, seen.url.search]).toEqual(["POST", "/mcp", "?a=b"])
        const get = (name: string) => seen?.headers.get(name)
        expect([get("x-user"), get("x-tool-name"), get("x-server-name"), get("x-extra")]).toEqual(["alice", "seen", "time", "kept"])
        expect([get("authorization"), get("cookie"), get("mcp-session-id")]).toEqual(["Bearer own", null, null])
        expect(get("x-original-url")).toBe("https://gateway.example/time/mcp")
      })

      law("S-01: without a credential of their own, nothing is sent as Authorization", note, async ({ call }) => {
        await call({ headers: { authorization: "Bearer inbound", "x-authorization": "Bearer inbound" } })
        expect(JSON.stringify([...(seen?.headers ?? [])])).not.toContain("inbound")
      })

      law("a caller that has left is not carried anywhere", note, async ({ call }) => {
        seen = undefined
        expect(failureOf(await call({ signal: AbortSignal.abort() })).reason).toBe("aborted")
        expect(seen).toBeUndefined()
      })

      law("S-06: a path that leads out of the server's own is not carried", note, async ({ call }) => {
        seen = undefined
        await call({ path: "/time/%2e%2e/x" }).then(failureOf, () => undefined)
        expect(seen?.url.pathname ?? "").not.toBe("/x")
      })
    })

    describe("sessions (design §6; S-07)", () => {
      const RAW = "upstream-session"
      const opened = answer({ protocolVersion: "2025-11-25", capabilities: {} })
      let presented: string | null = null
      const server =
        (stream: boolean): Handler =>
        async (request) => {
          presented = request.headers.get("mcp-session-id")
          if (request.method !== "POST") return new Response(null, { status: 405 })
          const { method } = (await request.json()) as { readonly method: string }
          const headers = { "mcp-session-id": RAW }
          if (method !== "initialize") return json(answer({ content: [] }), { headers })
          return stream
            ? new Response(`: hi\n\n${event({ jsonrpc: "2.0", method: "notifications/message" })}${event(opened)}`, {
                headers: { ...headers, ...EVENTS }
              })
            : json(opened, { headers })
        }

      for (const [kind, handler] of [["JSON", server(false)] as const, ["a stream", server(true)] as const]) {
        law(`initialize answered by ${kind}: the id is sealed, the version is in the seal`, handler, async (bench) => {
          const response = responseOf(await bench.call({ message: "initialize" }))
          const sealed = response.headers.get("mcp-session-id") ?? ""
          expect(sealed).toMatch(/^v1\.[\x21-\x7e]+$/)
          expect(open(bench.keys.sealing, sealed)).toMatchObject({ upstreamId: RAW, version: "2025-11-25", owner: { subject: "id-of-alice" } })
          const text = await response.text()
          expect(text).toContain(JSON.stringify(opened))
          expect(text.startsWith(kind === "JSON" ? "{" : ": hi\n\n")).toBe(true)
        })
      }

      law("the server gets its own id back, the client keeps the one it knows", server(false), async (bench) => {
        const sealed = responseOf(await bench.call({ message: "initialize" })).headers.get("mcp-session-id") ?? ""
        const target = bench.router.resolve("/time/mcp")
        assert(target._tag === "Target")
        const session = bench.gate.open(sealed, alice.claims, target.server, Date.now())
        assert(session !== undefined)
        const response = responseOf(await bench.call({ session }))
        expect(presented).toBe(RAW)
        expect(response.headers.get("mcp-session-id")).toBe(sealed)
        expect(responseOf(await bench.call({ session, headers: { "mcp-session-id": "forged" } })).status).toBe(200)
        expect(presented).toBe(RAW)
      })

      law("it opens for nobody else, nowhere else, no longer, and not for a server registered anew", server(false), async (bench) => {
        const sealed = responseOf(await bench.call({ message: "initialize" })).headers.get("mcp-session-id") ?? ""
        const at = (path: string) => {
          const target = bench.router.resolve(path)
          assert(target._tag === "Target")
          return target.server
        }
        const [time, now] = [at("/time"), Date.now()]
        const opens = (claims: typeof alice.claims, server = time, when = now) =>
          bench.gate.open(sealed, claims, server, when) !== undefined
        expect(opens(alice.claims)).toBe(true)
        expect(opens(claimsOf("alice", { scopes: ["all"] }))).toBe(true)
        expect(opens(bob.claims)).toBe(false)
        expect(opens(claimsOf("alice", { clientId: "other" }))).toBe(false)
        expect(opens(claimsOf("alice", { issuer: "https://other.example" }))).toBe(false)
        expect(opens(alice.claims, at("/other"))).toBe(false)
        expect(opens(alice.claims, time, now + 61_000)).toBe(false)
        expect(opens(alice.claims)).toBe(true)
        expect(opens(alice.claims, { ...time, record: { ...time.record, registered_at: "2027-01-01T00:00:00.000Z" } })).toBe(false)
        for (const forged of ["", RAW, `${sealed}x`, sealed.slice(1)]) {
          expect(bench.gate.open(forged, alice.claims, time, now)).toBeUndefined()
        }
      }, { sessionSeconds: 60 })

      law("a modern request gets no session, whatever the server says", server(false), async ({ call }) => {
        const params = { name: "seen", _meta: { [VERSION_META]: "2026-07-28" } }
        const response = responseOf(await call({ message: { jsonrpc: "2.0", id: 1, method: "tools/call", params } }))
        expect(response.headers.has("mcp-session-id")).toBe(false)
      })
    })

    describe("lists", () => {
      const asJson: Handler = () => json(lists)
      const asEvents: Handler = () => new Response(`: hi\n\n${event(lists)}`, { headers: EVENTS })

      for (const [kind, handler] of [["JSON", asJson] as const, ["a stream", asEvents] as const]) {
        law(`a list in ${kind} is filtered, for a method nobody has heard of too`, handler, async ({ call }) => {
          for (const message of ["tools/list", "odd/method"]) {
            const outcome = await call({ message })
            const text = await responseOf(outcome).text()
            expect(text).toContain("seen")
            expect(text).not.toContain("hidden")
            expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
          }
          const whole = await call({ message: "tools/list", principal: Principal.unsafeMake(claimsOf("root", { scopes: ["all"] })) })
          expect(await responseOf(whole).text()).toContain("hidden")
        })
      }

      law("a list on a GET stream, live or replayed, is filtered", asEvents, async ({ call }) => {
        for (const headers of [{}, { "last-event-id": "3" }]) {
          const text = await responseOf(await call({ method: "GET", headers })).text()
          expect(text).toContain("seen")
          expect(text).not.toContain("hidden")
        }
      })

      law("a list answered to a tool call on a stream is filtered", asEvents, async ({ call }) => {
        expect(await responseOf(await call()).text()).not.toContain("hidden")
      })

      law("one that can not be read is refused", () => new Response('{"result":{"tools":[', { headers: { "content-type": "application/json" } }), async ({ call }) => {
        const outcome = await call({ message: "tools/list" })
        expect(failureOf(outcome).reason).toBe("unreadable")
        expect(outcome.endings).toEqual([])
      })

      const endless: Handler = () => {
        const part = bytesOf(`"${"x".repeat(16_384)}",`)
        let first = true
        return new Response(
          new ReadableStream({
            pull: (controller) => {
              controller.enqueue(first ? bytesOf('{"result":{"tools":[') : part)
              first = false
            },
            cancel: () => told()
          }),
          { headers: { "content-type": "application/json" } }
        )
      }
      let told = (): void => undefined
      law("S-16: one larger than the limit is given up, and the server is told", endless, async ({ call }) => {
        const gone = new Promise<void>((resolve) => (told = resolve))
        expect(failureOf(await call({ message: "tools/list" })).reason).toBe("unreadable")
        await gone
      }, { maxListBytes: 100_000 })

      law("nesting that would overflow a stack is refused", () => {
        const deep = "[".repeat(100_000) + "]".repeat(100_000)
        return new Response(`{"jsonrpc":"2.0","id":1,"result":{"tools":[],"x":${deep}}}`, { headers: { "content-type": "application/json" } })
      }, async ({ call }) => {
        expect(failureOf(await call({ message: "tools/list" })).reason).toBe("unreadable")
      })
    })

    describe("answers that are not relayed", () => {
      const refusing = (title: string, reason: string, make: () => Response, more: CallOptions = {}) =>
        law(title, make, async ({ call }) => {
          const outcome = await call(more)
          expect(failureOf(outcome).reason).toBe(reason)
          expect(outcome.endings).toEqual([])
        })

      refusing("design §6: an upstream 401 is ours to solve", "credential_refused", () =>
        json({}, { status: 401, headers: { "www-authenticate": 'Bearer resource_metadata="https://evil.example"' } })
      )
      refusing("S-06: a redirect", "redirected", () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } }))
      refusing("W-05: 404 without a body of the protocol", "no_endpoint", () => new Response("Not Found", { status: 404 }))
      refusing("W-05: 404 with another framework's JSON", "no_endpoint", () => json({ detail: "Not Found" }, { status: 404 }))
      refusing("an encoded answer", "unreadable", () => json({}, { headers: { "content-encoding": "br" } }))
      refusing("a page", "unreadable", () => new Response("<html>", { headers: { "content-type": "text/html" } }))
      refusing("a page with another status", "unreadable", () =>
        new Response("<script>", { status: 203, headers: { "content-type": "text/html" } })
      )
      refusing("a page for a GET", "unreadable", () => new Response("<script>", { headers: { "content-type": "text/html" } }), { method: "GET" })
      refusing("a type that only begins like one of ours", "unreadable", () =>
        new Response("<script>", { headers: { "content-type": "application/jsonp" } })
      )
    })

    describe("other answers", () => {
      law("media types in any case and with parameters", () => new Response(JSON.stringify(lists), { headers: { "content-type": "Application/JSON; Charset=UTF-8" } }), async ({ call }) => {
        expect(await responseOf(await call({ message: "tools/list" })).text()).not.toContain("hidden")
      })

      law("W-09: 404 with a JSON-RPC body is relayed, status and body together", () => json({ jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no" } }, { status: 404 }), async ({ call }) => {
        const outcome = await call()
        const response = responseOf(outcome)
        expect([response.status, (await response.json()).error.code]).toEqual([404, -32601])
        expect(await outcome.ending).toEqual({ kind: "finished", failure: -32601 })
      })

      for (const [kind, body, type] of [["plain", "slow down", "text/plain"], ["foreign JSON", '{"detail":"slow down"}', "application/json"]] as const) {
        law(`W-13: a 4xx with a ${kind} body gets a JSON-RPC one; Retry-After stays`, () => new Response(body, { status: 429, headers: { "retry-after": "7", "content-type": type, "x-kept": "1" } }), async ({ call }) => {
          const outcome = await call()
          const response = responseOf(outcome)
          expect([response.status, response.headers.get("retry-after"), response.headers.get("x-kept")]).toEqual([429, "7", "1"])
          expect(response.headers.get("content-type")).toBe("application/json")
          const text = await response.text()
          expect(JSON.parse(text)).toMatchObject({ jsonrpc: "2.0", id: 1, error: { code: -31502 } })
          expect(text).not.toContain("slow down")
          expect(await outcome.ending).toMatchObject({ kind: "finished", failure: -31502 })
        })
      }

      law("503 with Retry-After", () => new Response(null, { status: 503, headers: { "retry-after": "9" } }), async ({ call }) => {
        const response = responseOf(await call())
        expect([response.status, response.headers.get("retry-after")]).toEqual([503, "9"])
        expect((await response.json()).id).toBe(1)
      })

      law("W-03: 202 is empty, whatever came with it", () => new Response("Accepted", { status: 202 }), async ({ call }) => {
        const outcome = await call({ message: { jsonrpc: "2.0", method: "notifications/initialized" } })
        const response = responseOf(outcome)
        expect([response.status, await response.text()]).toEqual([202, ""])
        expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
      })

      law("a failed tool is noted, in JSON and on a stream", (request) =>
        request.headers.get("x-kind") === "events"
          ? new Response(event(answer({ isError: true })), { headers: EVENTS })
          : json(answer({ isError: true })), async ({ call }) => {
        for (const kind of ["json", "events"]) {
          const outcome = await call({ headers: { "x-kind": kind } })
          await responseOf(outcome).text()
          expect(await outcome.ending).toEqual({ kind: "finished", failure: 0 })
        }
      })

      law("a body is passed as the bytes it was, unknown fields, order, numbers and spacing", () => new Response('{ "id":1,\n "result":{"b":1.0,"a":90071992547409931,"é":"\\u00e9"},"jsonrpc":"2.0" }', { headers: { "content-type": "application/json" } }), async ({ call }) => {
        const text = await responseOf(await call()).text()
        expect(text).toBe('{ "id":1,\n "result":{"b":1.0,"a":90071992547409931,"é":"\\u00e9"},"jsonrpc":"2.0" }')
      })
    })

    describe("streams", () => {
      let live = liveStream()
      const streaming: Handler = () => {
        live = liveStream()
        live.say(": hi\n\n")
        return new Response(live.body, { headers: EVENTS })
      }

      law("W-20: events arrive as they come, uncached and unbuffered", streaming, async ({ call, router }) => {
        const outcome = await call()
        const response = responseOf(outcome)
        expect([response.headers.get("cache-control"), response.headers.get("x-accel-buffering")]).toEqual(["no-cache, no-transform", "no"])
        const reader = readerOf(response)
        await reader.until(": hi\n\n")
        expect(router.openStreams()).toBe(1)
        live.say('id: 1\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n')
        await reader.until("progress")
        live.say(event(answer({})))
        live.end()
        expect(await reader.until("never")).toContain(event(answer({})))
        expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
        expect(router.openStreams()).toBe(0)
      })

      law("a server that breaks off within a stream: a JSON-RPC error ends it", streaming, async ({ call, router }) => {
        const outcome = await call({ message: { jsonrpc: "2.0", id: "a", method: "tools/call", params: { name: "seen" } } })
        const reader = readerOf(responseOf(outcome))
        await reader.until(": hi\n\n")
        live.say("data: half an ev")
        live.break()
        const text = await reader.until("never")
        expect(text).not.toContain("half")
        const last = text.trimEnd().split("\n").at(-1) ?? ""
        expect(JSON.parse(last.replace("data: ", ""))).toMatchObject({ id: "a", error: { code: -31502 } })
        expect((await outcome.ending).kind).toBe("broken")
        expect([outcome.endings.length, router.openStreams()]).toEqual([1, 0])
      })

      law("a server that falls silent within a stream is given up, and told", streaming, async ({ call }) => {
        const outcome = await call()
        const text = await readerOf(responseOf(outcome)).until("never")
        expect(text).toContain('"error"')
        expect((await outcome.ending).kind).toBe("broken")
        await live.gone
      }, { idleTimeoutMs: 100 })

      law("a GET stream may be silent for ever", streaming, async ({ call, router }) => {
        const watched = await call()
        const quiet = await call({ method: "GET" })
        // The watched one's end shows that its deadline, the same for both, has passed.
        await readerOf(responseOf(watched)).until("never")
        expect(router.openStreams()).toBe(1)
        await responseOf(quiet).body?.cancel()
      }, { idleTimeoutMs: 100 })

      law("W-22: a client that gives up the body closes the server's stream", streaming, async ({ call, router }) => {
        const outcome = await call()
        const reader = readerOf(responseOf(outcome))
        await reader.until(": hi\n\n")
        await reader.cancel()
        await live.gone
        expect(await outcome.ending).toEqual({ kind: "aborted" })
        expect(router.openStreams()).toBe(0)
      })

      law("W-22: a client whose connection ends is an abort, not a broken server", streaming, async ({ call }) => {
        const client = new AbortController()
        const outcome = await call({ signal: client.signal })
        const reader = readerOf(responseOf(outcome))
        await reader.until(": hi\n\n")
        client.abort()
        await reader.cancel().catch(() => undefined)
        await live.gone
        expect(await outcome.ending).toEqual({ kind: "aborted" })
        expect(outcome.endings).toHaveLength(1)
      })

      law("draining: idle streams end at once and cleanly, calls go on until all are closed", streaming, async ({ call, router }) => {
        const listening = await call({ method: "GET" })
        const listener = readerOf(responseOf(listening))
        await listener.until(": hi\n\n")
        const idleLive = live
        const calling = await call()
        const caller = readerOf(responseOf(calling))
        await caller.until(": hi\n\n")
        router.closeStreams("idle")
        await listener.until("never")
        await idleLive.gone
        expect(await listening.ending).toEqual({ kind: "aborted" })
        expect(router.openStreams()).toBe(1)
        live.say("data: {}\n\n")
        await caller.until("data: {}")
        router.closeStreams("all")
        expect(await caller.until("never")).not.toContain("error")
        expect(await calling.ending).toEqual({ kind: "aborted" })
        expect(router.openStreams()).toBe(0)
        await live.gone
      })

      let pulled = 0
      const CHUNK = bytesOf(`data: ${"x".repeat(65_536)}\n\n`)
      const MANY = 3000
      const firehose: Handler = () => {
        pulled = 0
        return new Response(
          new ReadableStream(
            {
              pull: (controller) => {
                if (pulled++ < MANY) controller.enqueue(CHUNK)
                else controller.close()
              }
            },
            { highWaterMark: 0 }
          ),
          { headers: EVENTS }
        )
      }
      law("a slow client slows the server: what is on the way is bounded", firehose, async ({ call }) => {
        const response = responseOf(await call())
        assert(response.body !== null)
        const reader = response.body.getReader()
        await reader.read()
        let before = -1
        // Nothing moves any more once every buffer on the way is full.
        while (before !== pulled) {
          before = pulled
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        expect(pulled).toBeLessThan(MANY / 2)
        await reader.cancel()
      })

      law("S-16: one event larger than the limit ends the stream", firehose, async ({ call }) => {
        const outcome = await call()
        expect(await responseOf(outcome).text()).toContain('"error"')
        expect((await outcome.ending).kind).toBe("broken")
      }, { maxEventBytes: 10_000 })
    })

    describe("large and slow JSON", () => {
      const BIG = JSON.stringify(answer({ content: [{ type: "text", text: "é".repeat(2_000_000) }] }))
      const asBody: Handler = () => json(JSON.parse(BIG))
      law("a large answer passes whole, and is streamed", asBody, async ({ call, router }) => {
        const outcome = await call()
        expect(router.openStreams()).toBe(1)
        expect(await responseOf(outcome).text()).toBe(BIG)
        expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
      })

      const halting: Handler = () =>
        new Response(
          new ReadableStream({ start: (controller) => controller.enqueue(bytesOf('{"jsonrpc":"2.0","id":1,"result":{')) }),
          { headers: { "content-type": "application/json" } }
        )
      law("a list that stands still is given up", halting, async ({ call }) => {
        const outcome = await call({ message: "tools/list" })
        expect(failureOf(outcome).reason).toBe("idle_timeout")
      }, { idleTimeoutMs: 100 })

      law("a client that leaves while a list is read", halting, async ({ call }) => {
        const client = new AbortController()
        const answered = call({ message: "tools/list", signal: client.signal })
        setTimeout(() => client.abort(), 50)
        expect(failureOf(await answered).reason).toBe("aborted")
      })

      law("an answer that breaks off is an error to the client too", halting, async ({ call }) => {
        const outcome = await call()
        await expect(responseOf(outcome).text()).rejects.toThrow()
        expect((await outcome.ending).kind).toBe("broken")
      }, { idleTimeoutMs: 100 })

      const opening = (text: string): Handler => () =>
        new Response(
          new ReadableStream({ pull: (controller) => controller.enqueue(bytesOf(text)), cancel: () => closed.told() }),
          { headers: { ...EVENTS, "mcp-session-id": "raw" } }
        )
      const closed = { told: (): void => undefined }
      const gone = () => new Promise<void>((resolve) => (closed.told = resolve))

      law("S-16: an opening that never names a version is given up, and the server is told", opening(`data: ${"x".repeat(20_000)}\n\n`), async ({ call }) => {
        const told = gone()
        expect(failureOf(await call({ message: "initialize" })).reason).toBe("unreadable")
        await told
      }, { maxListBytes: 1_000_000 })

      law("S-16: one that never ends its first event, too", opening("x".repeat(20_000)), async ({ call }) => {
        const told = gone()
        expect(failureOf(await call({ message: "initialize" })).reason).toBe("unreadable")
        await told
      }, { maxEventBytes: 100_000 })
    })
  })
}
