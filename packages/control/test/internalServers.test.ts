/** The replaced system's administrators' routes for servers, by Basic and by bearer, as forms and as JSON. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, ROLES, type Sent, signedIn } from "./support/plane.ts"

const PASSWORD = "correct horse battery"

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` })
const root = basic(`root:${PASSWORD}`)

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const accounts = yield* Accounts
  yield* accounts.put({ username: "root", groups: ROLES.admin }, PASSWORD)
  yield* accounts.put({ username: "dev", groups: ROLES.developer }, PASSWORD)
  yield* registered(CURRENTTIME)
  const ask = (method: string, path: string, sent: Sent = {}) =>
    call(plane, method, `/api/internal/${path}`, { headers: root, ...sent })
  return { plane, ask }
})

const FORM = { name: "New", description: "d", path: "/new/", proxy_pass_url: "http://10.0.0.1/", tags: "x, y" }

describe("contracts §2.8: internal register", () => {
  it.scoped("a form by Basic registers, on and by the account's name; again it edits, and overwrite=false is 409", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const form = {
        ...FORM,
        supported_transports: '["sse"]',
        headers: '[{"Authorization": "Bearer $NEW_AUTH_TOKEN"}]',
        auth_type: "api-key",
        tool_list_json: JSON.stringify([
          { name: "t", parsed_description: { main: "m", args: null, returns: null, raises: null }, schema: {} }
        ])
      }
      const made = yield* ask("POST", "register", { form })
      expect([made.status, made.body]).toMatchObject([
        201,
        {
          message: "Service registered successfully",
          service: {
            path: "/new",
            is_enabled: true,
            registered_by: "root",
            num_tools: 1,
            supported_transports: ["sse"]
          }
        }
      ])
      const edited = yield* ask("POST", "register", { form: { ...FORM, tags: "z" } })
      // What a registration leaves out of a server that is there stays.
      expect([edited.status, edited.body]).toMatchObject([
        201,
        { service: { tags: ["z"], num_tools: 1, auth_type: "api-key", supported_transports: ["sse"] } }
      ])
      const refused = yield* ask("POST", "register", { form: { ...FORM, overwrite: "false" } })
      expect([refused.status, refused.body]).toMatchObject([
        409,
        { error: "Service registration failed", reason: expect.any(String), suggestion: expect.any(String) }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("every wrong field is named at once", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const form = { path: "/api/x", proxy_pass_url: "not-a-valid-url", num_tools: "many", nonsense: "1" }
      const answer = yield* ask("POST", "register", { form })
      expect(answer.status).toBe(400)
      const errors: ReadonlyArray<{ field: string }> = Object(answer.body).errors
      expect(errors.map(({ field }) => field)).toEqual([
        "nonsense",
        "server_name",
        "proxy_pass_url",
        "num_tools",
        "path"
      ])
    }).pipe(Effect.provide(layer()))
  )
})

describe("contracts §2.8: internal remove, toggle, healthcheck, list", () => {
  it.scoped("flip, tell, list and remove", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const flip = () => ask("POST", "toggle", { form: { service_path: "currenttime/" } })
      expect((yield* flip()).body).toMatchObject({ new_enabled_state: false, status: "disabled" })
      expect((yield* flip()).body).toMatchObject({ new_enabled_state: true, status: "healthy" })
      expect((yield* ask("POST", "healthcheck")).body).toEqual({
        "/currenttime": { status: "healthy", last_checked_iso: "1970-01-01T00:00:00.000Z", num_tools: 2 }
      })
      const listed = yield* ask("GET", "list")
      expect(listed.body).toMatchObject({
        total_count: 1,
        services: [
          { server_name: "currenttime", path: "/currenttime", tool_list: [{ name: "current_time_by_timezone" }, {}] }
        ]
      })
      const gone = yield* ask("POST", "remove", { json: { service_path: "/currenttime" } })
      expect(gone.body).toEqual({ message: "Service removed successfully", service_path: "/currenttime" })
      const again = yield* ask("POST", "remove", { form: { service_path: "/currenttime" } })
      expect([again.status, again.body]).toMatchObject([
        404,
        { error: "Service not found", suggestion: expect.any(String) }
      ])
      expect((yield* ask("POST", "toggle")).status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )

  const EVERY = [
    ["POST", "register"],
    ["POST", "remove"],
    ["POST", "toggle"],
    ["POST", "healthcheck"],
    ["GET", "list"]
  ] as const

  it.scoped.each(EVERY)("%s %s: nobody but administrators", ([method, path]) =>
    Effect.gen(function* () {
      const { ask, plane } = yield* start
      const form = { ...FORM, service_path: "/currenttime" }
      const body = method === "GET" ? {} : { form }
      const stranger = yield* call(plane, method, `/api/internal/${path}`, body)
      expect([stranger.status, stranger.body]).toMatchObject([401, { error: "Authentication required" }])
      expect(stranger.headers.get("www-authenticate")).toMatch(/^Basic /)
      const wrong = yield* ask(method, path, { ...body, headers: basic("root:wrong") })
      expect([wrong.status, wrong.body]).toMatchObject([401, { error: "Invalid admin credentials" }])
      expect((yield* ask(method, path, { ...body, headers: basic(`dev:${PASSWORD}`) })).status).toBe(403)
      expect((yield* ask(method, path, { ...body, headers: {}, cookie: yield* signedIn("operator") })).status).toBe(403)
      expect((yield* ask(method, path, { ...body, headers: { ...root, origin: "https://evil.example" } })).status).toBe(
        403
      )
      const registry = yield* Registry
      expect([...registry.snapshot().servers.keys()]).toEqual(["/currenttime"])
      expect(registry.get("/currenttime")?.record.is_enabled).toBe(true)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("the policy's UI permissions decide for administrators too", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      for (const path of ["remove", "toggle"]) {
        expect((yield* ask("POST", path, { form: { service_path: "/currenttime" } })).status).toBe(403)
      }
      expect((yield* ask("POST", "register", { form: FORM })).status).toBe(403)
    }).pipe(
      Effect.provide(
        layer({
          scopes: `
group_mappings: {mcp-registry-admin: [mcp-registry-admin]}
UI-Scopes: {mcp-registry-admin: {list_service: [all]}}
`
        })
      )
    )
  )
})
