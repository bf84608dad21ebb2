/** The file of sign-ins among several processes: one at a time, and nobody waits for the dead. */
import { it } from "@effect/vitest"
import * as BunContext from "@effect/platform-bun/BunContext"
import { root, spawn, tempDir } from "@mcpgw/testkit/Process"
import * as FileSystem from "@effect/platform/FileSystem"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe } from "vitest"
import { locked } from "../src/connect/lock.ts"
import { Logins } from "../src/connect/Logins.ts"

const room = tempDir("cli-logins")
afterAll(() => room.remove())

/** The sign-ins as one process has them. */
const logins = Effect.provide(Logins, Layer.provide(Logins.layer, BunContext.layer))

/** Where they are kept is asked when they are used. */
const inFolder = (folder: string) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["MCPGW_CONFIG_DIR", folder]])))

const login = (name: string) => ({ _tag: "session", username: name, cookie: Redacted.make("a=b") }) as const

describe("issue 6 point 9: the sign-ins", () => {
  it.live("somebody who was killed at it keeps nobody waiting", () =>
    Effect.gen(function* () {
      const folder = join(room.path, "killed")
      const holder = spawn({
        command: [process.execPath, join(root, "apps/cli/test/support/holdLogins.ts")],
        env: { MCPGW_CONFIG_DIR: folder }
      })
      yield* Effect.promise(() => holder.printed(/held/))
      const { put } = yield* logins
      const waiting = yield* Effect.timeoutOption(put("http://a", login("a")), "500 millis")
      assert.isTrue(Option.isNone(waiting), "two were at it at once")
      yield* Effect.promise(() => holder.stop("SIGKILL"))
      const began = performance.now()
      yield* put("http://b", login("b"))
      assert.isBelow(performance.now() - began, 3_000)
      const { gateways } = JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8"))
      assert.deepEqual(Object.keys(gateways), ["http://b"])
      for (const name of readdirSync(folder)) assert.strictEqual(statSync(join(folder, name)).mode & 0o777, 0o600)
    }).pipe(inFolder(join(room.path, "killed")))
  )

  it.live("a lock file that an older version left is none", () =>
    Effect.gen(function* () {
      const folder = join(room.path, "older")
      const { get, put } = yield* logins
      yield* put("http://a", login("a"))
      writeFileSync(join(folder, ".lock"), "", { mode: 0o600 })
      utimesSync(join(folder, ".lock"), new Date(), new Date())
      yield* put("http://b", login("b"))
      assert.isTrue(Option.isSome(yield* get("http://b")))
    }).pipe(inFolder(join(room.path, "older")))
  )

  it.live("who holds one file waits for another that somebody holds", () =>
    Effect.gen(function* () {
      const folder = join(room.path, "two")
      const on = locked(yield* FileSystem.FileSystem, folder, join(folder, "one"))
      const onOther = locked(yield* FileSystem.FileSystem, folder, join(folder, "other"))
      const [isHeld, letGo] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const holding = Effect.zipRight(Deferred.succeed(isHeld, undefined), Deferred.await(letGo))
      const holder = yield* Effect.fork(onOther(holding))
      yield* Deferred.await(isHeld)
      const both = on(onOther(on(Effect.succeed("both"))))
      assert.isTrue(Option.isNone(yield* Effect.timeoutOption(both, "300 millis")))
      yield* Deferred.succeed(letGo, undefined)
      yield* Fiber.join(holder)
      assert.strictEqual(yield* both, "both")
    }).pipe(Effect.provide(BunContext.layer))
  )

  it.live("many at once lose nothing, and what is done inside goes through", () =>
    Effect.gen(function* () {
      const folder = join(room.path, "many")
      const names = Array.from({ length: 12 }, (_, i) => `http://h${i}`)
      yield* Effect.forEach(
        names,
        (name) =>
          Effect.gen(function* () {
            const { alone, put } = yield* logins
            yield* alone(put(name, login(name)))
          }),
        { concurrency: "unbounded" }
      )
      const { gateways } = JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8"))
      assert.sameMembers(Object.keys(gateways), names)
    }).pipe(inFolder(join(room.path, "many")))
  )
})
