/** Tokens for machines and for people by services (contracts.md §2.7), attacked: #974 of the replaced system let anyone mint anyone's. */
import { it } from "@effect/vitest"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Sessions } from "@mcpgw/identity/Sessions"
import { Tokens } from "@mcpgw/identity/Tokens"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, PUBLIC_URL, type Role, ROLES, type Sent, signedIn } from "./support/plane.ts"

const PASSWORD = "a long enough passphrase"
const SCOPES = `${DEFAULT_SCOPES}
mcp-token-vending: []
`

const textAt = (text: string, name: string): string => new RegExp(`"${name}":"([^"]*)"`).exec(text)?.[1] ?? ""

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const accounts = yield* Accounts
  yield* accounts.put({ username: "dev", groups: ROLES.developer }, PASSWORD)
  yield* accounts.put({ username: "root", groups: ROLES.admin }, PASSWORD)
  return plane
})

/** A bearer of a service with these scopes, good for `hours`. */
const service = (scopes: ReadonlyArray<string>, clientId = "reports", hours = 1) =>
  Effect.gen(function* () {
    const tokens = yield* Tokens
    const owner = { issuer: PUBLIC_URL, subject: clientId, username: clientId }
    const made = { owner, ownerScopes: scopes, scopes: undefined, hours, description: undefined, clientId }
    return (yield* tokens.issue(made)).token
  })

const vend = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "POST", "/internal/tokens", sent)

const forDev = { user_context: { username: "dev" } }
const VENDING = ["mcp-token-vending", "mcp-registry-developer", "mcp-servers-unrestricted/execute"]
const all = layer({ scopes: SCOPES })

