/** The command line in this process: words in, exit code and what was printed out. The same way as `main.ts` goes, to where it would be printed. */
import * as BunContext from "@effect/platform-bun/BunContext"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Terminal from "@effect/platform/Terminal"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import { Logins } from "../../src/connect/Logins.ts"
import { execute } from "../../src/execute.ts"
import { builtIns } from "../../src/mcpgw.ts"
import { withPlainConsole } from "../../src/plainConsole.ts"
import { Stdin } from "../../src/Stdin.ts"

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Keys somebody presses at a terminal, by name, such as `down`, or by letter; absent: there is none. */
  readonly keys?: ReadonlyArray<string>
  /** Called with all of standard error so far, whenever there is more. */
  readonly onError?: (text: string) => void
}

const pressed = (keys: ReadonlyArray<string>): Terminal.Terminal => ({
  columns: Effect.succeed(120),
  rows: Effect.succeed(40),
  isTTY: Effect.succeed(true),
  readLine: Effect.succeed(""),
  display: () => Effect.void,
  readInput: Effect.gen(function* () {
    const input = yield* Mailbox.make<Terminal.UserInput>()
    for (const name of keys) {
      const letter = name.length === 1 ? Option.some(name) : Option.none()
      yield* input.offer({ input: letter, key: { name, ctrl: false, meta: false, shift: false } })
    }
    return input
  })
})

export const mcpgw = (
  words: ReadonlyArray<string>,
  { env, keys, onError, stdin = "" }: Surroundings
): Promise<Ended> => {
  const out: Array<string> = []
  const err: Array<string> = []
  const into = (lines: Array<string>) => (value: unknown) => lines.push(String(value))
  const log = into(out)
  const error = into(err)
  return Effect.consoleWith((console) =>
    Effect.withConsole(withPlainConsole("without", words)(execute(words)), {
      ...console,
      log: (value: unknown) => Effect.sync(() => log(value)),
      error: (value: unknown) =>
        Effect.sync(() => {
          error(value)
          onError?.(err.join("\n"))
        })
    } satisfies Console.Console)
  ).pipe(
    Effect.map((code) => ({ code, out: out.join("\n"), err: err.join("\n") })),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
    keys === undefined ? identity : Effect.provideService(Terminal.Terminal, pressed(keys)),
    Effect.provide(
      Logins.layer.pipe(
        Layer.provideMerge(
          Layer.mergeAll(BunContext.layer, FetchHttpClient.layer, builtIns, Stdin.layerOf(stdin, keys !== undefined))
        )
      )
    ),
    Effect.runPromise
  )
}
