/** `mcpgw keys …`: API keys for clients that can not do OAuth. A key is printed by the command that makes it and by no other. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { badField, toldByFlags } from "../Failure.ts"
import { about } from "../help.ts"
import { list as texts } from "../servers/options.ts"
import { pairs, show, table } from "../show/table.ts"

const owner = Options.text("owner").pipe(
  Options.optional,
  Options.withPseudoName("NAME"),
  Options.withDescription("For administrators: whose keys; else your own.")
)
const ownerParam = (owner: Option.Option<string>) => (Option.isSome(owner) ? { owner: owner.value } : {})

const list = Command.make("list", { owner, ...globals }, ({ json, owner }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.keys.list({ urlParams: ownerParam(owner) })
    yield* show(json, answer, () =>
      answer.keys.length === 0
        ? "No keys."
        : table(
            ["ID", "NAME", "BEGINS", "MADE", "ENDS", "LAST USED", "LIMITS"],
            answer.keys.map((key) => [
              key.id,
              key.name,
              key.prefix,
              key.created_at,
              key.expires_at,
              key.last_used_at,
              [key.groups, key.scopes, key.servers, Object.keys(key.tools ?? {})].flatMap((names) => names ?? [])
            ])
          )
    )
  })
).pipe(
  Command.withDescription(about("List your API keys, the newest first.", "keys list")),
  Command.provide((args) => Session.layer(args))
)

const name = Args.text({ name: "NAME" }).pipe(Args.withDescription("What you call it."))
const expires = Options.text("expires").pipe(
  Options.optional,
  Options.withPseudoName("MOMENT"),
  Options.withDescription("When it ends, such as 2027-01-31 or 2027-01-31T09:30:00Z; else when it is revoked.")
)
const limits = {
  groups: texts("group", "GROUP", "Of your groups only this; may be given more than once, or with commas."),
  scopes: texts("scope", "SCOPE", "Of your scopes only this."),
  servers: texts("server", "PATH", "Only this server, by its path."),
  tools: texts("tool", "PATH:TOOL", "Only this tool of that server, such as /currenttime:current_time_by_timezone.")
}

/** By the names that the API gives to fields. */
const FLAGS = {
  name: "NAME",
  expires_at: "--expires",
  groups: "--group",
  scopes: "--scope",
  servers: "--server",
  tools: "--tool"
}

/** `PATH:TOOL` texts as the API takes them. */
const toolsOf = (given: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const tools: Record<string, Array<string>> = {}
    for (const one of given) {
      const [, path, tool] = /^(\/[^:]+):(.+)$/.exec(one) ?? []
      if (path === undefined || tool === undefined)
        return yield* badField(
          "--tool",
          one,
          "a server's path, a colon and a tool, such as /currenttime:current_time_by_timezone"
        )
      tools[path] = [...(tools[path] ?? []), tool]
    }
    return tools
  })

const create = Command.make("create", { name, expires, ...limits, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const tools = yield* toolsOf(args.tools)
    const answer = yield* api.keys.create({
      payload: {
        name: args.name,
        ...(Option.isSome(args.expires) ? { expires_at: args.expires.value } : {}),
        ...(args.groups.length === 0 ? {} : { groups: args.groups }),
        ...(args.scopes.length === 0 ? {} : { scopes: args.scopes }),
        ...(args.servers.length === 0 ? {} : { servers: args.servers }),
        ...(args.tools.length === 0 ? {} : { tools })
      }
    })
    yield* show(args.json, answer, () =>
      pairs([
        ["id", answer.id],
        ["name", answer.name],
        ["key (shown once)", answer.key],
        ["ends", answer.expires_at],
        ...(answer.warnings ?? []).map((warning) => ["warning", warning] as const)
      ])
    )
  }).pipe(toldByFlags(FLAGS))
).pipe(
  Command.withDescription(
    about(
      "Make an API key, and print it. It may do what you may, or less.",
      "keys create 'old client' --expires 2027-12-31 --server /currenttime"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const id = Args.text({ name: "ID" }).pipe(Args.withDescription("The key's id, as `keys list` shows it."))

const revoke = Command.make("revoke", { id, owner, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.keys.revoke({
      path: { id: encodeURIComponent(args.id) },
      urlParams: ownerParam(args.owner)
    })
    yield* show(args.json, answer, () => `Ended ${answer.id}.`)
  })
).pipe(
  Command.withDescription(
    about("End an API key before its next request.", "keys revoke 954f6e33-5229-47d7-acd9-260cecdb1390")
  ),
  Command.provide((args) => Session.layer(args))
)

export const keys = Command.make("keys").pipe(
  Command.withDescription("API keys, for clients that can not do OAuth."),
  Command.withSubcommands([list, create, revoke])
)
