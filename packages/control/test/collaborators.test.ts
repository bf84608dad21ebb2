/** Who works on a server: what their role adds to what their scopes give, and what it never does. design §6: deny by default. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { cookieName } from "@mcpgw/identity/SessionCookie"
import { Sessions } from "@mcpgw/identity/Sessions"
import { Tokens } from "@mcpgw/identity/Tokens"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import { Registry } from "@mcpgw/registry/Registry"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, SECRET, type Sent, signedIn } from "./support/plane.ts"

const PASSWORD = "a long enough passphrase"

/** Members of `staff` have a grant on currenttime, and may not even list it. */
const SCOPES = `
group_mappings: { staff: [staff], ops: [staff], mcp-registry-admin: [mcp-registry-admin] }
UI-Scopes: { mcp-registry-admin: { list_service: [all], modify_service: [all] } }
staff: [{ server: currenttime, methods: [tools/list], tools: [set_clock] }]
`

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  const accounts = yield* Accounts
  for (const username of ["mona", "uma", "zoe"]) yield* accounts.put({ username, groups: ["staff"] }, PASSWORD)
  const sessions = yield* Sessions
  const session = (username: string, groups: ReadonlyArray<string> = ["staff"]) => sessions.create({ username, groups })
  const admin = yield* signedIn("admin")
  const set = (collaborators: ReadonlyArray<unknown>, sent: Sent = { cookie: admin }) =>
    call(plane, "PUT", "/api/servers/currenttime/collaborators", { ...sent, json: { collaborators } })
  return { plane, session, admin, set }
})

const mona = { kind: "person", name: "mona", role: "manager" } as const
const uma = { kind: "person", name: "uma", role: "user" } as const
const ops = { kind: "group", name: "ops", role: "manager" } as const

