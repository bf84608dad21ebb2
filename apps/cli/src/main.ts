/** `npm run mcpgw -- …`: runs one command. Prints what went wrong in words, and ends with 1 then. */
import * as ValidationError from "@effect/cli/ValidationError"
import * as BunContext from "@effect/platform-bun/BunContext"
import * as BunRuntime from "@effect/platform-bun/BunRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Config from "effect/Config"
import { builtIns, run, unknownCommand } from "./mcpgw.ts"
import { withPlainConsole } from "./plainConsole.ts"

/** A word that is wrong in the command line has been explained by then. */
const explain = (error: unknown): Effect.Effect<void> =>
  ValidationError.isValidationError(error)
    ? Effect.void
    : Console.error(`mcpgw: ${error instanceof Error ? error.message : String(error)}`)

const words = process.argv.slice(2)

const main = Effect.gen(function* () {
  const problem = unknownCommand(words)
  if (problem !== undefined) return yield* Effect.fail(new Error(problem))
  const noColour = yield* Config.withDefault(Config.string("NO_COLOR"), "")
  yield* withPlainConsole(noColour, words)(run(process.argv))
})

BunRuntime.runMain(main.pipe(Effect.tapError(explain), Effect.provide(builtIns), Effect.provide(BunContext.layer)), {
  disableErrorReporting: true
})
