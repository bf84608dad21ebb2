import { it } from "@effect/vitest"
import { Agents } from "@mcpgw/identity/Agents"
import { MachineClients } from "@mcpgw/identity/MachineClients"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, signedIn } from "./support/plane.ts"

const ISSUER = "https://idp.example"
const MACHINE = `/api/machine-clients?issuer=${encodeURIComponent(ISSUER)}&client_id=billing`

describe("agents", () => {
  it.scoped("administrators only, whatever is asked", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const json = { name: "ci", issuer: ISSUER, client_id: "billing", groups: [] }
      for (const role of ["developer", "operator", "user", "none"] as const) {
        const cookie = yield* signedIn(role)
        for (const [method, path] of [
          ["GET", "/api/agents"],
          ["POST", "/api/agents"],
          ["GET", "/api/agents/ci"],
          ["PATCH", "/api/agents/ci"],
          ["DELETE", "/api/agents/ci"],
          ["POST", "/api/agents/ci/secrets"],
          ["DELETE", "/api/agents/ci/secrets/1"],
          ["GET", "/api/machine-clients"],
          ["PUT", "/api/machine-clients"],
          ["DELETE", MACHINE]
        ] as const) {
          const sent = method === "GET" || method === "DELETE" ? { cookie } : { cookie, json }
          expect((yield* call(plane, method, path, sent)).status, `${role} ${method} ${path}`).toBe(403)
          expect((yield* call(plane, method, path, {})).status).toBe(401)
        }
      }
      const rows = yield* (yield* AuditRows).read
      // Of who is not known nothing was decided.
      const decided = new Set(rows.map(({ decision, status }) => `${status} ${decision}`))
      expect(decided).toEqual(new Set(["403 deny", "401 none"]))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("made, given two secrets that live at once, changed, removed", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const agents = yield* Agents
      const cookie = yield* signedIn("admin")
      const created = yield* call(plane, "POST", "/api/agents", { cookie, json: { name: "ci", groups: ["builders"] } })
      const shown = { name: "ci", client_id: "agent-ci", description: "", groups: ["builders"], disabled: false }
      expect([created.status, created.body]).toMatchObject([201, { ...shown, secrets: [] }])
      expect(created.body).toHaveProperty("warnings", ["The policy maps the group 'builders' to no scope"])
      const mapped = yield* call(plane, "POST", "/api/agents", {
        cookie,
        json: { name: "known", groups: ["mcp-registry-user"] }
      })
      expect(mapped.body).not.toHaveProperty("warnings")
      yield* call(plane, "DELETE", "/api/agents/known", { cookie })
      const again = yield* call(plane, "POST", "/api/agents", { cookie, json: { name: "ci" } })
      expect([again.status, again.body]).toMatchObject([400, { field: "name" }])
      const secrets = yield* Effect.forEach([{}, { expires_at: "2999-01-01" }], (json) =>
        call(plane, "POST", "/api/agents/ci/secrets", { cookie, json })
      )
      expect(secrets.map(({ headers, status }) => [status, headers.get("cache-control")])).toEqual([
        [201, "no-store"],
        [201, "no-store"]
      ])
      const texts = secrets.map(({ body }) => String(Object(body).secret))
      for (const text of texts) expect(yield* agents.secretMatches("ci", text)).toBe(true)
      const got = yield* call(plane, "GET", "/api/agents/ci", { cookie })
      expect(Object(got.body).secrets).toMatchObject([
        { expires_at: null, last_used_at: expect.any(String) },
        { expires_at: "2999-01-01T00:00:00.000Z" }
      ])
      const rotated = yield* call(plane, "POST", "/api/agents/ci/secrets", {
        cookie,
        json: { end_others_after_hours: 0 }
      })
      expect(rotated.status).toBe(201)
      for (const text of texts) expect(yield* agents.secretMatches("ci", text)).toBe(false)
      const { id, secret } = Object(rotated.body)
      const list = yield* call(plane, "GET", "/api/agents", { cookie })
      const audit = JSON.stringify(yield* (yield* AuditRows).read)
      for (const text of [...texts, secret]) {
        expect(list.text + got.text + audit).not.toContain(text.slice(13))
      }
      const changed = yield* call(plane, "PATCH", "/api/agents/ci", { cookie, json: { disabled: true } })
      expect([changed.status, changed.body]).toMatchObject([200, { ...shown, disabled: true }])
      expect(yield* agents.secretMatches("ci", secret)).toBe(false)
      const gone = yield* Effect.forEach([`/api/agents/ci/secrets/${id}`, "/api/agents/ci", "/api/agents/ci"], (path) =>
        call(plane, "DELETE", path, { cookie })
      )
      expect(gone.map(({ status }) => status)).toEqual([200, 200, 404])
      const rules = (yield* (yield* AuditRows).read).flatMap(({ decision, rule }) =>
        decision === "allow" && rule?.startsWith("api:manage_agents") === true ? [rule] : []
      )
      expect(new Set(rules.slice(-3))).toEqual(new Set(["api:manage_agents:ci"]))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("400 names the field", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/agents", { cookie, json: { name: "ci" } })
      const rows = [
        ["POST", "/api/agents", { name: "No" }, "name"],
        ["POST", "/api/agents", { name: "x", scopes: [] }, "scopes"],
        ["PATCH", "/api/agents/ci", { disabled: "yes" }, "disabled"],
        ["PATCH", "/api/agents/ci", { name: "other" }, "name"],
        ["POST", "/api/agents/ci/secrets", { expires_at: "1969-12-31" }, "expires_at"],
        ["POST", "/api/agents/ci/secrets", { end_others_after_hours: -1 }, "end_others_after_hours"],
        ["PUT", "/api/machine-clients", { issuer: ISSUER, groups: [] }, "client_id"],
        ["PUT", "/api/machine-clients", { issuer: "", client_id: "x", groups: [] }, "issuer"]
      ] as const
      for (const [method, path, json, field] of rows) {
        const answer = yield* call(plane, method, path, { cookie, json })
        expect([answer.status, answer.body], JSON.stringify(json)).toMatchObject([400, { field }])
      }
      for (const [method, path] of [
        ["PATCH", "/api/agents/no"],
        ["POST", "/api/agents/no/secrets"]
      ] as const) {
        expect((yield* call(plane, method, path, { cookie, json: {} })).status).toBe(404)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("machines of identity providers: put, listed, removed", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const machines = yield* MachineClients
      const cookie = yield* signedIn("admin")
      const json = { issuer: ISSUER, client_id: "billing", groups: ["billing"] }
      expect((yield* call(plane, "PUT", "/api/machine-clients", { cookie, json })).body).toEqual(json)
      expect((yield* call(plane, "GET", "/api/machine-clients", { cookie })).body).toEqual({ machine_clients: [json] })
      expect(machines.groupsOf(ISSUER, "billing")).toEqual(["billing"])
      expect((yield* call(plane, "DELETE", MACHINE, { cookie })).status).toBe(200)
      expect((yield* call(plane, "DELETE", MACHINE, { cookie })).status).toBe(404)
      expect(machines.groupsOf(ISSUER, "billing")).toBeUndefined()
    }).pipe(Effect.provide(layer()))
  )
})
