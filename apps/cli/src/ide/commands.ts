/**
 * `mcpgw ide`: shows how a program is connected to a server, writes that into its configuration, or takes it out. The entry goes to standard
 * output, what was done to standard error. Touches no other entry, and no file without --write or --remove.
 */
import * as Command from "@effect/cli/Command"
import { normalizePath, ServerPath } from "@mcpgw/domain/Ids"
import { type ConfigScope, fileOf, IDES, type IdeName } from "@mcpgw/ide/Client"
import { type Config, configOf, fileText, keyOf, type Target } from "@mcpgw/ide/Entry"
import type { HeaderForm } from "@mcpgw/ide/Headers"
import { addCommand, installLink } from "@mcpgw/ide/Links"
import { putEntry, removeEntry, urlOf } from "@mcpgw/ide/Merge"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { askRegistry } from "./askRegistry.ts"
import * as options from "./options.ts"
import { machine, typedPath } from "./places.ts"
import { FileRefused, readPlain, refuseLinks, replaceFile } from "./safeFile.ts"
import { tokenIn } from "./tokenFile.ts"

class IdeProblem extends Schema.TaggedError<IdeProblem>()("IdeProblem", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

const isPath = Schema.is(ServerPath)

interface Asked {
  readonly client: IdeName
  readonly server: string
  readonly gateway: string
  readonly name: Option.Option<string>
  readonly tokenFile: Option.Option<string>
}

interface Found {
  readonly target: Target
  readonly throughGateway: boolean
  readonly token: Redacted.Redacted | undefined
}

/** A whole URL leads there and nowhere else; a path leads through the gateway, or where the registry says. */
const find = ({ gateway, name, server, tokenFile }: Asked) =>
  Effect.gen(function* () {
    const token = Option.isSome(tokenFile) ? yield* tokenIn(yield* typedPath(tokenFile.value)) : undefined
    const own = /^https?:\/\//.test(server) ? URL.parse(server) : null
    if (own !== null) {
      const key = Option.getOrElse(name, () => keyOf(own.pathname.replace(/\/(?:mcp|sse)\/?$/, "")))
      return { target: { key, url: own.href }, throughGateway: true, token } satisfies Found
    }
    const path = normalizePath(server)
    if (!isPath(path)) {
      return yield* new IdeProblem({
        problem: `--server holds ${JSON.stringify(server)}, but it may hold a server's path such as /currenttime, or an http(s) URL`
      })
    }
    const key = Option.getOrElse(name, () => keyOf(path))
    if (token === undefined) return { target: { key, url: `${gateway}${path}/mcp` }, throughGateway: true, token }
    const said = yield* askRegistry(gateway, path, token)
    return { target: { key, url: said.url }, throughGateway: said.through_gateway, token } satisfies Found
  })

interface FileAsked {
  readonly client: IdeName
  readonly scope: ConfigScope
  readonly file: Option.Option<string>
  readonly replace: boolean
}

/** The file meant, refused when something on the way to it is a link that somebody else may have put there. */
const fileFor = ({ client, file, scope }: FileAsked) =>
  Effect.gen(function* () {
    const places = yield* machine
    if (Option.isSome(file)) return yield* typedPath(file.value)
    const usual = fileOf(client, scope, places)
    if (usual === undefined) {
      return yield* new IdeProblem({
        problem: `${IDES[client].label} has no configuration of a project; leave --scope out`
      })
    }
    if (scope === "project") yield* refuseLinks(places.project, usual)
    return usual
  })

/** A refusal of the text, by the name of its file. */
const inFile = (file: string) =>
  Effect.mapError(({ problem }: { readonly problem: string }) => new FileRefused({ path: file, problem }))

const save = (file: string, held: string | undefined, text: string) =>
  Effect.gen(function* () {
    if (text === (held ?? "")) return yield* Console.error(`unchanged ${file}`)
    const { backup } = yield* replaceFile(file, text, { held, backup: true })
    yield* Console.error(`wrote     ${file}`)
    if (backup !== undefined) yield* Console.error(`backup    ${backup}`)
  })

/** Whose entry is it? One that leads elsewhere is somebody's own. */
const refuseForeign = (asked: FileAsked, file: string, held: string, { key }: Config, url: string) =>
  Effect.gen(function* () {
    const there = yield* inFile(file)(urlOf(asked.client, held, key))
    if (there === undefined || there === url || asked.replace) return
    const where = there === "" ? "runs a program" : `leads to ${there}`
    yield* new FileRefused({
      path: file,
      problem: `its entry ${JSON.stringify(key)} ${where}; name this one with --name, or say --replace`
    })
  })

const writeEntry = (asked: FileAsked, config: Config, url: string) =>
  Effect.gen(function* () {
    const file = yield* fileFor(asked)
    const held = yield* readPlain(file)
    yield* refuseForeign(asked, file, held ?? "", config, url)
    yield* save(file, held, yield* inFile(file)(putEntry(asked.client, held ?? "", config)))
  })

const takeOut = (asked: FileAsked, key: string) =>
  Effect.gen(function* () {
    const file = yield* fileFor(asked)
    const held = yield* readPlain(file)
    if (held === undefined) return yield* Console.error(`no file   ${file}`)
    yield* save(file, held, yield* inFile(file)(removeEntry(asked.client, held, key)))
  })

const show = (asked: FileAsked, config: Config, target: Target, form: HeaderForm | undefined) =>
  Effect.gen(function* () {
    const { docs, label } = IDES[asked.client]
    yield* Console.log(fileText(asked.client, config).trimEnd())
    yield* Console.error(`\n${label} reads this from ${yield* fileFor(asked)}; --write puts it there.`)
    const link = installLink(asked.client, config)
    if (link !== undefined) yield* Console.error(`One click: ${link}`)
    const command = form === undefined ? addCommand(asked.client, target) : undefined
    if (command !== undefined) yield* Console.error(`Or run: ${command}`)
    yield* Console.error(`Its own documentation: ${docs.title}, ${docs.url}`)
  })

export const ide = Command.make(
  "ide",
  {
    gateway: options.gateway,
    server: options.server,
    client: options.client,
    write: options.write,
    remove: options.remove,
    scope: options.scope,
    file: options.file,
    name: options.name,
    replace: options.replace,
    headerForm: options.headerForm,
    backendAuth: options.backendAuth,
    backendHeader: options.backendHeader,
    tokenFile: options.tokenFile,
    embed: options.embed
  },
  (args) =>
    Effect.gen(function* () {
      if (args.write && args.remove) return yield* new IdeProblem({ problem: "--write and --remove are both set" })
      if (args.embed && (!args.headerForm || Option.isNone(args.tokenFile))) {
        return yield* new IdeProblem({ problem: "--embed-token needs --header-form and --token-file" })
      }
      if (args.embed && args.scope === "project" && Option.isNone(args.file)) {
        return yield* new IdeProblem({
          problem: "--embed-token would put your token into a project's file, which others may read; use --scope user"
        })
      }
      if (args.remove) {
        const { target } = yield* find({ ...args, tokenFile: Option.none() })
        return yield* takeOut(args, target.key)
      }
      const { target, throughGateway, token } = yield* find(args)
      const form: HeaderForm | undefined = args.headerForm
        ? {
            gateway: throughGateway,
            backend: {
              scheme: args.backendAuth,
              ...(Option.isSome(args.backendHeader) ? { header: args.backendHeader.value } : {})
            },
            ...(args.embed && token !== undefined ? { values: { gateway: Redacted.value(token) } } : {})
          }
        : undefined
      const config = configOf(args.client, target, form)
      yield* args.write ? writeEntry(args, config, target.url) : show(args, config, target, form)
    })
).pipe(
  Command.withDescription(
    "Connect a program on your computer to a server. Example: mcpgw ide --server /currenttime --client cursor --write"
  )
)
