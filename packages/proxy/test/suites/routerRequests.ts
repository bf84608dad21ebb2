/** Contract of `ProxyRouter`: what is sent. Run by `proxyRouterSuite`. */
import { assert, describe, expect } from "@effect/vitest"
import { answer, json } from "../support/Answers.ts"
import type { Handler, Law } from "../support/Bench.ts"
import { failureOf, responseOf } from "../support/Call.ts"

export const routerRequests = (law: Law): void => {
  describe("requests", () => {
    let seen: { url: URL; headers: Headers; body: string; method: string } | undefined
    const note: Handler = async (request) => {
      seen = {
        url: new URL(request.url),
        headers: request.headers,
        body: await request.text(),
        method: request.method
      }
      return json(answer({ content: [] }))
    }

    law("the body as received, the identity as known, the query as given", note, async ({ call }) => {
      const headers = {
        accept: "a/b",
        "x-user": "root",
        cookie: "c=1",
        authorization: "Bearer inbound",
        "x-extra": "kept"
      }
      const outcome = await call({ headers, search: "?a=b", clientAuthorization: "Bearer own" })
      expect(await responseOf(outcome).json()).toEqual(answer({ content: [] }))
      expect(await outcome.ending).toEqual({ kind: "finished", failure: undefined })
      assert(seen !== undefined)
      expect(seen.body).toBe('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"seen"}}')
      expect([seen.method, seen.url.pathname, seen.url.search]).toEqual(["POST", "/mcp", "?a=b"])
      const get = (name: string) => seen?.headers.get(name)
      expect([get("x-user"), get("x-tool-name"), get("x-server-name"), get("x-extra")]).toEqual([
        "alice",
        "seen",
        "time",
        "kept"
      ])
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
      expect(failureOf(await call({ path: "/other/%2e%2e/x" })).reason).toBe("broken")
      expect(seen).toBeUndefined()
      responseOf(await call({ path: "/other/x" }))
      expect(seen).toMatchObject({ method: "POST" })
    })
  })
}
