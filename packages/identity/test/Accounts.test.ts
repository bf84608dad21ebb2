import { describe, expect, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { vi } from "vitest"
import { Accounts, LOGIN_LIMITS } from "../src/Accounts.ts"
import { networkOf, Throttle } from "../src/internal/throttle.ts"
import { migrations } from "../src/Migrations.ts"
import { PasswordCost } from "../src/PasswordCost.ts"
import { accountsSuite } from "./suites/accountsSuite.ts"

const sqlite = Layer.provideMerge(Accounts.layerSql, Store.layerMemory)
const quick = Layer.provide(Accounts.layerMemory, PasswordCost.layerLow)

accountsSuite("layerMemory", Accounts.layerMemory)
accountsSuite("layerSql", sqlite)

describe("Accounts.layerSql", () => {
  it.scoped("design §6: of a password only its argon2id hash is stored, with the OWASP parameters", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      yield* accounts.put({ username: "alice", groups: [] }, "a long enough passphrase")
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql<{ readonly password_hash: string }>`SELECT * FROM accounts`
      expect(rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
      expect(JSON.stringify(rows)).not.toContain("passphrase")
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("a store that fails is AccountsUnavailable, without the password, and is no failed attempt", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      yield* accounts.put({ username: "alice", groups: [] }, "a long enough passphrase")
      const sql = yield* SqlClient.SqlClient
      yield* sql`ALTER TABLE accounts RENAME TO elsewhere`
      for (let i = 0; i < 6; i++) {
        const failure = yield* Effect.flip(accounts.verify("alice", "a long enough passphrase", "192.0.2.1"))
        expect(failure._tag).toBe("AccountsUnavailable")
        expect(`${String(failure)} ${JSON.stringify(failure)} ${failure.stack}`).not.toContain("passphrase")
      }
      yield* sql`ALTER TABLE elsewhere RENAME TO accounts`
      expect((yield* accounts.verify("alice", "a long enough passphrase", "192.0.2.1")).username).toBe("alice")
    }).pipe(Effect.provide(sqlite))
  )
})

describe("identity-0002-accounts-of-providers", () => {
  const before = migrations.filter(({ id }) => id < "identity-0002")

  it.scoped("keeps the accounts there were, as local ones, and the sessions", () =>
    Effect.gen(function* () {
      yield* Store.migrate(before)
      const sql = yield* SqlClient.SqlClient
      const passwordHash = yield* Effect.promise(() => Bun.password.hash("a long enough passphrase"))
      yield* sql`INSERT INTO accounts (id, username, member_of, password_hash, updated_at)
        VALUES ('alice', 'Alice', '["users"]', ${passwordHash}, 1700000000000)`
      yield* sql`INSERT INTO sessions (digest, username, member_of, expires_at) VALUES ('d', 'Alice', '[]', 1)`
      const accounts = yield* Effect.provide(Accounts, Accounts.layerSql)
      expect(yield* accounts.verify("alice", "a long enough passphrase", "192.0.2.1")).toMatchObject({
        username: "Alice",
        groups: ["users"],
        provider: "local",
        disabled: false
      })
      expect(yield* sql`SELECT provider, id_token FROM sessions`).toEqual([{ provider: "local", id_token: null }])
    }).pipe(Effect.provide(Store.layerMemory))
  )
})

/** Counts what the runtime's hasher is asked, without changing what it answers. */
const watchingHasher = <A, E, R>(
  body: (seen: { calls: number; running: number; most: number }) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const seen = { calls: 0, running: 0, most: 0 }
      const real = Bun.password.verify
      const spy = vi.spyOn(Bun.password, "verify").mockImplementation(async (...given) => {
        seen.calls++
        seen.most = Math.max(seen.most, ++seen.running)
        return real(...given).finally(() => void seen.running--)
      })
      return { seen, spy }
    }),
    ({ seen }) => body(seen),
    ({ spy }) => Effect.sync(() => spy.mockRestore())
  )

