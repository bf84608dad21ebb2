/** Contract of the `Sessions` port; run over every layer of it. The layer under test has issuer `local` and audience `https://gw.example`. */
import { describe, expect, it } from "@effect/vitest"
import { Revocations } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { type Account, Accounts } from "../../src/Accounts.ts"
import { beginSession } from "../../src/beginSession.ts"
import { endAccess } from "../../src/endAccess.ts"
import { PasswordCost } from "../../src/PasswordCost.ts"
import { SESSION_SECONDS, sessionIdOf, Sessions } from "../../src/Sessions.ts"

const alice = { username: "alice", groups: ["users"] }

/** `proved` signs in; what alice's account is meanwhile is another matter. */
const beginning = (
  sessions: Sessions["Type"],
  proved: Account,
  [cookieHeader, state]: readonly [cookie?: string | undefined, state?: "disabled"] = []
) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    yield* accounts.put(alice, "a long enough passphrase")
    yield* accounts.disable("alice", state === "disabled")
    const origin = { provider: "keycloak" }
    return yield* beginSession({ account: proved, origin, publicUrl: "https://gw.example", cookieHeader })
  }).pipe(
    Effect.provideService(Sessions, sessions),
    Effect.provide(Layer.provide(Accounts.layerMemory, PasswordCost.layerLow))
  )

