import { it } from "@effect/vitest"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, signedIn } from "./support/plane.ts"

const APP = { client_id: "app", client_name: "App", redirect_uris: ["https://app.example/cb"], confidential: true }
const SECRETS = "/api/clients/app/secrets"

describe("A-25: OAuth clients set up by an administrator", () => {
  it.scoped("administrators only, whatever is asked", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      for (const role of ["developer", "none"] as const) {
        const cookie = yield* signedIn(role)
        for (const [method, path] of [
          ["GET", "/api/clients"],
          ["POST", "/api/clients"],
          ["GET", "/api/clients/app"],
          ["DELETE", "/api/clients/app"],
          ["POST", SECRETS],
          ["DELETE", `${SECRETS}/1`]
        ] as const) {
          const sent = method === "POST" ? { cookie, json: APP } : { cookie }
          expect((yield* call(plane, method, path, sent)).status, `${role} ${method} ${path}`).toBe(403)
          expect((yield* call(plane, method, path, {})).status).toBe(401)
        }
      }
      const cookie = yield* signedIn("admin")
      expect((yield* call(plane, "GET", "/api/clients", { cookie })).body).toEqual({ clients: [] })
      const rows = yield* (yield* AuditRows).read
      // Of who is not known nothing was decided.
      const decided = new Set(rows.map(({ decision, status }) => `${status} ${decision}`))
      expect(decided).toEqual(new Set(["403 deny", "401 none"]))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("set up, given a secret that is shown once, removed; each with its audit row", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const made = yield* call(plane, "POST", "/api/clients", { cookie, json: APP })
      const view = { ...APP, client_uri: null, set_up_by: "admin", secrets: [] }
      expect([made.status, made.body]).toMatchObject([201, view])
      const secret = yield* call(plane, "POST", SECRETS, { cookie, json: {} })
      expect([secret.status, secret.headers.get("cache-control")]).toEqual([201, "no-store"])
      const { id, prefix, secret: text } = Object(secret.body)
      const list = yield* call(plane, "GET", "/api/clients", { cookie })
      expect(list.body).toMatchObject({ clients: [{ ...view, secrets: [{ id, prefix, last_used_at: null }] }] })
      const gone = yield* Effect.forEach([`${SECRETS}/${id}`, `${SECRETS}/${id}`, "/api/clients/app"], (path) =>
        call(plane, "DELETE", path, { cookie })
      )
      expect(gone.map(({ status }) => status)).toEqual([200, 404, 200])
      expect((yield* call(plane, "GET", "/api/clients/app", { cookie })).status).toBe(404)
      const rows = yield* (yield* AuditRows).read
      const changes = rows.filter(({ rule }) => rule === "api:manage_clients")
      expect(changes.map(({ decision, http_method, status }) => [http_method, status, decision])).toEqual([
        ["POST", 201, "allow"],
        ["POST", 201, "allow"],
        ["DELETE", 200, "allow"],
        ["DELETE", 404, "allow"],
        ["DELETE", 200, "allow"],
        ["GET", 404, "none"]
      ])
      expect(list.text + JSON.stringify(rows)).not.toContain(String(text).slice(13))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("400 names the field", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/clients", { cookie, json: APP })
      const rows = [
        ["/api/clients", APP, "client_id"],
        ["/api/clients", { ...APP, client_id: "agent-x" }, "client_id"],
        ["/api/clients", { ...APP, client_name: "" }, "client_name"],
        ["/api/clients", { client_name: "App", redirect_uris: [] }, "redirect_uris"],
        ["/api/clients", { client_name: "App", redirect_uris: ["http://app.example/cb"] }, "redirect_uris.0"],
        ["/api/clients", { client_name: "App", redirect_uris: ["app:/cb"], client_uri: "x" }, "client_uri"],
        ["/api/clients", { ...APP, grant_types: ["client_credentials"] }, "grant_types"],
        [SECRETS, { expires_at: "1969-12-31" }, "expires_at"]
      ] as const
      for (const [path, json, field] of rows) {
        const answer = yield* call(plane, "POST", path, { cookie, json })
        expect([answer.status, answer.body], JSON.stringify(json)).toMatchObject([400, { field }])
      }
      yield* call(plane, "POST", "/api/clients", { cookie, json: { ...APP, client_id: "cli", confidential: false } })
      expect((yield* call(plane, "POST", "/api/clients/cli/secrets", { cookie, json: {} })).status).toBe(400)
      expect((yield* call(plane, "POST", "/api/clients/no/secrets", { cookie, json: {} })).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )
})