describe("collaborators", () => {
  it.scoped("a manager sees, edits, switches, checks and deletes their server; a user sees it; others nothing", () =>
    Effect.gen(function* () {
      const { plane, session, set } = yield* start
      const asks = (cookie: string) => {
        const ask = (method: string, path: string, sent: Sent = {}) =>
          Effect.map(call(plane, method, path, { cookie, ...sent }), ({ status }) => status)
        return Effect.all([
          ask("GET", "/api/server_details/currenttime"),
          ask("POST", "/api/edit/currenttime", { json: { description: "new", server_name: "currenttime" } }),
          ask("POST", "/api/toggle/currenttime", { form: { enabled: "on" } }),
          ask("POST", "/api/refresh/currenttime"),
          ask("GET", "/api/servers/currenttime/collaborators"),
          ask("DELETE", "/api/servers/currenttime")
        ])
      }
      const [forMona, forUma] = [yield* session("mona"), yield* session("uma")]
      expect(yield* asks(forMona), "nobody is anything yet").toEqual([403, 403, 403, 403, 403, 403])
      expect((yield* set([uma, mona])).body).toEqual({ server_path: "/currenttime", collaborators: [mona, uma] })
      expect(yield* asks(yield* session("zoe"))).toEqual([403, 403, 403, 403, 403, 403])
      expect(yield* asks(forUma)).toEqual([200, 403, 403, 403, 403, 403])
      expect(yield* asks(forMona)).toEqual([200, 200, 200, 200, 200, 200])
      expect((yield* Registry).get("/currenttime")).toBeUndefined()
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped(
    "issue 6: whoever works on a server sees its health, as a map and as events; nobody else more than before",
    () =>
      Effect.gen(function* () {
        const { plane, session, set } = yield* start
        yield* set([uma, ops])
        const people = [
          [yield* session("uma"), ["/currenttime"]],
          [yield* session("ann", ["ops"]), ["/currenttime"]],
          [yield* session("zoe"), []],
          [yield* session("uma", []), []]
        ] as const
        for (const [cookie, seen] of people) {
          const map = yield* call(plane, "GET", "/api/health/ws/health_status", { cookie })
          expect([map.status, Object.keys(Object(map.body))]).toEqual([200, seen])
          const request = new Request(`${PUBLIC_URL}/api/health/events`, {
            headers: { cookie: `${cookieName(PUBLIC_URL)}=${cookie}` }
          })
          const events = yield* Effect.promise(() => plane.handle(request, { remote: "192.0.2.1" }))
          expect(events.status).toBe(200)
          const reader = events.body?.getReader()
          const decoder = new TextDecoder()
          let text = ""
          while (!/^data: .*\n\n/m.test(text)) {
            const part = yield* Effect.promise(async () => reader?.read())
            if (part?.value === undefined) throw new Error(`it ended after ${JSON.stringify(text)}`)
            text += decoder.decode(part.value, { stream: true })
          }
          expect(Object.keys(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? ""))).toEqual(seen)
          yield* Effect.promise(async () => reader?.cancel())
        }
      }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("design §6: a role gives nobody a server that their scopes do not, and no name of another one", () =>
    Effect.gen(function* () {
      const { admin, plane, session, set } = yield* start
      yield* set([mona, ops])
      const edit = (cookie: string, json: unknown = {}) =>
        Effect.map(call(plane, "POST", "/api/edit/currenttime", { cookie, json }), ({ status }) => status)
      expect(yield* edit(yield* session("mona", []))).toBe(404)
      expect(yield* edit(yield* session("mona", ["other"]))).toBe(404)
      expect(yield* edit(yield* session("ann", ["ops"]))).toBe(200)
      expect(yield* edit(yield* session("mona"), { server_name: "Payroll" })).toBe(403)
      const payroll = { cookie: admin, json: { collaborators: [mona] } }
      expect((yield* call(plane, "PUT", "/api/servers/finance/payroll/collaborators", payroll)).status).toBe(200)
      const cookie = yield* session("mona")
      expect((yield* call(plane, "GET", "/api/server_details/finance/payroll", { cookie })).status).toBe(404)
      expect((yield* call(plane, "DELETE", "/api/servers/finance/payroll", { cookie })).status).toBe(404)
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("a manager names others, themselves signed in; a token or key of theirs manages nothing", () =>
    Effect.gen(function* () {
      const { plane, session, set } = yield* start
      yield* set([mona])
      const cookie = yield* session("mona")
      expect((yield* set([mona, uma], { cookie })).status).toBe(200)
      const owner = { issuer: PUBLIC_URL, subject: "mona", username: "mona" }
      const { token } = yield* (yield* Tokens).issue({
        owner,
        ownerScopes: ["staff"],
        scopes: undefined,
        hours: 1,
        description: undefined
      })
      for (const bearer of [token]) {
        expect((yield* set([], { bearer })).status).toBe(403)
        expect((yield* call(plane, "POST", "/api/edit/currenttime", { bearer, json: {} })).status).toBe(403)
        expect((yield* call(plane, "DELETE", "/api/servers/currenttime", { bearer })).status).toBe(403)
        expect((yield* call(plane, "GET", "/api/server_details/currenttime", { bearer })).status).toBe(200)
      }
      expect((yield* set([], { cookie: yield* session("uma") })).status).toBe(403)
      const gone = yield* call(plane, "DELETE", "/api/servers/currenttime/collaborators?name=UMA", { cookie })
      expect(gone.body).toMatchObject({ collaborators: [mona] })
      const again = yield* call(plane, "DELETE", "/api/servers/currenttime/collaborators?name=uma", { cookie })
      expect(again.status).toBe(404)
      expect((yield* call(plane, "DELETE", "/api/servers/currenttime/collaborators", { cookie })).status).toBe(200)
      expect((yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: {} })).status).toBe(403)
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("people of other issuers who are called alike are nobody here", () =>
    Effect.gen(function* () {
      const { plane, set } = yield* start
      yield* set([mona])
      const owner = { issuer: "https://other.example", subject: "mona", username: "mona" }
      const { token: bearer } = yield* (yield* Tokens).issue({
        owner,
        ownerScopes: ["staff"],
        scopes: undefined,
        hours: 1,
        description: undefined
      })
      expect((yield* call(plane, "GET", "/api/server_details/currenttime", { bearer })).status).toBe(403)
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("a name without an account, a wrong role and an unknown field are refused, and nothing is changed", () =>
    Effect.gen(function* () {
      const { set } = yield* start
      yield* set([mona])
      const nobody = yield* set([uma, { kind: "person", name: "nobody", role: "user" }])
      expect([nobody.status, nobody.body]).toMatchObject([400, { field: "collaborators.1.name" }])
      expect((yield* set([{ ...uma, role: "owner" }])).status).toBe(400)
      const server = (yield* Registry).get("/currenttime")
      expect(server === undefined ? [] : (yield* Collaborators).of(server.record)).toEqual([mona])
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("design §6: an account that is removed works on no server, nor does whoever gets its name", () =>
    Effect.gen(function* () {
      const { admin, plane, set } = yield* start
      yield* set([mona, uma])
      expect((yield* call(plane, "DELETE", "/api/users/mona", { cookie: admin })).status).toBe(200)
      const server = (yield* Registry).get("/currenttime")
      expect(server === undefined ? [] : (yield* Collaborators).of(server.record)).toEqual([uma])
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("design §6: an edit is judged by what holds when its body has come", () =>
    Effect.gen(function* () {
      const { plane, session, set } = yield* start
      yield* set([mona])
      const cookie = yield* session("mona")
      const held = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const body = new ReadableStream<Uint8Array>(
        {
          pull: async (controller) => {
            asked.resolve()
            await held.promise
            controller.enqueue(new TextEncoder().encode(JSON.stringify({ description: "late" })))
            controller.close()
          }
        },
        { highWaterMark: 0 }
      )
      const headers = { "content-type": "application/json", cookie: `${cookieName(PUBLIC_URL)}=${cookie}` }
      const request = new Request(`${PUBLIC_URL}/api/edit/currenttime`, { method: "POST", headers, body })
      const answer = plane.handle(request, { remote: "192.0.2.1" })
      yield* Effect.promise(() => asked.promise)
      yield* set([])
      held.resolve()
      expect((yield* Effect.promise(() => answer)).status).toBe(403)
      expect((yield* Registry).get("/currenttime")?.record.description).not.toBe("late")
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("a server registered anew has nobody of the one before, and every change is on record", () =>
    Effect.gen(function* () {
      const { admin, plane, session, set } = yield* start
      yield* set([mona])
      yield* call(plane, "DELETE", "/api/servers/currenttime", { cookie: admin })
      yield* TestClock.adjust("1 second")
      yield* registered(CURRENTTIME)
      const cookie = yield* session("mona")
      expect((yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: {} })).status).toBe(403)
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(rows.map(({ decision, rule, server }) => [rule, server, decision])).toEqual([
        ["api:manage_collaborators", "/currenttime", "allow"],
        ["api:modify_service", "/currenttime", "allow"],
        ["api:visibility", "/currenttime", "deny"]
      ])
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )
})
