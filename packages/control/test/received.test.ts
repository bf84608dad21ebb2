/** A body that is long in coming: whoever was signed out, or lost a right, meanwhile changes nothing with it. Issue 6, by an attack. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { cookieName } from "@mcpgw/identity/SessionCookie"
import { Sessions } from "@mcpgw/identity/Sessions"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { CURRENTTIME, layer, PUBLIC_URL, registered, ROLES, signedIn } from "./support/plane.ts"

const ROUTES: ReadonlyArray<readonly [at: string, body: object]> = [
  ["POST /api/servers", { server_name: "new", path: "/new", proxy_pass_url: "http://10.0.0.1/" }],
  ["PUT /api/servers/new", { server_name: "new", proxy_pass_url: "http://10.0.0.1/" }],
  ["PATCH /api/servers/currenttime", { description: "other" }],
  ["POST /api/register", { server_name: "new", path: "/new", proxy_pass_url: "http://10.0.0.1/" }],
  ["POST /api/toggle/currenttime", { enabled: "off" }],
  ["POST /api/edit/currenttime", { description: "other" }],
  ["POST /api/server-parts/rate/currenttime", { rating: 1 }],
  ["PUT /api/collaborators/currenttime", { collaborators: [] }],
  ["PUT /api/credentials/currenttime", { auth_scheme: "none" }],
  ["POST /api/users", { username: "eve", password: "correct horse battery 9" }],
  ["POST /api/groups", { name: "eves" }],
  ["PUT /api/groups/mcp-registry-user/servers/currenttime", {}],
  ["POST /api/internal/create-group", { group_name: "eves" }],
  ["POST /api/internal/register", { name: "new", path: "/new", proxy_pass_url: "http://10.0.0.1/" }],
  ["POST /api/internal/toggle", { service_path: "/currenttime" }],
  ["POST /api/internal/remove", { service_path: "/currenttime" }],
  ["PUT /api/policy", { text: "{}", revision: "1" }],
  ["POST /api/policy/explain", { groups: [], server: "/currenttime" }],
  ["POST /api/agents", { name: "eve" }],
  ["PUT /api/machine-clients", { issuer: "https://idp.example.com", client_id: "eve", groups: [] }],
  ["POST /api/clients", { client_name: "eve", redirect_uris: ["https://eve.example.com/"] }],
  ["POST /api/keys", { name: "eve" }],
  ["POST /api/account/password", { old_password: "a", new_password: "b" }],
  ["PATCH /api/accounts/someone", { disabled: true }],
  ["POST /api/tokens/generate", {}],
  ["POST /api/tokens/revoke", { token_id: "x" }],
  ["POST /api/import/servers", { servers: [] }],
  ["POST /api/import/registry", { from: "https://registry.example.com" }],
  ["POST /v0.1/publish", { name: "com.example/a", description: "d", version: "1.0.0" }]
]

/** Sends the head and a part of the body; the rest comes after `meanwhile`. */
const slowly = (
  plane: ControlPlane.ControlPlane,
  cookie: string,
  [at, body]: (typeof ROUTES)[number],
  meanwhile: Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function* () {
    const [method = "", path = ""] = at.split(" ")
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const text = new TextEncoder().encode(JSON.stringify(body))
    const headers = { "content-type": "application/json", cookie: `${cookieName(PUBLIC_URL)}=${cookie}` }
    const request = new Request(`${PUBLIC_URL}${path}`, { method, headers, body: readable })
    const answer = plane.handle(request, { remote: "192.0.2.1" })
    // Taken once somebody reads.
    yield* Effect.promise(() => writer.write(text.slice(0, 1)))
    yield* meanwhile
    yield* Effect.promise(async () => {
      await writer.write(text.slice(1))
      await writer.close()
    })
    return (yield* Effect.promise(() => answer)).status
  })

describe("issue 6: rights are judged when the body is there", () => {
  it.scoped("of who was signed out while it came nothing is taken, by any route that changes something", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const sessions = yield* Sessions
      yield* registered(CURRENTTIME)
      yield* (yield* Accounts).put({ username: "admin", groups: ROLES.admin }, "correct horse battery 9")
      const before = (yield* Registry).snapshot().servers
      for (const route of ROUTES) {
        const status = yield* slowly(plane, yield* signedIn("admin"), route, sessions.endAll("admin"))
        expect([route[0], status]).toEqual([route[0], 401])
      }
      expect((yield* Registry).snapshot().servers).toEqual(before)
    }).pipe(Effect.provide(layer()))
  )
})
