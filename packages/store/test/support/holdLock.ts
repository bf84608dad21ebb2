/** A process that holds a lock until it is killed: `file words shared`. For tests of locks between processes. */
import * as Effect from "effect/Effect"
import { hold } from "../../src/ProcessLock.ts"

const [file = "", words = "", shared = ""] = process.argv.slice(2)

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      yield* hold({ file, words, shared: shared === "true" })
      process.stdout.write("held\n")
      yield* Effect.never
    })
  )
)
