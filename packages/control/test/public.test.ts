/** What anyone may read: the public list of servers and the API's description. */
import { it } from "@effect/vitest"
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { ControlPlaneConfig } from "../src/ControlPlaneConfig.ts"
import { openApiDocument } from "../src/openApi.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, SECRET, signedIn } from "./support/plane.ts"

const MODIFYING = `
group_mappings: {mcp-registry-admin: [mcp-registry-admin], mcp-registry-developer: [dev, all/execute]}
UI-Scopes:
  mcp-registry-admin: {list_service: [all], register_service: [all], modify_service: [all]}
  dev: {list_service: [all], register_service: [all], modify_service: [all]}
all/execute:
  - {server: "*", methods: "*", tools: "*"}
`

const READING = `
group_mappings: {mcp-registry-admin: [mcp-registry-admin, all/execute], mcp-registry-developer: [dev, all/execute]}
UI-Scopes:
  mcp-registry-admin: {list_service: [all], register_service: [all], modify_service: [all]}
  dev: {list_service: [all]}
all/execute:
  - {server: "*", methods: "*", tools: "*"}
`

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  const list = call(plane, "GET", "/.well-known/mcp-servers")
  return { plane, list }
})

describe("contracts §2.8: /.well-known/mcp-servers", () => {
  it.scoped(
    "no server is public unless an administrator says so; then with its true health, and nothing of where it is",
    () =>
      Effect.gen(function* () {
        const { list, plane } = yield* start
        expect((yield* list).body).toMatchObject({ version: "1.0", servers: [] })
        const cookie = yield* signedIn("admin")
        yield* (yield* HealthMonitor).probeNow("/currenttime")
        const made = yield* call(plane, "PATCH", "/api/servers/currenttime", { cookie, json: { visibility: "public" } })
        expect(made.status).toBe(200)
        const shown = yield* list
        expect(shown.headers.get("cache-control")).toBe("public, max-age=300")
        expect(shown.body).toMatchObject({
          servers: [
            {
              name: "currenttime",
              url: "https://mcp.example.com/currenttime/mcp",
              transport: "streamable-http",
              authentication: { type: "oauth2", required: true },
              capabilities: ["tools"],
              health_status: "unhealthy",
              tools_preview: [{ name: "current_time_by_timezone" }, { name: "set_clock" }]
            }
          ]
        })
        expect(shown.text).not.toMatch(/127\.0\.0\.1|s3cret|seed/)
        yield* (yield* Registry).toggle("/currenttime", false)
        expect((yield* list).body).toMatchObject({ servers: [] })
        yield* (yield* Registry).toggle("/currenttime", true)
        yield* call(plane, "PATCH", "/api/servers/currenttime", { cookie, json: { visibility: null } })
        expect((yield* list).body).toMatchObject({ servers: [] })
      }).pipe(Effect.provide(layer({ probe: () => ({ status: "unhealthy: timeout", tools: undefined }) })))
  )

  it.scoped("whoever may edit a server may not make it public, may edit one that is, and may take it back", () =>
    Effect.gen(function* () {
      const { plane } = yield* start
      const [admin, cookie] = [yield* signedIn("admin"), yield* signedIn("developer")]
      const patch = (who: string, json: unknown) =>
        Effect.map(call(plane, "PATCH", "/api/servers/currenttime", { cookie: who, json }), ({ status }) => status)
      expect(yield* patch(cookie, { visibility: "public" })).toBe(403)
      const json = { server_name: "x", path: "/x", proxy_pass_url: "http://10.0.0.1/", visibility: "public" }
      expect((yield* call(plane, "POST", "/api/register", { cookie, json })).status).toBe(403)
      expect(yield* patch(admin, { visibility: "public" })).toBe(200)
      expect(yield* patch(cookie, { visibility: "public", license: "X" })).toBe(200)
      expect(yield* patch(cookie, { visibility: "private" })).toBe(200)
      expect(yield* patch(cookie, { visibility: "public" })).toBe(403)
    }).pipe(Effect.provide(layer({ scopes: MODIFYING })))
  )

  it.scoped("ENABLE_WELLKNOWN_DISCOVERY=false: 404", () =>
    Effect.gen(function* () {
      expect((yield* (yield* start).list).status).toBe(404)
    }).pipe(Effect.provide(layer({ wellKnownDiscovery: false })))
  )
})

