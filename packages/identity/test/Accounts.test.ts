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
import { accountsSuite } from "./suites/accountsSuite.ts"

const sqlite = Layer.provideMerge(Accounts.layerSqlite, Store.layerMemory)

accountsSuite("layerMemory", Accounts.layerMemory)
accountsSuite("layerSqlite", sqlite)

describe("Accounts.layerSqlite", () => {
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
            ["alice", "x".repeat(5_000)]
          ] as const
          for (const [index, [username, password]] of attempts.entries()) {
            yield* Effect.flip(accounts.verify(username, password, "192.0.2.1"))
            expect(seen.calls).toBe(index + 1)
          }
          expect((yield* Effect.flip(accounts.verify("alice", "wrong", "192.0.2.1")))._tag).toBe("TooManyAttempts")
          expect(seen.calls).toBe(attempts.length)
        })
      ).pipe(Effect.provide(Accounts.layerMemory))
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
    ).pipe(Effect.provide(Accounts.layerMemory))
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

  it("forgets the longest known address beyond its capacity", () => {
    const throttle = new Throttle({ ...LOGIN_LIMITS, addresses: 2 })
    for (let i = 0; i < 5; i++) throttle.begin("a", "x", 0)
    throttle.begin("b", "x", 0)
    throttle.begin("c", "x", 0)
    expect(throttle.begin("a", "x", 0)).toBeTypeOf("object")
  })

  it("property: never more attempts in any window than allowed, and a wait is never longer than the window", () => {
    const event = fc.record({ gap: fc.integer({ min: 0, max: 400_000 }), account: fc.constantFrom("a", "b", "c") })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const throttle = new Throttle(LOGIN_LIMITS)
        const admitted: Array<number> = []
        let now = 0
        for (const { account, gap } of events) {
          now += gap
          const attempt = throttle.begin("192.0.2.1", account, now)
          if (typeof attempt === "number") expect(attempt).toBeLessThanOrEqual(900)
          else admitted.push(now)
          const start = now - LOGIN_LIMITS.windowMillis
          expect(admitted.filter((at) => at > start).length).toBeLessThanOrEqual(LOGIN_LIMITS.perAddress)
        }
      })
    )
  })
})
