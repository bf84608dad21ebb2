import * as SqlClient from "@effect/sql/SqlClient"
import { describe, expect, it } from "@effect/vitest"
import { KeyRing, makeSealingKey } from "@mcpgw/domain/KeyRing"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { open, seal } from "../src/internal/seal.ts"
import { Vault } from "../src/Vault.ts"
import { record, ring, secrets, variable, vaultSuite } from "./suites/vaultSuite.ts"

vaultSuite("layerMemory", () => Vault.layerMemory({ variable }))
vaultSuite("layerSql over SQLite", () => Vault.layerSql({ variable }).pipe(Layer.provide(Store.layerMemory)))

const [old, fresh] = [makeSealingKey(), makeSealingKey()]

/** The vault as a process would have it that starts with these keys, over the database there is. */
const withKeys = <A, E>(keys: ReadonlyArray<typeof old>, body: Effect.Effect<A, E, Vault>) =>
  Effect.provide(body, Vault.layerSql({ variable }).pipe(Layer.provide(KeyRing.layerOf(ring(...keys)))))

describe("vault at rest", () => {
  it.effect("SECURITY: nothing of a secret is in the database", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const kept = secrets({ credential: "s3cret-value", headers: [["X-Key", "other-s3cret"]] })
      yield* withKeys(
        [old],
        Effect.flatMap(Vault, (vault) => vault.put("/time", kept))
      )
      const rows = JSON.stringify(yield* sql`SELECT * FROM vault_server_credentials`)
      expect(rows).toContain("/time")
      expect(rows).not.toMatch(/s3cret|X-Key|time\.example/)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("a rotation of keys keeps it readable, even when the old key is dropped after the next start", () =>
    Effect.gen(function* () {
      const put = Effect.flatMap(Vault, (vault) => vault.put("/time", secrets({ credential: "s3cret" })))
      const ref = yield* withKeys([old], put)
      const named = record({ credential_ref: ref, auth_scheme: "bearer" })
      const stored = Effect.map(Vault, ({ storedFor }) => storedFor(named))
      expect((yield* withKeys([fresh, old], stored)).headers).toEqual({ authorization: "Bearer s3cret" })
      expect((yield* withKeys([fresh], stored)).headers).toEqual({ authorization: "Bearer s3cret" })
      expect(yield* withKeys([makeSealingKey()], stored)).toMatchObject({
        headers: {},
        problem: expect.stringContaining("set it again")
      })
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("what another process sealed counts once it is loaded", () =>
    Effect.gen(function* () {
      const one = Vault.layerSql({ variable }).pipe(Layer.provide(KeyRing.layerOf(ring(old))))
      const here = yield* Effect.provide(Vault, Layer.fresh(one))
      const there = yield* Effect.provide(Vault, Layer.fresh(one))
      const ref = yield* there.put("/time", secrets({ credential: "s3cret" }))
      const named = record({ credential_ref: ref, auth_scheme: "bearer" })
      expect(here.storedFor(named).problem).toContain("set it again")
      yield* here.load(ref)
      expect(here.storedFor(named).headers).toEqual({ authorization: "Bearer s3cret" })
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it("a seal opens for its row and server alone, and not when one character differs", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.nat(), (id, path, plain, at) => {
        const sealed = seal(old, { id, path }, plain.toWellFormed())
        expect(open([fresh, old], { id, path }, sealed)).toBe(plain.toWellFormed())
        expect(open([old], { id: `${id}x`, path }, sealed)).toBeUndefined()
        expect(open([old], { id, path: `${path}x` }, sealed)).toBeUndefined()
        expect(open([fresh], { id, path }, sealed)).toBeUndefined()
        const where = sealed.length - 8 - (at % 16)
        const altered = sealed.slice(0, where) + (sealed[where] === "A" ? "B" : "A") + sealed.slice(where + 1)
        expect(open([old], { id, path }, altered)).toBeUndefined()
      })
    )
  })
})
