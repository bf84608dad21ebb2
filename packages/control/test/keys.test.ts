import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, type Role, ROLES, SECRET, type Sent, signedIn } from "./support/plane.ts"

const PASSWORD = "correct horse battery 9"

/** An account and a session of someone in that role. */
const person = (role: Role) =>
  Effect.gen(function* () {
    yield* (yield* Accounts).put({ username: role, groups: ROLES[role] }, PASSWORD)
    return yield* signedIn(role)
  })

const make = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "POST", "/api/keys", sent)

const made = (plane: ControlPlane.ControlPlane, sent: Sent) =>
  Effect.map(make(plane, sent), ({ body }) => ({ id: String(Object(body).id), key: String(Object(body).key) }))

describe("API keys", () => {
  it.scoped("made, shown once, used, listed with last use and limits, revoked: the next request is 401", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME)
      const cookie = yield* person("developer")
      const json = { name: "laptop", expires_at: "2999-01-31", servers: ["/currenttime"] }
      const answer = yield* make(plane, { cookie, json })
      expect(answer.status).toBe(201)
      expect(answer.headers.get("cache-control")).toBe("no-store")
      const { id, key, prefix } = Object(answer.body)
      expect(key).toMatch(/^mcpgw_[A-Za-z0-9]{55}$/)
      const me = yield* call(plane, "GET", "/api/auth/me", { bearer: key })
      expect(me.body).toMatchObject({ username: "developer", auth_method: "api_key", is_admin: false })
      const list = yield* call(plane, "GET", "/api/keys", { cookie })
      expect(list.body).toEqual({
        keys: [
          {
            id,
            prefix,
            name: "laptop",
            owner: "developer",
            created_at: expect.stringMatching(/Z$/),
            expires_at: "2999-01-31T00:00:00.000Z",
            last_used_at: expect.stringMatching(/Z$/),
            groups: null,
            scopes: null,
            servers: ["/currenttime"],
            tools: null
          }
        ]
      })
      expect(list.text).not.toContain(key.slice(12))
      expect((yield* call(plane, "DELETE", `/api/keys/${id}`, { cookie })).body).toEqual({ success: true, id })
      const after = yield* call(plane, "GET", "/api/servers", { bearer: key })
      expect([after.status, after.body]).toMatchObject([401, { detail: expect.stringContaining("revoked") }])
      const rows = JSON.stringify(yield* (yield* AuditRows).read)
      expect(rows).toContain("api:create_key")
      expect(rows).toContain("api:revoke_key")
      expect(rows).not.toContain(key.slice(6))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "design §6: a key, a token or a stranger makes none, neither keys nor tokens; an unlimited key is its owner otherwise",
    () =>
      Effect.gen(function* () {
        const plane = yield* ControlPlane.make
        const cookie = yield* person("admin")
        const { key } = yield* made(plane, { cookie, json: { name: "all" } })
        const token = yield* call(plane, "POST", "/api/tokens/generate", { cookie, json: {} })
        const bearer: string = Object(token.body).tokens.access_token
        for (const sent of [{ bearer: key }, { bearer }]) {
          const answer = yield* make(plane, { ...sent, json: { name: "more" } })
          expect([answer.status, answer.body]).toMatchObject([
            403,
            { error: expect.stringContaining("can not make keys") }
          ])
        }
        const minted = yield* call(plane, "POST", "/api/tokens/generate", { bearer: key, json: {} })
        expect([minted.status, minted.body]).toMatchObject([403, { error: "An API key can not make tokens" }])
        expect((yield* make(plane, { json: { name: "x" } })).status).toBe(401)
        expect((yield* call(plane, "GET", "/api/keys", { bearer: key })).status).toBe(403)
        for (const path of ["/api/agents", "/api/machine-clients"]) {
          expect((yield* call(plane, "GET", path, { bearer: key })).status).toBe(200)
        }
        for (const sent of [{ bearer: key }, { bearer }]) {
          const agent = yield* call(plane, "POST", "/api/agents", { ...sent, json: { name: "ci" } })
          expect([agent.status, agent.body]).toMatchObject([403, { error: expect.stringContaining("manage agents") }])
        }
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("least authority: an administrator's key that is limited to a server sees it, and manages nothing", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME, SECRET)
      const cookie = yield* person("admin")
      const zero = { name: "zero", tools: { "/currenttime": ["set_clok", "set_clock"] } }
      const mistyped = yield* call(plane, "POST", "/api/keys", { cookie, json: zero })
      expect(mistyped.body).toHaveProperty("warnings", ["/currenttime lists no tool 'set_clok' now"])
      for (const json of [
        { name: "one", servers: ["/currenttime"] },
        { name: "two", tools: { "/currenttime": ["set_clock"] } }
      ]) {
        const { key: bearer } = yield* made(plane, { cookie, json })
        const seen = yield* call(plane, "GET", "/api/servers", { bearer })
        expect(Object(seen.body).servers.map(({ path }: { path: string }) => path)).toEqual(["/currenttime"])
        const tools = yield* call(plane, "GET", "/api/tools/currenttime", { bearer })
        expect(Object(tools.body).tools.length).toBe(json.name === "one" ? 2 : 1)
        const statuses = yield* Effect.forEach(
          [
            ["POST", "/api/register", { name: "Fresh", path: "/fresh", proxy_pass_url: "http://10.0.0.1/" }],
            ["POST", "/api/toggle/currenttime", {}],
            ["POST", "/api/edit/currenttime", { description: "x" }],
            ["POST", "/api/refresh/currenttime", {}],
            ["DELETE", "/api/servers/currenttime", undefined],
            ["GET", "/api/agents", undefined]
          ] as const,
          ([method, path, body]) => call(plane, method, path, { bearer, ...(body === undefined ? {} : { json: body }) })
        )
        expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
        const payroll = yield* call(plane, "GET", "/api/server_details/finance/payroll", { bearer })
        expect(payroll.status).toBe(404)
        const search = yield* call(plane, "POST", "/api/search/semantic", { bearer, json: { query: "salaries clock" } })
        expect(search.text).not.toMatch(/payroll|salaries"/i)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a key's scopes and groups are its owner's or fewer", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* person("developer")
      const me = yield* call(plane, "GET", "/api/auth/me", { cookie })
      const scopes: ReadonlyArray<string> = Object(me.body).scopes
      const { key } = yield* made(plane, { cookie, json: { name: "few", scopes: scopes.slice(1, 2) } })
      const few = yield* call(plane, "GET", "/api/auth/me", { bearer: key })
      expect(Object(few.body).scopes).toEqual(scopes.slice(1, 2))
      for (const [field, json] of [
        ["scopes.0", { name: "x", scopes: ["mcp-registry-admin"] }],
        ["groups.0", { name: "x", groups: ["mcp-registry-admin"] }]
      ] as const) {
        const answer = yield* make(plane, { cookie, json })
        expect([answer.status, answer.body]).toMatchObject([400, { field }])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("400 names the field; what does not exist and what one may not use are answered alike", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME, SECRET)
      const cookie = yield* person("user")
      const rows: ReadonlyArray<readonly [string | undefined, unknown]> = [
        ["server", { name: "x", server: ["/currenttime"] }],
        ["name", {}],
        ["name", { name: " " }],
        ["expires_at", { name: "x", expires_at: "tomorrow" }],
        ["expires_at", { name: "x", expires_at: 1_900_000_000 }],
        ["expires_at", { name: "x", expires_at: "1969-12-31" }],
        ["expires_at", { name: "x", expires_at: "2999-02-31T25:00:00Z" }],
        ["servers", { name: "x", servers: "/currenttime" }],
        ["servers", { name: "x", servers: [] }],
        ["servers.0", { name: "x", servers: ["/currenttime/"] }],
        ["servers.0", { name: "x", servers: ["/currenttime/../finance/payroll"] }],
        ["tools./currenttime.0", { name: "x", tools: { "/currenttime": ["*"] } }],
        ["tools", { name: "x", tools: ["/currenttime/set_clock"] }]
      ]
      for (const [field, json] of rows) {
        const answer = yield* make(plane, { cookie, json })
        expect([answer.status, answer.body], JSON.stringify(json)).toMatchObject([400, { field }])
      }
      const past = yield* make(plane, { cookie, json: { name: "x", expires_at: "1969-12-31" } })
      expect(past.body).toMatchObject({
        field: "expires_at",
        held: '"1969-12-31"',
        expected: "it must be in the future"
      })
      const listed = yield* make(plane, { cookie, json: { name: "x", tools: ["x"] } })
      expect(listed.body).toMatchObject({
        field: "tools",
        expected: expect.stringContaining("tools by server, such as")
      })
      const [hidden, absent] = yield* Effect.forEach(["/finance/payroll", "/finance/nowhere"], (path) =>
        make(plane, { cookie, json: { name: "x", servers: [path] } })
      )
      expect(hidden?.text.replaceAll("payroll", "nowhere")).toBe(absent?.text)
      expect((yield* call(plane, "GET", "/api/keys", { cookie })).body).toEqual({ keys: [] })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("own keys only; administrators name an owner; a key may end itself and no other", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const user = yield* person("user")
      const developer = yield* person("developer")
      const admin = yield* person("admin")
      const one = yield* made(plane, { cookie: user, json: { name: "one" } })
      const two = yield* made(plane, { cookie: user, json: { name: "two" } })
      const twice = yield* make(plane, { cookie: user, json: { name: "one " } })
      expect([twice.status, twice.body]).toMatchObject([400, { field: "name", held: '"one"' }])
      const remove = (id: string, sent: Sent, query = "") => call(plane, "DELETE", `/api/keys/${id}${query}`, sent)
      expect((yield* call(plane, "GET", "/api/keys", { cookie: developer })).body).toEqual({ keys: [] })
      expect((yield* call(plane, "GET", "/api/keys?owner=user", { cookie: developer })).status).toBe(403)
      expect((yield* remove(one.id, { cookie: developer })).status).toBe(404)
      expect((yield* remove(one.id, { cookie: developer }, "?owner=user")).status).toBe(403)
      expect((yield* remove(one.id, { bearer: two.key })).status).toBe(403)
      expect((yield* remove(one.id, { bearer: one.key })).status).toBe(200)
      expect((yield* call(plane, "GET", "/api/servers", { bearer: one.key })).status).toBe(401)
      expect(Object((yield* call(plane, "GET", "/api/keys?owner=user", { cookie: admin })).body).keys).toHaveLength(1)
      expect((yield* remove(two.id, { cookie: admin })).status).toBe(404)
      expect((yield* remove(two.id, { cookie: admin }, "?owner=USER")).status).toBe(200)
      expect((yield* call(plane, "GET", "/api/servers", { bearer: two.key })).status).toBe(401)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a key sent to /api/tokens/revoke ends too, and is off the list", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* person("user")
      const { id, key } = yield* made(plane, { cookie, json: { name: "x" } })
      const other = yield* call(plane, "POST", "/api/tokens/revoke", {
        cookie: yield* signedIn("developer"),
        json: { token: key }
      })
      expect(other.status).toBe(403)
      const answer = yield* call(plane, "POST", "/api/tokens/revoke", { cookie, json: { token: key } })
      expect(answer.body).toEqual({ success: true, token_id: id, known: true })
      expect((yield* call(plane, "GET", "/api/servers", { bearer: key })).status).toBe(401)
      expect((yield* call(plane, "GET", "/api/keys", { cookie })).body).toEqual({ keys: [] })
      expect((yield* call(plane, "DELETE", `/api/keys/${id}`, { cookie })).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("405 where a method is not", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const answer = yield* call(plane, "GET", "/api/keys/x", { cookie: yield* signedIn("user") })
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "DELETE"])
      expect((yield* call(plane, "GET", "/api/keys/x/y")).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )
})
