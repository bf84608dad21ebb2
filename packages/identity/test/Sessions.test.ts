import { describe, expect, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { Revocations } from "@mcpgw/auth/Revocations"
import { revocationsSuite } from "@mcpgw/auth/suites/revocationsSuite"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { layerSql as revocationsSql } from "../src/DurableRevocations.ts"
import { SESSION_SECONDS, Sessions } from "../src/Sessions.ts"
import { sessionsSuite } from "./suites/sessionsSuite.ts"

const options = { issuer: "local", audience: "https://gw.example" }
const alice = { username: "alice", groups: ["users"] }
const sqlite = Sessions.layerSql(options).pipe(
  Layer.provideMerge(revocationsSql),
  Layer.provideMerge(Store.layerMemory)
)

sessionsSuite("layerMemory", Layer.provideMerge(Sessions.layerMemory(options), Revocations.layerMemory))
sessionsSuite("layerSql", sqlite)
revocationsSuite("layerSql", Layer.provide(revocationsSql, Store.layerMemory))

const rowsOf = (table: "sessions" | "revocations") =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT * FROM ${sql(table)}`)

describe("Sessions.layerSql", () => {
  it.scoped("the store holds the digest, never the value", () =>
    Effect.gen(function* () {
      const value = yield* (yield* Sessions).create(alice)
      const rows = JSON.stringify(yield* rowsOf("sessions"))
      expect(rows).toContain("alice")
      expect(rows).not.toContain(value)
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("expired sessions and revocations are swept, living ones stay", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      yield* sessions.create(alice)
      yield* (yield* Revocations).revoke("t", 3_600)
      yield* TestClock.adjust("1 hour")
      const late = yield* sessions.create(alice)
      expect(yield* rowsOf("revocations")).toEqual([])
      expect((yield* Revocations).has("t")).toBe(false)
      yield* TestClock.adjust(`${SESSION_SECONDS - 1_800} seconds`)
      expect(yield* rowsOf("sessions")).toHaveLength(1)
      expect(yield* sessions.find(late)).toBeDefined()
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("sessions and revocations outlive a restart; an ended session stays ended", () =>
    Effect.gen(function* () {
      const services = Layer.provideMerge(Sessions.layerSql(options), revocationsSql)
      const run = <A, E>(body: Effect.Effect<A, E, Sessions | Revocations>) =>
        Effect.scoped(Effect.provide(body, Layer.fresh(services)))
      const [kept, ended] = yield* run(
        Effect.gen(function* () {
          const sessions = yield* Sessions
          const values = [yield* sessions.create(alice), yield* sessions.create(alice)] as const
          yield* sessions.end(values[1])
          const revocations = yield* Revocations
          yield* revocations.revoke("token", 3_600)
          yield* revocations.revokeSubject("iss", "bob", 20.5)
          yield* revocations.revokeSubject("iss", "bob", 10)
          return values
        })
      )
      yield* run(
        Effect.gen(function* () {
          const sessions = yield* Sessions
          expect((yield* sessions.find(kept))?.username).toBe("alice")
          expect(yield* sessions.find(ended)).toBeUndefined()
          const revocations = yield* Revocations
          expect(revocations.has("token")).toBe(true)
          expect([20.5, 20.501].map((at) => revocations.hasSubject("iss", "bob", at))).toEqual([true, false])
        })
      )
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.scoped("a session of an older version lives on, without a beginning, and ends with all its person has", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const value = yield* sessions.create(alice)
      yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE sessions SET created_at = NULL`)
      expect(yield* sessions.find(value)).toMatchObject({ issuedAt: undefined, provider: "local" })
      expect(yield* sessions.list("alice")).toMatchObject([{ createdAt: undefined, provider: "local" }])
      yield* (yield* Revocations).revokeSubject("local", "alice", 0)
      expect(yield* sessions.find(value)).toBeUndefined()
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("a revocation that can not be stored fails, and holds in this process", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const revocations = yield* Revocations
      const value = yield* sessions.create(alice)
      yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`DROP TABLE revocations`)
      const failure = yield* Effect.flip(revocations.revoke("t", 3_600))
      expect(failure._tag).toBe("RevocationNotStored")
      expect(revocations.has("t")).toBe(true)
      yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`DROP TABLE revoked_subjects`)
      expect((yield* Effect.flip(revocations.revokeSubject("iss", "bob", 1)))._tag).toBe("RevocationNotStored")
      expect(revocations.hasSubject("iss", "bob", 1)).toBe(true)
      const ending = yield* Effect.flip(sessions.end(value))
      expect(ending._tag).toBe("AccountsUnavailable")
      expect(`${String(ending)} ${JSON.stringify(ending)}`).not.toContain(value)
      expect(yield* sessions.find(value)).toBeUndefined()
    }).pipe(Effect.provide(sqlite))
  )
})
