/** `mcpgw tokens …`: tokens of the gateway's own. `--save` writes the file that the replaced system's page did (contracts §2.7). */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { failed, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { list as texts } from "../servers/options.ts"
import { Stdin } from "../Stdin.ts"
import { asJson, show } from "../show/table.ts"
import { wholeNumber } from "../wholeNumber.ts"

const save = Options.text("save").pipe(
  Options.withPseudoName("DIR"),
  Options.optional,
  Options.withDescription(
    "Save the answer as mcp-registry-api-tokens-DATE.json in this folder, readable by you alone, instead of printing it."
  )
)

/** Answers the file's name. */
const saved = (folder: string, answer: unknown) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const day = new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 10)
    const file = path.join(folder, `mcp-registry-api-tokens-${day}.json`)
    const part = path.join(folder, `.mcp-registry-api-tokens.${crypto.randomUUID()}`)
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(part, `${asJson(answer)}\n`, { flag: "wx", mode: 0o600 })
    yield* fs.rename(part, file)
    return file
  }).pipe(
    Effect.mapError(({ message }) => failed(`The token can not be saved in ${JSON.stringify(folder)}: ${message}`))
  )

const hand = (
  answer: { readonly tokens: { readonly access_token: string } },
  { json, save }: { readonly json: boolean; readonly save: Option.Option<string> }
) =>
  Effect.gen(function* () {
    if (Option.isNone(save)) return yield* show(json, answer, () => answer.tokens.access_token)
    const file = yield* saved(save.value, answer)
    yield* json ? Console.log(asJson({ file })) : Console.log(`saved  ${file}`)
  })

const scopes = texts("scope", "SCOPE", "Of your scopes only this; may be given more than once, or with commas.")
const hours = Options.text("hours").pipe(
  Options.mapEffect(wholeNumber("--hours", 1, 8_760, "whole hours, at least 1")),
  Options.optional,
  Options.withDescription("Whole hours it lives: 1 to 24, unless the gateway says otherwise; else 8.")
)
const description = Options.text("description").pipe(Options.optional, Options.withDescription("What it is for."))

const generate = Command.make("generate", { scopes, hours, description, save, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.tokens.generate({
      payload: {
        requested_scopes: args.scopes,
        ...(Option.isSome(args.hours) ? { expires_in_hours: args.hours.value } : {}),
        ...(Option.isSome(args.description) ? { description: args.description.value } : {})
      }
    })
    yield* hand(answer, args)
  })
).pipe(
  Command.withDescription(
    about(
      "Make a token with your scopes, or fewer, and print it.",
      "tokens generate --hours 1 --scope mcp-servers-demo/execute",
      "tokens generate --save .oauth-tokens"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const admin = Command.make("admin", { save, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    yield* hand(yield* api.tokens.admin({}), args)
  })
).pipe(
  Command.withDescription(
    about("For administrators: make a token for machines, and print it.", "tokens admin --save .oauth-tokens")
  ),
  Command.provide((args) => Session.layer(args))
)

const tokenId = Options.text("id").pipe(
  Options.optional,
  Options.withPseudoName("TOKEN_ID"),
  Options.withDescription("The token_id that the answer which made it told.")
)
const subject = Options.text("subject").pipe(
  Options.optional,
  Options.withDescription("For administrators: end all tokens and sessions this person has.")
)
const stdin = Options.boolean("stdin").pipe(Options.withDescription("Read the token to end from standard input."))

const revoke = Command.make("revoke", { tokenId, subject, stdin, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const wanted = [Option.isSome(args.tokenId), Option.isSome(args.subject), args.stdin].filter(Boolean)
    if (wanted.length !== 1) return yield* usage("Which token? Give one of --id, --subject and --stdin")
    const payload = args.stdin
      ? { token: (yield* (yield* Stdin).text).trim() }
      : Option.isSome(args.tokenId)
        ? { token_id: args.tokenId.value }
        : { subject: Option.getOrThrow(args.subject) }
    const answer = yield* api.tokens.revoke({ payload })
    yield* show(args.json, answer, () =>
      "subject" in answer
        ? `Ended all that ${answer.subject} had.`
        : [`Ended ${answer.token_id}.`, ...(answer.detail === undefined ? [] : [answer.detail])].join("\n")
    )
  })
).pipe(
  Command.withDescription(
    about("End a token before its time.", "tokens revoke --id 39cca1be-0508-410c-9d59-99b2255c7082")
  ),
  Command.provide((args) => Session.layer(args))
)

/** The token of the sign-in, for other programs. */
const print = Command.make("print", globals, ({ json }) =>
  Effect.gen(function* () {
    const { headers } = yield* Session
    const token = /^Bearer (.+)$/.exec(headers["authorization"] ?? "")?.[1]
    if (token === undefined && headers["cookie"] !== undefined)
      return yield* failed(
        "There is no token to print: a sign-in with --username is a session, and has none",
        "sign in with `mcpgw login` alone, or make one with `mcpgw tokens generate`"
      )
    if (token === undefined)
      return yield* failed(
        "There is no token to print",
        "sign in with `mcpgw login`, or make one with `mcpgw tokens generate`"
      )
    yield* show(json, { access_token: token }, () => token)
  })
).pipe(
  Command.withDescription(
    about("Print the token that commands are sent with, renewed when it is about to end.", "tokens print")
  ),
  Command.provide((args) => Session.layer(args))
)

export const tokens = Command.make("tokens").pipe(
  Command.withDescription("Tokens for scripts and clients."),
  Command.withSubcommands([generate, admin, revoke, print])
)
