/** Contract of `ProxyRouter`: lists. Run by `proxyRouterSuite`. */
import { describe, expect } from "@effect/vitest"
import { Principal } from "@mcpgw/domain/Principal"
import { event, EVENTS, json, lists } from "../support/Answers.ts"
import type { Handler, Law } from "../support/Bench.ts"
import { claimsOf, failureOf, responseOf } from "../support/Call.ts"
import { bytesOf } from "../support/Streams.ts"

export const routerLists = (law: Law): void => {
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
        const whole = await call({
          message: "tools/list",
          principal: Principal.unsafeMake(claimsOf("root", { scopes: ["all"] }))
        })
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

    law(
      "one that can not be read is refused",
      () => new Response('{"result":{"tools":[', { headers: { "content-type": "application/json" } }),
      async ({ call }) => {
        const outcome = await call({ message: "tools/list" })
        expect(failureOf(outcome).reason).toBe("unreadable")
        expect(outcome.endings).toEqual([])
      }
    )

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
    law(
      "S-16: one larger than the limit is given up, and the server is told",
      endless,
      async ({ call }) => {
        const gone = new Promise<void>((resolve) => (told = resolve))
        expect(failureOf(await call({ message: "tools/list" })).reason).toBe("unreadable")
        await gone
      },
      { maxListBytes: 100_000 }
    )

    law(
      "nesting that would overflow a stack is refused",
      () => {
        const deep = "[".repeat(100_000) + "]".repeat(100_000)
        return new Response(`{"jsonrpc":"2.0","id":1,"result":{"tools":[],"x":${deep}}}`, {
          headers: { "content-type": "application/json" }
        })
      },
      async ({ call }) => {
        expect(failureOf(await call({ message: "tools/list" })).reason).toBe("unreadable")
      }
    )
  })
}
