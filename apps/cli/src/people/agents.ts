/** `mcpgw agents …`: accounts of programs, and their secrets. A secret is printed by the command that makes it and by no other. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { AgentView, ProviderClient } from "@mcpgw/api/Agents"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { toldByFlags, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { list as texts } from "../servers/options.ts"
import { pairs, plain, show, table } from "../show/table.ts"
import { compare, differences, localOnly, warned, where, wished } from "./directory.ts"

const name = Args.text({ name: "NAME" }).pipe(Args.withDescription("The agent's name."))
const groups = texts("group", "GROUP", "A group it is in; may be given more than once, or with commas.")
const description = Options.text("description").pipe(
  Options.withAlias("d"),
  Options.optional,
  Options.withDescription("What it is for.")
)

const rows = (agents: ReadonlyArray<AgentView>): string =>
  agents.length === 0
    ? "No agents."
    : table(
        ["NAME", "CLIENT ID", "GROUPS", "SECRETS", "DISABLED"],
        agents.map((one) => [one.name, one.client_id, one.groups, one.secrets.length, one.disabled])
      )

const details = (one: AgentView): string =>
  [
    pairs([
      ["name", one.name],
      ["client id", one.client_id],
      ["description", one.description],
      ["groups", one.groups],
      ["disabled", one.disabled],
      ["made", one.created_at]
    ]),
    ...(one.secrets.length === 0
      ? ["No secrets; `mcpgw agents secret` makes one."]
      : [
          table(
            ["SECRET", "BEGINS", "MADE", "ENDS", "LAST USED"],
            one.secrets.map((secret) => [
              secret.id,
              secret.prefix,
              secret.created_at,
              secret.expires_at,
              secret.last_used_at
            ])
          )
        ])
  ].join("\n\n")

const list = Command.make("list", { compare, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.agents.list({ urlParams: args.compare ? { compare: true } : {} })
    yield* show(args.json, answer, () => rows(answer.agents).concat(differences(answer.directory, "agents")))
    yield* warned(answer.directory)
  })
).pipe(
  Command.withDescription(about("List the agents.", "agents list --compare")),
  Command.provide((args) => Session.layer(args))
)

const get = Command.make("get", { name, ...globals }, ({ json, name }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.agents.get({ path: { name: encodeURIComponent(name) } })
    yield* show(json, answer, () => details(answer))
  })
).pipe(
  Command.withDescription(about("Show an agent and what is known of its secrets.", "agents get robot")),
  Command.provide((args) => Session.layer(args))
)

/** By the names that the API gives to fields; the others have the same name. */
const FLAGS = { groups: "--group", expires_at: "--expires", end_others_after_hours: "--end-others-after-hours" }

const withSecret = Options.boolean("secret").pipe(Options.withDescription("Make its first secret too, and print it."))

/** Credentials of the client it has at the identity provider. */
const clientRows = (client: typeof ProviderClient.Type | undefined) =>
  client === undefined
    ? []
    : ([
        [`${client.provider} client`, client.client_id],
        [`${client.provider} secret (shown once)`, client.client_secret],
        ["tokens from", client.token_url]
      ] as const)

