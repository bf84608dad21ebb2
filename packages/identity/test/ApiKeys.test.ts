import { describe, expect, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { Revocations } from "@mcpgw/auth/Revocations"
import { Verifiers } from "@mcpgw/auth/Verifiers"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { Accounts } from "../src/Accounts.ts"
import { SECRET_PREFIX } from "../src/ClientSecrets.ts"
import { ApiKeys, type NewApiKey } from "../src/ApiKeys.ts"
import { layerSql as revocationsSql } from "../src/DurableRevocations.ts"
import * as IdentityVerifiers from "../src/IdentityVerifiers.ts"
import { makeSecret } from "../src/internal/secretText.ts"
import { PasswordCost } from "../src/PasswordCost.ts"
import { apiKeysSuite } from "./suites/apiKeysSuite.ts"

const options = { issuer: "local", audience: "https://gw.example" }
const accountsSql = Layer.provide(Accounts.layerSql, PasswordCost.layerLow)
const sqlite = ApiKeys.layerSql(options).pipe(
  Layer.provideMerge(Layer.merge(accountsSql, revocationsSql)),
  Layer.provideMerge(Store.layerMemory)
)
const memory = Layer.provideMerge(
  ApiKeys.layerMemory(options),
  Layer.merge(Layer.provide(Accounts.layerMemory, PasswordCost.layerLow), Revocations.layerMemory)
)

apiKeysSuite("layerMemory", memory)
apiKeysSuite("layerSql", sqlite)

const plain: NewApiKey = { name: "laptop", expiresAt: undefined, groups: undefined, limits: undefined }
const PASSWORD = "correct horse battery 9"

const alice = Effect.flatMap(Accounts, (accounts) => accounts.put({ username: "alice", groups: ["users"] }, PASSWORD))
const rows = Effect.flatMap(SqlClient.SqlClient, (sql) => sql<Record<string, unknown>>`SELECT * FROM api_keys`)

describe("ApiKeys.layerSql", () => {
  it.scoped("the store holds the SHA-256, never the key", () =>
    Effect.gen(function* () {
      yield* alice
      const { text } = yield* (yield* ApiKeys).create("alice", plain)
      const stored = JSON.stringify(yield* rows)
      expect(stored).toContain(text.slice(0, 12))
      expect(stored).not.toContain(text.slice(12))
      expect(stored).toContain(new Bun.CryptoHasher("sha256").update(text).digest("base64url"))
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("design §4: uses are written together once a minute, and at the end", () =>
    Effect.gen(function* () {
      const lastUsed = Effect.map(rows, ([row]) => row?.["last_used_at"])
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* alice
          const keys = yield* ApiKeys
          const { text } = yield* keys.create("alice", plain)
          yield* TestClock.adjust("10 seconds")
          keys.holds(yield* keys.verify(text))
          expect(yield* lastUsed).toBeNull()
          yield* TestClock.adjust("50 seconds")
          expect(yield* lastUsed).toBe(10_000)
          yield* TestClock.adjust("5 seconds")
          yield* keys.verify(text)
          expect(yield* lastUsed).toBe(10_000)
        }).pipe(
          Effect.provide(ApiKeys.layerSql(options).pipe(Layer.provideMerge(Layer.merge(accountsSql, revocationsSql))))
        )
      )
      expect(yield* lastUsed).toBe(65_000)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.scoped("a change made by another process counts within seconds, and a disabled owner's key is dead", () =>
    Effect.gen(function* () {
      yield* alice
      const keys = yield* ApiKeys
      const sql = yield* SqlClient.SqlClient
      const { text } = yield* keys.create("alice", plain)
      const claims = yield* keys.verify(text)
      yield* sql`UPDATE accounts SET member_of = '["fewer"]'`
      expect(keys.holds(claims)).toBe(true)
      yield* TestClock.adjust("3 seconds")
      expect(keys.holds(claims)).toBe(false)
      expect((yield* keys.verify(text)).groups).toEqual(["fewer"])
      yield* sql`DELETE FROM accounts`
      yield* TestClock.adjust("3 seconds")
      expect(yield* Effect.flip(keys.verify(text))).toMatchObject({ reason: "account_disabled" })
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("limits that can not be read refuse the key instead of freeing it; a store that is gone is no pass", () =>
    Effect.gen(function* () {
      yield* alice
      const keys = yield* ApiKeys
      const sql = yield* SqlClient.SqlClient
      const { text } = yield* keys.create("alice", { ...plain, limits: { servers: ["/a"] } })
      for (const broken of ["", "[]", '{"servers":"/a"}', '{"servers":[1]}', '{"server":["/a"]}']) {
        yield* sql`UPDATE api_keys SET limits = ${broken}`
        expect((yield* Effect.flip(keys.verify(text)))._tag).toBe("AuthUnavailable")
      }
      yield* sql`DROP TABLE api_keys`
      const failure = yield* Effect.flip(keys.verify(text))
      expect(failure._tag).toBe("AuthUnavailable")
      expect(JSON.stringify(failure)).not.toContain(text.slice(12))
    }).pipe(Effect.provide(sqlite))
  )
})

describe("API keys behind AuthLayer", () => {
  const services = AuthLayer.layer.pipe(
    Layer.provide(
      Layer.effect(
        Verifiers,
        Effect.map(IdentityVerifiers.apiKeys, (verifier) => [verifier])
      )
    ),
    Layer.provideMerge(memory)
  )
  const bearer = (value: string) => ({ kind: "bearer", value, header: "authorization" }) as const

  it.scoped(
    "design §6: verified once and then from memory; a change of the account or of the key counts at the next request",
    () =>
      Effect.gen(function* () {
        yield* alice
        const auth = yield* AuthLayer
        const keys = yield* ApiKeys
        const { key, text } = yield* keys.create("alice", plain)
        const credential = bearer(text)
        expect(auth.cached(credential)).toBeUndefined()
        const claims = yield* auth.authenticate(credential)
        expect(auth.cached(credential)).toBe(claims)
        yield* Effect.flatMap(Accounts, (accounts) => accounts.put({ username: "alice", groups: [] }, PASSWORD))
        expect(auth.cached(credential)).toBeUndefined()
        const after = yield* auth.authenticate(credential)
        expect(after.groups).toEqual([])
        yield* keys.revoke("alice", key.id)
        expect(auth.cached(credential)).toBeUndefined()
        expect(auth.admit(after, ["https://gw.example"], 0)).toMatchObject({ reason: "token_revoked" })
        expect(yield* Effect.flip(auth.authenticate(credential))).toMatchObject({ reason: "unknown_api_key" })
      }).pipe(Effect.provide(services))
  )

  it.scoped("design §6: whatever begins like a key or a secret is ours, and a secret is no token", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const secret = makeSecret(SECRET_PREFIX).text
      for (const value of ["mcpgw_x", makeSecret("mcpgw_").text, secret]) expect(auth.isOurs(value)).toBe(true)
      for (const value of ["mcpgw", "MCPGW_x", "ghp_x", "xmcpgw_x"]) expect(auth.isOurs(value)).toBe(false)
      expect(yield* Effect.flip(auth.authenticate(bearer(secret)))).toMatchObject({ reason: "agent_secret" })
      expect(yield* Effect.flip(auth.authenticate({ kind: "cookie", value: makeSecret("mcpgw_").text }))).toMatchObject(
        {
          reason: "session_expired"
        }
      )
    }).pipe(Effect.provide(services))
  )
})
