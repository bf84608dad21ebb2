import { assert, describe, it } from "@effect/vitest"
import { root, spawn, tempDir } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"
import { join } from "node:path"
import { afterAll } from "vitest"
import { hold, type LockOptions } from "../src/ProcessLock.ts"

const room = tempDir("lock")
afterAll(() => room.remove())

let made = 0
const file = (): string => join(room.path, `${++made}.lock`)

/** Another process that holds it until it is killed. */
const another = async ({ file, shared, words }: LockOptions) => {
  const script = join(root, "packages/store/test/support/holdLock.ts")
  const running = spawn({ command: [process.execPath, "--no-env-file", "run", script, file, words, String(shared)] })
  await running.printed(/held/)
  return running
}

describe("ProcessLock", () => {
  it.live("held by one alone: another is told whom by; free once it ends, also by kill -9", () =>
    Effect.gen(function* () {
      const alone: LockOptions = { file: file(), words: "the folder", shared: false }
      const other = yield* Effect.promise(() => another(alone))
      const error = yield* Effect.flip(Effect.scoped(hold(alone)))
      assert.deepInclude(error, { _tag: "LockHeld", pid: other.pid, words: "the folder" })
      yield* Effect.promise(() => other.stop("SIGKILL"))
      yield* Effect.scoped(hold(alone))
      assert.strictEqual(statSync(alone.file).mode & 0o777, 0o600)
    })
  )

  it.live("shared by those that come with the same words, and with other words when all of those are gone", () =>
    Effect.gen(function* () {
      const one: LockOptions = { file: file(), words: "store", shared: true }
      const two: LockOptions = { ...one, words: "file /a" }
      const other = yield* Effect.promise(() => another(one))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* hold(one)
          yield* Effect.promise(() => other.stop("SIGKILL"))
          const error = yield* Effect.flip(Effect.scoped(hold(two)))
          assert.deepInclude(error, { _tag: "LockHeld", words: "store" })
          const alone = yield* Effect.flip(Effect.scoped(hold({ ...one, shared: false })))
          assert.strictEqual(alone._tag, "LockHeld")
        })
      )
      yield* Effect.scoped(hold(two))
    })
  )

  it.live("within one process as between two", () =>
    Effect.gen(function* () {
      const alone: LockOptions = { file: file(), words: "the folder", shared: false }
      const tries = Array.from({ length: 8 }, () => Effect.either(hold(alone)))
      const taken = yield* Effect.scoped(Effect.all(tries, { concurrency: "unbounded" }))
      assert.lengthOf(
        taken.filter(({ _tag }) => _tag === "Right"),
        1
      )
      assert.deepStrictEqual(
        taken.flatMap((one) => (one._tag === "Left" ? [one.left._tag] : [])),
        Array.from({ length: 7 }, () => "LockHeld" as const)
      )
      yield* Effect.scoped(hold(alone))
    })
  )

  it.live("a file that can not be made is named", () =>
    Effect.gen(function* () {
      const nowhere = join(room.path, "nowhere", "x.lock")
      const error = yield* Effect.flip(Effect.scoped(hold({ file: nowhere, words: "", shared: false })))
      assert.strictEqual(error._tag, "LockUnusable")
      assert.include(error.message, nowhere)
    })
  )
})
