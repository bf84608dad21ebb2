/** Keys that do not belong to the database, as an operator meets them: another folder, an empty one, one that was rotated. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { makeArtifactStore } from "@mcpgw/identity/oauth/ArtifactStore"
import { Sealing } from "@mcpgw/identity/oauth/sealing"
import * as KeyRingFile from "@mcpgw/store/KeyRingFile"
import { sealedGrants } from "@mcpgw/identity/SealedGrants"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Store from "@mcpgw/store/Store"
import { tempDir } from "@mcpgw/testkit/Process"
import { sealedCredentials } from "@mcpgw/vault/SealedCredentials"
import { Vault } from "@mcpgw/vault/Vault"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { join } from "node:path"
import { afterAll } from "vitest"
import { GatewayConfig } from "../../src/config.ts"
import * as Keys from "../../src/keys.ts"

const room = tempDir("keys")
afterAll(() => room.remove())

let made = 0
const folder = (): string => join(room.path, `keys-${++made}`)

/** What a process with its keys in `directory` finds at its start, and what it warns of. It ends with the scope. */
const process = (directory: string, settings: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const warned: Array<string> = []
    const sql = yield* SqlClient.SqlClient
    const config = GatewayConfig.layer("/").pipe(
      Layer.provide(
        Layer.setConfigProvider(
          ConfigProvider.fromMap(new Map(Object.entries({ MCPGW_KEYS_DIR: directory, ...settings })))
        )
      )
    )
    const keys = Layer.fresh(Keys.layer).pipe(
      Layer.provide(Layer.succeed(SqlClient.SqlClient, sql)),
      Layer.provide(config),
      Layer.provide(
        Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ logLevel, message }) => void (logLevel.label === "WARN" && warned.push(String(message))))
        )
      )
    )
    const ring = Context.get(yield* Layer.build(keys), KeyRing)
    return { ring, warned }
  })

/** One that ends again at once. */
const start = (directory: string, settings: Readonly<Record<string, string>> = {}) =>
  Effect.scoped(process(directory, settings))

const sealSomething = (directory: string) =>
  Effect.gen(function* () {
    const { ring } = yield* start(directory)
    const sql = yield* SqlClient.SqlClient
    const vault = yield* Effect.provide(Vault, Vault.layerSql({ variable: () => Effect.succeed(undefined) })).pipe(
      Effect.provideService(KeyRing, ring)
    )
    yield* vault.put("/time", { credential: "s3cret", headers: [], origins: [], references: false })
    const artifacts = makeArtifactStore(sql, new Sealing(ring))
    const nobody = { uid: undefined, userCode: undefined, account: "ann", clientId: "c", resource: "r" }
    yield* sealedGrants
    yield* artifacts.put("Grant", "g", {}, { ...nobody, grantId: "g" }, 10_000)
    yield* artifacts.put("Grant", "expired", {}, { ...nobody, grantId: "h" }, -1)
    yield* artifacts.put("Interaction", "i", {}, { ...nobody, grantId: undefined }, 10_000)
    return ring
  })

const suite = <E>(name: string, store: Layer.Layer<SqlClient.SqlClient, E>): void => {
  const law = <A, F>(words: string, body: Effect.Effect<A, F, SqlClient.SqlClient>): void =>
    it.effect(words, () => Effect.provide(body, Layer.fresh(store)))

  describe(`keys and the database they belong to: ${name}`, () => {
    law(
      "S-05: another or an empty MCPGW_KEYS_DIR is refused while credentials or grants lie there, and says what to do",
      Effect.gen(function* () {
        const own = folder()
        const ring = yield* sealSomething(own)
        const newest = ring.sealing[0]
        const one = [{ keyId: newest?.id, count: 1 }]
        assert.deepStrictEqual([yield* sealedCredentials, yield* sealedGrants], [one, one])
        const other = folder()
        const error = yield* Effect.flip(start(other))
        assert.strictEqual(error._tag, "KeysMissing")
        const { message } = error
        const words = ["1 credentials of servers, 1 grants", other, "MCPGW_KEYS_DIR", "MCPGW_KEYS_LOST=true"]
        for (const word of [...words, newest?.id ?? "no key"]) assert.include(message, word)
        assert.notInclude(message, Buffer.from(newest?.bytes ?? []).toString("base64url"), "never a key")
        assert.deepStrictEqual((yield* start(own)).warned, [])
        yield* Effect.flip(start(other))
      })
    )

    law(
      "MCPGW_KEYS_LOST=true gives them up once, aloud; the next start needs no such word",
      Effect.gen(function* () {
        yield* sealSomething(folder())
        const other = folder()
        const { warned } = yield* start(other, { MCPGW_KEYS_LOST: "true" })
        assert.match(warned.join("\n"), /1 credentials of servers, 1 grants[^]*take it out again/)
        assert.match((yield* start(other)).warned.join("\n"), /^Lost, because/)
      })
    )

    law(
      "MCPGW_KEYS_LOST=true gives up nothing while another process has the keys; it does when that one has ended, or is not heard of for a minute",
      Effect.gen(function* () {
        const own = folder()
        const ring = yield* sealSomething(own)
        const running = yield* Scope.make()
        yield* Scope.extend(process(own), running)
        const other = folder()
        yield* TestClock.adjust("30 seconds")
        const refused = yield* Effect.flip(start(other, { MCPGW_KEYS_LOST: "true" }))
        assert.match(refused.message, /They are not lost: another process/)
        const error = yield* Effect.flip(start(other))
        assert.include(error.message, "MCPGW_KEYS_LOST=true")
        assert.deepStrictEqual((yield* start(own)).warned, [], "the right keys are still those of the database")
        yield* Scope.close(running, Exit.void)
        const killed = { holder: "killed", id: ring.sealing[0]?.id, seen_at: "1970-01-01T00:00:30.000Z" }
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO store_key_holders ${sql.insert(killed)}`
        assert.strictEqual((yield* Effect.flip(start(other, { MCPGW_KEYS_LOST: "true" })))._tag, "KeysMissing")
        yield* TestClock.adjust("61 seconds")
        assert.match((yield* start(other, { MCPGW_KEYS_LOST: "true" })).warned.join("\n"), /Lost, because/)
      })
    )

    law(
      "where nothing lies sealed, other keys are taken with a warning that says what breaks; after that with none",
      Effect.gen(function* () {
        yield* start(folder())
        const other = folder()
        assert.match(
          (yield* start(other)).warned.join("\n"),
          /tokens that other keys signed.*MCP sessions.*MCPGW_KEYS_DIR/
        )
        assert.deepStrictEqual((yield* start(other)).warned, [])
      })
    )

    law(
      "design §6: npm run rotate-keys is no news to the database, nor is --leaked, but for what it loses",
      Effect.gen(function* () {
        const own = folder()
        yield* sealSomething(own)
        yield* KeyRingFile.rotate({ directory: own })
        assert.deepStrictEqual((yield* start(own)).warned, [])
        yield* KeyRingFile.rotate({ directory: own, keep: 1 })
        assert.match((yield* start(own)).warned.join("\n"), /^Lost, because [^]*: 1 credentials of servers, 1 grants/)
      })
    )
  })
}

suite("SQLite", Store.layerMemory)
overPostgres(({ fresh }) => suite("PostgreSQL", fresh))
