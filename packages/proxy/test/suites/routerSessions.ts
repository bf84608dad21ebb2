/** Contract of `ProxyRouter`: sealed sessions. Run by `proxyRouterSuite`. */
import { assert, describe, expect } from "@effect/vitest"
import { VERSION_META } from "@mcpgw/mcp/Envelope"
import { open } from "@mcpgw/mcp/SessionSeal"
import { answer, event, EVENTS, json } from "../support/Answers.ts"
import type { Handler, Law } from "../support/Bench.ts"
import { alice, bob, claimsOf, responseOf } from "../support/Call.ts"

export const routerSessions = (law: Law): void => {
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
        if (method !== "initialize") return json(answer({ content: [] }), 200, headers)
        return stream
          ? new Response(`: hi\n\n${event({ jsonrpc: "2.0", method: "notifications/message" })}${event(opened)}`, {
              headers: { ...headers, ...EVENTS }
            })
          : json(opened, 200, headers)
      }

    for (const [kind, handler] of [["JSON", server(false)] as const, ["a stream", server(true)] as const]) {
      law(`initialize answered by ${kind}: the id is sealed, the version is in the seal`, handler, async (bench) => {
        const response = responseOf(await bench.call({ message: "initialize" }))
        const sealed = response.headers.get("mcp-session-id") ?? ""
        expect(sealed).toMatch(/^v1\.[\x21-\x7e]+$/)
        expect(open(bench.keys.sealing, sealed)).toMatchObject({
          upstreamId: RAW,
          version: "2025-11-25",
          owner: { subject: "id-of-alice" }
        })
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

    law(
      "it opens for nobody else, nowhere else, no longer, and not for a server registered anew",
      server(false),
      async (bench) => {
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
        expect(
          opens(alice.claims, { ...time, record: { ...time.record, registered_at: "2027-01-01T00:00:00.000Z" } })
        ).toBe(false)
        for (const forged of ["", RAW, `${sealed}x`, sealed.slice(1)]) {
          expect(bench.gate.open(forged, alice.claims, time, now)).toBeUndefined()
        }
      },
      { sessionSeconds: 60 }
    )

    law("a modern request gets no session, whatever the server says", server(false), async ({ call }) => {
      const params = { name: "seen", _meta: { [VERSION_META]: "2026-07-28" } }
      const response = responseOf(await call({ message: { jsonrpc: "2.0", id: 1, method: "tools/call", params } }))
      expect(response.headers.has("mcp-session-id")).toBe(false)
    })
  })
}
