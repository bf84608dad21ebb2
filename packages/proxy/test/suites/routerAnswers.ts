/** Contract of `ProxyRouter`: answers that are not lists. Run by `proxyRouterSuite`. */
import { describe, expect } from "@effect/vitest"
import { answer, event, EVENTS, json, lists } from "../support/Answers.ts"
import type { Law } from "../support/Bench.ts"
import { responseOf } from "../support/Call.ts"

export const routerAnswers = (law: Law): void => {
  describe("other answers", () => {
    law(
      "media types in any case and with parameters",
      () => new Response(JSON.stringify(lists), { headers: { "content-type": "Application/JSON; Charset=UTF-8" } }),
      async ({ call }) => {
        expect(await responseOf(await call({ message: "tools/list" })).text()).not.toContain("hidden")
      }
    )

    law(
      "W-09: 404 with a JSON-RPC body is relayed, status and body together",
      () => json({ jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no" } }, 404),
      async ({ call }) => {
        const outcome = await call()
        const response = responseOf(outcome)
        expect(response.status).toBe(404)
        expect(await response.json()).toMatchObject({ error: { code: -32601 } })
        expect(await outcome.ending).toEqual({ kind: "finished", failure: -32601 })
      }
    )

    for (const [kind, body, type] of [
      ["plain", "slow down", "text/plain"],
      ["foreign JSON", '{"detail":"slow down"}', "application/json"]
    ] as const) {
      law(
        `W-13: a 4xx with a ${kind} body gets a JSON-RPC one; Retry-After stays`,
        () => new Response(body, { status: 429, headers: { "retry-after": "7", "content-type": type, "x-kept": "1" } }),
        async ({ call }) => {
          const outcome = await call()
          const response = responseOf(outcome)
          expect([response.status, response.headers.get("retry-after"), response.headers.get("x-kept")]).toEqual([
            429,
            "7",
            "1"
          ])
          expect(response.headers.get("content-type")).toBe("application/json")
          const text = await response.text()
          expect(JSON.parse(text)).toMatchObject({ jsonrpc: "2.0", id: 1, error: { code: -31502 } })
          expect(text).not.toContain("slow down")
          expect(await outcome.ending).toMatchObject({ kind: "finished", failure: -31502 })
        }
      )
    }

    law(
      "503 with Retry-After",
      () => new Response(null, { status: 503, headers: { "retry-after": "9" } }),
      async ({ call }) => {
        const response = responseOf(await call())
        expect([response.status, response.headers.get("retry-after")]).toEqual([503, "9"])
        expect(await response.json()).toMatchObject({ id: 1 })
      }
    )

    law(
      "W-03: 202 is empty, whatever came with it",
      () => new Response("Accepted", { status: 202 }),
      async ({ call }) => {
        const outcome = await call({ message: { jsonrpc: "2.0", method: "notifications/initialized" } })
        const response = responseOf(outcome)
        expect([response.status, await response.text()]).toEqual([202, ""])
        expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
      }
    )

    law(
      "a failed tool is noted, in JSON and on a stream",
      (request) =>
        request.headers.get("x-kind") === "events"
          ? new Response(event(answer({ isError: true })), { headers: EVENTS })
          : json(answer({ isError: true })),
      async ({ call }) => {
        for (const kind of ["json", "events"]) {
          const outcome = await call({ headers: { "x-kind": kind } })
          await responseOf(outcome).text()
          expect(await outcome.ending).toEqual({ kind: "finished", failure: 0 })
        }
      }
    )

    law(
      "a body is passed as the bytes it was, unknown fields, order, numbers and spacing",
      () =>
        new Response('{ "id":1,\n "result":{"b":1.0,"a":90071992547409931,"é":"\\u00e9"},"jsonrpc":"2.0" }', {
          headers: { "content-type": "application/json" }
        }),
      async ({ call }) => {
        const text = await responseOf(await call()).text()
        expect(text).toBe('{ "id":1,\n "result":{"b":1.0,"a":90071992547409931,"é":"\\u00e9"},"jsonrpc":"2.0" }')
      }
    )
  })
}
