import { it } from "@effect/vitest"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { AuthUnavailable } from "@mcpgw/auth/AuthError"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Sessions } from "@mcpgw/identity/Sessions"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { expectGolden } from "./support/golden.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, type Role, signedIn } from "./support/plane.ts"

const PASSWORD = "a long enough passphrase"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const accounts = yield* Accounts
  yield* accounts.put({ username: "alice", groups: ["mcp-registry-admin"] }, PASSWORD)
  return plane
})

const credentials = { username: "alice", password: PASSWORD }

const sessionOf = (headers: Headers): string =>
  /mcp_gateway_session=([^;]*)/.exec(headers.get("set-cookie") ?? "")?.[1] ?? ""

describe("contracts §2.6: login", () => {
  it.scoped("JSON and form: 200 and the cookie's attributes; the session is good for the next request", () =>
    Effect.gen(function* () {
      const plane = yield* start
      for (const sent of [{ json: credentials }, { form: credentials }]) {
        const answer = yield* call(plane, "POST", "/api/auth/login", sent)
        expect([answer.status, answer.body]).toEqual([200, { success: true, message: "Login successful" }])
        expect(answer.headers.get("set-cookie")).toMatch(
          /^__Host-mcp_gateway_session=[\w-]{43}; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Lax$/
        )
        expect(answer.headers.get("cache-control")).toBe("no-store")
        expect((yield* call(plane, "GET", "/api/auth/me", { cookie: sessionOf(answer.headers) })).status).toBe(200)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("without Accept: application/json: 303 to /, or a page with 401", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const headers = { accept: "text/html" }
      const good = yield* call(plane, "POST", "/api/auth/login", { form: credentials, headers })
      expect([good.status, good.headers.get("location")]).toEqual([303, "/"])
      expect(sessionOf(good.headers)).toHaveLength(43)
      const bad = yield* call(plane, "POST", "/login", { form: { ...credentials, password: "no" }, headers })
      expect([bad.status, bad.text]).toEqual([401, "Invalid username or password"])
      expect(bad.headers.get("set-cookie")).toBeNull()
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("plain http: no Secure", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const answer = yield* call(plane, "POST", "/api/auth/login", { json: credentials })
      expect(answer.headers.get("set-cookie")).not.toContain("Secure")
    }).pipe(Effect.provide(layer({ publicUrl: "http://127.0.0.1:7860" })))
  )

  it.scoped("wrong name and wrong password get the same bytes; the sixth failure gets 429 with Retry-After", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const attempt = (username: string) =>
        call(plane, "POST", "/api/auth/login", { json: { username, password: "not it" }, remote: "198.51.100.7" })
      const first = yield* attempt("alice")
      expect(first.status).toBe(401)
      expect(first.body).toMatchObject({
        error: "Invalid username or password",
        detail: "Invalid username or password"
      })
      expect((yield* attempt("nobody")).text).toBe(first.text)
      for (let i = 0; i < 4; i++) yield* attempt("alice")
      const limited = yield* attempt("alice")
      expect(limited.status).toBe(429)
      expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0)
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(
        rows.map(({ decision, remote, rule, status, username }) => [decision, remote, rule, status, username])
      ).toEqual(
        ["alice", "nobody", "alice", "alice", "alice", "alice", "alice"].map((name, i) => [
          "deny",
          "198.51.100.7",
          "api:login",
          i < 6 ? 401 : 429,
          name
        ])
      )
      expect(JSON.stringify(rows)).not.toContain("not it")
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("input that can not be a sign-in is 400 and never repeats a password", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const missing = yield* call(plane, "POST", "/api/auth/login", { json: { username: "alice" } })
      expect([missing.status, missing.body]).toMatchObject([400, { field: "password", held: "nothing" }])
      const typed = yield* call(plane, "POST", "/api/auth/login", {
        json: { username: "alice", password: ["hunter2"] }
      })
      expect(typed.status).toBe(400)
      expect(typed.text).not.toContain("hunter2")
    }).pipe(Effect.provide(layer()))
  )
})

describe("contracts §2.6: logout, me, providers", () => {
  it.scoped.each(["GET", "POST"])(
    "%s logout kills the session at the very next request and clears the cookie",
    (method) =>
      Effect.gen(function* () {
        const plane = yield* start
        const cookie = sessionOf((yield* call(plane, "POST", "/api/auth/login", { json: credentials })).headers)
        expect((yield* call(plane, "GET", "/api/auth/me", { cookie })).status).toBe(200)
        const out = yield* call(plane, method, "/api/auth/logout", { cookie, headers: { accept: "*/*" } })
        expect([out.status, out.headers.get("location")]).toEqual([303, "/"])
        expect(out.headers.getSetCookie()).toEqual([
          "__Host-mcp_gateway_session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
          "mcp_gateway_session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"
        ])
        const after = yield* call(plane, "GET", "/api/auth/me", { cookie })
        expect([after.status, after.body]).toMatchObject([401, { detail: "Session has expired: sign in again" }])
        expect((yield* call(plane, method, "/api/auth/logout", { cookie })).body).toEqual({
          success: true,
          message: "Logout successful"
        })
      }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "S-08: signing in gives a new session and ends the one the browser came with, its own or a planted one",
    () =>
      Effect.gen(function* () {
        const plane = yield* start
        const planted = yield* signedIn("user")
        const answer = yield* call(plane, "POST", "/api/auth/login", { json: credentials, cookie: planted })
        const value = sessionOf(answer.headers)
        expect(value).not.toBe(planted)
        expect((yield* call(plane, "GET", "/api/auth/me", { cookie: value })).body).toMatchObject({ username: "alice" })
        expect((yield* call(plane, "GET", "/api/auth/me", { cookie: planted })).status).toBe(401)
        // A value the caller chose is never taken, and a failed sign-in ends nothing.
        const chosen = "A".repeat(43)
        const again = yield* call(plane, "POST", "/api/auth/login", { json: credentials, cookie: chosen })
        expect(sessionOf(again.headers)).not.toBe(chosen)
        const wrong = { ...credentials, password: "no" }
        yield* call(plane, "POST", "/api/auth/login", { json: wrong, cookie: value })
        expect((yield* call(plane, "GET", "/api/auth/me", { cookie: value })).status).toBe(200)
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("design §6: with https a browser's cookie of the old name signs nobody in, and an old script's does", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const value = yield* signedIn("user")
      const cookie = `mcp_gateway_session=${value}`
      const me = (headers: Readonly<Record<string, string>>) =>
        Effect.map(call(plane, "GET", "/api/auth/me", { headers: { cookie, ...headers } }), ({ status }) => status)
      expect(yield* me({})).toBe(200)
      expect(yield* me({ "sec-fetch-site": "same-origin" })).toBe(401)
      expect(yield* me({ "sec-fetch-site": "none", "sec-fetch-mode": "navigate" })).toBe(401)
      const own = `${cookie}; __Host-mcp_gateway_session=${yield* signedIn("admin")}`
      const both = yield* call(plane, "GET", "/api/auth/me", {
        headers: { cookie: own, "sec-fetch-site": "same-origin" }
      })
      expect(both.body).toMatchObject({ username: "admin" })
      expect(yield* me({ cookie: own })).toBe(401)
      yield* call(plane, "POST", "/api/auth/logout", { headers: { cookie: own } })
      expect(yield* me({})).toBe(401)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a session begun at a provider says so, and signing out leads to that provider's page", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const sessions = yield* Sessions
      const begin = sessions.create({ username: "bob", groups: [] }, { provider: "keycloak", idToken: "s" })
      const first = yield* begin
      expect((yield* call(plane, "GET", "/api/auth/me", { cookie: first })).body).toMatchObject({
        auth_method: "oauth2",
        provider: "keycloak"
      })
      const json = yield* call(plane, "POST", "/api/auth/logout", { cookie: first })
      expect(json.body).toEqual({
        success: true,
        message: "Logout successful",
        logout_url: "https://kc.example/logout"
      })
      const headers = { accept: "text/html" }
      const browser = yield* call(plane, "GET", "/api/auth/logout", { cookie: yield* begin, headers })
      expect([browser.status, browser.headers.get("location")]).toEqual([303, "https://kc.example/logout"])
      const elsewhere = yield* sessions.create({ username: "bob", groups: [] }, { provider: "okta" })
      const none = yield* call(plane, "GET", "/api/auth/logout", { cookie: elsewhere, headers })
      expect(none.headers.get("location")).toBe("/")
    }).pipe(Effect.provide(layer({ logoutPages: { keycloak: "https://kc.example/logout" } })))
  )

  it.scoped("contracts §2.5: what to know before signing in", () =>
    Effect.gen(function* () {
      const plane = yield* start
      expect((yield* call(plane, "GET", "/api/auth/config")).body).toMatchObject({
        auth_type: "mcpgw",
        provider_info: { issuer: PUBLIC_URL, jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json` },
        session: { cookie_name: "__Host-mcp_gateway_session", max_age_seconds: 28_800 },
        tokens: { max_hours: 24, default_hours: 8, per_hour: 100 }
      })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(["admin", "developer", "operator", "user", "none"] satisfies ReadonlyArray<Role>)("me as %s", (role) =>
    Effect.gen(function* () {
      const plane = yield* start
      expectGolden(`me_${role}`, (yield* call(plane, "GET", "/api/auth/me", { cookie: yield* signedIn(role) })).body)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("public: providers, health, keys, the API's description", () =>
    Effect.gen(function* () {
      const plane = yield* start
      expect((yield* call(plane, "GET", "/api/auth/providers")).body).toEqual({ providers: [] })
      expect((yield* call(plane, "GET", "/health")).body).toEqual({
        status: "healthy",
        service: "mcp-gateway-registry"
      })
      const keys = yield* call(plane, "GET", "/.well-known/jwks.json")
      expect(keys.body).toMatchObject({ keys: [{ kty: "OKP", crv: "Ed25519", alg: "EdDSA" }] })
      expect(keys.text).not.toContain('"d"')
      expectGolden("openapi", (yield* call(plane, "GET", "/openapi.json")).body)
    }).pipe(Effect.provide(layer()))
  )
})

describe("design §6: cookies and origins", () => {
  const FOREIGN: ReadonlyArray<Readonly<Record<string, string>>> = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://mcp.example.com" },
    { origin: "https://mcp.example.com.evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: PUBLIC_URL, "sec-fetch-site": "cross-site" }
  ]
  const OWN: ReadonlyArray<Readonly<Record<string, string>>> = [
    {},
    { origin: PUBLIC_URL },
    { origin: PUBLIC_URL, "sec-fetch-site": "same-origin" }
  ]

  it.scoped.each(FOREIGN)("refuses a change, a login and a logout with %o", (headers) =>
    Effect.gen(function* () {
      const plane = yield* start
      yield* registered(CURRENTTIME)
      const cookie = yield* signedIn("admin")
      const toggle = yield* call(plane, "POST", "/api/toggle/currenttime", { cookie, form: {}, headers })
      expect([toggle.status, toggle.body]).toMatchObject([403, { error: "Request from another origin" }])
      expect((yield* call(plane, "POST", "/api/auth/login", { json: credentials, headers })).status).toBe(403)
      expect((yield* call(plane, "GET", "/api/auth/logout", { cookie, headers })).status).toBe(403)
      expect((yield* call(plane, "GET", "/api/auth/me", { cookie })).status).toBe(200)
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(rows.map(({ decision, rule }) => [decision, rule])).toEqual([
        ["deny", "csrf:origin"],
        ["deny", "csrf:origin"],
        ["deny", "csrf:origin"]
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(OWN)("takes a change with %o", (headers) =>
    Effect.gen(function* () {
      const plane = yield* start
      yield* registered(CURRENTTIME)
      const cookie = yield* signedIn("admin")
      expect((yield* call(plane, "POST", "/api/toggle/currenttime", { cookie, form: {}, headers })).status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a bearer token is not a browser's doing: no origin is asked of it", () =>
    Effect.gen(function* () {
      const plane = yield* start
      yield* registered(CURRENTTIME)
      const made = yield* call(plane, "POST", "/api/tokens/generate", { cookie: yield* signedIn("admin"), json: {} })
      const bearer = /"access_token":"([^"]*)"/.exec(made.text)?.[1] ?? ""
      const toggle = yield* call(plane, "POST", "/api/toggle/currenttime", {
        bearer,
        form: {},
        headers: { origin: "https://ide.example" }
      })
      expect(toggle.status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )
})

describe("design §6: a fallback never produces a principal", () => {
  it.scoped("an invalid bearer beside a good cookie is 401; so are two cookies", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* signedIn("admin")
      expect((yield* call(plane, "GET", "/api/servers", { cookie, bearer: "a.b.c" })).status).toBe(401)
      const headers = { cookie: `mcp_gateway_session=${cookie}; mcp_gateway_session=x` }
      expect((yield* call(plane, "GET", "/api/servers", { headers })).status).toBe(401)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("503 while a credential can not be checked", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      expect((yield* call(plane, "GET", "/api/servers", { bearer: "a.b.c" })).status).toBe(503)
    }).pipe(
      Effect.provide(
        Layer.succeed(AuthLayer, {
          cached: () => undefined,
          busy: () => undefined,
          admit: () => {
            throw new Error("not reached")
          },
          holds: () => true,
          authenticate: () => Effect.fail(new AuthUnavailable({ issuer: "https://idp.example", problem: "no keys" })),
          isOurs: () => true
        })
      ),
      Effect.provide(layer())
    )
  )
})
