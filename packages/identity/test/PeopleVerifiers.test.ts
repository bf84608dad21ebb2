/** A provider's tokens, and what is known here of the people they name (S-14, design §6). */
import { assert, describe, it } from "@effect/vitest"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { Accounts, type Profile } from "../src/Accounts.ts"
import { FRESH_MILLIS, ofPeople } from "../src/PeopleVerifiers.ts"

const ISSUER = "https://idp.example"
const PASSWORD = "a long enough passphrase"

/** Tokens that are `{subject} {username}`, all of them good. */
const tokens: Verifier = {
  name: "idp",
  recognises: () => true,
  verify: ({ value }) => {
    const [subject = "", username = ""] = value.split(" ")
    const claims: Claims = {
      issuer: ISSUER,
      subject,
      username,
      clientId: "cli",
      groups: ["staff"],
      scopes: [],
      audience: ["https://gw.example"],
      expiresAt: 4_102_444_800,
      issuedAt: 0,
      tokenId: undefined,
      method: "oidc"
    }
    return Effect.succeed(claims)
  }
}

const bearer = (value: string) => ({ kind: "bearer", value, header: "authorization" }) as const

const profile = (subject: string, username: string): Profile => ({
  subject,
  username,
  email: undefined,
  displayName: undefined,
  groups: []
})

const law = (title: string, body: (verifier: Verifier, accounts: Accounts["Type"]) => Effect.Effect<void, unknown>) =>
  it.scoped(title, () =>
    Effect.gen(function* () {
      yield* body(yield* ofPeople("idp", tokens), yield* Accounts)
    }).pipe(Effect.provide(Accounts.layerMemory))
  )

const nameOf = (verifier: Verifier, value: string) =>
  Effect.map(verifier.verify(bearer(value)), ({ username }) => username)

describe("S-14: a provider's word for a person", () => {
  law(
    "is not an account's that is another's, in no spelling, nor an agent's; issuer and subject stay",
    (verifier, accounts) =>
      Effect.gen(function* () {
        yield* accounts.put({ username: "admin", groups: ["all"] }, PASSWORD)
        yield* accounts.put({ username: "admin2@idp", groups: [] }, PASSWORD)
        yield* accounts.put({ username: "admin2", groups: [] }, PASSWORD)
        yield* accounts.signIn("other", profile("1", "grace"))
        const claims = yield* verifier.verify(bearer("1 admin"))
        assert.deepInclude(claims, { issuer: ISSUER, subject: "1", username: "admin@idp", groups: ["staff"] })
        assert.strictEqual(yield* nameOf(verifier, "1 Admin"), "Admin@idp")
        assert.strictEqual(yield* nameOf(verifier, "1 grace"), "grace@idp")
        assert.strictEqual(yield* nameOf(verifier, "1 agent:ci"), "agent-ci@idp")
        assert.match(yield* nameOf(verifier, "1 admin2"), /^admin2\.[0-9a-f]{16}@idp$/)
        assert.strictEqual(yield* nameOf(verifier, "1 nobody's"), "nobody's")
      })
  )

  law(
    "stays when it is their own account's; where it is not, they go by the name they have here",
    (verifier, accounts) =>
      Effect.gen(function* () {
        yield* accounts.put({ username: "admin", groups: [] }, PASSWORD)
        yield* accounts.signIn("idp", profile("1", "ada"))
        yield* accounts.signIn("idp", profile("2", "admin"))
        assert.strictEqual(yield* nameOf(verifier, "1 ada"), "ada")
        assert.strictEqual(yield* nameOf(verifier, "2 admin"), "admin@idp")
        assert.strictEqual(yield* nameOf(verifier, "1 admin"), "ada")
      })
  )

  law("is looked at again when an account of that name is made", (verifier, accounts) =>
    Effect.gen(function* () {
      const claims = yield* verifier.verify(bearer("1 bob"))
      assert.strictEqual(verifier.holds?.(claims), true)
      yield* accounts.put({ username: "bob", groups: [] }, PASSWORD)
      assert.strictEqual(verifier.holds?.(claims), false)
      assert.strictEqual(yield* nameOf(verifier, "1 bob"), "bob@idp")
    })
  )
})

describe("whoever is shut out here", () => {
  law("is so with their provider's token too, at once, and elsewhere within seconds", (verifier, accounts) =>
    Effect.gen(function* () {
      yield* accounts.signIn("idp", profile("1", "ada"))
      const claims = yield* verifier.verify(bearer("1 ada"))
      assert.strictEqual(verifier.holds?.(claims), true)
      yield* TestClock.adjust(FRESH_MILLIS)
      assert.strictEqual(verifier.holds?.(claims), false, "another process may have shut them out")
      const again = yield* verifier.verify(bearer("1 ada"))
      yield* accounts.disable("ada", true)
      assert.strictEqual(verifier.holds?.(again), false)
      const failure = yield* Effect.flip(verifier.verify(bearer("1 ada")))
      assert.deepInclude(failure, { _tag: "Unauthenticated", reason: "account_disabled" })
    })
  )
})

describe("design §6: what is open by a provider's token", () => {
  law("goes on while its person is let in and called the same, however much changes elsewhere", (verifier, accounts) =>
    Effect.gen(function* () {
      yield* accounts.signIn("idp", profile("1", "ada"))
      const claims = yield* verifier.verify(bearer("1 ada"))
      const stranger = yield* verifier.verify(bearer("2 bea"))
      const holds = (one: Claims) =>
        Effect.gen(function* () {
          return verifier.holds?.(one) === true || (yield* verifier.stillHolds?.(one) ?? Effect.succeed(false))
        })
      yield* TestClock.adjust(FRESH_MILLIS)
      yield* accounts.put({ username: "other", groups: [] }, PASSWORD)
      assert.deepStrictEqual([verifier.holds?.(claims), verifier.holds?.(stranger)], [false, false])
      assert.deepStrictEqual([yield* holds(claims), yield* holds(stranger)], [true, true])
      assert.isTrue(verifier.holds?.(claims))
      yield* accounts.put({ username: "bea", groups: [] }, PASSWORD)
      assert.deepStrictEqual([yield* holds(claims), yield* holds(stranger)], [true, false])
      yield* accounts.disable("ada", true)
      assert.isFalse(yield* holds(claims))
    })
  )
})
