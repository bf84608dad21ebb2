/**
 * `mcpgw ide`: shows how a program is connected to a server, writes that into its configuration, or takes it out. The entry goes to standard
 * output, what was done to standard error. Touches no other entry, and no file without --write or --remove.
 */
import * as Command from "@effect/cli/Command"
import { IDES } from "@mcpgw/ide/Client"
import { type Config, configOf, fileText, type Target } from "@mcpgw/ide/Entry"
import type { BackendAuth, HeaderForm } from "@mcpgw/ide/Headers"
import { addCommand, installLink } from "@mcpgw/ide/Links"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { globals } from "../connect/options.ts"
import { guardCredential } from "../connect/plainHttp.ts"
import { usage } from "../Failure.ts"
import { about } from "../help.ts"
import { asJson } from "../show/table.ts"
import { type Change, type FileAsked, fileFor, takeOut, writeEntry } from "./change.ts"
import { type Asked, find, type Found, keyFor } from "./find.ts"
import * as options from "./options.ts"

interface Words extends Asked, FileAsked {
  readonly write: boolean
  readonly remove: boolean
  readonly headerForm: boolean
  readonly backendAuth: Option.Option<"bearer" | "api_key" | "none">
  readonly backendHeader: Option.Option<string>
  readonly embed: boolean
}

/** Options that say two things at once, or that another one makes pointless. */
const conflicts = (args: Words) =>
  Effect.gen(function* () {
    if (args.write && args.remove) return yield* usage("--write and --remove are both set")
    if (args.embed && (!args.headerForm || (Option.isNone(args.token) && Option.isNone(args.tokenFile))))
      return yield* usage("--embed-token needs --header-form and a token", "give --token-file, or set MCPGW_TOKEN")
    if (args.embed && args.scope === "project" && Option.isNone(args.file))
      return yield* usage(
        "--embed-token would put your token into a project's file, which others may read",
        "use --scope user"
      )
    if ((Option.isSome(args.backendAuth) || Option.isSome(args.backendHeader)) && !args.headerForm)
      return yield* usage("--backend-auth and --backend-header say what goes into headers: add --header-form")
  })

const BEARER: BackendAuth = { scheme: "bearer" }

/** What was said on the command line before what the registry knows. */
const backendOf = ({ backendAuth, backendHeader }: Words, known: BackendAuth | undefined): BackendAuth => ({
  ...(known ?? BEARER),
  ...(Option.isSome(backendHeader) ? { scheme: "api_key" as const, header: backendHeader.value } : {}),
  ...(Option.isSome(backendAuth) ? { scheme: backendAuth.value } : {})
})

const formOf = (args: Words, { backend, throughGateway, token }: Found): HeaderForm | undefined =>
  args.headerForm
    ? {
        gateway: throughGateway,
        backend: backendOf(args, backend),
        ...(args.embed && token !== undefined ? { values: { gateway: Redacted.value(token) } } : {})
      }
    : undefined

const told = ({ backup, changed, file }: Change) =>
  Effect.gen(function* () {
    yield* Console.error(`${changed ? "wrote    " : "unchanged"} ${file}`)
    if (backup !== undefined) yield* Console.error(`backup    ${backup}`)
  })

/** Of a change its file alone: with --embed-token the entry holds a credential. */
const changed = (json: boolean, key: string, change: Change) =>
  json ? Console.log(asJson({ key, ...change, backup: change.backup ?? null })) : told(change)

const show = (args: Words, config: Config, target: Target, { form, found }: { form?: HeaderForm; found: Found }) =>
  Effect.gen(function* () {
    const { docs, label } = IDES[args.client]
    const file = yield* fileFor(args)
    const link = installLink(args.client, config)
    const command = form === undefined ? addCommand(args.client, target) : undefined
    const text = fileText(args.client, config)
    if (args.json)
      return yield* Console.log(
        asJson({
          client: args.client,
          url: target.url,
          through_gateway: found.throughGateway,
          form: form === undefined ? "oauth" : "headers",
          ...config,
          text,
          file,
          install_link: link ?? null,
          command: command ?? null,
          docs
        })
      )
    yield* Console.log(text.trimEnd())
    yield* Console.error(`\n${label} reads this from ${file}; --write puts it there.`)
    if (link !== undefined) yield* Console.error(`One click: ${link}`)
    if (command !== undefined) yield* Console.error(`Or run: ${command}`)
    yield* Console.error(`Its own documentation: ${docs.title}, ${docs.url}`)
  })

const run = (args: Words) =>
  Effect.gen(function* () {
    yield* conflicts(args)
    if (args.remove) {
      const key = yield* keyFor(args)
      return yield* changed(args.json, key, yield* takeOut(args, key))
    }
    const found = yield* find(args)
    const { target } = found
    if (args.embed) yield* guardCredential(target.url, "the token in that entry")
    const form = formOf(args, found)
    const config = configOf(args.client, target, form)
    if (args.write) return yield* changed(args.json, config.key, yield* writeEntry(args, config, target.url))
    yield* show(args, config, target, { found, ...(form === undefined ? {} : { form }) })
  })

export const ide = Command.make("ide", { ...options.own, ...globals }, run).pipe(
  Command.withDescription(
    about(
      "Connect a program on your computer to a server.",
      "ide --server /currenttime --client cursor --write",
      "ide --server /currenttime --client vscode --header-form --json"
    )
  )
)
