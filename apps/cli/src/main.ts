/** `mcpgw …`: runs one command. Prints what went wrong in words; its exit code is one of those in `Failure.ts`. */
import * as BunRuntime from "@effect/platform-bun/BunRuntime"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { execute } from "./execute.ts"
import { layer } from "./layers.ts"
import { withPlainConsole } from "./plainConsole.ts"

const words = process.argv.slice(2)

const main = Effect.gen(function* () {
  const [noColour, startedBy] = yield* Effect.all(
    ["NO_COLOR", "npm_lifecycle_event"].map((name) => Config.withDefault(Config.string(name), ""))
  )
  process.exitCode = yield* withPlainConsole(noColour, words, startedBy)(execute(words))
})

BunRuntime.runMain(Effect.provide(main, layer), { disableErrorReporting: true })
