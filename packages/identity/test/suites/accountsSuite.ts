/** Contract of the `Accounts` port; run over every layer of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { Accounts, type Profile } from "../../src/Accounts.ts"
import { PasswordCost } from "../../src/PasswordCost.ts"

const PASSWORD = "a long enough passphrase"
const LOCAL = { provider: "local", subject: undefined, email: undefined, displayName: undefined, disabled: false }
const alice = { username: "alice", groups: ["users", "a b"] }

const ada: Profile = {
  subject: "f:1",
  username: "ada",
  email: "ada@example.org",
  displayName: "Ada L",
  groups: ["staff"]
}

export const accountsSuite = (name: string, layer: Layer.Layer<Accounts, unknown>): void => {
  const law = (title: string, body: (accounts: Accounts["Type"]) => Effect.Effect<void, unknown>): void =>
    it.scoped(title, () =>
      Effect.flatMap(Accounts, body).pipe(Effect.provide(layer), Effect.provide(PasswordCost.layerLow))
    )

  const fail = (accounts: Accounts["Type"], username: string, remote: string) =>
    Effect.flip(accounts.verify(username, "wrong", remote))

  describe(`Accounts contract: ${name}`, () => {
    law("is empty until somebody is put", (accounts) =>
      Effect.gen(function* () {
        expect(yield* accounts.isEmpty).toBe(true)
        expect(yield* accounts.get("alice")).toBeUndefined()
        yield* accounts.put(alice, PASSWORD)
        expect(yield* accounts.isEmpty).toBe(false)
        expect(yield* accounts.get("alice")).toEqual({ ...LOCAL, ...alice })
      })
    )

    law("creates an account once, whatever the case of its name, and never with a weak password", (accounts) =>
      Effect.gen(function* () {
        expect(yield* accounts.create(alice, PASSWORD)).toEqual({ ...LOCAL, ...alice })
        const again = { username: "ALICE", groups: ["admins"] }
        expect((yield* Effect.flip(accounts.create(again, PASSWORD)))._tag).toBe("AccountExists")
        for (const [username, password] of [
          ["bob", "short"],
          ["b b", PASSWORD],
          ["", PASSWORD]
        ] as const) {
          const failure = yield* Effect.flip(accounts.create({ username, groups: [] }, password))
          expect(failure._tag).toBe("InvalidAccount")
          expect(failure.message).not.toContain(PASSWORD)
        }
        expect(yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).toEqual({ ...LOCAL, ...alice })
      })
    )

    law("a removed account is gone with its password, and its name is free again", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.create(alice, PASSWORD)
        const before = accounts.revision()
        expect([yield* accounts.remove("Alice"), yield* accounts.remove("alice")]).toEqual([true, false])
        expect(accounts.revision()).toBeGreaterThan(before)
        expect(yield* accounts.get("alice")).toBeUndefined()
        expect((yield* fail(accounts, "alice", "192.0.2.1"))._tag).toBe("InvalidCredentials")
        expect((yield* accounts.create({ username: "alice", groups: [] }, PASSWORD)).groups).toEqual([])
      })
    )

    law("verifies the right password alone", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        expect(yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).toEqual({ ...LOCAL, ...alice })
        for (const wrong of [`${PASSWORD} `, PASSWORD.toUpperCase(), "", "x".repeat(5_000)]) {
          expect((yield* Effect.flip(accounts.verify("alice", wrong, wrong.slice(0, 3))))._tag).toBe(
            "InvalidCredentials"
          )
        }
      })
    )

    law("design §6: a wrong password, an unknown user and an impossible name get the same answer", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        const answers = yield* Effect.forEach(["alice", "bob", "", "x".repeat(500), "' OR 1=1 --"], (username) =>
          Effect.map(fail(accounts, username, `192.0.2.${username.length % 250}`), (failure) => JSON.stringify(failure))
        )
        expect(new Set(answers)).toEqual(new Set(['{"_tag":"InvalidCredentials"}']))
      })
    )

    law(
      "design §6: a person changes their password with the old one; a weak one is refused before any is tried",
      (accounts) =>
        Effect.gen(function* () {
          yield* accounts.put(alice, PASSWORD)
          const weak = [
            "",
            "short",
            "x".repeat(1_025),
            "aliceAliceA",
            "aaaaaaaaaaaa",
            "123456789012",
            "changemechangeme1",
            PASSWORD
          ]
          for (const chosen of weak) {
            const failure = yield* Effect.flip(
              accounts.changePassword("alice", { old: PASSWORD, new: chosen }, "192.0.2.1")
            )
            expect(failure._tag).toBe("InvalidAccount")
            if (chosen.length > 5) expect(JSON.stringify(failure) + failure.message).not.toContain(chosen)
          }
          const wrong = yield* Effect.flip(
            accounts.changePassword("alice", { old: "wrong", new: "quite another phrase" }, "192.0.2.1")
          )
          expect(wrong._tag).toBe("InvalidCredentials")
          yield* accounts.changePassword("Alice", { old: PASSWORD, new: "quite another phrase" }, "192.0.2.1")
          expect((yield* Effect.flip(accounts.verify("alice", PASSWORD, "192.0.2.2")))._tag).toBe("InvalidCredentials")
          expect(yield* accounts.verify("alice", "quite another phrase", "192.0.2.2")).toMatchObject(alice)
        })
    )

    law("S-16: guessing the old password has the limits of a login", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        const guess = Effect.flip(
          accounts.changePassword("alice", { old: "wrong", new: "quite another phrase" }, "192.0.2.1")
        )
        yield* Effect.replicateEffect(guess, 5)
        expect((yield* guess)._tag).toBe("TooManyAttempts")
        expect((yield* Effect.flip(accounts.verify("alice", PASSWORD, "192.0.2.1")))._tag).toBe("TooManyAttempts")
      })
    )

    law("put replaces password and groups", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        yield* accounts.put({ username: "alice", groups: [] }, "another passphrase")
        expect((yield* accounts.get("alice"))?.groups).toEqual([])
        expect((yield* Effect.flip(accounts.verify("alice", PASSWORD, "192.0.2.1")))._tag).toBe("InvalidCredentials")
        expect((yield* accounts.verify("alice", "another passphrase", "192.0.2.1")).groups).toEqual([])
      })
    )

    law("two spellings of a name are one account", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        expect(yield* accounts.get("ALICE")).toEqual({ ...LOCAL, ...alice })
        expect((yield* accounts.verify("Alice", PASSWORD, "192.0.2.1")).username).toBe("alice")
      })
    )

    law("refuses names and passwords it can not keep, without repeating them", (accounts) =>
      Effect.gen(function* () {
        for (const username of ["", "x".repeat(129), "a b", ".hidden", "a\nb", "a/b", "аlice"]) {
          const failure = yield* Effect.flip(accounts.put({ username, groups: [] }, PASSWORD))
          expect(failure._tag).toBe("InvalidAccount")
        }
        const long = yield* Effect.flip(accounts.put(alice, "s3cret".repeat(1_000)))
        expect(String(long)).not.toContain("s3cret")
        expect((yield* Effect.flip(accounts.put(alice, "")))._tag).toBe("InvalidAccount")
        expect(yield* accounts.isEmpty).toBe(true)
      })
    )

    law(
      "five failures of an account at an address: the sixth waits, the right password too, until the window has slid",
      (accounts) =>
        Effect.gen(function* () {
          yield* accounts.put(alice, PASSWORD)
          for (let i = 0; i < 5; i++) {
            expect((yield* fail(accounts, "alice", "192.0.2.1"))._tag).toBe("InvalidCredentials")
            yield* TestClock.adjust("1 minute")
          }
          const locked = yield* Effect.flip(accounts.verify("alice", PASSWORD, "192.0.2.1"))
          expect(locked).toMatchObject({ _tag: "TooManyAttempts", retryAfterSeconds: 600 })
          yield* TestClock.adjust("10 minutes")
          expect((yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).username).toBe("alice")
        })
    )

    law("a lock is not usable against a person: from another address they sign in", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        for (let i = 0; i < 6; i++) yield* fail(accounts, "alice", "192.0.2.66")
        expect((yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).username).toBe("alice")
      })
    )

    law("S-16: behind a shared address nobody locks the others out", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        for (let i = 0; i < 6; i++) yield* fail(accounts, "mallory", "192.0.2.1")
        for (let i = 0; i < 6; i++) yield* fail(accounts, "bob", "192.0.2.1")
        expect((yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).username).toBe("alice")
      })
    )

    law("S-16: an address that fails fifty times waits for all accounts, and others do not", (accounts) =>
      Effect.gen(function* () {
        for (let i = 0; i < 50; i++) yield* fail(accounts, `user${i}`, "192.0.2.1")
        expect((yield* fail(accounts, "another", "192.0.2.1"))._tag).toBe("TooManyAttempts")
        expect((yield* fail(accounts, "another", "192.0.2.2"))._tag).toBe("InvalidCredentials")
      })
    )

    law("S-16: an account failed on from everywhere lets its person in, and makes each guesser wait", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        for (let i = 0; i < 30; i++) yield* fail(accounts, "alice", `198.51.100.${i}`)
        expect((yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).username).toBe("alice")
        const again = yield* fail(accounts, "alice", "198.51.100.0")
        expect(again).toMatchObject({ _tag: "TooManyAttempts", retryAfterSeconds: 4 })
        yield* TestClock.adjust("4 seconds")
        expect((yield* fail(accounts, "alice", "198.51.100.0"))._tag).toBe("InvalidCredentials")
      })
    )

    law("contracts §2.6: a provider's person gets an account at first sign-in, refreshed at each", (accounts) =>
      Effect.gen(function* () {
        const first = yield* accounts.signIn("keycloak", ada)
        expect(first).toEqual({
          account: { ...ada, provider: "keycloak", disabled: false },
          created: true,
          groupsChanged: false
        })
        const renamed = { ...ada, username: "ada.lovelace", email: "al@example.org", groups: ["staff", "admins"] }
        const second = yield* accounts.signIn("keycloak", renamed)
        expect(second).toMatchObject({ created: false, groupsChanged: true })
        expect(yield* accounts.get("ada")).toMatchObject({ email: "al@example.org", groups: ["staff", "admins"] })
        expect(yield* accounts.list).toHaveLength(1)
        expect(yield* accounts.ofSubject("keycloak", ada.subject)).toEqual(yield* accounts.get("ada"))
        expect(yield* accounts.ofSubject("another", ada.subject)).toBeUndefined()
        expect((yield* accounts.signIn("keycloak", renamed)).groupsChanged).toBe(false)
      })
    )

    law("S-14: an equal name or e-mail never leads to another's account", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put({ username: "Ada", groups: ["mcp-registry-admin"] }, PASSWORD)
        const names = yield* Effect.forEach(
          [
            ["keycloak", ada],
            ["okta", ada],
            ["okta", { ...ada, subject: "f:2" }],
            ["okta", { ...ada, subject: "f:1 " }],
            ["keycloak", ada]
          ] as const,
          ([provider, profile]) => Effect.map(accounts.signIn(provider, profile), ({ account }) => account.username)
        )
        expect(names.slice(0, 2)).toEqual(["ada@keycloak", "ada@okta"])
        expect(names[2]).toMatch(/^ada\.[0-9a-f]{16}@okta$/)
        expect(new Set(names).size).toBe(4)
        expect(names[4]).toBe("ada@keycloak")
        expect((yield* accounts.verify("ada", PASSWORD, "192.0.2.1")).groups).toEqual(["mcp-registry-admin"])
      })
    )

    law("a password never opens, or replaces, a provider's account", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.signIn("keycloak", ada)
        for (const password of ["", "undefined", "null", PASSWORD]) {
          const refused = yield* Effect.flip(accounts.verify("ada", password, `198.51.100.${password.length}`))
          expect(refused._tag).toBe("InvalidCredentials")
        }
        expect((yield* Effect.flip(accounts.put({ username: "ADA", groups: [] }, PASSWORD)))._tag).toBe(
          "InvalidAccount"
        )
        expect((yield* accounts.get("ada"))?.provider).toBe("keycloak")
      })
    )

    law("a provider's name of a person becomes one an account may have", (accounts) =>
      Effect.gen(function* () {
        const names = ["Ada Lovelace", "../../admin", "аdmin", "x".repeat(300), "", "🦊", "-a-"]
        for (const [index, username] of names.entries()) {
          const { account } = yield* accounts.signIn("idp", { ...ada, username, subject: `s${index}` })
          expect(account.username).toMatch(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/)
        }
        expect((yield* accounts.get("Ada-Lovelace"))?.subject).toBe("s0")
        expect(yield* accounts.list).toHaveLength(names.length)
        for (const [provider, subject] of [
          ["local", "s"],
          ["", "s"],
          ["idp", ""]
        ] as const) {
          expect((yield* Effect.flip(accounts.signIn(provider, { ...ada, subject })))._tag).toBe("InvalidAccount")
        }
      })
    )

    law("two first sign-ins of one person at once make one account", (accounts) =>
      Effect.gen(function* () {
        const both = yield* Effect.all([accounts.signIn("idp", ada), accounts.signIn("idp", ada)], {
          concurrency: "unbounded"
        })
        expect(new Set(both.map(({ account }) => account.username)).size).toBe(1)
        expect(yield* accounts.list).toHaveLength(1)
      })
    )

    law("a disabled account signs in nowhere, and its password gets the answer of a wrong one", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        yield* accounts.signIn("idp", ada)
        expect(yield* Effect.forEach(["ALICE", "ada", "nobody"], (name) => accounts.disable(name, true))).toEqual([
          true,
          true,
          false
        ])
        const shut = yield* Effect.flip(accounts.verify("alice", PASSWORD, "192.0.2.1"))
        const wrong = yield* Effect.flip(accounts.verify("alice", "wrong", "192.0.2.2"))
        expect(JSON.stringify(shut)).toBe(JSON.stringify(wrong))
        expect((yield* Effect.flip(accounts.signIn("idp", ada)))._tag).toBe("AccountDisabled")
        yield* accounts.disable("alice", false)
        expect((yield* accounts.verify("alice", PASSWORD, "192.0.2.3")).disabled).toBe(false)
      })
    )

    law("groups are replaced, and whoever remembers an account is told that it changed", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        const revisions = [accounts.revision()]
        for (const change of [
          accounts.setGroups("alice", []),
          accounts.disable("alice", false),
          accounts.signIn("idp", ada)
        ]) {
          yield* change
          revisions.push(accounts.revision())
        }
        expect(new Set(revisions).size).toBe(4)
        expect(yield* accounts.setGroups("Alice", ["others"])).toBe(true)
        expect(yield* accounts.setGroups("bob", ["others"])).toBe(false)
        expect((yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).groups).toEqual(["others"])
      })
    )

    law("a burst can not overtake the count", (accounts) =>
      Effect.gen(function* () {
        const attempts = Array.from({ length: 12 }, () => fail(accounts, "alice", "192.0.2.1"))
        const failures = yield* Effect.all(attempts, { concurrency: "unbounded" })
        expect(failures.filter((failure) => failure._tag === "InvalidCredentials")).toHaveLength(5)
      })
    )
  })
}
