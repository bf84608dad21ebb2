import { it } from "@effect/vitest"
import { Sessions } from "@mcpgw/identity/Sessions"
import { Registry } from "@mcpgw/registry/Registry"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, type Role, ROLES, SECRET, type Sent, signedIn } from "./support/plane.ts"

interface Row {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly sent?: Sent
  /** Status by role, in the order of `ROLES`: admin, developer, operator, user, none. */
  readonly expected: readonly [number, number, number, number, number]
}

const fresh = { json: { name: "Fresh", path: "/fresh", proxy_pass_url: "http://10.0.0.1/" } }

/** contracts §2.1: the default policy. /currenttime: everybody but `none` has a grant; /finance/payroll: administrators only. */
const TABLE: ReadonlyArray<Row> = [
  { name: "register_service", method: "POST", path: "/api/register", sent: fresh, expected: [201, 201, 403, 403, 403] },
  {
    name: "toggle_service",
    method: "POST",
    path: "/api/toggle/currenttime",
    sent: { form: {} },
    expected: [200, 403, 200, 403, 404]
  },
  {
    name: "toggle_service",
    method: "POST",
    path: "/api/toggle/finance/payroll",
    sent: { form: {} },
    expected: [200, 403, 403, 404, 404]
  },
  {
    name: "modify_service",
    method: "POST",
    path: "/api/edit/currenttime",
    sent: { json: {} },
    expected: [200, 403, 403, 403, 404]
  },
  { name: "modify_service", method: "POST", path: "/api/remove/currenttime", expected: [200, 403, 403, 403, 404] },
  { name: "modify_service", method: "DELETE", path: "/api/servers/currenttime", expected: [200, 403, 403, 403, 404] },
  {
    name: "health_check_service",
    method: "POST",
    path: "/api/refresh/currenttime",
    expected: [200, 200, 200, 403, 404]
  },
  {
    name: "health_check_service",
    method: "POST",
    path: "/api/refresh/finance/payroll",
    expected: [200, 403, 403, 404, 404]
  },
  { name: "list_service", method: "GET", path: "/api/server_details/currenttime", expected: [200, 200, 200, 200, 404] },
  {
    name: "list_service",
    method: "GET",
    path: "/api/server_details/finance/payroll",
    expected: [200, 403, 403, 404, 404]
  },
  { name: "list_service", method: "GET", path: "/api/tools/currenttime", expected: [200, 200, 200, 200, 404] },
  { name: "list_service", method: "GET", path: "/api/tools/finance/payroll", expected: [200, 403, 403, 404, 404] },
  { name: "list_service", method: "GET", path: "/api/server_details/nothing", expected: [404, 404, 404, 404, 404] },
  { name: "any caller", method: "GET", path: "/api/servers", expected: [200, 200, 200, 200, 200] },
  { name: "any caller", method: "GET", path: "/api/auth/me", expected: [200, 200, 200, 200, 200] }
]

const roles: ReadonlyArray<Role> = ["admin", "developer", "operator", "user", "none"]
const cases = TABLE.flatMap((row) => roles.map((role, i) => ({ ...row, role, status: row.expected[i] ?? 0 })))

class Plane extends Context.Tag("permissions/Plane")<Plane, ControlPlane.ControlPlane>() {}

/** One for all rows, because building one takes longer than asking it; in real time, which is what it lives in. */
const whole = Layer.scoped(Plane, ControlPlane.make).pipe(Layer.provideMerge(layer()))

/** The two servers as they are registered, and no other, whatever the row before has done. */
const arranged = Effect.gen(function* () {
  const registry = yield* Registry
  for (const path of [CURRENTTIME.path, SECRET.path, fresh.json.path])
    if (registry.get(path) !== undefined) yield* registry.remove(path)
  yield* registered(CURRENTTIME, SECRET)
})