const create = Command.make("create", { name, groups, description, withSecret, ...where, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const made = yield* api.agents.create({
      payload: {
        name: args.name,
        groups: args.groups,
        ...(yield* wished(args)),
        ...(Option.isSome(args.description) ? { description: args.description.value } : {})
      }
    })
    const secret = args.withSecret
      ? yield* api.agents.addSecret({ path: { name: encodeURIComponent(made.name) }, payload: {} })
      : undefined
    const answer = secret === undefined ? made : { ...made, client_secret: secret.secret }
    yield* show(args.json, answer, () =>
      pairs([
        ["name", made.name],
        ["client id", made.client_id],
        ["groups", made.groups],
        ...(secret === undefined ? [] : [["secret (shown once)", secret.secret] as const]),
        ...clientRows(made.provider_client),
        ...(made.warnings ?? []).map((warning) => ["warning", warning] as const)
      ])
    )
  }).pipe(toldByFlags(FLAGS))
).pipe(
  Command.withDescription(
    about(
      "Make an account for a program that acts for nobody; in Keycloak too, where it is administered from here.",
      "agents create robot --group analysts --secret"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const changed = (name: string, payload: { readonly [field: string]: unknown } & Change, json: boolean) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.agents.change({ path: { name: encodeURIComponent(name) }, payload })
    yield* show(json, answer, () => details(answer))
  }).pipe(toldByFlags(FLAGS))

interface Change {
  readonly description?: string
  readonly groups?: ReadonlyArray<string>
  readonly disabled?: boolean
}

const update = Command.make("update", { name, groups, description, ...globals }, (args) =>
  Effect.gen(function* () {
    if (args.groups.length === 0 && Option.isNone(args.description))
      return yield* usage("What is to change? Give --group or --description")
    yield* changed(
      args.name,
      {
        ...(args.groups.length === 0 ? {} : { groups: args.groups }),
        ...(Option.isSome(args.description) ? { description: args.description.value } : {})
      },
      args.json
    )
  })
).pipe(
  Command.withDescription(
    about("Change an agent; its groups are then those that are given.", "agents update robot --group analysts,staff")
  ),
  Command.provide((args) => Session.layer(args))
)

const enable = Command.make("enable", { name, ...globals }, ({ json, name }) =>
  changed(name, { disabled: false }, json)
).pipe(
  Command.withDescription(about("Let an agent in again.", "agents enable robot")),
  Command.provide((args) => Session.layer(args))
)

const disable = Command.make("disable", { name, ...globals }, ({ json, name }) =>
  changed(name, { disabled: true }, json)
).pipe(
  Command.withDescription(about("Shut an agent out; the tokens it has end.", "agents disable robot")),
  Command.provide((args) => Session.layer(args))
)

const remove = Command.make("remove", { name, local: localOnly, ...globals }, ({ json, local, name }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const urlParams = local ? { delete_from_keycloak: false } : {}
    const answer = yield* api.agents.remove({ path: { name: encodeURIComponent(name) }, urlParams })
    yield* show(json, answer, () => `Removed ${name}; its secrets and tokens have ended.`)
    for (const warning of answer.warnings ?? []) yield* Console.error(`warning: ${plain(warning)}`)
  })
).pipe(
  Command.withDescription(
    about(
      "Remove an agent, in Keycloak too; its secrets and tokens end. One that is shut out is not removed here alone while Keycloak has a client of it.",
      "agents remove robot"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const expires = Options.text("expires").pipe(
  Options.optional,
  Options.withPseudoName("MOMENT"),
  Options.withDescription("When it ends, such as 2027-01-31 or 2027-01-31T09:30:00Z; else when it is removed.")
)
const endOthers = Options.float("end-others-after-hours").pipe(
  Options.optional,
  Options.withDescription("Hours after which its other secrets end; else they live on.")
)

const secret = Command.make("secret", { name, expires, endOthers, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.agents.addSecret({
      path: { name: encodeURIComponent(args.name) },
      payload: {
        ...(Option.isSome(args.expires) ? { expires_at: args.expires.value } : {}),
        ...(Option.isSome(args.endOthers) ? { end_others_after_hours: args.endOthers.value } : {})
      }
    })
    yield* show(args.json, answer, () =>
      pairs([
        ["client id", answer.client_id],
        ["secret (shown once)", answer.secret],
        ["ends", answer.expires_at]
      ])
    )
  }).pipe(toldByFlags(FLAGS))
).pipe(
  Command.withDescription(
    about("Make one more secret of an agent, and print it.", "agents secret robot --end-others-after-hours 24")
  ),
  Command.provide((args) => Session.layer(args))
)

const secretId = Args.text({ name: "SECRET" }).pipe(Args.withDescription("The secret's id, as `agents get` shows it."))

const revokeSecret = Command.make("revoke-secret", { name, secretId, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const path = { name: encodeURIComponent(args.name), id: encodeURIComponent(args.secretId) }
    const answer = yield* api.agents.removeSecret({ path })
    yield* show(args.json, answer, () => `Ended ${args.secretId}, and the tokens of ${args.name}.`)
  })
).pipe(
  Command.withDescription(about("End a secret, and the tokens the agent has.", "agents revoke-secret robot 1f0c…")),
  Command.provide((args) => Session.layer(args))
)

export const agents = Command.make("agents").pipe(
  Command.withDescription("Accounts of programs, and their secrets."),
  Command.withSubcommands([list, get, create, update, enable, disable, remove, secret, revokeSecret])
)
