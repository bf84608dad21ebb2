/** What a person does about their own account, and what nobody may do about another's. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Sessions } from "@mcpgw/identity/Sessions"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, ROLES, type Sent } from "./support/plane.ts"

const PASSWORD = "a long enough passphrase"
const NEW = "quite another passphrase"
const alice = { username: "alice", groups: ROLES.user }

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* (yield* Accounts).put(alice, PASSWORD)
  return plane
})

const session = (username = "alice") =>
  Effect.flatMap(Sessions, (sessions) =>
    sessions.create({ ...alice, username }, { provider: "local", browser: "Firefox" })
  )

const statusOf = (plane: ControlPlane.ControlPlane, sent: Sent) =>
  Effect.map(call(plane, "GET", "/api/auth/me", sent), ({ status }) => status)

const tokenOf = (plane: ControlPlane.ControlPlane, cookie: string) =>
  Effect.map(
    call(plane, "POST", "/api/tokens/generate", { cookie, json: {} }),
    ({ text }) => /"access_token":"([^"]*)"/.exec(text)?.[1] ?? ""
  )

interface Listed {
  readonly id: string
  readonly current: boolean
}

const listed = (plane: ControlPlane.ControlPlane, cookie: string) =>
  Effect.map(
    call(plane, "GET", "/api/account/sessions", { cookie }),
    ({ body }): ReadonlyArray<Listed> => Object(body).sessions
  )

describe("sessions of one's own", () => {
  it.scoped("are listed, this one marked, and show no value", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const [here, there] = [yield* session(), yield* session()]
      yield* session("bob")
      const answer = yield* call(plane, "GET", "/api/account/sessions", { cookie: here })
      const { sessions } = Object(answer.body)
      expect(sessions).toHaveLength(2)
      expect(sessions.filter(({ current }: Listed) => current)).toHaveLength(1)
      expect(sessions[0]).toMatchObject({ provider: "local", browser: "Firefox", remote: null })
      for (const value of [here, there]) expect(answer.text).not.toContain(value)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("one is ended by its id, at the very next request; another person's is not there", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const [here, there, bob] = [yield* session(), yield* session(), yield* session("bob")]
      const other = (yield* listed(plane, here)).find(({ current }) => !current)?.id ?? ""
      const end = (cookie: string, id: string) => call(plane, "DELETE", `/api/account/sessions/${id}`, { cookie })
      expect((yield* end(bob, other)).status).toBe(404)
      expect(yield* statusOf(plane, { cookie: there })).toBe(200)
      expect((yield* end(here, other)).body).toEqual({ success: true, message: "Session ended" })
      expect(yield* statusOf(plane, { cookie: there })).toBe(401)
      expect((yield* end(here, other)).status).toBe(404)
      const own = (yield* listed(plane, here))[0]?.id ?? ""
      expect((yield* end(here, own)).headers.getSetCookie()).toHaveLength(2)
      expect(yield* statusOf(plane, { cookie: here })).toBe(401)
      expect(yield* statusOf(plane, { cookie: bob })).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("signing out everywhere ends them all, and tokens when that is asked for", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookies = [yield* session(), yield* session()]
      const bearer = yield* tokenOf(plane, cookies[0] ?? "")
      const all = (cookie: string, query = "") => call(plane, "DELETE", `/api/account/sessions${query}`, { cookie })
      const out = yield* all(cookies[0] ?? "")
      expect([out.status, out.headers.getSetCookie().length]).toEqual([200, 2])
      for (const cookie of cookies) expect(yield* statusOf(plane, { cookie })).toBe(401)
      expect(yield* statusOf(plane, { bearer })).toBe(200)
      expect((yield* all(yield* session(), "?tokens=true")).status).toBe(200)
      const after = yield* call(plane, "GET", "/api/auth/me", { bearer })
      expect([after.status, after.body]).toMatchObject([401, { detail: "Token revoked" }])
      expect((yield* all(yield* session("bob"), "?tokens=maybe")).status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )
})

describe("one's own password", () => {
  const change = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "POST", "/api/account/password", sent)
  const passwords = { old_password: PASSWORD, new_password: NEW }

  it.scoped("changes with the old one, and ends the other sessions", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const [here, there] = [yield* session(), yield* session()]
      const answer = yield* change(plane, { cookie: here, json: passwords })
      expect([answer.status, answer.body]).toMatchObject([200, { success: true }])
      expect([yield* statusOf(plane, { cookie: here }), yield* statusOf(plane, { cookie: there })]).toEqual([200, 401])
      const login = (password: string) =>
        Effect.map(call(plane, "POST", "/api/auth/login", { json: { username: "alice", password } }), (a) => a.status)
      expect([yield* login(PASSWORD), yield* login(NEW)]).toEqual([401, 200])
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(rows[0]).toMatchObject({ rule: "api:change_password", decision: "allow", username: "alice" })
      expect(JSON.stringify(rows)).not.toMatch(/passphrase/)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each([
    { json: { ...passwords, old_password: "not it at all" }, status: 403, error: "The old password is not right" },
    { json: { ...passwords, new_password: "short" }, status: 400, error: /^The new password is too short/ },
    { json: { ...passwords, new_password: PASSWORD }, status: 400, error: /^The new password is the old one/ },
    { json: { new_password: NEW }, status: 400, error: /old_password/ },
    { json: { ...passwords, username: "bob" }, status: 400, error: /There is no field 'username' here/ }
  ])("is not changed: $status $error", ({ error, json, status }) =>
    Effect.gen(function* () {
      const plane = yield* start
      const answer = yield* change(plane, { cookie: yield* session(), json })
      expect(answer.status).toBe(status)
      expect(Object(answer.body).error).toMatch(error)
      expect(answer.text).not.toMatch(/passphrase|not it at all|"short"/)
      expect(
        (yield* call(plane, "POST", "/api/auth/login", { json: { username: "alice", password: PASSWORD } })).status
      ).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("S-16: guessing the old one is limited like signing in; a provider's people have none here", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* session()
      const guess = change(plane, { cookie, json: { ...passwords, old_password: "guess" } })
      yield* Effect.replicateEffect(guess, 5)
      const limited = yield* guess
      expect(limited.status).toBe(429)
      expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0)
      const federated = yield* (yield* Sessions).create(alice, { provider: "keycloak" })
      const answer = yield* change(plane, { cookie: federated, json: passwords })
      expect([answer.status, answer.body]).toMatchObject([
        403,
        { error: "Your password is kept by keycloak: change it there" }
      ])
    }).pipe(Effect.provide(layer()))
  )
})

describe("S-11, S-08: who may not", () => {
  const ROUTES = [
    ["GET", "/api/account/sessions"],
    ["DELETE", "/api/account/sessions"],
    ["DELETE", "/api/account/sessions/x"],
    ["POST", "/api/account/password"]
  ] as const

  it.scoped.each(ROUTES)("%s %s: strangers 401, tokens 403", ([method, path]) =>
    Effect.gen(function* () {
      const plane = yield* start
      const json = method === "POST" ? { json: { old_password: PASSWORD, new_password: NEW } } : {}
      expect((yield* call(plane, method, path, json)).status).toBe(401)
      const cookie = yield* session()
      const bearer = yield* tokenOf(plane, cookie)
      const answer = yield* call(plane, method, path, { bearer, ...json })
      expect([answer.status, answer.body]).toMatchObject([403, { error: "Sign in to see to your account" }])
      expect(yield* statusOf(plane, { cookie })).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(ROUTES.filter(([method]) => method !== "GET"))("%s %s: no other site's page", ([method, path]) =>
    Effect.gen(function* () {
      const plane = yield* start
      const cookie = yield* session()
      const json = method === "POST" ? { json: { old_password: PASSWORD, new_password: NEW } } : {}
      for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "same-site" }]) {
        expect((yield* call(plane, method, path, { cookie, headers, ...json })).body).toMatchObject({
          error: "Request from another origin"
        })
      }
      expect(yield* statusOf(plane, { cookie })).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a method that is not there is 405 with those that are", () =>
    Effect.gen(function* () {
      const plane = yield* start
      const one = yield* call(plane, "GET", "/api/account/sessions/x", { cookie: yield* session() })
      expect([one.status, one.headers.get("allow")]).toEqual([405, "DELETE"])
      const all = yield* call(plane, "POST", "/api/account/sessions", { cookie: yield* session(), json: {} })
      expect([all.status, all.headers.get("allow")]).toEqual([405, "DELETE, GET, HEAD"])
    }).pipe(Effect.provide(layer()))
  )
})
