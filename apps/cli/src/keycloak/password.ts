/** The administrator's password: from standard input, the environment or a question, in this order. Never from the command line. */
import * as Prompt from "@effect/cli/Prompt"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type Failure, usage } from "../Failure.ts"
import { Stdin } from "../Stdin.ts"

const noPassword = (problem: string): Failure =>
  usage(
    `no administrator's password: ${problem}`,
    "set KEYCLOAK_ADMIN_PASSWORD, pipe it in with --password-stdin, or run this in a terminal"
  )

const fromStdin = Effect.gen(function* () {
  const password = yield* (yield* Stdin).text
  return password === "" ? yield* noPassword("standard input held nothing") : Redacted.make(password)
})

/** Variables that are set and empty count as unset. */
export const secretOf = (name: string) =>
  Effect.map(
    Config.option(Config.redacted(name)),
    Option.filter((secret) => Redacted.value(secret) !== "")
  )

const ask = (username: string) =>
  Effect.gen(function* () {
    if (!(yield* Stdin).isTerminal) return yield* noPassword("there is no terminal to ask in")
    return yield* Prompt.run(Prompt.password({ message: `Password of ${username} in Keycloak` }))
  })

export const adminPassword = (username: string, stdin: boolean) =>
  Effect.gen(function* () {
    if (stdin) return yield* fromStdin
    const configured = yield* secretOf("KEYCLOAK_ADMIN_PASSWORD")
    return Option.isSome(configured) ? configured.value : yield* ask(username)
  })
