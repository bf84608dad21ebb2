/** Contract of `ProxyRouter`: answers that are not relayed. Run by `proxyRouterSuite`. */
import { describe, expect } from "@effect/vitest"
import { json } from "../support/Answers.ts"
import type { Law } from "../support/Bench.ts"
import { type CallOptions, failureOf } from "../support/Call.ts"

export const routerRefusals = (law: Law): void => {
  describe("answers that are not relayed", () => {
    const refusing = (title: string, reason: string, make: () => Response, more: CallOptions = {}) =>
      law(title, make, async ({ call }) => {
        const outcome = await call(more)
        expect(failureOf(outcome).reason).toBe(reason)
        expect(outcome.endings).toEqual([])
      })

    refusing("design §6, A-09: an upstream 401 is ours to solve", "credential_refused", () =>
      json({}, 401, { "www-authenticate": 'Bearer resource_metadata="https://evil.example"' })
    )
    refusing(
      "S-06: a redirect",
      "redirected",
      () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } })
    )
    refusing(
      "W-05: 404 without a body of the protocol",
      "no_endpoint",
      () => new Response("Not Found", { status: 404 })
    )
    refusing("W-05: 404 with another framework's JSON", "no_endpoint", () => json({ detail: "Not Found" }, 404))
    refusing("an encoded answer", "unreadable", () => json({}, 200, { "content-encoding": "br" }))
    refusing("a page", "unreadable", () => new Response("<html>", { headers: { "content-type": "text/html" } }))
    refusing(
      "a page with another status",
      "unreadable",
      () => new Response("<script>", { status: 203, headers: { "content-type": "text/html" } })
    )
    refusing(
      "a page for a GET",
      "unreadable",
      () => new Response("<script>", { headers: { "content-type": "text/html" } }),
      { method: "GET" }
    )
    refusing(
      "a type that only begins like one of ours",
      "unreadable",
      () => new Response("<script>", { headers: { "content-type": "application/jsonp" } })
    )
  })
}
