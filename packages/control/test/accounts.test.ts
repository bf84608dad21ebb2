/** Everybody's accounts: who may see and change them, what that shows, and what it refuses. What it ends: `apps/gateway/test/oauth/ending.test.ts`. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { ApiKeys } from "@mcpgw/identity/ApiKeys"
import { Sessions } from "@mcpgw/identity/Sessions"
import { Tokens } from "@mcpgw/identity/Tokens"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, PUBLIC_URL, ROLES, type Sent, signedIn } from "./support/plane.ts"

const PASSWORD = "a long enough passphrase"
const ALICE = { username: "Alice", groups: [...ROLES.user, "spare"] }

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const accounts = yield* Accounts
  yield* accounts.put(ALICE, PASSWORD)
  const profile = { subject: "1", username: "alice", email: "bo@example.com", displayName: "Bo", groups: ["staff"] }
  yield* accounts.signIn("keycloak", profile)
  return plane
})

const change = (plane: ControlPlane.ControlPlane, username: string, sent: Sent) =>
  call(plane, "PATCH", `/api/accounts/${username}`, sent)

describe("accounts", () => {
  it.scoped("administrators see who there is, and nothing of passwords", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const { body, status } = yield* call(plane, "GET", "/api/accounts", { cookie: yield* signedIn("admin") })
      expect([status, body]).toEqual([
        200,
        {
          accounts: [
            {
              username: "Alice",
              provider: "local",
              email: null,
              display_name: null,
              groups: ALICE.groups,
              disabled: false
            },
            {
              username: "alice@keycloak",
              provider: "keycloak",
              email: "bo@example.com",
              display_name: "Bo",
              groups: ["staff"],
              disabled: false
            }
          ]
        }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("nobody else does, and no token or key of an administrator changes one", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const json = { disabled: true }
      for (const role of ["developer", "operator", "user", "none"] as const) {
        const cookie = yield* signedIn(role)
        expect((yield* call(plane, "GET", "/api/accounts", { cookie })).status).toBe(403)
        expect((yield* change(plane, "alice", { cookie, json })).status).toBe(403)
      }
      expect((yield* change(plane, "alice", { json })).status).toBe(401)
      const owner = { issuer: PUBLIC_URL, subject: "root", username: "root" }
      const scopes = ["mcp-registry-admin"]
      const { token: bearer } = yield* (yield* Tokens).issue({
        owner,
        ownerScopes: scopes,
        scopes: undefined,
        hours: 1,
        description: undefined
      })
      yield* (yield* Accounts).put({ username: "root", groups: ROLES.admin }, PASSWORD)
      const key = yield* (yield* ApiKeys).create("root", {
        name: "k",
        expiresAt: undefined,
        groups: undefined,
        limits: undefined
      })
      for (const credential of [bearer, key.text]) {
        expect((yield* change(plane, "alice", { bearer: credential, json })).status).toBe(403)
      }
      const headers = { origin: "https://evil.example" }
      expect((yield* change(plane, "alice", { cookie: yield* signedIn("admin"), headers, json })).status).toBe(403)
      expect(yield* (yield* Accounts).get("alice")).toMatchObject({ disabled: false })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("are disabled, let in again and moved between groups, whatever the case of the name; on record", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const accounts = yield* Accounts
      const cookie = yield* signedIn("admin")
      const shown = { username: "Alice", provider: "local", groups: ALICE.groups }
      expect((yield* change(plane, "ALICE", { cookie, json: { disabled: true } })).body).toMatchObject({
        ...shown,
        disabled: true
      })
      const login = call(plane, "POST", "/api/auth/login", { json: { username: "alice", password: PASSWORD } })
      expect((yield* login).status).toBe(401)
      expect((yield* change(plane, "alice", { cookie, json: { disabled: false } })).body).toMatchObject(shown)
      expect((yield* login).status).toBe(200)
      const moved = yield* change(plane, "alice%40keycloak", { cookie, json: { groups: ["a", "b"] } })
      expect(moved.body).toMatchObject({ username: "alice@keycloak", groups: ["a", "b"], disabled: false })
      expect(yield* accounts.get("alice@keycloak")).toMatchObject({ groups: ["a", "b"] })
      const rows = yield* (yield* AuditRows).read
      const managed = rows.filter(({ rule }) => rule?.startsWith("api:manage_accounts"))
      expect(managed.map(({ decision, rule }) => [decision, rule])).toEqual([
        ["allow", "api:manage_accounts:ALICE"],
        ["allow", "api:manage_accounts:alice"],
        ["allow", "api:manage_accounts:alice@keycloak"]
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("S-05: a group less ends sessions, tokens and keys; a group more ends sessions alone", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const person = yield* (yield* Sessions).create(ALICE)
      const made = yield* call(plane, "POST", "/api/tokens/generate", { cookie: person, json: {} })
      const bearer = /"access_token":"([^"]*)"/.exec(made.text)?.[1] ?? ""
      const key = yield* call(plane, "POST", "/api/keys", { cookie: person, json: { name: "laptop" } })
      const sent: ReadonlyArray<Sent> = [{ cookie: person }, { bearer }, { bearer: String(Object(key.body).key) }]
      const statuses = Effect.forEach(sent, (one) =>
        Effect.map(call(plane, "GET", "/api/auth/me", one), ({ status }) => status)
      )
      expect(yield* statuses).toEqual([200, 200, 200])
      yield* change(plane, "alice", { cookie, json: { groups: [...ALICE.groups] } })
      expect(yield* statuses).toEqual([200, 200, 200])
      yield* change(plane, "alice", { cookie, json: { groups: [...ALICE.groups, "more"] } })
      expect(yield* statuses).toEqual([401, 200, 200])
      yield* change(plane, "alice", { cookie, json: { groups: ROLES.user } })
      expect(yield* statuses).toEqual([401, 401, 401])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("nobody changes their own; what is not there, or is no such field, is said", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      const own = yield* change(plane, "Admin", { cookie, json: { disabled: true } })
      expect([own.status, own.body]).toMatchObject([403, { error: "You can not change your own account" }])
      expect((yield* change(plane, "nobody", { cookie, json: { disabled: true } })).status).toBe(404)
      for (const [json, field] of [
        [{ disabled: "yes" }, "disabled"],
        [{ groups: "staff" }, "groups"],
        [{ password: PASSWORD }, "password"]
      ] as const) {
        const refused = yield* change(plane, "alice", { cookie, json })
        expect([refused.status, Object(refused.body).error]).toMatchObject([400, expect.stringContaining(field)])
      }
    }).pipe(Effect.provide(layer()))
  )
})