describe("the work of a login", () => {
  it.scoped(
    "design §6: one hash for a known user, an unknown one, an impossible name and an unusable password; none when locked",
    () =>
      watchingHasher((seen) =>
        Effect.gen(function* () {
          const accounts = yield* Accounts
          yield* accounts.put({ username: "alice", groups: [] }, "a long enough passphrase")
          const attempts = [
            ["alice", "wrong"],
            ["nobody", "wrong"],
            ["no such name", "wrong"],
            ["alice", ""],
            ["alice", "x".repeat(5_000)],
            ["alice", "wrong again"],
            ["alice", "and again"]
          ] as const
          for (const [index, [username, password]] of attempts.entries()) {
            yield* Effect.flip(accounts.verify(username, password, "192.0.2.1"))
            expect(seen.calls).toBe(index + 1)
          }
          expect((yield* Effect.flip(accounts.verify("alice", "wrong", "192.0.2.1")))._tag).toBe("TooManyAttempts")
          expect(seen.calls).toBe(attempts.length)
        })
      ).pipe(Effect.provide(quick))
  )

  it.scoped("S-16: at most two hashes at the same time, also when callers leave, and a bounded number waits", () =>
    watchingHasher((seen) =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        const login = (index: number) => Effect.flip(accounts.verify("alice", "wrong", `198.51.100.${index}`))
        const leaving = yield* Effect.forEach([200, 201, 202], (index) => Effect.fork(login(index)))
        yield* Effect.yieldNow()
        const rest = yield* Effect.fork(
          Effect.forEach(
            Array.from({ length: 40 }, (_, index) => index),
            login,
            { concurrency: "unbounded" }
          )
        )
        yield* Fiber.interruptAll(leaving)
        const failures = yield* Fiber.join(rest)
        expect(seen.most).toBe(2)
        expect(failures.some((failure) => failure._tag === "TooManyAttempts" && failure.retryAfterSeconds === 2)).toBe(
          true
        )
        expect(failures.filter((failure) => failure._tag === "InvalidCredentials").length).toBeGreaterThanOrEqual(31)
      })
    ).pipe(Effect.provide(quick))
  )
})

