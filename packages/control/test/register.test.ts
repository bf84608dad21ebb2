/** Registering and moving servers: what a registration may hold, what its answer tells, whose address is trusted. */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, SECRET, signedIn } from "./support/plane.ts"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  return plane
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

  it.scoped("waits two seconds for the check, and then answers without it", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const json = { server_name: "Slow", path: "/slow", proxy_pass_url: "http://10.0.0.1/" }
      const asked = yield* Effect.fork(call(plane, "POST", "/api/register", { cookie, json }))
      // The body is read by the platform, in steps no test clock knows: time may pass before the wait begins.
      let answer = yield* Fiber.poll(asked)
      while (Option.isNone(answer)) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* TestClock.adjust("2 seconds")
        answer = yield* Fiber.poll(asked)
      }
      expect(yield* asked).toMatchObject({ status: 201, body: { health: { status: "checking" } } })
    }).pipe(Effect.provide(layer({ probe: () => Effect.never })))
  )

  it.scoped.each([
    ["healthy", "healthy", /answers MCP/],
    ["healthy-auth-expired", "healthy-auth-expired", /credential of its own/],
    ["unhealthy: connection error", "unhealthy: connection error", /is it running.*503/],
    ["unhealthy: timeout", "unhealthy: timeout", /in time.*503/],
    ["unhealthy: status 404", "unhealthy: status 404", /HTTP 404.*mcp_endpoint/],
    ["unhealthy: endpoint check failed", "unhealthy: endpoint check failed", /no MCP endpoint/],
    ["error: address not allowed by the egress policy", "error: address not allowed", /MCPGW_ALLOWED_UPSTREAMS/]
  ] as const)("says what the check found, in words: %s", ([status, shown, words]) =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const json = { server_name: "New", path: "/new", proxy_pass_url: "http://10.0.0.1/" }
      const answer = yield* call(plane, "POST", "/api/register", { cookie: yield* signedIn("admin"), json })
      expect(answer.body).toMatchObject({
        message: "Service registered successfully",
        health: { status: expect.stringContaining(shown), detail: expect.stringMatching(words) }
      })
    }).pipe(Effect.provide(layer({ probe: () => ({ status, tools: undefined }) })))
  )

  it.scoped("one that is registered off says so", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const form = { name: "Off", path: "/off", proxy_pass_url: "http://10.0.0.1/", enabled: "false" }
      const answer = yield* call(plane, "POST", "/api/register", { cookie: yield* signedIn("admin"), form })
      expect(answer.body).toMatchObject({
        health: { status: "disabled", detail: expect.stringMatching(/toggle\/off/) }
      })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a field that does not exist is named, with those that do; nothing is registered", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const fields = { name: "x", path: "/x", proxy_pass_url: "http://10.0.0.1/" }
      for (const field of ["tag", "trusted_address", "auth_schema"]) {
        for (const sent of [{ json: { ...fields, [field]: true } }, { form: { ...fields, [field]: "true" } }]) {
          const answer = yield* call(plane, "POST", "/api/register", { cookie, ...sent })
          expect(answer.status).toBe(400)
          expect(answer.body).toMatchObject({ field, expected: expect.stringMatching(/proxy_pass_url.*tags/) })
        }
      }
      expect((yield* Registry).get("/x")).toBeUndefined()
    }).pipe(Effect.provide(layer()))
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
  const json = { name: "x", path: "/x", proxy_pass_url: "http://10.0.0.1/" }

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
        const edit = yield* call(plane, "POST", "/api/edit/x", { cookie, json: { [field]: "http://10.0.0.7/" } })
        expect(edit.status).toBe(200)
        expect(yield* trusted).toBe(false)
      }).pipe(Effect.provide(layer({ scopes: MODIFYING })))
  )
})

describe("design §6, SSRF: addresses that are never called", () => {
  const METADATA = [
    "http://169.254.169.254/latest",
    "http://2852039166/",
    "http://[fe80::1]:8080/",
    "http://0.0.0.0:9000/"
  ]
  const fields = { name: "x", path: "/x", proxy_pass_url: "http://10.0.0.1/" }

  it.scoped.each(["proxy_pass_url", "mcp_endpoint", "sse_endpoint"])(
    "are refused in words in %s, for administrators too",
    (field) =>
      Effect.gen(function* () {
        const plane = yield* start
        const cookie = yield* signedIn("admin")
        for (const url of METADATA) {
          const answer = yield* call(plane, "POST", "/api/register", { cookie, json: { ...fields, [field]: url } })
          expect([answer.status, answer.body]).toMatchObject([
            400,
            { field, expected: expect.stringMatching(/link-local.*MCPGW_ALLOWED_UPSTREAMS/) }
          ])
          const edit = yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: { [field]: url } })
          expect([edit.status, edit.body]).toMatchObject([400, { field }])
        }
        expect((yield* Registry).get("/x")).toBeUndefined()
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("are taken when that very address is listed; one that is registered may be repeated in an edit", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const proxy_pass_url = "http://169.254.0.7:9000/"
      const answer = yield* call(plane, "POST", "/api/register", { cookie, json: { ...fields, proxy_pass_url } })
      expect(answer.status).toBe(201)
      yield* registered({ server_name: "Old", path: "/old", proxy_pass_url: "http://169.254.0.8/" })
      const edit = (url: string) =>
        call(plane, "POST", "/api/edit/old", { cookie, json: { proxy_pass_url: url, license: "X" } })
      expect((yield* edit("http://169.254.0.8/")).status).toBe(200)
      expect((yield* edit("http://169.254.0.9/")).status).toBe(400)
    }).pipe(Effect.provide(layer({ allowed: ["169.254.0.7"] })))
  )
})
