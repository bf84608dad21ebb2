/** Laws of which keys a database takes, over whatever store. */
import { assert, describe, it } from "@effect/vitest"
import type * as SqlClient from "@effect/sql/SqlClient"
import { type KeyRingApi, makeSealingKey, makeSigningKey } from "@mcpgw/domain/KeyRing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { recordKeys, type Sealed } from "../../src/KeyRecord.ts"

const fresh: Effect.Effect<KeyRingApi> = Effect.map(makeSigningKey, (signing) => ({
  sealing: [makeSealingKey()],
  signing: [signing]
}))

/** A key in front of each purpose; `keep` of each stay. */
const rotated = (ring: KeyRingApi, keep: number): Effect.Effect<KeyRingApi> =>
  Effect.map(fresh, (made) => {
    const [sealing, signing] = [
      [...made.sealing, ...ring.sealing],
      [...made.signing, ...ring.signing]
    ]
    const gone = [...sealing.slice(keep), ...signing.slice(keep)].map(({ id }) => id)
    const retired = [...(ring.retired ?? []), ...gone]
    return { sealing: sealing.slice(0, keep), signing: signing.slice(0, keep), retired }
  })

const sealedBy = (ring: KeyRingApi, count = 2): ReadonlyArray<Sealed> => [
  { kind: "credentials", keyId: ring.sealing[0]?.id ?? "", count }
]

const record = (ring: KeyRingApi, sealed: ReadonlyArray<Sealed> = [], giveUp = false) =>
  recordKeys({ ring, sealed, giveUp, remedy: "Put them back." })

const QUIET = { lost: [], strange: { sealing: false, signing: false } }

/** Runs the laws over `store`, built anew for each. */
export const keyRecordSuite = <E>(name: string, store: Layer.Layer<SqlClient.SqlClient, E>): void => {
  const law = <A, F>(words: string, body: Effect.Effect<A, F, SqlClient.SqlClient>): void =>
    it.effect(words, () => Effect.provide(body, Layer.fresh(store)))

  describe(`which keys a database takes: ${name}`, () => {
    law(
      "S-05: the same keys are taken at every start, whatever lies sealed",
      Effect.gen(function* () {
        const ring = yield* fresh
        assert.deepStrictEqual(yield* record(ring), QUIET)
        assert.deepStrictEqual(yield* record(ring, sealedBy(ring)), QUIET)
      })
    )

    law(
      "S-05: fresh keys are refused while something lies sealed that they do not open, with ids and what to do, at every try",
      Effect.gen(function* () {
        const [ring, other] = [yield* fresh, yield* fresh]
        yield* record(ring)
        for (let i = 0; i < 2; i++) {
          const error = yield* Effect.flip(record(other, [...sealedBy(ring), ...sealedBy(ring, 3)]))
          assert.strictEqual(error._tag, "KeysMissing")
          const ids = [...ring.sealing, ...other.sealing].map(({ id }) => id)
          for (const word of ["5 credentials", ...ids, "Put them back."]) assert.include(error.message, word)
        }
        assert.deepStrictEqual(yield* record(ring, sealedBy(ring)), QUIET)
      })
    )

    law(
      "S-05: fresh keys over a database that never noted any are refused as well",
      Effect.gen(function* () {
        const [ring, other] = [yield* fresh, yield* fresh]
        assert.strictEqual((yield* Effect.flip(record(other, sealedBy(ring))))._tag, "KeysMissing")
      })
    )

    law(
      "where nothing lies sealed, strange keys are taken and said to be strange; two that go on so are refused what the other sealed",
      Effect.gen(function* () {
        const [ring, other] = [yield* fresh, yield* fresh]
        yield* record(ring)
        assert.deepStrictEqual((yield* record(other)).strange, { sealing: true, signing: true })
        const both = [...sealedBy(ring), ...sealedBy(other)]
        assert.strictEqual((yield* Effect.flip(record(other, both)))._tag, "KeysMissing")
        assert.strictEqual((yield* Effect.flip(record(ring, both)))._tag, "KeysMissing")
      })
    )

    law(
      "other signing keys alone are said to be strange, and taken",
      Effect.gen(function* () {
        const [ring, other] = [yield* fresh, yield* fresh]
        yield* record(ring)
        const { lost, strange } = yield* record({ ...ring, signing: other.signing }, sealedBy(ring))
        assert.deepStrictEqual([lost, strange], [[], { sealing: false, signing: true }])
      })
    )

    law(
      "design §6: a rotation is taken, with what the older key sealed, and by who has not seen it yet",
      Effect.gen(function* () {
        const ring = yield* fresh
        const next = yield* rotated(ring, 3)
        yield* record(ring)
        assert.deepStrictEqual(yield* record(next, sealedBy(ring)), QUIET)
        assert.deepStrictEqual(yield* record(ring, sealedBy(ring)), QUIET)
        const late = yield* Effect.flip(record(ring, sealedBy(next)))
        assert.strictEqual(late._tag, "KeysMissing", "it would find what is sealed now and not open it")
      })
    )

    law(
      "S-05: rotate-keys --leaked lets all older keys go: taken, and what they sealed is said to be lost at every start",
      Effect.gen(function* () {
        const ring = yield* fresh
        const next = yield* rotated(ring, 1)
        yield* record(ring)
        for (let i = 0; i < 2; i++) {
          assert.deepStrictEqual(yield* record(next, sealedBy(ring)), { ...QUIET, lost: ["2 credentials"] })
        }
        assert.strictEqual((yield* Effect.flip(record(ring, sealedBy(next))))._tag, "KeysMissing")
      })
    )

    law(
      "a database of before, of which these keys open something, had others that rotations let go",
      Effect.gen(function* () {
        const [ring, gone] = [yield* fresh, yield* fresh]
        const values = [...sealedBy(ring), ...sealedBy(gone, 1)]
        assert.deepStrictEqual(yield* record(ring, values), { ...QUIET, lost: ["1 credentials"] })
        assert.deepStrictEqual(yield* record(ring, values), { ...QUIET, lost: ["1 credentials"] })
      })
    )

    law(
      "what is given up once is given up, and is back with its key",
      Effect.gen(function* () {
        const [ring, other] = [yield* fresh, yield* fresh]
        yield* record(ring)
        assert.deepStrictEqual((yield* record(other, sealedBy(ring), true)).lost, ["2 credentials"])
        assert.deepStrictEqual((yield* record(other, sealedBy(ring))).lost, ["2 credentials"])
        yield* record(ring, sealedBy(ring))
        assert.strictEqual((yield* Effect.flip(record(other, sealedBy(ring))))._tag, "KeysMissing")
      })
    )
  })
}
