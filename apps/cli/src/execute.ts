/** Runs one command line from its words to its exit code; nothing that goes wrong in it comes out of here. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { commandLine } from "./commandLine.ts"
import { EXIT, exitCodeOf, failureOf } from "./Failure.ts"
import { run } from "./mcpgw.ts"

const explained = (error: unknown) => {
  const failure = failureOf(error)
  const code = exitCodeOf(failure)
  return failure === undefined ? Effect.succeed(code) : Effect.as(Console.error(`mcpgw: ${failure.message}`), code)
}

export const execute = (words: ReadonlyArray<string>) =>
  commandLine(words).pipe(
    Effect.flatMap((ours) => run(["bun", "mcpgw", ...ours])),
    Effect.as<number>(EXIT.ok),
    Effect.catchAll(explained)
  )
