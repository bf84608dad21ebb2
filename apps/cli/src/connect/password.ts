/** A person's password: from standard input or a question. Never from the command line, which every process of the machine can read. */
import * as Prompt from "@effect/cli/Prompt"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { failed, usage } from "../Failure.ts"
import { Stdin } from "../Stdin.ts"

export const passwordOf = (username: string, stdin: boolean) =>
  Effect.gen(function* () {
    const { isTerminal, text } = yield* Stdin
    if (stdin) {
      const password = yield* text
      return password === "" ? yield* usage("--password-stdin: standard input held nothing") : Redacted.make(password)
    }
    if (!isTerminal)
      return yield* usage("There is no terminal to ask for the password in", "pipe it in with --password-stdin")
    return yield* Effect.catchTag(
      Prompt.run(Prompt.password({ message: `Password of ${username}` })),
      "QuitException",
      () => failed("No password was given")
    )
  })
