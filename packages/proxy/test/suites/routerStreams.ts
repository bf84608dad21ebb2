/** Contract of `ProxyRouter`: streams. Run by `proxyRouterSuite`. */
import { assert, describe, expect } from "@effect/vitest"
import { answer, event, EVENTS, liveStream, readerOf } from "../support/Answers.ts"
import type { Handler, Law } from "../support/Bench.ts"
import { bob, responseOf } from "../support/Call.ts"
import { bytesOf } from "../support/Streams.ts"

export const routerStreams = (law: Law): void => {
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
      expect([response.headers.get("cache-control"), response.headers.get("x-accel-buffering")]).toEqual([
        "no-cache, no-transform",
        "no"
      ])
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
      const outcome = await call({
        message: { jsonrpc: "2.0", id: "a", method: "tools/call", params: { name: "seen" } }
      })
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

    law(
      "a server that falls silent within a stream is given up, and told",
      streaming,
      async ({ call }) => {
        const outcome = await call()
        const text = await readerOf(responseOf(outcome)).until("never")
        expect(text).toContain('"error"')
        expect((await outcome.ending).kind).toBe("broken")
        await live.gone
      },
      { idleTimeoutMs: 100 }
    )

    law(
      "a GET stream may be silent for ever",
      streaming,
      async ({ call, router }) => {
        const watched = await call()
        const quiet = await call({ method: "GET" })
        // The watched one's end shows that its deadline, the same for both, has passed.
        await readerOf(responseOf(watched)).until("never")
        expect(router.openStreams()).toBe(1)
        await responseOf(quiet).body?.cancel()
      },
      { idleTimeoutMs: 100 }
    )

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

    law(
      "draining: idle streams end at once and cleanly, calls go on until all are closed",
      streaming,
      async ({ call, router }) => {
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
      }
    )

    law(
      "a caller who lost access: calls end with a JSON-RPC error, quiet streams with a comment, others go on",
      streaming,
      async ({ call, router }) => {
        const listening = await call({ method: "GET" })
        const listener = readerOf(responseOf(listening))
        await listener.until(": hi\n\n")
        const calling = await call()
        const caller = readerOf(responseOf(calling))
        await caller.until(": hi\n\n")
        const callLive = live
        const other = await call({ principal: bob })
        router.endLost(() => true)
        expect(router.openStreams()).toBe(3)
        router.endLost(({ username }) => username !== "alice")
        expect(await listener.until("never")).toMatch(/\n\n: your access has been taken back\n\n$/)
        const last = (await caller.until("never")).trimEnd().split("\n").at(-1) ?? ""
        expect(JSON.parse(last.replace("data: ", ""))).toMatchObject({ id: 1, error: { code: -31401 } })
        await callLive.gone
        expect([await listening.ending, await calling.ending]).toEqual([{ kind: "revoked" }, { kind: "revoked" }])
        expect([calling.endings.length, other.endings.length, router.openStreams()]).toEqual([1, 0, 1])
        await responseOf(other).body?.cancel()
      }
    )

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

    const unending: Handler = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(bytesOf("data: no end ")) }), {
        headers: EVENTS
      })
    law(
      "S-16: an event that grows past the limit ends the stream",
      unending,
      async ({ call }) => {
        const outcome = await call()
        expect(await responseOf(outcome).text()).toContain('"error"')
        expect((await outcome.ending).kind).toBe("broken")
      },
      { maxEventBytes: 10_000 }
    )
  })
}
