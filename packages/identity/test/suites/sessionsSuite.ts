/** Contract of the `Sessions` port; run over every layer of it. The layer under test has issuer `local` and audience `https://gw.example`. */
import { describe, expect, it } from "@effect/vitest"
import { Revocations } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { SESSION_SECONDS, Sessions } from "../../src/Sessions.ts"

const alice = { username: "alice", groups: ["users"] }

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
  })
}
