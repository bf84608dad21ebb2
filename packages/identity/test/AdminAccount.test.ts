import { describe, expect, it } from "@effect/vitest"
import { Revocations } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Accounts } from "../src/Accounts.ts"
import { ADMIN_GROUP, ensureAdmin } from "../src/AdminAccount.ts"
import { PasswordCost } from "../src/PasswordCost.ts"
import { Sessions } from "../src/Sessions.ts"

const layer = Layer.merge(
  Layer.provide(Accounts.layerMemory, PasswordCost.layerLow),
  Layer.provide(Sessions.layerMemory({ issuer: "local", audience: "https://gw.example" }), Revocations.layerMemory)
)

const admin = (password?: string) =>
  ensureAdmin({ username: "admin", password: Option.map(Option.fromNullable(password), Redacted.make) })

const test = (name: string, body: () => Effect.Effect<void, unknown, Accounts | Sessions>): void =>
  it.scoped(name, () => Effect.provide(body(), layer))

describe("design §6: no default secrets", () => {
  test("first start without ADMIN_PASSWORD: generates one of 24 characters, says it once", () =>
    Effect.gen(function* () {
      const first = yield* admin()
      const generated = first.kind === "created" ? Option.getOrThrow(first.generated) : Redacted.make("")
      expect(Redacted.value(generated)).toMatch(/^[A-Za-z0-9_-]{24}$/)
      expect(`${JSON.stringify(first)} ${String(generated)}`).not.toContain(Redacted.value(generated))
      const accounts = yield* Accounts
      expect(yield* accounts.verify("admin", Redacted.value(generated), "a")).toMatchObject({
        username: "admin",
        groups: [ADMIN_GROUP]
      })
      expect(yield* admin()).toEqual({ kind: "unchanged" })
    }))

  test("first start with ADMIN_PASSWORD: uses it", () =>
    Effect.gen(function* () {
      expect(yield* admin("a long enough passphrase")).toEqual({ kind: "created", generated: Option.none() })
      const accounts = yield* Accounts
      expect((yield* accounts.verify("admin", "a long enough passphrase", "a")).groups).toEqual([ADMIN_GROUP])
      expect(yield* admin("a long enough passphrase")).toEqual({ kind: "unchanged" })
    }))

  test("a later start with another ADMIN_PASSWORD: replaces the hash, keeps the groups, ends the sessions", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      const sessions = yield* Sessions
      yield* accounts.put({ username: "admin", groups: ["mine"] }, "the first passphrase")
      const session = yield* sessions.create({ username: "admin", groups: [] })
      expect(yield* admin("the second passphrase")).toEqual({ kind: "password-changed" })
      expect((yield* accounts.verify("admin", "the second passphrase", "a")).groups).toEqual(["mine"])
      expect((yield* Effect.flip(accounts.verify("admin", "the first passphrase", "a")))._tag).toBe(
        "InvalidCredentials"
      )
      expect(yield* sessions.find(session)).toBeUndefined()
    }))

  test("without ADMIN_PASSWORD an installation that has accounts is left alone", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      yield* accounts.put({ username: "someone", groups: [] }, "the first passphrase")
      expect(yield* admin()).toEqual({ kind: "unchanged" })
      expect(yield* accounts.get("admin")).toBeUndefined()
    }))

  for (const weak of [
    "",
    "hunter2",
    "elevenchars",
    "changeme",
    "password1234",
    "Password!2345",
    "CHANGEMEPLEASE",
    "aaaaaaaaaaaaaaa",
    "123456789012345",
    "abababababababab"
  ]) {
    test(`a weak ADMIN_PASSWORD refuses the start: ${weak.length} characters, ${JSON.stringify(weak)}`, () =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip(admin(weak))
        expect(failure).toMatchObject({ _tag: "WeakAdminPassword", length: weak.length })
        expect(failure.message).toContain("ADMIN_PASSWORD")
        if (weak !== "") expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain(weak)
        expect(yield* (yield* Accounts).isEmpty).toBe(true)
      }))
  }

  test("S-14: ADMIN_USER never takes over the account of a provider's person", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      const profile = { subject: "1", username: "admin", email: undefined, displayName: undefined, groups: [] }
      yield* accounts.signIn("okta", profile)
      const failure = yield* Effect.flip(admin("a long enough passphrase"))
      expect(failure.message).toBe(
        "ADMIN_USER: held the name of an account of the identity provider okta; it may hold another name"
      )
      expect(yield* accounts.get("admin")).toMatchObject({ provider: "okta", groups: [] })
    }))

  test("the username is a weak password", () =>
    Effect.gen(function* () {
      const options = { username: "administrator-of-it", password: Option.some(Redacted.make("Administrator-Of-IT")) }
      expect(yield* Effect.flip(ensureAdmin(options))).toMatchObject({ _tag: "WeakAdminPassword", length: 19 })
    }))
})