describe("contracts §2.7: POST /internal/tokens", () => {
  it.scoped("an administrator's service gets a token with all the person has; the answer's shape", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const bearer = yield* service(["mcp-registry-admin"])
      const answer = yield* vend(plane, { bearer, json: { ...forDev, description: "report of the night" } })
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({
        access_token: expect.stringMatching(/^ey/),
        refresh_token: null,
        token_type: "Bearer",
        expires_in: expect.any(Number),
        refresh_expires_in: 0,
        scope: "mcp-registry-developer mcp-servers-restricted/read mcp-servers-restricted/execute",
        issued_at: expect.any(Number),
        description: "report of the night"
      })
      const me = yield* call(plane, "GET", "/api/auth/me", { bearer: textAt(answer.text, "access_token") })
      expect(me.body).toMatchObject({ username: "dev", auth_method: "gateway_token", is_admin: false })
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(rows[0]).toMatchObject({ rule: "api:vend_token:dev", decision: "allow", username: "reports" })
    }).pipe(Effect.provide(all))
  )

  it.scoped(
    "a service with mcp-token-vending gives what both have: never more than the person, never more than itself",
    () =>
      Effect.gen(function* () {
        const plane = yield* start
        const bearer = yield* service(VENDING)
        const scope = (json: unknown) =>
          Effect.map(vend(plane, { bearer, json }), ({ status, text }) => [status, textAt(text, "scope")])
        expect(yield* scope(forDev)).toEqual([200, "mcp-registry-developer"])
        expect(yield* scope({ user_context: { username: "ROOT" } })).toEqual([200, "mcp-servers-unrestricted/execute"])
        for (const beyond of ["mcp-servers-restricted/read", "mcp-registry-admin", "mcp-token-vending"]) {
          const answer = yield* vend(plane, { bearer, json: { ...forDev, requested_scopes: [beyond] } })
          expect([answer.status, answer.body]).toMatchObject([
            403,
            { error: `Requested scopes exceed user permissions. Invalid scopes: ["${beyond}"]` }
          ])
        }
        const root = { user_context: { username: "root" }, requested_scopes: ["mcp-registry-admin"] }
        expect((yield* vend(plane, { bearer, json: root })).status).toBe(403)
      }).pipe(Effect.provide(all))
  )

  it.scoped("design §6: whoever was shut out gets no token by way of a service", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const bearer = yield* service(["mcp-registry-admin"])
      expect((yield* vend(plane, { bearer, json: forDev })).status).toBe(200)
      yield* (yield* Accounts).disable("dev", true)
      const nobody = yield* vend(plane, { bearer, json: { user_context: { username: "nobody" } } })
      const answer = yield* vend(plane, { bearer, json: forDev })
      expect([answer.status, answer.text]).toEqual([403, nobody.text])
    }).pipe(Effect.provide(all))
  )

  it.scoped("#974: what the service says of the person can take away, and gives nothing", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const bearer = yield* service(["mcp-registry-admin"])
      const claim = {
        scopes: ["mcp-registry-admin", "mcp-servers-restricted/read"],
        groups: [...ROLES.admin, ...ROLES.developer]
      }
      const json = { user_context: { username: "dev", ...claim } }
      expect(textAt((yield* vend(plane, { bearer, json })).text, "scope")).toBe("mcp-servers-restricted/read")
      for (const context of [{ scopes: ["mcp-registry-admin"] }, { groups: ROLES.admin }, { scopes: [] }]) {
        const answer = yield* vend(plane, { bearer, json: { user_context: { username: "dev", ...context } } })
        expect(answer.status).toBe(403)
      }
    }).pipe(Effect.provide(all))
  )

  it.scoped("#974: strangers are 401; sessions, ordinary people, and tokens made for or by them 403", () =>
    Effect.gen(function* () {
      const plane = yield* start
      expect((yield* vend(plane, { json: forDev })).status).toBe(401)
      expect(
        (yield* vend(plane, { json: forDev, headers: { authorization: `Basic ${btoa(`root:${PASSWORD}`)}` } })).status
      ).toBe(401)
      expect(
        (yield* vend(plane, { json: forDev, headers: { "x-forwarded-for": "127.0.0.1" }, remote: "127.0.0.1" })).status
      ).toBe(401)
      const refused: Array<Sent> = []
      for (const role of ["admin", "developer", "operator", "user", "none"] satisfies ReadonlyArray<Role>) {
        refused.push({ cookie: yield* signedIn(role) })
        if (role !== "admin") refused.push({ bearer: yield* service(ROLES[role]) })
      }
      const given = yield* vend(plane, {
        bearer: yield* service(["mcp-registry-admin"]),
        json: { user_context: { username: "root" } }
      })
      refused.push({ bearer: textAt(given.text, "access_token") })
      for (const sent of refused) {
        const answer = yield* vend(plane, { ...sent, json: forDev })
        expect([answer.status, answer.body]).toMatchObject([
          403,
          { error: "Only authenticated services may have tokens made for others" }
        ])
        expect(answer.text).not.toContain("ey")
      }
    }).pipe(Effect.provide(all))
  )

  it.scoped("a scope the policy does not know makes no vending service", () =>
    Effect.gen(function* () {
      const plane = yield* start
      expect((yield* vend(plane, { bearer: yield* service(VENDING), json: forDev })).status).toBe(403)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("it does not outlive the service's own token, names who had it made, and makes none itself", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const auth = yield* AuthLayer
      const bearer = yield* service(["mcp-registry-admin"], "reports", 2)
      const own = yield* auth.authenticate({ kind: "bearer", value: bearer, header: "authorization" })
      const answer = yield* vend(plane, { bearer, json: { ...forDev, expires_in_hours: 24 } })
      const token = textAt(answer.text, "access_token")
      const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
      expect(payload).toMatchObject({
        exp: own.expiresAt,
        client_id: "internal-vending",
        sub: "dev",
        act: { iss: PUBLIC_URL, sub: "reports" }
      })
      const minted = yield* call(plane, "POST", "/api/tokens/generate", { bearer: token, json: {} })
      expect([minted.status, minted.body]).toMatchObject([403, { error: "A token can not make tokens" }])
    }).pipe(Effect.provide(all))
  )

  it.scoped.each([
    { json: {}, error: "user_context must be an object" },
    { json: { user_context: "dev" }, error: "user_context must be an object" },
    { json: { user_context: {} }, error: "Username is required in user context" },
    { json: { user_context: { username: null } }, error: "Username is required in user context" },
    { json: { user_context: { username: ["dev"] } }, error: /username/ },
    { json: { ...forDev, expires_in_hours: 25 }, error: "expires_in_hours must be an integer between 1 and 24" },
    { json: { ...forDev, expires_in_hours: 0 }, error: "expires_in_hours must be an integer between 1 and 24" },
    { json: { ...forDev, expires_in_hours: "8" }, error: "expires_in_hours must be an integer between 1 and 24" },
    { json: { ...forDev, requested_scopes: "a" }, error: "requested_scopes must be a list of strings" },
    { json: { ...forDev, scopes: ["a"] }, error: /There is no field 'scopes' here/ },
    { json: { ...forDev, description: "a\nb" }, error: "description must not hold control characters" }
  ])("400 $error", ({ error, json }) =>
    Effect.gen(function* () {
      const plane = yield* start
      const answer = yield* vend(plane, { bearer: yield* service(["mcp-registry-admin"]), json })
      expect(answer.status).toBe(400)
      expect(Object(answer.body).error).toMatch(error)
    }).pipe(Effect.provide(all))
  )

  it.scoped("403 for someone without an account here; 429 by person, which leaves them their own", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const bearer = yield* service(["mcp-registry-admin"])
      const nobody = yield* vend(plane, { bearer, json: { user_context: { username: "nobody" } } })
      expect([nobody.status, nobody.body]).toMatchObject([403, { error: "The user has no account here" }])
      yield* Effect.replicateEffect(vend(plane, { bearer, json: forDev }), 2)
      const limited = yield* vend(plane, { bearer, json: forDev })
      expect(limited.status).toBe(429)
      expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0)
      expect((yield* vend(plane, { bearer, json: { user_context: { username: "root" } } })).status).toBe(200)
      const cookie = yield* (yield* Sessions).create({ username: "dev", groups: ROLES.developer })
      expect((yield* call(plane, "POST", "/api/tokens/generate", { cookie, json: {} })).status).toBe(200)
    }).pipe(Effect.provide(layer({ scopes: SCOPES, tokens: { perHour: 2 } })))
  )
})

