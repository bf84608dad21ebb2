/** A person's password: from standard input or a question. Never from the command line, which every process of the machine can read. */
import * as Prompt from "@effect/cli/Prompt"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { failed, usage } from "../Failure.ts"

const fromStdin = Effect.flatMap(
  Effect.tryPromise({
    try: () => Bun.stdin.text(),
    catch: () => failed("standard input could not be read")
  }),
  (text) => {
    const password = text.replace(/\r?\n$/, "")
    return password === "" ? usage("--password-stdin: standard input held nothing") : Effect.succeed(Redacted.make(password))
  }
)

export const passwordOf = (username: string, stdin: boolean) =>
  Effect.gen(function* () {
    if (stdin) return yield* fromStdin
    if (!process.stdin.isTTY)
      return yield* usage("There is no terminal to ask for the password in", "pipe it in with --password-stdin")
    return yield* Effect.catchTag(Prompt.run(Prompt.password({ message: `Password of ${username}` })), "QuitException", () =>
      failed("No password was given")
    )
  })
