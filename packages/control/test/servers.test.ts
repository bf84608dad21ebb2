import { it } from "@effect/vitest"
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import type { ProbeResult } from "@mcpgw/health/Probe"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import { Registry } from "@mcpgw/registry/Registry"
import { RequestTrail } from "../src/RequestTrail.ts"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { expectGolden } from "./support/golden.ts"
import { call, CURRENTTIME, layer, registered, SECRET, signedIn, tool } from "./support/plane.ts"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  return plane
})

describe("contracts §2.8: wire shapes", () => {
  it.scoped("list, details, tools, toggle, refresh, edit, remove, register", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const monitor = yield* HealthMonitor
      yield* Effect.forEach(["/currenttime", "/finance/payroll"], monitor.probeNow)
      expectGolden("servers", (yield* call(plane, "GET", "/api/servers", { cookie })).body)
      expectGolden("server_details", (yield* call(plane, "GET", "/api/server_details/currenttime", { cookie })).body)
      expectGolden("server_details_all", (yield* call(plane, "GET", "/api/server_details/all", { cookie })).body)
      expectGolden("tools", (yield* call(plane, "GET", "/api/tools/currenttime/", { cookie })).body)
      expectGolden("tools_all", (yield* call(plane, "GET", "/api/tools/all", { cookie })).body)
      const off = yield* call(plane, "POST", "/api/toggle/currenttime", { cookie, form: {} })
      expectGolden("toggle_off", off.body)
      const on = yield* call(plane, "POST", "/api/toggle/currenttime", { cookie, form: { enabled: "on" } })
      expectGolden("toggle_on", on.body)
      expectGolden("refresh", (yield* call(plane, "POST", "/api/refresh/currenttime", { cookie })).body)
      const edited = yield* call(plane, "POST", "/api/edit/currenttime", { cookie, form: { tags: "a, b" } })
      expectGolden("edit", edited.body)
      expectGolden("remove", (yield* call(plane, "POST", "/api/remove/currenttime", { cookie })).body)
      const fresh = yield* call(plane, "POST", "/api/register", {
        cookie,
        form: { name: "Fresh", description: "New", path: "fresh/one/", proxy_pass_url: "http://10.0.0.9/", tags: "x,y" }
      })
      expect(fresh.status).toBe(201)
      expectGolden("register", fresh.body)
    }).pipe(Effect.provide(layer()))
  )
})

