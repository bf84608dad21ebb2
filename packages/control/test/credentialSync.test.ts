/** Records and vault stay together when several processes write to one store, each of which knows what the others do only when it looks. */
import { it } from "@effect/vitest"
import { KeyRing, makeSealingKey } from "@mcpgw/domain/KeyRing"
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import { Imports } from "@mcpgw/registry/import/Imports"
import { SourceFetch } from "@mcpgw/registry/import/SourceFetch"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import { Versions } from "@mcpgw/registry/v01/Versions"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import * as Store from "@mcpgw/store/Store"
import { Vault } from "@mcpgw/vault/Vault"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as CredentialSync from "../src/credentialSync.ts"
import type { Given } from "../src/secretPlan.ts"
import { withSecrets } from "../src/vaultWrites.ts"

const NEVER = 1_000_000_000

const TIME: Registration = { server_name: "time", path: "/time", proxy_pass_url: "https://time.example.com/mcp" }

const recordOf = (registry: RegistryApi) => Effect.suspend(() => Effect.fromNullable(registry.get("/time")?.record))

/** What it takes to start processes over one store. */
const stand = Effect.sync(() => {
  const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-sync-")), "a.db")
  const keys = KeyRing.layerOf({ sealing: [makeSealingKey()], signing: [] })
  const services = Layer.merge(
    Imports.layerSql({ retries: 0 }).pipe(
      Layer.provide(SourceFetch.layerOf(() => Promise.reject(new Error("nobody is there")))),
      Layer.provide(Versions.layerSql),
      Layer.provideMerge(Registry.layer.pipe(Layer.provide(RegistryStore.layerSql)))
    ),
    Vault.layerSql({ variable: () => Effect.succeed(undefined) })
  )
  return Effect.gen(function* () {
    const layer = Layer.provideMerge(services, Store.layerSqlite({ filename, pollMillis: NEVER }))
    const context = yield* Layer.build(Layer.fresh(Layer.provide(layer, keys)))
    const [registry, vault] = [Context.get(context, Registry), Context.get(context, Vault)]
    const change = (record: ServerRecord, given: Given) =>
      withSecrets({ given, before: record, path: record.path, vouches: true }, (inPlace) => {
        const { auth_credential: _secret, ...fields } = given
        return registry.exactly(record).update({ ...fields, ...inPlace })
      }).pipe(Effect.provideService(Vault, vault))
    return {
      imports: Context.get(context, Imports),
      registry,
      vault,
      look: Context.get(context, ChangeFeed).look,
      change,
      /** What a call would be sent. */
      sent: Effect.map(recordOf(registry), (record) => vault.storedFor(record)),
      sync: Layer.build(Layer.provide(CredentialSync.layer, Layer.succeedContext(context)))
    }
  })
})

/** Lets the fibers in the background come to where they wait. */
const settled = Effect.repeatN(Effect.yieldNow(), 2_000)

describe("S-01: credentials of servers and several processes", () => {
  it.scoped("what was sealed in one process is not written over by another that had not seen it", () =>
    Effect.gen(function* () {
      const start = yield* stand
      const [a, b] = [yield* start, yield* start]
      yield* a.registry.register({ ...TIME, headers: [{ "X-Key": "in the clear" }] }, "import")
      yield* b.look
      yield* a.change(yield* recordOf(a.registry), { auth_scheme: "bearer", auth_credential: "newer" })
      // It still holds the record with the header in the clear.
      yield* b.sync
      yield* a.look
      for (const { sent } of [a, b])
        expect(yield* sent).toEqual({
          headers: { authorization: "Bearer newer", "x-key": "in the clear" },
          problem: undefined
        })
    })
  )

  it.scoped("two processes that seal one record at once leave one credential, and both open it", () =>
    Effect.gen(function* () {
      const start = yield* stand
      const [a, b] = [yield* start, yield* start]
      yield* a.registry.register({ ...TIME, headers: [{ "X-Key": "in the clear" }] }, "import")
      yield* b.look
      yield* Effect.all([a.sync, b.sync], { concurrency: "unbounded" })
      yield* a.look
      yield* b.look
      yield* settled
      for (const { sent } of [a, b]) expect((yield* sent).headers).toEqual({ "x-key": "in the clear" })
      yield* TestClock.adjust("2 minutes")
      const live = new Set([(yield* recordOf(a.registry)).credential_ref ?? ""])
      expect(yield* a.vault.unnamed(live)).toEqual([])
    })
  )

  it.scoped("the credential of a server this process has not heard of is kept; that of no server goes", () =>
    Effect.gen(function* () {
      const start = yield* stand
      const [a, b] = [yield* start, yield* start]
      const orphan = yield* a.vault.put("/nobody", { headers: [["X-Key", "s"]], origins: [], references: false })
      const { record } = yield* a.registry.register(TIME, "admin")
      yield* a.change(record, { auth_scheme: "bearer", auth_credential: "kept" })
      yield* b.sync
      yield* TestClock.adjust("11 minutes")
      yield* settled
      const ref = (yield* recordOf(a.registry)).credential_ref
      expect((yield* a.vault.unnamed(new Set())).map((row) => row.ref)).toEqual([ref])
      expect(orphan).not.toBe(ref)
      // It was read where it is stored.
      expect((yield* b.sent).headers).toEqual({ authorization: "Bearer kept" })
    })
  )

  it.scoped("the credential of an import that may go on is kept; that of one that was cancelled goes", () =>
    Effect.gen(function* () {
      const start = yield* stand
      const a = yield* start
      const put = (from: string) =>
        a.vault.put(`import:${from}`, { headers: [["X-Key", "s"]], origins: [], references: true })
      const [kept, gone] = [yield* put("https://one.example/v0.1"), yield* put("https://two.example/v0.1")]
      yield* a.imports.start({ from: "https://one.example", everySeconds: 3_600, credential: kept }, "admin")
      const { id } = yield* a.imports.start({ from: "https://two.example", credential: gone }, "admin")
      yield* a.sync
      yield* TestClock.adjust("11 minutes")
      yield* settled
      expect((yield* a.vault.unnamed(new Set())).map((row) => row.ref).toSorted()).toEqual([kept, gone].toSorted())
      yield* a.imports.cancel(id)
      yield* TestClock.adjust("11 minutes")
      yield* settled
      expect((yield* a.vault.unnamed(new Set())).map((row) => row.ref)).toEqual([kept])
    })
  )

  it.scoped("a credential that came with a switch is opened in the other process, too", () =>
    Effect.gen(function* () {
      const start = yield* stand
      const [a, b] = [yield* start, yield* start]
      const { record } = yield* a.registry.register(TIME, "admin")
      yield* b.look
      yield* b.sync
      yield* a.change(record, { auth_scheme: "bearer", auth_credential: "new", is_enabled: false })
      yield* b.look
      yield* settled
      expect((yield* b.sent).headers).toEqual({ authorization: "Bearer new" })
    })
  )
})
