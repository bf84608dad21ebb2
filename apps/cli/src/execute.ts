/** Runs one command line from its words to its exit code; nothing that goes wrong in it comes out of here. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { commandLine } from "./commandLine.ts"
import { EXIT, exitCodeOf, failed, failureOf } from "./Failure.ts"
import { commandOf, run } from "./mcpgw.ts"

/** Whatever a gateway says in its refusal stands under it: no line of it looks like one of ours. */
const indented = (message: string): string => message.replaceAll(/\n(?! )/g, "\n  ")

const explained = (error: unknown) => {
  const failure = failureOf(error)
  const code = exitCodeOf(failure)
  return failure === undefined
    ? Effect.succeed(code)
    : Effect.as(Console.error(`mcpgw: ${indented(failure.message)}`), code)
}

/** What the parser says, as everything else that is wrong is said. */
const inOurForm = (said: string, words: ReadonlyArray<string>): string => {
  const lines = said.split(/\n+/).filter((line) => line.trim() !== "")
  const hint = `\`${["mcpgw", ...commandOf(words), "--help"].join(" ")}\` says what it takes`
  return `mcpgw: ${[...lines, hint].join("\n  ")}`
}

/** Runs it. What the parser prints before it fails is held back, and said in our form. */
const parsedAndRun = (words: ReadonlyArray<string>) =>
  Effect.consoleWith((console) => {
    const held: Array<string> = []
    let begun = false
    const begins = Effect.sync(() => {
      begun = true
    })
    const quiet: Console.Console = {
      ...console,
      error: (...values: ReadonlyArray<unknown>) =>
        Effect.suspend(() => {
          if (begun) return console.error(...values)
          held.push(values.map(String).join(" "))
          return Effect.void
        })
    }
    return Effect.withConsole(run(["bun", "mcpgw", ...words], begins), quiet).pipe(
      Effect.tapErrorCause(() => {
        const said = held.join("\n")
        return said === "" ? Effect.void : console.error(inOurForm(said, words))
      })
    )
  })

export const execute = (words: ReadonlyArray<string>) =>
  commandLine(words).pipe(
    Effect.flatMap(parsedAndRun),
    Effect.as<number>(EXIT.ok),
    Effect.catchAll(explained),
    // Our own mistakes are told as well: an exit code alone helps nobody.
    Effect.catchAllDefect((defect) =>
      explained(failed(`Something unexpected went wrong: ${defect instanceof Error ? defect.message : String(defect)}`))
    )
  )
