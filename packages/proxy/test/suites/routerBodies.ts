/** Contract of `ProxyRouter`: bodies read whole, and large ones. Run by `proxyRouterSuite`. */
import { describe, expect } from "@effect/vitest"
import { answer, EVENTS, json } from "../support/Answers.ts"
import type { Handler, Law } from "../support/Bench.ts"
import { failureOf, responseOf } from "../support/Call.ts"
import { bytesOf } from "../support/Streams.ts"

export const routerBodies = (law: Law): void => {
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
        new ReadableStream({
          start: (controller) => controller.enqueue(bytesOf('{"jsonrpc":"2.0","id":1,"result":{'))
        }),
        { headers: { "content-type": "application/json" } }
      )
    law(
      "a list that stands still is given up",
      halting,
      async ({ call }) => {
        const outcome = await call({ message: "tools/list" })
        expect(failureOf(outcome).reason).toBe("idle_timeout")
      },
      { idleTimeoutMs: 100 }
    )

    law("a client that leaves while a list is read", halting, async ({ call }) => {
      const client = new AbortController()
      const answered = call({ message: "tools/list", signal: client.signal })
      setTimeout(() => client.abort(), 50)
      expect(failureOf(await answered).reason).toBe("aborted")
    })

    const broken: Handler = () =>
      new Response(
        new ReadableStream({
          start: (controller) =>
            controller.enqueue(bytesOf(`{"jsonrpc":"2.0","id":1,"result":{"x":"${"y".repeat(200_000)}`))
        }),
        { headers: { "content-type": "application/json" } }
      )
    law(
      "an answer that breaks off is an error to the client too",
      broken,
      async ({ call }) => {
        const outcome = await call()
        await expect(responseOf(outcome).text()).rejects.toThrow()
        expect((await outcome.ending).kind).toBe("broken")
      },
      { idleTimeoutMs: 100 }
    )

    const opening =
      (text: string): Handler =>
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(bytesOf(text)),
            cancel: () => closed.told()
          }),
          { headers: { ...EVENTS, "mcp-session-id": "raw" } }
        )
    const closed = { told: (): void => undefined }
    const gone = () => new Promise<void>((resolve) => (closed.told = resolve))

    law(
      "S-16: an opening that never names a version is given up, and the server is told",
      opening(`data: ${"x".repeat(20_000)}\n\n`),
      async ({ call }) => {
        const told = gone()
        expect(failureOf(await call({ message: "initialize" })).reason).toBe("unreadable")
        await told
      },
      { maxListBytes: 1_000_000 }
    )

    law(
      "S-16: one that never ends its first event, too",
      opening("x".repeat(20_000)),
      async ({ call }) => {
        const told = gone()
        expect(failureOf(await call({ message: "initialize" })).reason).toBe("unreadable")
        await told
      },
      { maxEventBytes: 100_000 }
    )
  })
}
