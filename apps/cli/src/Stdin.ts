/** Standard input, read whole: where secrets come from that must not stand in a command line. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { failed, type Failure } from "./Failure.ts"

export interface StdinApi {
  /** Without the line's end at its end. */
  readonly text: Effect.Effect<string, Failure>
  /** Whether somebody can be asked. */
  readonly isTerminal: boolean
}

export class Stdin extends Context.Tag("@mcpgw/cli/Stdin")<Stdin, StdinApi>() {
  static readonly layer: Layer.Layer<Stdin> = Layer.sync(Stdin, () => ({
    text: Effect.map(
      Effect.tryPromise({ try: () => Bun.stdin.text(), catch: () => failed("standard input could not be read") }),
      (text) => text.replace(/\r?\n$/, "")
    ),
    // Questions are asked on standard output.
    isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true
  }))

  static readonly layerOf = (text: string, isTerminal = false): Layer.Layer<Stdin> =>
    Layer.succeed(Stdin, { text: Effect.succeed(text), isTerminal })
}