describe("contracts §2.7: GET /api/admin/tokens", () => {
  const get = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "GET", "/api/admin/tokens", sent)

  it.scoped("an administrator's session gets a machine's token; the shape of generate without token_data", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const answer = yield* get(plane, { cookie: yield* signedIn("admin") })
      expect([answer.status, answer.body]).toMatchObject([
        200,
        {
          success: true,
          tokens: { refresh_token: null, expires_in: 28_800, refresh_expires_in: 0, token_type: "Bearer" },
          keycloak_url: null,
          realm: null,
          client_id: "mcp-gateway-m2m",
          user_scopes: expect.arrayContaining(["mcp-registry-admin"])
        }
      ])
      expect(Object(answer.body)).not.toHaveProperty("token_data")
      const bearer = textAt(answer.text, "access_token")
      expect((yield* call(plane, "GET", "/api/auth/me", { bearer })).body).toMatchObject({
        username: "admin",
        is_admin: true
      })
      expect((yield* get(plane, { bearer })).status).toBe(403)
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(rows[0]).toMatchObject({ rule: "api:admin_token", decision: "allow", username: "admin" })
    }).pipe(Effect.provide(all))
  )

  it.scoped("everyone else gets the contract's sentence; another site's link gets nothing", () =>
    Effect.gen(function* () {
      const plane = yield* start
      expect((yield* get(plane, {})).status).toBe(401)
      for (const role of ["developer", "operator", "user", "none"] satisfies ReadonlyArray<Role>) {
        const answer = yield* get(plane, { cookie: yield* signedIn(role) })
        expect([answer.status, answer.body]).toMatchObject([
          403,
          { error: "This endpoint is only available to admin users" }
        ])
      }
      for (const site of ["cross-site", "same-site"]) {
        const headers = { "sec-fetch-site": site, "sec-fetch-mode": "navigate" }
        const answer = yield* get(plane, { cookie: yield* signedIn("admin"), headers })
        expect([answer.status, answer.body]).toMatchObject([403, { error: "Request from another origin" }])
      }
    }).pipe(Effect.provide(all))
  )
})

describe("contracts §2.7: POST /internal/reload-scopes", () => {
  const reload = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "POST", "/internal/reload-scopes", sent)
  const basic = (text: string): Sent => ({
    headers: { authorization: `Basic ${Buffer.from(text).toString("base64")}` }
  })

  it.scoped("an administrator, by Basic or by a token; the answer's shape", () =>
    Effect.gen(function* () {
      const plane = yield* start
      for (const sent of [
        basic(`root:${PASSWORD}`),
        { bearer: yield* service(["mcp-registry-admin"]) },
        { cookie: yield* signedIn("admin") }
      ]) {
        const answer = yield* reload(plane, sent)
        expect([answer.status, answer.body]).toEqual([
          200,
          {
            message: "Scopes reloaded successfully",
            timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
            group_mappings_count: 6
          }
        ])
      }
      expect(yield* Clock.currentTimeMillis).toBe(0)
    }).pipe(Effect.provide(all))
  )

  it.scoped(
    "401 with a Basic challenge, 403 for others, and a browser that remembers a password is no one's tool",
    () =>
      Effect.gen(function* () {
        const plane = yield* start
        for (const [sent, error] of [
          [{}, "Authentication required"],
          [basic("root:wrong"), "Invalid admin credentials"],
          [basic(`nobody:${PASSWORD}`), "Invalid admin credentials"],
          [basic("no colon"), "Invalid authentication format"],
          [{ headers: { authorization: "Basic" } }, "Invalid authentication format"]
        ] as const) {
          const answer = yield* reload(plane, sent)
          expect([answer.status, answer.body]).toMatchObject([401, { error }])
          expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm=/)
        }
        expect((yield* reload(plane, basic(`dev:${PASSWORD}`))).status).toBe(403)
        expect((yield* reload(plane, { cookie: yield* signedIn("developer") })).status).toBe(403)
        expect((yield* reload(plane, { bearer: "a.b.c" })).headers.get("www-authenticate")).toMatch(/^Bearer /)
        const headers = { ...basic(`root:${PASSWORD}`).headers, origin: "https://evil.example" }
        expect((yield* reload(plane, { headers })).body).toMatchObject({ error: "Request from another origin" })
      }).pipe(Effect.provide(all))
  )
})