export const sessionsSuite = (name: string, layer: Layer.Layer<Sessions | Revocations, unknown>): void => {
  const law = (title: string, body: (sessions: Sessions["Type"]) => Effect.Effect<void, unknown, Revocations>): void =>
    it.scoped(title, () => Effect.provide(Effect.flatMap(Sessions, body), layer))

  describe(`Sessions contract: ${name}`, () => {
    law("S-08: ids are 256 random bits", (sessions) =>
      Effect.gen(function* () {
        const values = yield* Effect.all(Array.from({ length: 50 }, () => sessions.create(alice)))
        expect(new Set(values).size).toBe(50)
        for (const value of values) expect(Buffer.from(value, "base64url").length).toBe(32)
      })
    )

    law("contracts §2.6: a session gives the account's claims for eight hours", (sessions) =>
      Effect.gen(function* () {
        const value = yield* sessions.create(alice)
        const claims = yield* sessions.find(value)
        expect(claims).toMatchObject({
          issuer: "local",
          subject: "alice",
          username: "alice",
          clientId: "session",
          groups: ["users"],
          scopes: [],
          audience: ["https://gw.example"],
          expiresAt: SESSION_SECONDS,
          method: "session_cookie"
        })
        yield* TestClock.adjust("7 hours")
        expect(yield* sessions.find(value)).toBeDefined()
        yield* TestClock.adjust("1 hour")
        expect(yield* sessions.find(value)).toBeUndefined()
      })
    )

    law("a session remembers where it began, while it lives", (sessions) =>
      Effect.gen(function* () {
        const local = yield* sessions.create(alice)
        const value = yield* sessions.create(alice, { provider: "okta", idToken: "e30.e30.x" })
        const long = yield* sessions.create(alice, { provider: "entra", idToken: "x".repeat(5_000) })
        expect(yield* Effect.forEach([local, value, long, "x"], sessions.originOf)).toEqual([
          { provider: "local", idToken: undefined },
          { provider: "okta", idToken: "e30.e30.x" },
          { provider: "entra", idToken: undefined },
          undefined
        ])
        yield* sessions.end(value)
        expect(yield* sessions.originOf(value)).toBeUndefined()
      })
    )

    law("the token id is not the value", (sessions) =>
      Effect.gen(function* () {
        const value = yield* sessions.create(alice)
        const claims = yield* sessions.find(value)
        expect(claims?.tokenId).toMatch(/^[A-Za-z0-9_-]{43}$/)
        expect(JSON.stringify(claims)).not.toContain(value)
        expect(yield* sessions.find(claims?.tokenId ?? "")).toBeUndefined()
      })
    )

    law("unknown and impossible values are nobody's, and ending them is fine", (sessions) =>
      Effect.gen(function* () {
        for (const value of ["", "x", "A".repeat(43), "' OR 1=1 --", "🔑".repeat(43)]) {
          expect(yield* sessions.find(value)).toBeUndefined()
          yield* sessions.end(value)
        }
      })
    )

    law("an ended session is gone, its digest is revoked, others live on", (sessions) =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        const value = yield* sessions.create(alice)
        const other = yield* sessions.create(alice)
        const tokenId = (yield* sessions.find(value))?.tokenId ?? ""
        yield* sessions.end(value)
        yield* sessions.end(value)
        expect(yield* sessions.find(value)).toBeUndefined()
        expect(revocations.has(tokenId)).toBe(true)
        expect(yield* sessions.find(other)).toBeDefined()
      })
    )

    law("S-08: a revoked subject has no session from before, and may sign in again", (sessions) =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        yield* TestClock.adjust("10 seconds")
        const before = yield* sessions.create(alice)
        const bob = yield* sessions.create({ ...alice, username: "bob" })
        yield* TestClock.adjust("1 millis")
        yield* revocations.revokeSubject("local", "alice", 10)
        const after = yield* sessions.create(alice)
        expect(yield* sessions.find(before)).toBeUndefined()
        expect(yield* sessions.find(after)).toMatchObject({ issuedAt: 10.001 })
        expect(yield* sessions.find(bob)).toBeDefined()
      })
    )

    law("endAll ends a person's sessions, whatever the spelling, and nobody else's", (sessions) =>
      Effect.gen(function* () {
        const values = yield* Effect.forEach(["alice", "Alice", "alice2"], (username) =>
          sessions.create({ ...alice, username })
        )
        yield* sessions.endAll("alice")
        const found = yield* Effect.forEach(values, (value) => sessions.find(value))
        expect(found.map((claims) => claims?.username)).toEqual([undefined, undefined, "alice2"])
      })
    )

    law("a person sees their own living sessions, the newest first, and nothing that could be used", (sessions) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 second")
        const first = yield* sessions.create(alice, {
          provider: "local",
          browser: "b".repeat(300),
          remote: "192.0.2.1"
        })
        yield* TestClock.adjust("1 second")
        const second = yield* sessions.create(alice, { provider: "keycloak", idToken: "id-token" })
        yield* sessions.create({ ...alice, username: "bob" })
        yield* sessions.end(yield* sessions.create(alice))
        const listed = yield* sessions.list("ALICE")
        expect(listed).toMatchObject([
          { createdAt: 2, expiresAt: 2 + SESSION_SECONDS, provider: "keycloak", browser: undefined },
          {
            createdAt: 1,
            expiresAt: 1 + SESSION_SECONDS,
            provider: "local",
            browser: "b".repeat(256),
            remote: "192.0.2.1"
          }
        ])
        const text = JSON.stringify(listed)
        for (const secret of [first, second, "id-token"]) expect(text).not.toContain(secret)
        for (const { id } of listed) {
          expect(yield* sessions.find(id)).toBeUndefined()
          expect(yield* sessions.end(id)).toBeUndefined()
        }
        expect((yield* sessions.find(second))?.provider).toBe("keycloak")
        yield* TestClock.adjust("8 hours")
        expect(yield* sessions.list("alice")).toEqual([])
      })
    )

    law("ends one of a person's sessions by its id, and never another person's", (sessions) =>
      Effect.gen(function* () {
        const value = yield* sessions.create(alice)
        const kept = yield* sessions.create(alice)
        const id = sessionIdOf((yield* sessions.find(value))?.tokenId ?? "")
        expect(yield* sessions.endOne("bob", id)).toBe(false)
        for (const unknown of ["", "x", value, `${id}x`]) expect(yield* sessions.endOne("alice", unknown)).toBe(false)
        expect(yield* sessions.find(value)).toBeDefined()
        expect(yield* sessions.endOne("Alice", id)).toBe(true)
        expect(yield* sessions.find(value)).toBeUndefined()
        expect(yield* sessions.find(kept)).toBeDefined()
        expect(yield* sessions.endOne("alice", id)).toBe(false)
      })
    )

    law("endAll spares the one session it is told to", (sessions) =>
      Effect.gen(function* () {
        const kept = yield* sessions.create(alice)
        const other = yield* sessions.create(alice)
        yield* sessions.endAll("alice", (yield* sessions.find(kept))?.tokenId)
        expect(yield* sessions.find(kept)).toBeDefined()
        expect(yield* sessions.find(other)).toBeUndefined()
      })
    )

    law("what the provider needs at logout comes back once, from the end of the session", (sessions) =>
      Effect.gen(function* () {
        const value = yield* sessions.create(alice, { provider: "keycloak", idToken: "id-token" })
        expect(yield* sessions.end(value)).toEqual({ provider: "keycloak", idToken: "id-token" })
        expect(yield* sessions.end(value)).toBeUndefined()
        expect(yield* sessions.end(yield* sessions.create(alice))).toMatchObject({ provider: "local" })
      })
    )

    law(
      "S-08: beginning a session ends whatever the browser came with, under either name, and sets the new one",
      (sessions) =>
        Effect.gen(function* () {
          const [own, planted] = [yield* sessions.create(alice), yield* sessions.create(alice)]
          const begun = yield* beginning(sessions, alice, [
            `__Host-mcp_gateway_session=${own}; mcp_gateway_session=${planted}; other=1`
          ])
          expect([yield* sessions.find(own), yield* sessions.find(planted)]).toEqual([undefined, undefined])
          expect(yield* sessions.find(begun.value)).toMatchObject({ username: "alice", provider: "keycloak" })
          expect(begun.cookie).toMatch(
            new RegExp(`^__Host-mcp_gateway_session=${begun.value}; .*Max-Age=${sessions.seconds};`)
          )
        })
    )

    law("who was shut out or got other groups while they proved who they are has no session of before", (sessions) =>
      Effect.gen(function* () {
        const { value } = yield* beginning(sessions, { ...alice, groups: ["users", "admins"] })
        expect(yield* sessions.find(value)).toMatchObject({ groups: ["users"] })
        expect(yield* sessions.list("alice")).toHaveLength(1)
        const out = yield* Effect.flip(beginning(sessions, alice, [undefined, "disabled"]))
        expect(out).toMatchObject({ _tag: "AccountDisabled" })
        expect(yield* Effect.flip(beginning(sessions, { username: "gone", groups: [] }))).toMatchObject({
          _tag: "AccountDisabled"
        })
        expect(yield* sessions.list("alice")).toHaveLength(1)
        expect(yield* sessions.list("gone")).toEqual([])
      })
    )

    law("S-08: endAccess ends sessions and all else of the person; who signs in afterwards is in", (sessions) =>
      Effect.gen(function* () {
        const revocations = yield* Revocations
        yield* TestClock.adjust("10 seconds")
        const value = yield* sessions.create(alice)
        yield* endAccess({ issuer: "local", subject: "alice", username: "alice" }).pipe(
          Effect.provideService(Sessions, sessions)
        )
        expect(yield* sessions.find(value)).toBeUndefined()
        expect(revocations.hasSubject("local", "alice", 10)).toBe(true)
        yield* TestClock.adjust("1 millis")
        expect(yield* sessions.find(yield* sessions.create(alice))).toBeDefined()
      })
    )
  })
}