describe("contracts §2.1, §2.8: permission × role", () => {
  const scope = Effect.runSync(Scope.make())
  let services: Context.Context<Layer.Layer.Success<typeof whole>>
  beforeAll(async () => {
    services = await Effect.runPromise(Layer.buildWithScope(whole, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  it.live.each(cases)("$name: $method $path as $role is $status", ({ method, path, role, sent, status }) =>
    Effect.gen(function* () {
      const plane = yield* Plane
      yield* arranged
      const answer = yield* call(plane, method, path, { ...sent, cookie: yield* signedIn(role) })
      expect(answer.status).toBe(status)
      if (status === 403)
        expect(answer.body).toMatchObject({ error: expect.stringMatching(/^You do not have (permission|access) to /) })
    }).pipe(Effect.provide(services))
  )

  it.live.each(TABLE)("$method $path without a credential is 401 with a challenge", ({ method, path, sent }) =>
    Effect.gen(function* () {
      const plane = yield* Plane
      const answer = yield* call(plane, method, path, sent ?? {})
      expect(answer.status).toBe(401)
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm=/)
      expect(answer.body).toMatchObject({ error: "Authentication required" })
    }).pipe(Effect.provide(services))
  )
})

describe("contracts §2.8: what a caller is shown", () => {
  it.scoped("lists, details, tools and search show what the caller may use, header names only to who may modify", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME, SECRET)
      const cookie = yield* signedIn("developer")
      const get = (path: string) => call(plane, "GET", path, { cookie })
      expect((yield* get("/api/servers")).text).not.toContain("payroll")
      expect(Object.keys(Object((yield* get("/api/server_details/all")).body))).toEqual(["/currenttime"])
      const details = yield* get("/api/server_details/currenttime")
      expect(details.body).toMatchObject({ headers: [], tool_list: [{ name: "current_time_by_timezone" }] })
      expect(details.text).not.toMatch(/X-Key|s3cret-value|set_clock/)
      expect((yield* get("/api/tools/currenttime")).text).not.toContain("set_clock")
      const all = yield* get("/api/tools/all")
      expect(all.body).toMatchObject({ tools: [{ name: "current_time_by_timezone", server_path: "/currenttime" }] })
      expect(all.text).not.toMatch(/set_clock|payroll/)
      const admin = yield* call(plane, "GET", "/api/server_details/currenttime", { cookie: yield* signedIn("admin") })
      expect(admin.text).toContain(`"headers":[{"X-Key":"(sealed)"}]`)
      expect(admin.text).not.toMatch(/s3cret-value/)
      expect(admin.text).toMatch(/set_clock/)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a display name carries permissions: nobody renames a server into one they may not modify", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered({ ...CURRENTTIME, server_name: "Mine" })
      const sessions = yield* Sessions
      const cookie = yield* sessions.create({ username: "owner", groups: ["owners"] })
      const rename = (server_name: string) =>
        call(plane, "POST", "/api/edit/currenttime", { cookie, json: { server_name } })
      expect((yield* rename("Payroll")).status).toBe(403)
      expect((yield* rename("Mine")).status).toBe(200)
    }).pipe(
      Effect.provide(
        layer({
          scopes: `
group_mappings: {owners: [owner]}
UI-Scopes: {owner: {list_service: [all], modify_service: [Mine]}}
owner: [{server: "*", methods: [tools/list], tools: []}]
`
        })
      )
    )
  )
})

describe("design §6: the audit record", () => {
  it.scoped("has a row for every change and refusal, none for allowed reads, and no secret", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME)
      const cookie = yield* signedIn("admin")
      yield* call(plane, "GET", "/api/servers", { cookie })
      yield* call(plane, "POST", "/api/search/semantic", { cookie, json: { query: "time" } })
      yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: { headers: [{ "X-Key": "other-s3cret" }] } })
      yield* call(plane, "POST", "/api/edit/currenttime", { cookie: yield* signedIn("user"), json: {} })
      yield* call(plane, "GET", "/api/servers", { bearer: "not.a.token" })
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(
        rows.map(({ decision, http_method, outcome, rule, server, status, username }) => ({
          decision,
          http_method,
          outcome,
          rule,
          server,
          status,
          username
        }))
      ).toEqual([
        {
          decision: "allow",
          http_method: "POST",
          outcome: "ok",
          rule: "api:modify_service",
          server: "/currenttime",
          status: 200,
          username: "admin"
        },
        {
          decision: "deny",
          http_method: "POST",
          outcome: "refused",
          rule: "api:modify_service",
          server: "/currenttime",
          status: 403,
          username: "user"
        },
        {
          decision: "none",
          http_method: "GET",
          outcome: "refused",
          rule: "auth:malformed",
          server: null,
          status: 401,
          username: null
        }
      ])
      expect(JSON.stringify(rows)).not.toMatch(/s3cret|not\.a\.token/)
      expect(JSON.stringify(rows)).not.toContain(cookie)
      expect(Object.keys(ROLES)).toEqual(roles)
    }).pipe(Effect.provide(layer()))
  )
})
