/** Runs one command of the command line in this process, with an environment of its own, and keeps what it prints. */
import * as CliConfig from "@effect/cli/CliConfig"
import type * as Command from "@effect/cli/Command"
import * as CommandModule from "@effect/cli/Command"
import * as BunContext from "@effect/platform-bun/BunContext"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Logins } from "../../src/connect/Logins.ts"

export interface Ran {
  readonly ok: boolean
  /** The failure's message; empty when there was none. */
  readonly problem: string
  readonly out: string
  readonly err: string
}

const messageOf = (cause: Cause.Cause<unknown>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => Cause.pretty(cause),
    onSome: (failure) => (failure instanceof Error ? failure.message : JSON.stringify(failure))
  })

type Running<Name extends string, R, E, A> = Command.Command<Name, R, E, A>

export const runCommand = <Name extends string, E, A>(
  command: Running<Name, BunContext.BunContext | Logins, E, A>,
  words: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  /** Is told of each line on standard error as it comes. */
  seen: (line: string) => void = () => {}
): Effect.Effect<Ran> =>
  Effect.consoleWith((console) => {
    const lines = { out: new Array<string>(), err: new Array<string>() }
    const quiet: Console.Console = {
      ...console,
      log: (...values) => Effect.sync(() => void lines.out.push(values.map(String).join(" "))),
      error: (...values) =>
        Effect.sync(() => {
          const line = values.map(String).join(" ")
          lines.err.push(line)
          seen(line)
        })
    }
    return Effect.withConsole(
      CommandModule.run(command, { name: "mcpgw", version: "0" })(["bun", "mcpgw", ...words]),
      quiet
    ).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
      Effect.provide(Layer.provideMerge(Logins.layer, BunContext.layer)),
      Effect.provide(CliConfig.layer({ showBuiltIns: false })),
      Effect.exit,
      Effect.map((exit) => ({
        ok: Exit.isSuccess(exit),
        problem: Exit.isFailure(exit) ? messageOf(exit.cause) : "",
        out: lines.out.join("\n"),
        err: lines.err.join("\n")
      }))
    )
  })