describe("DEPLOYMENT_MODE=registry-only", () => {
  const registryOnly = Layer.merge(
    layer({ scopes: MODIFYING }),
    ControlPlaneConfig.layerOf({ publicUrl: PUBLIC_URL, deploymentMode: "registry-only" })
  )

  it.scoped(
    "contracts §1.15: the public list tells each server's own URL and its own way in, nothing behind a `?`",
    () =>
      Effect.gen(function* () {
        const { list } = yield* start
        const { mcp_endpoint: _mcp, sse_endpoint: _sse, supported_transports: _both, ...bare } = CURRENTTIME
        const open = { ...bare, visibility: "public" as const, trusted_address: false }
        const at = (name: string, more: object) => ({ ...open, server_name: name, path: `/${name}`, ...more })
        yield* registered(
          at("bundled", { proxy_pass_url: "in-process://x" }),
          at("keyed", { proxy_pass_url: "https://keyed.example.com/mcp?key=s3cret-value", auth_header_name: "X-Mine" }),
          at("open", { proxy_pass_url: "https://open.example.com/", auth_type: "none", supported_transports: ["sse"] }),
          at("other", { proxy_pass_url: "https://other.example.com/", auth_type: "oauth", auth_scheme: "bearer" })
        )
        const shown = yield* list
        expect(shown.body).toMatchObject({
          servers: [
            {
              name: "keyed",
              url: "https://keyed.example.com/mcp",
              transport: "streamable-http",
              authentication: { type: "api-key", required: true, header: "X-Mine" }
            },
            {
              name: "open",
              url: "https://open.example.com/sse",
              transport: "sse",
              authentication: { type: "none", required: false }
            },
            {
              name: "other",
              url: "https://other.example.com/mcp",
              authentication: { type: "oauth2", required: true }
            }
          ]
        })
        expect(shown.text).not.toMatch(/s3cret|mcp\.example\.com\/(?:keyed|open|other|oauth)/)
      }).pipe(Effect.provide(registryOnly))
  )

  it.scoped("no server's route is a resource of ours: the whole alone has a document (RFC 9728)", () =>
    Effect.gen(function* () {
      const { plane } = yield* start
      const status = (path: string) =>
        Effect.map(call(plane, "GET", `/.well-known/oauth-protected-resource${path}`), (answer) => answer.status)
      expect([yield* status(""), yield* status("/"), yield* status("/currenttime/mcp")]).toEqual([200, 200, 404])
    }).pipe(Effect.provide(registryOnly))
  )
})

describe("SECURITY: the query of a server's URL may hold a key", () => {
  it.scoped("only who may modify the server is shown it, in lists and documents", () =>
    Effect.gen(function* () {
      const { plane } = yield* start
      const url = "https://q.example.com/mcp?key=s3cret-query"
      const server = {
        server_name: "currenttime",
        path: "/q",
        proxy_pass_url: url,
        sse_endpoint: url,
        mcp_endpoint: url
      }
      yield* registered(server)
      const paths = ["/api/servers", "/api/servers/q", "/api/server_details/q", "/api/server_details/all"]
      for (const path of paths) {
        const [admin, user] = [yield* signedIn("admin"), yield* signedIn("developer")]
        const [all, some] = [
          yield* call(plane, "GET", path, { cookie: admin }),
          yield* call(plane, "GET", path, { cookie: user })
        ]
        expect([all.status, some.status]).toEqual([200, 200])
        expect(all.text).toContain("s3cret-query")
        expect(some.text).toContain("https://q.example.com/mcp")
        expect(some.text).not.toContain("s3cret-query")
      }
    }).pipe(Effect.provide(layer({ scopes: READING })))
  )
})

describe("/docs", () => {
  it.scoped("shows every operation, and needs no script and no other host", () =>
    Effect.gen(function* () {
      const { plane } = yield* start
      const page = yield* call(plane, "GET", "/docs")
      expect(page.headers.get("content-type")).toMatch(/^text\/html/)
      expect(page.headers.get("content-security-policy")).toMatch(/default-src 'none'/)
      const paths = Object.keys(Object(openApiDocument()["paths"]))
      expect(paths).toContain("/api/servers/{path}/rate")
      for (const path of paths) expect(page.text).toContain(`<code>${path}</code>`)
      expect(page.text).not.toMatch(/<script|https?:\/\/|src=/)
    }).pipe(Effect.provide(layer()))
  )

  it("every answer of every operation has a schema, but those that have no body", () => {
    const bare: Array<string> = []
    for (const [path, methods] of Object.entries(Object(openApiDocument()["paths"]))) {
      for (const [method, operation] of Object.entries(Object(methods))) {
        for (const [status, response] of Object.entries(Object(Object(operation).responses))) {
          if (Object(response).content === undefined) bare.push(`${method} ${path} ${status}`)
        }
      }
    }
    expect(bare.filter((line) => !/ (?:204|302|303|304)$/.test(line))).toEqual([])
  })
})
