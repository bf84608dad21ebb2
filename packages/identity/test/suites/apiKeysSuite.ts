/**
 * Contract of the `ApiKeys` port; run over every layer of it. The layer under test has issuer `local` and audience `https://gw.example`, and
 * shares `Accounts` and `Revocations` with the test.
 */
import { describe, expect, it } from "@effect/vitest"
import { Revocations } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { Accounts } from "../../src/Accounts.ts"
import { ApiKeys, type ApiKeysApi, MAX_KEYS, type NewApiKey } from "../../src/ApiKeys.ts"
import { PasswordCost } from "../../src/PasswordCost.ts"

const PASSWORD = "correct horse battery 9"
const HOUR = 3_600_000

const plain: NewApiKey = { name: "laptop", expiresAt: undefined, groups: undefined, limits: undefined }

type Services = ApiKeys | Accounts | Revocations

export const apiKeysSuite = (name: string, layer: Layer.Layer<Services, unknown>): void => {
  const law = (title: string, body: (keys: ApiKeysApi) => Effect.Effect<void, unknown, Services>): void =>
    it.scoped(title, () =>
      Effect.gen(function* () {
        yield* (yield* Accounts).put({ username: "Alice", groups: ["users", "builders"] }, PASSWORD)
        yield* body(yield* ApiKeys)
      }).pipe(Effect.provide(layer), Effect.provide(PasswordCost.layerLow))
    )
  const reasonOf = (keys: ApiKeysApi, text: string) =>
    keys.verify(text).pipe(
      Effect.as("good"),
      Effect.catchTag("Unauthenticated", ({ reason }) => Effect.succeed(reason))
    )

  describe(`ApiKeys contract: ${name}`, () => {
    law("a key speaks for its owner, under its own client id", (keys) =>
      Effect.gen(function* () {
        const { key, text } = yield* keys.create("alice", plain)
        expect(yield* keys.verify(text)).toEqual({
          issuer: "local",
          subject: "Alice",
          username: "Alice",
          clientId: `key:${key.id}`,
          groups: ["users", "builders"],
          scopes: [],
          audience: ["https://gw.example"],
          expiresAt: 253_402_300_799,
          issuedAt: 0,
          tokenId: key.id,
          method: "api_key"
        })
      })
    )

    law(
      "a text is mcpgw_ and 55 letters and digits, never twice the same; none of it but the beginning is kept",
      (keys) =>
        Effect.gen(function* () {
          const made = yield* Effect.forEach(Array.from({ length: 20 }), (_, i) =>
            keys.create("alice", { ...plain, name: `key ${i}` })
          )
          expect(new Set(made.map(({ text }) => text)).size).toBe(20)
          for (const { key, text } of made) {
            expect(text).toMatch(/^mcpgw_[A-Za-z0-9]{55}$/)
            expect(key.prefix).toBe(text.slice(0, 12))
            expect(JSON.stringify([key, yield* keys.list("alice")])).not.toContain(text.slice(12))
          }
        })
    )

    law(
      "property: no other text is a key: one changed character is told by its checksum, without asking the store",
      (keys) =>
        Effect.gen(function* () {
          const { text } = yield* keys.create("alice", plain)
          const letters = "ABCdefXYZ0189_-. é"
          const changed = fc
            .tuple(fc.nat(text.length - 1), fc.constantFrom(...letters))
            .map(([at, letter]) => `${text.slice(0, at)}${letter}${text.slice(at + 1)}`)
          const others = fc.sample(
            fc.oneof(
              changed,
              fc.nat(60).map((length) => text.slice(0, length))
            ),
            200
          )
          for (const other of [...others, "", "mcpgw_", text.toLowerCase(), ` ${text}`, `${text}\n`, `${text}A`]) {
            if (other !== text) expect(yield* reasonOf(keys, other)).toBe("bad_api_key")
          }
        })
    )

    law("a whole key that was never made here is unknown", (keys) =>
      Effect.gen(function* () {
        const { key, text } = yield* keys.create("alice", plain)
        yield* keys.revoke("alice", key.id)
        expect(yield* reasonOf(keys, text)).toBe("unknown_api_key")
      })
    )

    law("a revoked key is dead: what was known of it holds no more, it is revoked by id, and others live on", (keys) =>
      Effect.gen(function* () {
        const { key, text } = yield* keys.create("alice", plain)
        const other = yield* keys.create("alice", { ...plain, name: "other" })
        const claims = yield* keys.verify(text)
        expect(keys.holds(claims)).toBe(true)
        expect(yield* keys.revoke("ALICE", key.id)).toBe(true)
        expect(keys.holds(claims)).toBe(false)
        expect((yield* Revocations).has(key.id)).toBe(true)
        expect(yield* keys.revoke("alice", key.id)).toBe(false)
        expect((yield* keys.list("alice")).map(({ id }) => id)).toEqual([other.key.id])
        expect(yield* reasonOf(keys, other.text)).toBe("good")
      })
    )

    law("a key is revoked by its owner's name alone; a key revoked by its id as a token is off the list", (keys) =>
      Effect.gen(function* () {
        yield* (yield* Accounts).put({ username: "bob", groups: [] }, PASSWORD)
        const { key, text } = yield* keys.create("alice", plain)
        expect(yield* keys.revoke("bob", key.id)).toBe(false)
        expect(yield* reasonOf(keys, text)).toBe("good")
        yield* (yield* Revocations).revoke(key.id, 1e9)
        expect(yield* reasonOf(keys, text)).toBe("token_revoked")
        expect(yield* keys.list("alice")).toEqual([])
      })
    )

    law(
      "all of a person's ended at once: the keys made until then are dead and off the list, a later one lives",
      (keys) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("1 second")
          yield* keys.create("alice", plain)
          yield* (yield* Revocations).revokeSubject("local", "Alice", 1)
          expect(yield* keys.list("alice")).toEqual([])
          yield* TestClock.adjust("1 millis")
          const { key } = yield* keys.create("alice", plain)
          expect((yield* keys.list("alice")).map(({ id }) => id)).toEqual([key.id])
        })
    )

    law("two living keys of one person are told apart by name; a dead or another's one leaves its name free", (keys) =>
      Effect.gen(function* () {
        yield* (yield* Accounts).put({ username: "bob", groups: [] }, PASSWORD)
        yield* keys.create("bob", plain)
        const { key } = yield* keys.create("alice", plain)
        const again = yield* Effect.flip(keys.create("alice", { ...plain, name: " laptop " }))
        expect(again).toMatchObject({ _tag: "InvalidApiKey", field: "name", held: '"laptop"' })
        yield* keys.revoke("alice", key.id)
        yield* keys.create("alice", { ...plain, expiresAt: 1_000 })
        yield* TestClock.adjust("1 second")
        yield* keys.create("alice", plain)
      })
    )

    law("revokeAll ends a person's keys and nobody else's", (keys) =>
      Effect.gen(function* () {
        yield* (yield* Accounts).put({ username: "bob", groups: [] }, PASSWORD)
        const one = yield* keys.create("alice", plain)
        const two = yield* keys.create("alice", { ...plain, name: "two" })
        const bobs = yield* keys.create("bob", plain)
        yield* keys.revokeAll("alice")
        const reasons = yield* Effect.forEach([one, two, bobs], ({ text }) => reasonOf(keys, text))
        expect(reasons).toEqual(["unknown_api_key", "unknown_api_key", "good"])
      })
    )

    law("a key ends when it was said to", (keys) =>
      Effect.gen(function* () {
        const { text } = yield* keys.create("alice", { ...plain, expiresAt: HOUR })
        expect((yield* keys.verify(text)).expiresAt).toBe(3_600)
        yield* TestClock.adjust("59 minutes")
        expect(yield* reasonOf(keys, text)).toBe("good")
        yield* TestClock.adjust("1 minute")
        expect(yield* reasonOf(keys, text)).toBe("token_expired")
        expect(yield* keys.list("alice")).toHaveLength(1)
      })
    )

    law("groups are the owner's of now, and of those only the key's", (keys) =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        const { text } = yield* keys.create("alice", { ...plain, groups: ["builders"] })
        const before = yield* keys.verify(text)
        expect(before.groups).toEqual(["builders"])
        yield* accounts.put({ username: "Alice", groups: ["users", "admins"] }, PASSWORD)
        expect(keys.holds(before)).toBe(false)
        expect((yield* keys.verify(text)).groups).toEqual([])
      })
    )

    law("limits come back as they were given", (keys) =>
      Effect.gen(function* () {
        const limits = { scopes: ["s"], servers: ["/a"], tools: { "/team/search": ["find", "constructor"] } }
        const { key, text } = yield* keys.create("alice", { ...plain, limits })
        expect((yield* keys.verify(text)).limits).toEqual(limits)
        expect(yield* keys.list("alice")).toEqual([{ ...key, lastUsedAt: 0 }])
      })
    )

    law("what was found out holds for seconds, then is looked up again; the claims stay the same object", (keys) =>
      Effect.gen(function* () {
        const { text } = yield* keys.create("alice", plain)
        const claims = yield* keys.verify(text)
        yield* TestClock.adjust("2 seconds")
        expect(keys.holds(claims)).toBe(true)
        yield* TestClock.adjust("1 seconds")
        expect(keys.holds(claims)).toBe(false)
        expect(yield* keys.verify(text)).toBe(claims)
        expect(keys.holds(claims)).toBe(true)
        expect(keys.holds({ ...claims })).toBe(false)
      })
    )

    law("what was opened with a key goes on as long as the key is as it was, past its own end too", (keys) =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        const { text } = yield* keys.create("alice", { ...plain, expiresAt: HOUR })
        const claims = yield* keys.verify(text)
        yield* TestClock.adjust("2 hours")
        expect(keys.holds(claims)).toBe(false)
        expect(yield* keys.stillHolds(claims)).toBe(true)
        expect(keys.holds(claims)).toBe(true)
        yield* accounts.setGroups("alice", ["users"])
        expect(yield* keys.stillHolds(claims)).toBe(false)
        yield* accounts.setGroups("alice", ["users", "builders"])
        expect(yield* keys.stillHolds(claims)).toBe(true)
        yield* accounts.disable("alice", true)
        expect(yield* keys.stillHolds(claims)).toBe(false)
        yield* accounts.disable("alice", false)
        yield* keys.revoke("alice", claims.tokenId ?? "")
        expect(yield* keys.stillHolds(claims)).toBe(false)
      })
    )

    law("last use is shown at once", (keys) =>
      Effect.gen(function* () {
        const { text } = yield* keys.create("alice", plain)
        const shown = Effect.map(keys.list("alice"), ([key]) => key?.lastUsedAt)
        expect(yield* shown).toBeUndefined()
        yield* TestClock.adjust("5 minutes")
        const claims = yield* keys.verify(text)
        yield* TestClock.adjust("1 seconds")
        keys.holds(claims)
        expect(yield* shown).toBe(301_000)
        yield* TestClock.adjust("10 minutes")
        expect(yield* shown).toBe(301_000)
      })
    )

    law("newest first, and no more than a hundred", (keys) =>
      Effect.gen(function* () {
        for (let i = 0; i < MAX_KEYS; i++) {
          yield* TestClock.adjust("1 millis")
          yield* keys.create("alice", { ...plain, name: `key ${i}` })
        }
        const names = (yield* keys.list("alice")).map(({ name }) => name)
        expect([names.length, names[0], names.at(-1)]).toEqual([100, "key 99", "key 0"])
        expect((yield* Effect.flip(keys.create("alice", plain)))._tag).toBe("TooManyApiKeys")
      })
    )

    const REFUSED: ReadonlyArray<readonly [field: string, wanted: Partial<NewApiKey>]> = [
      ["name", { name: "  " }],
      ["name", { name: "x".repeat(101) }],
      ["name", { name: "a\u202Eb" }],
      ["name", { name: "a\nb" }],
      ["expires_at", { expiresAt: 0 }],
      ["expires_at", { expiresAt: Number.NaN }],
      ["groups", { groups: [] }],
      ["groups.1", { groups: ["users", "admins"] }],
      ["scopes", { limits: { scopes: [] } }],
      ["servers", { limits: { servers: [] } }],
      ["servers.0", { limits: { servers: ["*"] } }],
      ["servers.0", { limits: { servers: ["currenttime"] } }],
      ["servers.1", { limits: { servers: ["/a", "/a/../b"] } }],
      ["servers.0", { limits: { servers: ["/mcpgw/../a"] } }],
      ["servers.0", { limits: { servers: ["/a/"] } }],
      ["servers.0", { limits: { servers: ["/а"] } }],
      ["servers.0", { limits: { servers: ["/a%2Fb"] } }],
      ["tools", { limits: { tools: {} } }],
      ["tools./a", { limits: { tools: { "/a": [] } } }],
      ["tools./a.0", { limits: { tools: { "/a": ["*"] } } }],
      ["tools./a", { limits: { servers: ["/a"], tools: { "/a": ["x"] } } }],
      ["tools.0", { limits: { tools: { "a/b": ["x"] } } }]
    ]
    law("what can not be is refused by its field, and makes no key", (keys) =>
      Effect.gen(function* () {
        for (const [field, wanted] of REFUSED) {
          const failure = yield* Effect.flip(keys.create("alice", { ...plain, ...wanted }))
          expect(failure).toMatchObject({ _tag: "InvalidApiKey", field })
        }
        expect(yield* keys.list("alice")).toEqual([])
      })
    )

    law("nobody's key is not made", (keys) =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(keys.create("nobody", plain))).toMatchObject({ field: "owner" })
      })
    )
  })
}
