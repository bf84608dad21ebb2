import { it } from "@effect/vitest"
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import type { ProbeResult } from "@mcpgw/health/Probe"
import { Registry } from "@mcpgw/registry/Registry"
import { RequestTrail } from "../src/RequestTrail.ts"
import * as Effect from "effect/Effect"
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

describe("contracts §2.8: register", () => {
  it.scoped("JSON and form make the same record, enabled and probed; enabled=false leaves it off", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const registry = yield* Registry
      const cookie = yield* signedIn("admin")
      const fields = { name: "Same", description: "d", proxy_pass_url: "http://10.0.0.1:1/" }
      yield* call(plane, "POST", "/api/register", {
        cookie,
        form: { ...fields, path: "/a", tags: "x, y", num_stars: "2" }
      })
      yield* call(plane, "POST", "/api/register", {
        cookie,
        json: { ...fields, path: "b/", tags: ["x", "y"], num_stars: 2, license: null }
      })
      const off = yield* call(plane, "POST", "/api/register", {
        cookie,
        form: { ...fields, path: "/c", enabled: "false" }
      })
      expect(off.status).toBe(201)
      const [a, b, c] = [registry.get("/a"), registry.get("/b"), registry.get("/c")]
      expect({ ...a?.record, path: "" }).toEqual({ ...b?.record, path: "" })
      expect(a?.record.is_enabled).toBe(true)
      expect(a?.record.registered_by).toBe("admin")
      expect(c?.record.is_enabled).toBe(false)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("answers before the check is done", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const answer = yield* call(plane, "POST", "/api/register", {
        cookie,
        json: { server_name: "Slow", path: "/slow", proxy_pass_url: "http://10.0.0.1/" }
      })
      expect(answer.status).toBe(201)
    }).pipe(Effect.provide(layer({ probe: () => Effect.never })))
  )

  it.scoped("a path that is taken: 400 with the contract's sentence, in any case of letters", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const answer = yield* call(plane, "POST", "/api/register", {
        cookie,
        form: { name: "x", description: "", path: "/currenttime/", proxy_pass_url: "http://10.0.0.1/" }
      })
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({ error: "Service with path '/currenttime' already exists or failed to save" })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each([
    { json: { path: "/x", proxy_pass_url: "http://a/" }, field: "server_name", held: "nothing" },
    { json: { name: "x", path: "/x", proxy_pass_url: "ftp://a/" }, field: "proxy_pass_url", held: '"ftp://a/"' },
    {
      json: { name: "x", path: "/x", proxy_pass_url: "http://u:pw@a/" },
      field: "proxy_pass_url",
      held: '"http://(hidden)@a/"'
    },
    { json: { name: "x", path: "/api", proxy_pass_url: "http://a/" }, field: "path", held: '"/api"' },
    {
      json: { name: "x", path: "/x", proxy_pass_url: "http://a/", num_tools: "many" },
      field: "num_tools",
      held: '"many"'
    },
    {
      json: { name: "x", path: "/x", proxy_pass_url: "http://a/", headers: ["s3cret"] },
      field: "headers.0",
      held: "(hidden)"
    }
  ])("names the field, what it held and what it may hold: $field", ({ field, held, json }) =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const answer = yield* call(plane, "POST", "/api/register", { cookie, json })
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({ field, held, expected: expect.any(String), error: expect.any(String) })
      expect(answer.text).not.toMatch(/pw@|s3cret/)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(["proxy_pass_url", "mcp_endpoint", "sse_endpoint"])(
    "design §6: an in-process address is refused in %s, for administrators too",
    (field) =>
      Effect.gen(function* () {
        const plane = yield* start
        const cookie = yield* signedIn("admin")
        for (const url of ["in-process://mcpgw", " IN-Process://mcpgw/"]) {
          const json = { name: "x", path: "/x", proxy_pass_url: "http://10.0.0.1/", [field]: url }
          const answer = yield* call(plane, "POST", "/api/register", { cookie, json })
          expect(answer.status).toBe(400)
          expect(answer.body).toMatchObject({ field })
          const edit = yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: { [field]: url } })
          expect(edit.status).toBe(400)
        }
        expect((yield* Registry).get("/x")).toBeUndefined()
      }).pipe(Effect.provide(layer()))
  )
})

