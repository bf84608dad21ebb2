import { it } from "@effect/vitest"
import { Revocations } from "@mcpgw/auth/Revocations"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Sessions } from "@mcpgw/identity/Sessions"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { expectGolden } from "./support/golden.ts"
import { call, layer, PUBLIC_URL, ROLES, type Role, type Sent, signedIn } from "./support/plane.ts"

const textAt = (text: string, name: string): string => new RegExp(`"${name}":"([^"]*)"`).exec(text)?.[1] ?? ""

const generate = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "POST", "/api/tokens/generate", sent)

const minted = (plane: ControlPlane.ControlPlane, sent: Sent) =>
  Effect.map(generate(plane, sent), ({ text }) => ({
    token: textAt(text, "access_token"),
    id: textAt(text, "token_id")
  }))

describe("contracts §2.7: generate", () => {
  it.scoped("the answer's shape", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const json = { requested_scopes: ["mcp-registry-user"], expires_in_hours: 2, description: "for CI" }
      const answer = yield* generate(plane, { cookie: yield* signedIn("user"), json })
      expect(answer.status).toBe(200)
      const shown = answer.text
        .replaceAll(textAt(answer.text, "access_token"), "<token>")
        .replaceAll(textAt(answer.text, "token_id"), "<id>")
      expectGolden("tokens_generate", JSON.parse(shown))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("all of the caller's scopes and eight hours, unless asked otherwise; good at once", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const answer = yield* generate(plane, { cookie: yield* signedIn("developer"), json: {} })
      expect(answer.body).toMatchObject({ tokens: { expires_in: 28_800 } })
      const me = yield* call(plane, "GET", "/api/auth/me", { bearer: textAt(answer.text, "access_token") })
      expect(me.body).toMatchObject({ username: "developer", auth_method: "gateway_token", groups: [] })
      expect(textAt(answer.text, "scope").split(" ")).toEqual(Object(me.body).scopes)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each([
    { sent: { body: "{" }, sentence: "Invalid JSON in request body" },
    { sent: { json: { expires_in_hours: 0 } }, sentence: "expires_in_hours must be an integer between 1 and 24" },
    { sent: { json: { expires_in_hours: 25 } }, sentence: "expires_in_hours must be an integer between 1 and 24" },
    { sent: { json: { expires_in_hours: "8" } }, sentence: "expires_in_hours must be an integer between 1 and 24" },
    { sent: { json: { expires_in_hours: 1.5 } }, sentence: "expires_in_hours must be an integer between 1 and 24" },
    { sent: { json: { requested_scopes: "a" } }, sentence: "requested_scopes must be a list of strings" },
    { sent: { json: { requested_scopes: [1] } }, sentence: "requested_scopes must be a list of strings" },
    // Left out of sight, these would make a token of everything its owner has.
    {
      sent: { json: { scopes: ["mcp-registry-user"] } },
      sentence: "There is no field 'scopes' here; it may be requested_scopes, expires_in_hours or description"
    },
    {
      sent: { json: { resource: "reports" } },
      sentence: "There is no field 'resource' here; it may be requested_scopes, expires_in_hours or description"
    }
  ])("400 $sentence", ({ sent, sentence }) =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const answer = yield* generate(plane, { ...sent, cookie: yield* signedIn("user") })
      expect([answer.status, answer.body]).toMatchObject([400, { error: sentence }])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("an unknown field's name is shown when it could be one, its value never; revoking refuses them too", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("user")
      const answer = yield* generate(plane, { cookie, json: { "eyJhbGciOi.J9/x": "s3cret" } })
      expect([answer.status, answer.body]).toMatchObject([400, { field: "(hidden)", expected: expect.any(String) }])
      expect(answer.text).not.toMatch(/eyJ|s3cret/)
      const revoke = yield* call(plane, "POST", "/api/tokens/revoke", { cookie, json: { id: "1" } })
      expect([revoke.status, revoke.body]).toMatchObject([
        400,
        { field: "id", expected: "it may be token_id, token, subject or issuer" }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("403 names the scopes that exceed", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const json = { requested_scopes: ["mcp-registry-user", "mcp-registry-admin"] }
      const answer = yield* generate(plane, { cookie: yield* signedIn("user"), json })
      expect([answer.status, answer.body]).toMatchObject([
        403,
        {
          error: 'Requested scopes exceed user permissions. Invalid scopes: ["mcp-registry-admin"]',
          detail: expect.stringMatching(/^You have: (?!.*mcp-registry-admin).*mcp-registry-user/)
        }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("property: a token's scopes never exceed its owner's, whatever is asked for", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const sessions = yield* Sessions
      const all = [
        "mcp-registry-admin",
        "mcp-registry-developer",
        "mcp-servers-restricted/read",
        "mcp-servers-unrestricted/execute",
        "x"
      ]
      const asked = fc.array(fc.subarray(all), { minLength: 1, maxLength: 3 })
      yield* Effect.forEach(
        fc.sample(fc.tuple(fc.constantFrom<Role>("admin", "developer", "operator", "user", "none"), asked), {
          numRuns: 25,
          seed: 7
        }),
        ([role, chain], run) =>
          Effect.gen(function* () {
            // A name of its own: the limit per owner and hour is another rule.
            const sent: Sent = { cookie: yield* sessions.create({ username: `u${run}`, groups: ROLES[role] }) }
            for (const requested_scopes of chain) {
              const me = yield* call(plane, "GET", "/api/auth/me", sent)
              const owned: ReadonlyArray<string> = Object(me.body).scopes
              const answer = yield* generate(plane, { ...sent, json: { requested_scopes, expires_in_hours: 1 } })
              const within = requested_scopes.every((scope) => owned.includes(scope))
              expect(answer.status).toBe(within ? 200 : 403)
              if (!within) return
              const scopes = textAt(answer.text, "scope")
                .split(" ")
                .filter((scope) => scope !== "")
              expect(owned).toEqual(expect.arrayContaining(scopes))
              const bearer = textAt(answer.text, "access_token")
              expect(Object((yield* call(plane, "GET", "/api/auth/me", { bearer })).body).scopes).toEqual(scopes)
            }
          })
      )
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("made with a token: nothing, so that revoking it ends all there is", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const { token: bearer } = yield* minted(plane, { cookie, json: { expires_in_hours: 3 } })
      const child = yield* generate(plane, { bearer, json: {} })
      expect([child.status, child.body]).toMatchObject([403, { error: "A token can not make tokens" }])
      expect((yield* call(plane, "GET", "/api/servers", { bearer })).status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("429 with Retry-After when the hour's tokens are made", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("user")
      yield* Effect.replicateEffect(generate(plane, { cookie, json: {} }), 100)
      const answer = yield* generate(plane, { cookie, json: {} })
      expect(answer.status).toBe(429)
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0)
    }).pipe(Effect.provide(layer()))
  )
})

describe("contracts §2.7: revoke", () => {
  const revoke = (plane: ControlPlane.ControlPlane, sent: Sent) => call(plane, "POST", "/api/tokens/revoke", sent)

  it.scoped("the owner revokes by the token; it is refused at the very next request", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("user")
      const { id, token } = yield* minted(plane, { cookie, json: {} })
      expect((yield* call(plane, "GET", "/api/servers", { bearer: token })).status).toBe(200)
      expect((yield* revoke(plane, { cookie, json: { token } })).body).toEqual({
        success: true,
        token_id: id,
        known: true
      })
      const after = yield* call(plane, "GET", "/api/servers", { bearer: token })
      expect([after.status, after.body]).toMatchObject([401, { detail: "Token revoked" }])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("an id that nobody has seen is refused from now on, and not said to have been a token's", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const { body } = yield* revoke(plane, { cookie, json: { token_id: "nope" } })
      expect(body).toMatchObject({ success: true, known: false, detail: expect.stringContaining("not known") })
      expect((yield* Revocations).has("nope")).toBe(true)
      const unread = yield* revoke(plane, { cookie, json: { token: "xyz" } })
      expect([unread.status, unread.body]).toMatchObject([400, { field: "token" }])
      expect(unread.text).not.toMatch(/xyz|Bearer </)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("others may not, neither by token nor by id; a token may end itself; administrators may end any", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const first = yield* minted(plane, { cookie: yield* signedIn("user"), json: {} })
      const second = yield* minted(plane, { cookie: yield* signedIn("user"), json: {} })
      const other = yield* signedIn("developer")
      expect((yield* revoke(plane, { cookie: other, json: { token: first.token } })).status).toBe(403)
      expect((yield* revoke(plane, { cookie: other, json: { token_id: first.id } })).status).toBe(403)
      expect((yield* revoke(plane, { bearer: first.token, json: { token_id: second.id } })).status).toBe(403)
      expect((yield* revoke(plane, { bearer: first.token, json: { token_id: first.id } })).status).toBe(200)
      expect((yield* revoke(plane, { cookie: yield* signedIn("admin"), json: { token_id: second.id } })).status).toBe(
        200
      )
      for (const { token } of [first, second]) {
        expect((yield* call(plane, "GET", "/api/servers", { bearer: token })).status).toBe(401)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("S-08: an administrator ends all a person has, at once, and nobody else's; others may not", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const [cookie, again, other] = [yield* signedIn("user"), yield* signedIn("user"), yield* signedIn("developer")]
      const { token } = yield* minted(plane, { cookie, json: {} })
      const json = { subject: "user" }
      expect((yield* revoke(plane, { cookie: other, json })).status).toBe(403)
      expect((yield* revoke(plane, { cookie, json })).status).toBe(403)
      const answer = yield* revoke(plane, { cookie: yield* signedIn("admin"), json })
      expect(answer.body).toEqual({ success: true, subject: "user", issuer: PUBLIC_URL })
      const status = (sent: Sent) => Effect.map(call(plane, "GET", "/api/servers", sent), (answer) => answer.status)
      expect([yield* status({ bearer: token }), yield* status({ cookie }), yield* status({ cookie: again })]).toEqual([
        401, 401, 401
      ])
      expect(yield* status({ cookie: other })).toBe(200)
      yield* (yield* Accounts).put({ username: "Zoe", groups: [] }, "a long enough passphrase")
      yield* revoke(plane, { cookie: yield* signedIn("admin"), json: { subject: "zoe" } })
      expect((yield* Revocations).hasSubject(PUBLIC_URL, "Zoe", 0)).toBe(true)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("S-14: another issuer's person: what they come with, and what they had made here", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const revocations = yield* Revocations
      const json = { subject: "user", issuer: "https://idp.example" }
      expect((yield* revoke(plane, { cookie: yield* signedIn("admin"), json })).status).toBe(200)
      expect(revocations.hasSubject("https://idp.example", "user", 0)).toBe(true)
      expect(revocations.hasSubject(PUBLIC_URL, "https://idp.example|user", 0)).toBe(true)
      expect(revocations.hasSubject(PUBLIC_URL, "user", 0)).toBe(false)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("400 for what names no token, without repeating it", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      for (const json of [
        {},
        { token: "a.b.c", token_id: "x" },
        { subject: "user", token_id: "x" },
        { issuer: "i" },
        { token: "not-a-t0ken" },
        { token: ["t0ken"] }
      ]) {
        const answer = yield* revoke(plane, { cookie, json })
        expect(answer.status).toBe(400)
        expect(answer.text).not.toContain("t0ken")
      }
    }).pipe(Effect.provide(layer()))
  )
})