describe("contracts §2.8: paths and sentences", () => {
  it.scoped("a route asked with a method it does not have: 405, and which it has", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const login = yield* call(plane, "GET", "/api/auth/login")
      expect([login.status, login.headers.get("allow")]).toEqual([405, "POST"])
      expect(login.body).toMatchObject({ error: "Method not allowed", detail: expect.stringMatching(/POST/) })
      expect(login.text).toMatch(/sign-in page is \/login; here POST username and password/)
      const register = yield* call(plane, "GET", "/api/register")
      expect([register.status, register.headers.get("allow")]).toEqual([405, "POST"])
      const servers = yield* call(plane, "PUT", "/api/servers")
      expect([servers.status, servers.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"])
      const logout = yield* call(plane, "DELETE", "/api/auth/logout")
      expect(logout.headers.get("allow")).toBe("GET, HEAD, POST")
      const one = yield* call(plane, "GET", "/api/toggle/a/b")
      expect([one.status, one.headers.get("allow")]).toEqual([405, "POST"])
      expect((yield* call(plane, "GET", "/api/toggle")).status).toBe(404)
      // contracts §2.16: pages of the replaced system; here they are no pages, and say what is taken there.
      for (const path of ["/register", "/toggle/a/b", "/edit/a/b"]) {
        for (const method of ["GET", "HEAD", "PUT"]) {
          const old = yield* call(plane, method, path)
          expect([old.status, old.headers.get("allow")]).toEqual([405, "POST"])
          if (method === "GET") expect(old.text).toMatch(/There is no page for this: POST/)
        }
      }
      expect((yield* call(plane, "GET", "/toggle")).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(["finance/payroll", "/finance/payroll", "finance/payroll/", "/finance/payroll/", "finance%2Fpayroll"])(
    "%s names /finance/payroll",
    (path) =>
      Effect.gen(function* () {
        const plane = yield* start
        const answer = yield* call(plane, "GET", `/api/server_details/${path}`, { cookie: yield* signedIn("admin") })
        expect(answer.status).toBe(200)
        expect(answer.body).toMatchObject({ path: "/finance/payroll" })
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("unknown: 404; disabled: 400; DELETE removes; off and gone hold for the next request", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const unknown = yield* call(plane, "POST", "/api/toggle/nothing/here", { cookie, form: { enabled: "on" } })
      expect([unknown.status, unknown.body]).toMatchObject([404, { error: "Service path not registered" }])
      const off = yield* call(plane, "POST", "/api/toggle/currenttime", { cookie, json: { enabled: false } })
      expect(off.body).toMatchObject({ new_enabled_state: false, status: "disabled" })
      const tools = yield* call(plane, "GET", "/api/tools/currenttime", { cookie })
      expect([tools.status, tools.body]).toMatchObject([400, { error: "Cannot fetch tools from disabled service" }])
      const refresh = yield* call(plane, "POST", "/api/refresh/currenttime", { cookie })
      expect([refresh.status, refresh.body]).toMatchObject([400, { error: "Cannot refresh disabled service" }])
      const gone = yield* call(plane, "DELETE", "/api/servers/currenttime", { cookie })
      expect([gone.status, gone.body]).toMatchObject([200, { service_path: "/currenttime" }])
      expect((yield* call(plane, "GET", "/api/server_details/currenttime", { cookie })).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "toggle (contracts §2.8): JSON that does not say true or false switches nothing; a form without the box is off",
    () =>
      Effect.gen(function* () {
        const plane = yield* start
        const cookie = yield* signedIn("admin")
        const send = (body: object) => call(plane, "POST", "/api/toggle/currenttime", { cookie, ...body })
        const isEnabled = Effect.map(Registry, (registry) => registry.get("/currenttime")?.record.is_enabled)
        for (const enabled of [undefined, null, "", "maybe", "onward", 1, 0, [], ["on"], {}]) {
          const refused = yield* send({ json: { enabled } })
          expect([enabled, refused.status, yield* isEnabled]).toEqual([enabled, 400, true])
          expect(refused.text).toContain("enabled")
        }
        for (const json of [{ foo: 1 }, { enabled: false, foo: 1 }]) {
          const refused = yield* send({ json })
          expect([refused.status, yield* isEnabled]).toEqual([400, true])
          expect(refused.body).toMatchObject({ field: "foo", expected: "it may be enabled" })
        }
        for (const [body, to] of [
          [{ json: { enabled: false } }, false],
          [{ json: { enabled: true } }, true],
          [{ json: { enabled: "OFF" } }, false],
          [{ json: { enabled: "on" } }, true],
          [{ form: {} }, false],
          [{ form: { enabled: "on" } }, true],
          [{ form: { enabled: "maybe" } }, false]
        ] as const) {
          expect((yield* send(body)).body).toMatchObject({ new_enabled_state: to })
          expect(yield* isEnabled).toBe(to)
        }
        const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
        const switched = rows.flatMap(({ rule }) => /^api:toggle_service:(.*)/.exec(rule ?? "")?.[1] ?? [])
        expect(switched).toEqual(["off", "on", "off", "on", "off", "on", "off"])
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("tools: 503 while nothing is known; a refresh brings the inventory", () => {
    let result: ProbeResult = { status: "unhealthy: connection error", tools: undefined }
    return Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* registered({ server_name: "New", path: "/new", proxy_pass_url: "http://10.0.0.1/" })
      expect((yield* call(plane, "GET", "/api/tools/new", { cookie })).status).toBe(503)
      const failed = yield* call(plane, "POST", "/api/refresh/new", { cookie })
      expect(failed.body).toMatchObject({
        message: expect.stringMatching(/^Service \/new was checked: unhealthy: connection error\. Nothing answers/),
        status: "unhealthy: connection error",
        num_tools: 0,
        health: { status: "unhealthy: connection error", detail: expect.stringContaining("Nothing answers") }
      })
      result = { status: "healthy", tools: [tool("found")] }
      const refresh = yield* call(plane, "POST", "/api/refresh/new", { cookie })
      expect(refresh.body).toMatchObject({
        status: "healthy",
        num_tools: 1,
        message: "Service /new refreshed successfully"
      })
      expect((yield* call(plane, "GET", "/api/tools/new", { cookie })).body).toMatchObject({
        tools: [{ name: "found" }]
      })
    }).pipe(Effect.provide(layer({ probe: () => result })))
  })

  it.effect("a refresh whose check takes longer than is waited for says so, and calls nothing refreshed", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* registered({ server_name: "Slow", path: "/slow", proxy_pass_url: "http://10.0.0.1/" })
      const asked = yield* Effect.fork(call(plane, "POST", "/api/refresh/slow", { cookie }))
      yield* Effect.yieldNow().pipe(
        Effect.zipRight(TestClock.adjust("1 second")),
        Effect.zipRight(Fiber.poll(asked)),
        Effect.repeat({ until: Option.isSome })
      )
      expect((yield* Fiber.join(asked)).body).toMatchObject({
        message: "Service /slow is still being checked: what is told is what was known before",
        health: { detail: expect.any(String) }
      })
    }).pipe(Effect.scoped, Effect.provide(layer({ probe: () => Effect.never })))
  )

  it.scoped("query looks in name, description and tags", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const names = (query: string) =>
        Effect.map(call(plane, "GET", `/api/servers?query=${query}`, { cookie }), ({ text }) =>
          [...text.matchAll(/"path":"([^"]*)"/g)].map(([, path]) => path)
        )
      expect(yield* names("PAYROLL")).toEqual(["/finance/payroll"])
      expect(yield* names("salaries")).toEqual(["/finance/payroll"])
      expect(yield* names("clock")).toEqual(["/currenttime", "/finance/payroll"])
      expect(yield* names("nothing+like+it")).toEqual([])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("unreadable requests have the API's own shape", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const post = (body: string, headers: Record<string, string> = {}) =>
        call(plane, "POST", "/api/register", { cookie, body, headers })
      expect((yield* post("{")).body).toMatchObject({ error: "Invalid JSON in request body" })
      expect((yield* post("[]")).status).toBe(400)
      const headers = { "content-type": "multipart/form-data; boundary=x" }
      const form = yield* post("x", headers)
      expect([form.status, form.body]).toMatchObject([400, { error: "The form could not be read" }])
      const json = yield* call(plane, "POST", "/api/servers", { cookie, body: "x", headers })
      expect([json.status, json.body]).toMatchObject([400, { field: "content-type" }])
      expect((yield* post(`{"name":"${"x".repeat(2_200_000)}"}`)).status).toBe(413)
      const twice = yield* call(plane, "GET", "/api/servers?query=a&query=b", { cookie })
      expect([twice.status, twice.body]).toMatchObject([400, { field: "query" }])
      expect((yield* call(plane, "GET", "/api/nothing", { cookie })).body).toMatchObject({ error: "Not found" })
      expect((yield* call(plane, "GET", "/api/server_details/%zz", { cookie })).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("contracts §2.16: the unprefixed spellings", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const off = yield* call(plane, "POST", "/toggle/currenttime", { cookie, form: { enabled: "" } })
      expect(off.body).toMatchObject({ new_enabled_state: false })
      const edit = yield* call(plane, "POST", "/edit/finance/payroll", {
        cookie,
        form: { license: "X" },
        headers: { accept: "text/html" }
      })
      expect([edit.status, edit.headers.get("location")]).toEqual([303, "/"])
      expect((yield* Registry).get("/finance/payroll")?.record.license).toBe("X")
      expect((yield* call(plane, "GET", "/toggle/currenttime", { cookie })).status).toBe(405)
      expect((yield* RequestTrail).id).toBe("")
    }).pipe(Effect.provide(layer()))
  )
})
