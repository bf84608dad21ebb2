/** Laws of what the authorization server keeps in whatever database: the provider's own expectations of an adapter, over the store; sealed, swept, and gone when expired. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { Revocations } from "@mcpgw/auth/Revocations"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { migrate } from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { migrations } from "../../src/Migrations.ts"
import { makeAdapter } from "../../src/oauth/adapter.ts"
import { makeArtifactStore } from "../../src/oauth/ArtifactStore.ts"
import { makeClientStore } from "../../src/oauth/ClientStore.ts"
import { endGrant } from "../../src/oauth/endGrant.ts"
import { makeKnownClients } from "../../src/oauth/knownClients.ts"
import { Sealing } from "../../src/oauth/sealing.ts"
import { makeTokenHandles } from "../../src/oauth/tokenHandle.ts"

const NOBODY = { find: async () => undefined, verifySecret: async () => false }

const make = (clock: { now: number }) =>
  Effect.gen(function* () {
    yield* migrate(migrations)
    const sql = yield* SqlClient.SqlClient
    const keys = yield* KeyRing
    const revocations = yield* Revocations
    const run = Runtime.runPromise(yield* Effect.runtime())
    const sealing = new Sealing(keys)
    const artifacts = makeArtifactStore(sql, sealing)
    const adapter = makeAdapter({
      artifacts,
      clients: makeClientStore(sql),
      known: makeKnownClients(NOBODY),
      handles: makeTokenHandles(sealing, keys, "https://gw.example"),
      revocations,
      run,
      now: () => clock.now
    })
    return { adapter, artifacts, revocations, sql }
  })

const MODELS = ["Session", "Grant", "AuthorizationCode", "RefreshToken", "DeviceCode", "Interaction", "ReplayDetection"]

/** Runs the laws over `store`, built anew for each. */
export const oauthStateSuite = <E>(name: string, store: Layer.Layer<SqlClient.SqlClient, E>): void => {
  const layer = Layer.mergeAll(KeyRing.layerEphemeral, Revocations.layerMemory, store)

  describe(`${name}: the provider's expectations of an adapter`, () => {
    for (const model of MODELS) {
      it.scoped(`${model}: what is put is found, replaced, and gone when destroyed or expired`, () => {
        const clock = { now: 1_000 }
        return Effect.gen(function* () {
          const { adapter } = yield* make(clock)
          const its = adapter(model)
          yield* Effect.promise(async () => {
            assert.isUndefined(await its.find("a"))
            await its.upsert("a", { jti: "a", kind: model, accountId: "x" }, 60)
            assert.deepEqual(await its.find("a"), { jti: "a", kind: model, accountId: "x" })
            await its.upsert("a", { jti: "a", kind: model, accountId: "y" }, 60)
            assert.deepEqual(await its.find("a"), { jti: "a", kind: model, accountId: "y" })
            assert.isUndefined(await adapter("Other").find("a"))
            clock.now += 60
            assert.isUndefined(await its.find("a"))
            await its.upsert("b", { jti: "b", kind: model }, 60)
            await its.destroy("b")
            assert.isUndefined(await its.find("b"))
          })
        }).pipe(Effect.provide(layer))
      })
    }

    it.scoped("found by uid and by user code", () =>
      Effect.gen(function* () {
        const { adapter } = yield* make({ now: 0 })
        yield* Effect.promise(async () => {
          await adapter("Session").upsert("s", { jti: "s", uid: "u-1" }, 60)
          await adapter("DeviceCode").upsert("d", { jti: "d", userCode: "BCDFGHJK" }, 60)
          assert.strictEqual((await adapter("Session").findByUid("u-1"))?.jti, "s")
          assert.strictEqual((await adapter("DeviceCode").findByUserCode("BCDFGHJK"))?.jti, "d")
          assert.isUndefined(await adapter("Session").findByUid("s"))
        })
      }).pipe(Effect.provide(layer))
    )

    it.scoped("S-05: consumed once, whoever races; marked for the next look", () =>
      Effect.gen(function* () {
        const { adapter } = yield* make({ now: 5 })
        yield* Effect.promise(async () => {
          const codes = adapter("AuthorizationCode")
          await codes.upsert("c", { jti: "c" }, 60)
          const results = await Promise.allSettled([codes.consume("c"), codes.consume("c"), codes.consume("c")])
          assert.lengthOf(
            results.filter(({ status }) => status === "fulfilled"),
            1
          )
          assert.strictEqual((await codes.find("c"))?.consumed, 5)
        })
      }).pipe(Effect.provide(layer))
    )

    it.scoped("revoking by grant takes all of the grant and nothing else; access tokens by name", () =>
      Effect.gen(function* () {
        const { adapter, artifacts, revocations } = yield* make({ now: 0 })
        yield* Effect.promise(async () => {
          for (const [id, grantId] of [
            ["1", "g"],
            ["2", "g"],
            ["3", "other"]
          ] as const) {
            await adapter("RefreshToken").upsert(`r${id}`, { jti: `r${id}`, grantId }, 60)
            await adapter("AccessToken").upsert(`a${id}`, { jti: `a${id}`, grantId }, 60)
          }
          await adapter("RefreshToken").revokeByGrantId("g")
          assert.isUndefined(await adapter("RefreshToken").find("r1"))
          assert.isDefined(await adapter("RefreshToken").find("r3"))
          await adapter("AccessToken").revokeByGrantId("g")
        })
        assert.isTrue(revocations.has("a1") && revocations.has("a2"))
        assert.isFalse(revocations.has("a3"))
        yield* endGrant(artifacts, revocations, "other")
        assert.isTrue(revocations.has("a3"))
        assert.isUndefined(yield* Effect.promise(() => Promise.resolve(adapter("RefreshToken").find("r3"))))
      }).pipe(Effect.provide(layer))
    )

    it.scoped("an access token is not found by its id alone", () =>
      Effect.gen(function* () {
        const { adapter } = yield* make({ now: 0 })
        yield* Effect.promise(async () => {
          await adapter("AccessToken").upsert("jti-1", { jti: "jti-1" }, 60)
          for (const id of ["jti-1", "jti-1~", "jti-1~x"]) assert.isUndefined(await adapter("AccessToken").find(id))
        })
      }).pipe(Effect.provide(layer))
    )
  })

  describe(`${name}: what a copied database is worth`, () => {
    it.scoped("neither values nor payloads can be read in it; expired rows are swept", () =>
      Effect.gen(function* () {
        const { adapter, artifacts, sql } = yield* make({ now: 0 })
        yield* Effect.promise(() =>
          adapter("RefreshToken").upsert(
            "very-secret-token",
            { jti: "very-secret-token", accountId: "ada", scope: "mcp" },
            60
          )
        )
        const all = async (): Promise<string> =>
          JSON.stringify(await Runtime.runPromise(Runtime.defaultRuntime)(sql`SELECT * FROM oauth_artifacts`))
        const text = yield* Effect.promise(all)
        assert.notInclude(text, "very-secret-token")
        assert.notInclude(text, '\\"scope\\"')
        yield* artifacts.removeExpired(61)
        assert.strictEqual(yield* Effect.promise(all), "[]")
      }).pipe(Effect.provide(layer))
    )
  })
}
