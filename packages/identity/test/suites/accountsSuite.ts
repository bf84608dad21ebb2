/** Contract of the `Accounts` port; run over every layer of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { Accounts } from "../../src/Accounts.ts"

const PASSWORD = "a long enough passphrase"
const alice = { username: "alice", groups: ["users", "a b"] }

export const accountsSuite = (name: string, layer: Layer.Layer<Accounts, unknown>): void => {
  const law = (title: string, body: (accounts: Accounts["Type"]) => Effect.Effect<void, unknown>): void =>
    it.scoped(title, () => Effect.provide(Effect.flatMap(Accounts, body), layer))

  const fail = (accounts: Accounts["Type"], username: string, remote: string) =>
    Effect.flip(accounts.verify(username, "wrong", remote))

  describe(`Accounts contract: ${name}`, () => {
    law("is empty until somebody is put", (accounts) =>
      Effect.gen(function* () {
        expect(yield* accounts.isEmpty).toBe(true)
        expect(yield* accounts.get("alice")).toBeUndefined()
        yield* accounts.put(alice, PASSWORD)
        expect(yield* accounts.isEmpty).toBe(false)
        expect(yield* accounts.get("alice")).toEqual(alice)
      })
    )

    law("verifies the right password alone", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        expect(yield* accounts.verify("alice", PASSWORD, "192.0.2.1")).toEqual(alice)
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
          expect(yield* accounts.verify("alice", "quite another phrase", "192.0.2.2")).toEqual(alice)
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
        expect(yield* accounts.get("alice")).toEqual({ username: "alice", groups: [] })
        expect((yield* Effect.flip(accounts.verify("alice", PASSWORD, "192.0.2.1")))._tag).toBe("InvalidCredentials")
        expect((yield* accounts.verify("alice", "another passphrase", "192.0.2.1")).groups).toEqual([])
      })
    )

    law("two spellings of a name are one account", (accounts) =>
      Effect.gen(function* () {
        yield* accounts.put(alice, PASSWORD)
        expect(yield* accounts.get("ALICE")).toEqual(alice)
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

    law("a burst can not overtake the count", (accounts) =>
      Effect.gen(function* () {
        const attempts = Array.from({ length: 12 }, () => fail(accounts, "alice", "192.0.2.1"))
        const failures = yield* Effect.all(attempts, { concurrency: "unbounded" })
        expect(failures.filter((failure) => failure._tag === "InvalidCredentials")).toHaveLength(5)
      })
    )
  })
}