describe("the throttle", () => {
  it("one customer's IPv6 network is one address", () => {
    expect(networkOf("2001:db8:0:1:aaaa::1")).toBe(networkOf("2001:DB8::1:b:c:d:e"))
    expect(networkOf("2001:db8:0:1::1")).not.toBe(networkOf("2001:db8:0:2::1"))
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1")
    expect(networkOf("::1")).toBe("0:0:0:0::/64")
    expect(networkOf("unix")).toBe("unix")
  })

  it("success frees the account at that address, and not the others'", () => {
    const throttle = new Throttle({ ...LOGIN_LIMITS, perAddress: 6 })
    for (let i = 0; i < 4; i++) throttle.begin("a", "mallory-guesses-bob", 0)
    const own = throttle.begin("a", "mallory", 0)
    if (typeof own !== "number") throttle.succeeded(own)
    throttle.begin("a", "mallory-guesses-bob", 0)
    expect(throttle.begin("a", "mallory-guesses-bob", 0)).toBe(900)
  })

  it("success at one address leaves the account's guessers elsewhere waiting", () => {
    const throttle = new Throttle(LOGIN_LIMITS)
    for (let i = 0; i < 3; i++) throttle.begin("guesser-0", "alice", 0)
    for (let i = 0; i < 100; i++) throttle.begin(`guesser-${i}`, "alice", 0)
    const own = throttle.begin("home", "alice", 0)
    if (typeof own !== "number") throttle.succeeded(own)
    expect(throttle.begin("guesser-0", "alice", 60_000)).toBeTypeOf("number")
    expect(throttle.begin("home", "alice", 60_000)).toBeTypeOf("object")
  })

  it("the space between two tries grows from a second to the window, and does not outlast it", () => {
    const waits = [20, 25, 30, 45, 69, 70, 500].map((failures) => {
      const throttle = new Throttle(LOGIN_LIMITS)
      for (let i = 0; i < 3; i++) throttle.begin("guesser", "alice", 0)
      for (let i = 0; i < failures - 3; i++) throttle.begin(`guesser-${i}`, "alice", 0)
      return throttle.begin("guesser", "alice", 0)
    })
    expect(waits).toEqual([1, 2, 4, 32, 512, 900, 900])
    const throttle = new Throttle(LOGIN_LIMITS)
    for (let i = 0; i < 500; i++) throttle.begin(`guesser-${i}`, "alice", 0)
    expect(throttle.begin("guesser-0", "alice", LOGIN_LIMITS.windowMillis)).toBeTypeOf("object")
  })

  it("who mistyped once while others attack the account waits for seconds, not for the window", () => {
    const throttle = new Throttle(LOGIN_LIMITS)
    for (let i = 0; i < 500; i++) throttle.begin(`guesser-${i}`, "alice", 0)
    throttle.begin("home", "alice", 0)
    expect(throttle.begin("home", "alice", 0)).toBe(15)
    expect(throttle.begin("home", "alice", 15_000)).toBeTypeOf("object")
  })

  it("an attempt that came to nothing counts nowhere", () => {
    const throttle = new Throttle(LOGIN_LIMITS)
    for (let i = 0; i < 200; i++) {
      const attempt = throttle.begin("a", `user-${i % 3}`, 0)
      if (typeof attempt === "number") throw new Error(`waits ${attempt} s after ${i}`)
      throttle.withdraw(attempt)
    }
  })

  it("S-16: forgets the longest unheard of beyond its capacity, whatever the number of addresses and names", () => {
    const throttle = new Throttle({ ...LOGIN_LIMITS, remembered: 7 })
    for (let i = 0; i < 5; i++) throttle.begin("a", "x", 0)
    throttle.begin("b", "y", 0)
    expect(throttle.begin("a", "x", 0)).toBe(900)
    throttle.begin("c", "z", 0)
    throttle.begin("d", "z", 0)
    expect(throttle.begin("a", "x", 0)).toBeTypeOf("object")
  })

  const event = fc.record({
    gap: fc.integer({ min: 0, max: 200_000 }),
    account: fc.constantFrom("a", "b", "c"),
    address: fc.constantFrom("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
  })
  const limits = { ...LOGIN_LIMITS, perPair: 3, perAddress: 6, perAccount: 5, doubling: 2 }

  it("property: never more attempts in any window than allowed, and a wait is never longer than the window", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const throttle = new Throttle(limits)
        const admitted: Array<{ readonly account: string; readonly address: string; readonly at: number }> = []
        let now = 0
        for (const { account, address, gap } of events) {
          now += gap
          const attempt = throttle.begin(address, account, now)
          if (typeof attempt === "number") {
            expect(attempt).toBeGreaterThan(0)
            expect(attempt).toBeLessThanOrEqual(900)
          } else admitted.push({ account, address, at: now })
          const recent = admitted.filter(({ at }) => at > now - limits.windowMillis)
          const here = recent.filter((other) => other.address === address)
          expect(here.length).toBeLessThanOrEqual(limits.perAddress)
          expect(here.filter((other) => other.account === account).length).toBeLessThanOrEqual(limits.perPair)
        }
      })
    )
  })

  it("property: an address nobody failed at never waits, whatever happened elsewhere", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.constantFrom("a", "b", "c"), (events, account) => {
        const throttle = new Throttle(limits)
        let now = 0
        for (const { account, address, gap } of events) throttle.begin(address, account, (now += gap))
        expect(throttle.begin("198.51.100.7", account, now)).toBeTypeOf("object")
      })
    )
  })
})
