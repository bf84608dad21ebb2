/**
 * The console of this command line: without colours where nobody sees them (pipes, files, NO_COLOR), without the sentences that the parser's
 * help repeats under every option, and without control of the terminal, whoever said what is printed. Nothing is printed past it.
 */
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { completion } from "./completions.ts"
import { EXAMPLE } from "./help.ts"
import { COLOUR, visible, visibleInColour } from "./show/visible.ts"

/** What the type of an option, or its being optional, is called in words that say no more than the usage line. */
const FILLER =
  /^[^\S\n]*(?:A user-defined piece of text(?: that is confidential)?\.|This setting is optional\.|This option may be repeated zero or more times\.|A true or false value\.|This option can be set from environment variables\.)\n\n?/gm

/** What every command that asks a gateway may be told: said once, and not in each line of a list of commands. */
const COMMON = / \[--url URL\]| \[--token TOKEN\]| \[--token-file FILE\]| \[--json\]| \[\(-v, --verbose\)\]/g

/** Options of a command that holds others, before the name of one it holds. */
const HOLDER = /^(- \S+)(?: \[[^\]]*\])+ (?=[a-z])/

/** In a list of commands each has its usage, then its sentence in a line of its own; examples are for its own help. */
const listed = (text: string): string =>
  text.replaceAll(/^ {2}- .*$/gm, (line) => {
    const [usage = "", sentence = ""] = line
      .replaceAll(COLOUR, "")
      .replaceAll(COMMON, "")
      .split(/ {2,}(?=\S)(?!- )/)
    const [said = ""] = sentence.split(EXAMPLE)
    return `  ${usage.trim().replace(HOLDER, "$1 ")}${said.trim() === "" ? "" : `\n      ${said.trim()}`}`
  })

/** Each example in a line of its own. */
const exampled = (text: string): string => text.replaceAll(EXAMPLE, `\n\n${EXAMPLE.trimStart()}`)

/** How the command line was called, before any word of a command. */
const started = (startedBy: string): string => (startedBy === "mcpgw" ? "npm run mcpgw --" : "mcpgw")

/** The first line of a usage begins with the last word of the command alone. `words`: those that lead to it. */
const usage = (text: string, { startedBy = "", words }: Shown): string =>
  text.replace(/^\$ (\S+)/m, (line, name: string) =>
    name === (words.at(-1) ?? "mcpgw") ? `$ ${[started(startedBy), ...words].join(" ")}` : line
  )

/** How help begins; what a server says is left as it is. */
const HELP = /^\s*mcpgw\n+mcpgw \d[^\n]*\n+USAGE\n/

export interface Shown {
  /** Those that lead to a command. */
  readonly words: ReadonlyArray<string>
  /** `npm_lifecycle_event`: the npm script that was run, if it was one. */
  readonly startedBy?: string
}

export const shownText = (text: string, colours: boolean, how: Shown): string => {
  const plain = text.replaceAll(COLOUR, "")
  const isHelp = HELP.test(plain)
  const said = isHelp ? exampled(listed(usage((colours ? text : plain).replaceAll(FILLER, ""), how))) : completion(text)
  return colours && isHelp ? visibleInColour(said) : visible(said.replaceAll(COLOUR, ""))
}

const hasColours = (stream: { readonly isTTY?: boolean }, noColour: string | undefined): boolean =>
  stream.isTTY === true && (noColour ?? "") === ""

/** Runs with that console. `noColour`: `NO_COLOR`; `words`: the command line's; `startedBy`: see `Shown`. */
export const withPlainConsole =
  (noColour: string | undefined, words: ReadonlyArray<string>, startedBy = "") =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.consoleWith((console) => {
      const how = { words: words.filter((word) => /^[a-z][a-z-]*$/.test(word)), startedBy }
      const shown = (stream: NodeJS.WriteStream) => (value: unknown) =>
        typeof value === "string" ? shownText(value, hasColours(stream, noColour), how) : value
      const log = shown(process.stdout)
      const error = shown(process.stderr)
      return Effect.withConsole(effect, {
        ...console,
        log: (...values: ReadonlyArray<unknown>) => console.log(...values.map(log)),
        error: (...values: ReadonlyArray<unknown>) => console.error(...values.map(error)),
        // Log lines go this way.
        unsafe: {
          ...console.unsafe,
          log: (...values: ReadonlyArray<unknown>) => console.unsafe.log(...values.map(log)),
          error: (...values: ReadonlyArray<unknown>) => console.unsafe.error(...values.map(error))
        }
      } satisfies Console.Console)
    })
