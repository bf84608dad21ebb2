/** `bun run mcpgw …`: runs one command. Prints what went wrong in words, and ends with 1 then. */
import * as ValidationError from "@effect/cli/ValidationError"
import * as BunContext from "@effect/platform-bun/BunContext"
import * as BunRuntime from "@effect/platform-bun/BunRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { run } from "./mcpgw.ts"

/** A word that is wrong in the command line has been explained by then. */
const explain = (error: unknown): Effect.Effect<void> =>
  ValidationError.isValidationError(error)
    ? Effect.void
    : Console.error(`mcpgw: ${error instanceof Error ? error.message : String(error)}`)

BunRuntime.runMain(run(process.argv).pipe(Effect.tapError(explain), Effect.provide(BunContext.layer)), {
  disableErrorReporting: true
})
