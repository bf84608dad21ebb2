/** Runs one command line from its words to its exit code; nothing that goes wrong in it comes out of here. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { commandLine } from "./commandLine.ts"
import { EXIT, exitCodeOf, failed, failureOf } from "./Failure.ts"
import { run } from "./mcpgw.ts"

/** Whatever a gateway says in its refusal stands under it: no line of it looks like one of ours. */
const indented = (message: string): string => message.replaceAll(/\n(?! )/g, "\n  ")

const explained = (error: unknown) => {
  const failure = failureOf(error)
  const code = exitCodeOf(failure)
  return failure === undefined
    ? Effect.succeed(code)
    : Effect.as(Console.error(`mcpgw: ${indented(failure.message)}`), code)
}

export const execute = (words: ReadonlyArray<string>) =>
  commandLine(words).pipe(
    Effect.flatMap((ours) => run(["bun", "mcpgw", ...ours])),
    Effect.as<number>(EXIT.ok),
    Effect.catchAll(explained),
    // Our own mistakes are told as well: an exit code alone helps nobody.
    Effect.catchAllDefect((defect) =>
      explained(failed(`Something unexpected went wrong: ${defect instanceof Error ? defect.message : String(defect)}`))
    )
  )
