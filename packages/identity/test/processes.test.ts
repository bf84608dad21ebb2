/** What one process takes away counts in the others over the same store, as soon as they look; they do so within a second. */
import { assert, describe, it } from "@effect/vitest"
import { Revocations } from "@mcpgw/auth/Revocations"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import * as Store from "@mcpgw/store/Store"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Accounts } from "../src/Accounts.ts"
import { Agents } from "../src/Agents.ts"
import { ApiKeys } from "../src/ApiKeys.ts"
import * as DurableRevocations from "../src/DurableRevocations.ts"
import { MachineClients } from "../src/MachineClients.ts"
import { PasswordCost } from "../src/PasswordCost.ts"

const GATEWAY = "https://mcp.example.com"
const PASSWORD = "correct horse battery 9"

const processOver = (store: Store.StoreLayer) =>
  ApiKeys.layerSql({ issuer: GATEWAY, audience: GATEWAY }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        Layer.provide(Accounts.layerSql, PasswordCost.layerLow),
        Agents.layerSql,
        MachineClients.layerSql,
        DurableRevocations.layerSql
      )
    ),
    Layer.provideMerge(store)
  )

const suite = (name: string, kept: Effect.Effect<Store.StoreLayer>): void => {
  const two = Effect.gen(function* () {
    const open = Layer.build(Layer.fresh(processOver(yield* kept)))
    const [a, b] = yield* Effect.all([open, open])
    const look = Effect.flatMap(ChangeFeed, (feed) => feed.look)
    return { inA: Effect.provide(a), inB: Effect.provide(b), look: Effect.provide(look, b) }
  })

  describe(`identity of two processes over ${name}`, () => {
    it.scoped("design §1: revoked tokens, and subjects", () =>
      Effect.gen(function* () {
        const { inA, inB, look } = yield* two
        yield* Effect.flatMap(Revocations, ({ revoke }) => revoke("before", 4_000_000_000)).pipe(inA)
        const revocations = yield* inB(Revocations)
        yield* Effect.flatMap(Revocations, ({ revoke, revokeSubject }) =>
          Effect.all([revoke("t1", 4_000_000_000), revokeSubject(GATEWAY, "alice", 1_000.5)])
        ).pipe(inA)
        yield* look
        assert.isTrue(revocations.has("before"))
        assert.isTrue(revocations.has("t1"))
        assert.isFalse(revocations.has("t2"))
        assert.isTrue(revocations.hasSubject(GATEWAY, "alice", 1_000))
        assert.isFalse(revocations.hasSubject(GATEWAY, "alice", 1_001))
        assert.isFalse(revocations.hasSubject(GATEWAY, "bob", 1_000))
      })
    )

    it.scoped("design §1: a key, revoked or with its owner shut out", () =>
      Effect.gen(function* () {
        const { inA, inB, look } = yield* two
        const wanted = { expiresAt: undefined, groups: undefined, limits: undefined }
        const [first, second] = yield* Effect.gen(function* () {
          yield* (yield* Accounts).put({ username: "alice", groups: ["a"] }, PASSWORD)
          const keys = yield* ApiKeys
          return [
            yield* keys.create("alice", { ...wanted, name: "1" }),
            yield* keys.create("alice", { ...wanted, name: "2" })
          ] as const
        }).pipe(inA)
        yield* look
        const keys = yield* inB(ApiKeys)
        const claims = yield* keys.verify(second.text)
        yield* keys.verify(first.text)
        yield* Effect.flatMap(ApiKeys, ({ revoke }) => revoke("alice", first.key.id)).pipe(inA)
        yield* look
        // Admission asks for the id on every request.
        const revocations = yield* inB(Revocations)
        assert.isTrue(revocations.has(first.key.id))
        assert.isFalse(revocations.has(second.key.id))
        assert.isTrue(keys.holds(claims))
        yield* Effect.flatMap(Accounts, ({ disable }) => disable("alice", true)).pipe(inA)
        yield* look
        assert.isFalse(keys.holds(claims))
        const refused = yield* Effect.flip(keys.verify(second.text))
        assert.propertyVal(refused, "reason", "account_disabled")
      })
    )

    it.scoped("agents and the groups of machines", () =>
      Effect.gen(function* () {
        const { inA, inB, look } = yield* two
        const agents = yield* inB(Agents)
        const machines = yield* inB(MachineClients)
        const before = agents.revision()
        yield* Effect.gen(function* () {
          yield* (yield* Agents).create({ name: "ci", description: "", groups: [] })
          yield* (yield* MachineClients).put({ issuer: GATEWAY, clientId: "billing", groups: ["billing"] })
        }).pipe(inA)
        assert.strictEqual(agents.revision(), before)
        yield* look
        assert.isAbove(agents.revision(), before)
        assert.deepStrictEqual(machines.groupsOf(GATEWAY, "billing"), ["billing"])
      })
    )
  })
}

suite(
  "a SQLite file",
  Effect.sync(() => Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-people-")), "a.db") }))
)

overPostgres(({ kept }) => suite("PostgreSQL", kept))
