/** `/api/servers/{path}/connect-config`: who is shown what, in which form, and that nothing secret is in it. */
import { it } from "@effect/vitest"
import { IDE_NAMES } from "@mcpgw/ide/Client"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { ControlPlaneConfig } from "../src/ControlPlaneConfig.ts"
import {
  call,
  CURRENTTIME,
  layer,
  PUBLIC_URL,
  registered,
  ROLES,
  SECRET,
  type Role,
  signedIn
} from "./support/plane.ts"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET, {
    ...CURRENTTIME,
    server_name: "b",
    path: "/bundled",
    proxy_pass_url: "in-process://x"
  })
  return plane
})

const AT = "/api/servers/currenttime/connect-config"
const names: ReadonlyArray<Role> = ["admin", "developer", "operator", "user", "none"]

describe("contracts §2.13: connect-config", () => {
  it.scoped("all clients, by the gateway's URL and without credentials; one client with its link", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("user")
      const all = yield* call(plane, "GET", AT, { cookie })
      expect(all.status).toBe(200)
      expect(all.body).toMatchObject({
        path: "/currenttime",
        url: `${PUBLIC_URL}/currenttime/mcp`,
        through_gateway: true,
        form: "oauth",
        configs: IDE_NAMES.map((ide) => ({ ide, key: "currenttime" }))
      })
      for (const never of ["s3cret-value", "Authorization", "127.0.0.1"]) expect(all.text).not.toContain(never)
      const one = yield* call(plane, "GET", `${AT}?ide=cursor`, { cookie })
      expect(one.body).toMatchObject({
        configs: [
          {
            ide: "cursor",
            entry: { url: `${PUBLIC_URL}/currenttime/mcp` },
            file: { user: { linux: "~/.cursor/mcp.json" }, project: ".cursor/mcp.json" },
            install_link: expect.stringMatching(/^cursor:\/\/anysphere\.cursor-deeplink\/mcp\/install\?/)
          }
        ]
      })
      expect((yield* call(plane, "GET", "/api/connect-config/currenttime?ide=cursor", { cookie })).body).toEqual(
        one.body
      )
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("the header form has placeholders; with what was sent only when it is POSTed", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("user")
      const asked = yield* call(plane, "GET", `${AT}?ide=kiro&form=headers`, { cookie })
      expect(asked.body).toMatchObject({
        form: "headers",
        configs: [
          { entry: { headers: { "X-API-Key": "${MCP_SERVER_TOKEN}", "X-Authorization": "Bearer ${MCPGW_TOKEN}" } } }
        ]
      })
      const filled = yield* call(plane, "POST", AT, {
        cookie,
        headers: { origin: PUBLIC_URL },
        json: { ide: "kiro", gateway_token: "mine" }
      })
      expect(filled.body).toMatchObject({
        configs: [{ entry: { headers: { "X-Authorization": "Bearer mine", "X-API-Key": "${MCP_SERVER_TOKEN}" } } }]
      })
      expect(filled.headers.get("cache-control")).toBe("no-store")
      const broken = yield* call(plane, "POST", AT, {
        cookie,
        headers: { origin: PUBLIC_URL },
        json: { gateway_token: "se\ncret" }
      })
      expect(broken.status).toBe(400)
      expect(broken.text).not.toContain("cret")
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("an unknown client is refused with the names of all", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("user")
      const wrong = yield* call(plane, "GET", `${AT}?ide=emacs`, { cookie })
      expect([wrong.status, wrong.body]).toMatchObject([
        400,
        { field: "ide", held: '"emacs"', expected: `it may hold ${IDE_NAMES.join(", ")}` }
      ])
      expect((yield* call(plane, "GET", `${AT}?form=x`, { cookie })).body).toMatchObject({ field: "form" })
      const posted = yield* call(plane, "POST", AT, { cookie, headers: { origin: PUBLIC_URL }, json: { ide: "x" } })
      expect(posted.body).toMatchObject({ field: "ide" })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("whoever may see the server, and nobody else", () =>
    Effect.gen(function* () {
      const plane = yield* start
      expect((yield* call(plane, "GET", AT)).status).toBe(401)
      const expected = { currenttime: [200, 200, 200, 200, 404], "finance/payroll": [200, 403, 403, 404, 404] }
      for (const [path, statuses] of Object.entries(expected)) {
        const found = yield* Effect.forEach(names, (role) =>
          Effect.flatMap(signedIn(role), (cookie) =>
            Effect.map(call(plane, "GET", `/api/servers/${path}/connect-config`, { cookie }), ({ status }) => status)
          )
        )
        expect(found).toEqual(statuses)
      }
      expect(Object.keys(ROLES)).toEqual(names)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("what the gateway sends by itself nobody is asked for; `client` and no scheme are the caller's own", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const { auth_type: _, ...plain } = CURRENTTIME
      const schemes = { none: [], bearer: [], api_key: [], client: ["Authorization"] } as const
      for (const [scheme, own] of Object.entries(schemes)) {
        const path = `/s-${scheme.replace("_", "-")}`
        const { trusted_address: _, ...given } = plain
        const credential = scheme === "bearer" || scheme === "api_key" ? { auth_credential: "s3cret-credential" } : {}
        const json = { ...given, ...credential, server_name: path, path, auth_scheme: scheme }
        const made = yield* call(plane, "POST", "/api/register", { cookie, headers: { origin: PUBLIC_URL }, json })
        expect(made.status, made.text).toBe(201)
        const { body, text } = yield* call(plane, "GET", `/api/servers${path}/connect-config?ide=cursor&form=headers`, {
          cookie
        })
        expect(text).not.toContain("s3cret")
        const headers: unknown = Reflect.get(Reflect.get(Reflect.get(Object(body), "configs")[0], "entry"), "headers")
        expect(Object.keys(Object(headers))).toEqual([...own, "X-Authorization"])
      }
    }).pipe(Effect.provide(layer()))
  )

  const registryOnly = Layer.merge(
    layer(),
    ControlPlaneConfig.layerOf({ publicUrl: PUBLIC_URL, deploymentMode: "registry-only" })
  )

  it.scoped("registry-only: the server's own URL, no header of the gateway, and 404 for one that has none", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const asked = yield* call(plane, "GET", `${AT}?ide=codex&form=headers`, { cookie })
      expect(asked.body).toMatchObject({
        through_gateway: false,
        url: "http://127.0.0.1:8000/custom",
        backend: { scheme: "api_key", others: ["X-Key"] },
        configs: [{ entry: { env_http_headers: { "X-Key": "MCP_HEADER_X_KEY", "X-API-Key": "MCP_SERVER_TOKEN" } } }]
      })
      for (const never of ["X-Authorization", "s3cret-value"]) expect(asked.text).not.toContain(never)
      const bundled = yield* call(plane, "GET", "/api/servers/bundled/connect-config?form=headers", { cookie })
      expect([bundled.status, bundled.body]).toMatchObject([200, { backend: { scheme: "none" } }])
      const { mcp_endpoint: _, ...bare } = CURRENTTIME
      yield* registered({ ...bare, server_name: "n", path: "/nowhere", proxy_pass_url: "in-process://x" })
      expect((yield* call(plane, "GET", "/api/servers/nowhere/connect-config", { cookie })).status).toBe(404)
    }).pipe(Effect.provide(registryOnly))
  )
})