describe("design §6: servers bundled with the gateway", () => {
  it.scoped("can be edited without moving them", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered({ server_name: "Demo", path: "/demo", proxy_pass_url: "in-process://demo" })
      const cookie = yield* signedIn("admin")
      const edit = (json: unknown) => call(plane, "POST", "/api/edit/demo", { cookie, json })
      expect((yield* edit({ proxy_pass_url: "in-process://demo", license: "X" })).status).toBe(200)
      expect((yield* edit({ proxy_pass_url: "in-process://mcpgw" })).status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )
})

describe("design §6, SSRF: who vouches for an address", () => {
  const MODIFYING = `
group_mappings: {mcp-registry-admin: [mcp-registry-admin], mcp-registry-developer: [dev, all/execute]}
UI-Scopes:
  mcp-registry-admin: {list_service: [all], register_service: [all], modify_service: [all]}
  dev: {list_service: [all], register_service: [all], modify_service: [all]}
all/execute:
  - {server: "*", methods: "*", tools: "*"}
`
  const trusted = Effect.map(Registry, (registry) => registry.get("/x")?.record.trusted_address)
  const json = { name: "x", path: "/x", proxy_pass_url: "http://10.0.0.1/", trusted_address: true }

  it.scoped("only an administrator's registration is trusted", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* call(plane, "POST", "/api/register", { cookie: yield* signedIn("developer"), json })
      expect(yield* trusted).toBe(false)
      const cookie = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/edit/x", { cookie, json: { description: "only words" } })
      expect(yield* trusted).toBe(false)
      // Repeating what somebody else chose vouches for nothing.
      yield* call(plane, "POST", "/api/edit/x", {
        cookie,
        json: { proxy_pass_url: "http://10.0.0.1/", description: "d" }
      })
      expect(yield* trusted).toBe(false)
      yield* call(plane, "POST", "/api/edit/x", { cookie, json: { proxy_pass_url: "http://10.0.0.2/" } })
      expect(yield* trusted).toBe(true)
    }).pipe(Effect.provide(layer({ scopes: MODIFYING })))
  )

  it.scoped("an administrator's edit of one address does not vouch for another that is somebody else's", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const hidden = { ...json, proxy_pass_url: "https://example.com/mcp", mcp_endpoint: "http://10.0.0.9/internal" }
      yield* call(plane, "POST", "/api/register", { cookie: yield* signedIn("developer"), json: hidden })
      const cookie = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/edit/x", { cookie, json: { proxy_pass_url: "https://example.com/v2/mcp" } })
      expect(yield* trusted).toBe(false)
    }).pipe(Effect.provide(layer({ scopes: MODIFYING })))
  )

  it.scoped.each(["proxy_pass_url", "mcp_endpoint", "sse_endpoint"])(
    "someone else's change of %s takes the trust away",
    (field) =>
      Effect.gen(function* () {
        const plane = yield* ControlPlane.make
        yield* call(plane, "POST", "/api/register", { cookie: yield* signedIn("admin"), json })
        const cookie = yield* signedIn("developer")
        yield* call(plane, "POST", "/api/edit/x", {
          cookie,
          json: { proxy_pass_url: "http://10.0.0.1/", description: "d" }
        })
        expect(yield* trusted).toBe(true)
        const edit = yield* call(plane, "POST", "/api/edit/x", { cookie, json: { [field]: "http://169.254.169.254/" } })
        expect(edit.status).toBe(200)
        expect(yield* trusted).toBe(false)
      }).pipe(Effect.provide(layer({ scopes: MODIFYING })))
  )
})

describe("contracts §2.8: paths and sentences", () => {
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

  it.scoped("tools: 503 while nothing is known; a refresh brings the inventory", () => {
    let result: ProbeResult = { status: "unhealthy: connection error", tools: undefined }
    return Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* registered({ server_name: "New", path: "/new", proxy_pass_url: "http://10.0.0.1/" })
      expect((yield* call(plane, "GET", "/api/tools/new", { cookie })).status).toBe(503)
      const failed = yield* call(plane, "POST", "/api/refresh/new", { cookie })
      expect(failed.body).toMatchObject({ status: "unhealthy: connection error", num_tools: 0 })
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
      expect((yield* post("x", { "content-type": "multipart/form-data; boundary=x" })).body).toMatchObject({
        field: "content-type"
      })
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
      expect((yield* call(plane, "GET", "/toggle/currenttime", { cookie })).status).toBe(404)
      expect((yield* RequestTrail).id).toBe("")
    }).pipe(Effect.provide(layer()))
  )
})
