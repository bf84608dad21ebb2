import { KeyRing } from "@mcpgw/domain/KeyRing"
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeKeys } from "../src/internal/keyFile.ts"
import { KEY_FILE, layerFile, rotate } from "../src/KeyRingFile.ts"
import { keyRingSuite } from "./suites/keyRingSuite.ts"

const folder = (): string => mkdtempSync(join(tmpdir(), "mcpgw-keys-"))
const load = (directory: string) => Effect.provide(KeyRing, layerFile({ directory }))
const ids = (ring: KeyRingApi) => ({
  sealing: ring.sealing.map((key) => key.id),
  signing: ring.signing.map((key) => key.id)
})

keyRingSuite("layerFile", () => layerFile({ directory: folder() }))
keyRingSuite("layerFile after rotations", () => {
  const directory = folder()
  return Layer.unwrapEffect(
    Effect.as(Effect.zipRight(rotate({ directory }), rotate({ directory })), layerFile({ directory }))
  )
})
keyRingSuite("layerEphemeral", () => KeyRing.layerEphemeral)

describe("KeyRingFile", () => {
  it.effect("design §6: the first start makes folder 0700 and file 0600, and leaves nothing beside it", () =>
    Effect.gen(function* () {
      const directory = join(folder(), "deep", "data")
      yield* load(directory)
      assert.strictEqual(statSync(join(directory, KEY_FILE)).mode & 0o777, 0o600)
      assert.strictEqual(statSync(directory).mode & 0o777, 0o700)
      assert.deepStrictEqual(readdirSync(directory), [KEY_FILE])
    })
  )

  it.effect("later starts read the same keys", () =>
    Effect.gen(function* () {
      const directory = folder()
      assert.deepStrictEqual(yield* load(directory), yield* load(directory))
    })
  )

  it.effect("starts at the same moment agree on one file", () =>
    Effect.gen(function* () {
      const directory = folder()
      const rings = yield* Effect.all(
        Array.from({ length: 8 }, () => load(directory)),
        { concurrency: "unbounded" }
      )
      for (const ring of rings) assert.deepStrictEqual(ring, rings[0])
      assert.deepStrictEqual(readdirSync(directory), [KEY_FILE])
    })
  )

  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    it.effect(`refuses a file with mode 0${mode.toString(8)}, naming it and the remedy`, () =>
      Effect.gen(function* () {
        const directory = folder()
        const file = join(directory, KEY_FILE)
        yield* load(directory)
        chmodSync(file, mode)
        const error = yield* Effect.flip(load(directory))
        assert.strictEqual(error._tag, "KeyFileInvalid")
        assert.include(error.message, `chmod 600 ${file}`)
        assert.include(error.message, `0${mode.toString(8)}`)
        chmodSync(file, 0o400)
        yield* load(directory)
      })
    )
  }

  it.effect("refuses garbage, repeats none of it and leaves it in place", () =>
    Effect.gen(function* () {
      const directory = folder()
      const file = join(directory, KEY_FILE)
      writeFileSync(file, `{"version":1,"sealing":[{"id":"a","key":"SECRETSECRET"}],"signing":[]}`, { mode: 0o600 })
      const error = yield* Effect.flip(load(directory))
      assert.include(error.message, file)
      assert.notInclude(error.message, "SECRETSECRET")
      assert.include(readFileSync(file, "utf8"), "SECRETSECRET")
    })
  )

  it("refuses any text that is not a whole key file", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof decodeKeys(text) === "string"))
    fc.assert(fc.property(fc.json(), (text) => typeof decodeKeys(text) === "string"))
  })

  it.effect("refuses a truncated file at every length", () =>
    Effect.gen(function* () {
      const directory = folder()
      yield* load(directory)
      const text = readFileSync(join(directory, KEY_FILE), "utf8")
      for (let length = 0; length < text.trimEnd().length; length += 7) {
        assert.isString(decodeKeys(text.slice(0, length)))
      }
    })
  )

  it.effect("refuses a signing key whose public half is another's, and one id used twice", () =>
    Effect.gen(function* () {
      const [one, two] = [folder(), folder()]
      yield* load(one)
      yield* load(two)
      const a = JSON.parse(readFileSync(join(one, KEY_FILE), "utf8"))
      const b = JSON.parse(readFileSync(join(two, KEY_FILE), "utf8"))
      const mixed = { ...a, signing: [{ ...a.signing[0], jwk: { ...a.signing[0].jwk, x: b.signing[0].jwk.x } }] }
      assert.match(String(decodeKeys(JSON.stringify(mixed))), /do not belong together/)
      assert.match(String(decodeKeys(JSON.stringify({ ...a, sealing: [...a.sealing, ...a.sealing] }))), /one id/)
    })
  )

  it.effect("rotate puts a fresh key first, keeps the older ones and is read at the next start", () =>
    Effect.gen(function* () {
      const directory = folder()
      const before = ids(yield* load(directory))
      const after = ids(yield* rotate({ directory }))
      assert.deepStrictEqual(after.sealing.slice(1), before.sealing)
      assert.deepStrictEqual(after.signing.slice(1), before.signing)
      assert.notInclude(before.sealing, after.sealing[0])
      assert.deepStrictEqual(ids(yield* load(directory)), after)
      assert.strictEqual(statSync(join(directory, KEY_FILE)).mode & 0o777, 0o600)
      assert.deepStrictEqual(readdirSync(directory), [KEY_FILE])
    })
  )

  it.effect("rotate touches only the purposes named and keeps as many as asked", () =>
    Effect.gen(function* () {
      const directory = folder()
      const before = ids(yield* load(directory))
      const once = ids(yield* rotate({ directory, purposes: ["signing"], keep: 2 }))
      assert.deepStrictEqual(once.sealing, before.sealing)
      const twice = ids(yield* rotate({ directory, purposes: ["signing"], keep: 2 }))
      assert.deepStrictEqual(twice.signing, [twice.signing[0] ?? "", once.signing[0] ?? ""])
      assert.strictEqual(ids(yield* rotate({ directory, keep: 0 })).sealing.length, 1)
    })
  )

  it.effect("rotate notes the ids of what it let go, of every rotation, and never a key", () =>
    Effect.gen(function* () {
      const directory = folder()
      const first = ids(yield* load(directory))
      const second = ids(yield* rotate({ directory, keep: 1 }))
      yield* rotate({ directory, purposes: ["sealing"], keep: 1 })
      const gone = [...first.sealing, ...first.signing, ...second.sealing]
      assert.deepStrictEqual((yield* load(directory)).retired, gone)
      const { retired } = JSON.parse(readFileSync(join(directory, KEY_FILE), "utf8"))
      assert.deepStrictEqual(retired, gone)
    })
  )

  it.effect("rotate refuses what a start would refuse", () =>
    Effect.gen(function* () {
      const directory = folder()
      writeFileSync(join(directory, KEY_FILE), "garbage", { mode: 0o600 })
      yield* Effect.flip(rotate({ directory }))
      assert.strictEqual(readFileSync(join(directory, KEY_FILE), "utf8"), "garbage")
    })
  )

  it.effect("a folder that can not be written is named", () =>
    Effect.gen(function* () {
      const file = join(folder(), "plain")
      writeFileSync(file, "")
      const error = yield* Effect.flip(load(join(file, "data")))
      assert.include(error.message, join(file, "data", KEY_FILE))
      assert.isFalse(existsSync(join(file, "data")))
    })
  )
})
