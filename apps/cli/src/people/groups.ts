/** `mcpgw groups …`: groups and what they open, by the routes and in the shapes of the replaced system (contracts §2.8). */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { GroupsCompared } from "@mcpgw/api/GroupForms"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { badField } from "../Failure.ts"
import { about } from "../help.ts"
import { resolve } from "../servers/resolve.ts"
import { pairs, plain, show, table } from "../show/table.ts"

/** `warning`: what of it was not done, and how to have it done. */
const Told = Schema.Struct(
  { message: Schema.String, warning: Schema.optionalWith(Schema.String, { exact: true }) },
  { key: Schema.String, value: Schema.Unknown }
)

interface Form extends Readonly<Record<string, string | undefined>> {
  readonly group_name?: string
  readonly server_name?: string
  readonly group_names?: string
}

const form = (path: string, fields: Form) =>
  HttpClientRequest.bodyUrlParams(HttpClientRequest.post(`/api/internal/${path}`), fields)

/** Sends the form, and shows the answer's sentence, with what it is about. */
const told = (path: string, fields: Form, json: boolean) =>
  Effect.gen(function* () {
    const { ask } = yield* Session
    const answer = yield* ask(form(path, fields), Told)
    const about = fields.group_name ?? `${fields.server_name ?? ""}, ${fields.group_names ?? ""}`
    yield* show(json, answer, () => `${plain(answer.message)}: ${about}`)
    if (answer.warning !== undefined) yield* Console.error(`warning: ${plain(answer.warning)}`)
  })

/** What only the provider has is a group. */
const kind = ({ scopes_groups }: typeof GroupsCompared.Type, name: string): string =>
  scopes_groups[name]?.kind ?? "group"

const where = (
  { keycloak_only, scopes_groups, synchronized, warning }: typeof GroupsCompared.Type,
  name: string
): string => {
  if (warning !== undefined) return "policy; provider unknown"
  if (synchronized.includes(name)) return "both"
  if (!keycloak_only.includes(name)) return "policy only"
  return scopes_groups[name] === undefined ? "identity provider only" : "both, not mapped"
}

const list = Command.make("list", globals, ({ json }) =>
  Effect.gen(function* () {
    const { ask } = yield* Session
    const answer = yield* ask(HttpClientRequest.get("/api/internal/list-groups"), GroupsCompared)
    const names = [
      ...new Set([...Object.keys(answer.scopes_groups), ...answer.keycloak_groups.map(({ name }) => name)])
    ].toSorted()
    yield* show(json, answer, () =>
      table(
        ["NAME", "SERVERS", "KIND", "KNOWN TO"],
        names.map((name) => [
          name,
          answer.scopes_groups[name]?.server_count ?? 0,
          kind(answer, name),
          where(answer, name)
        ])
      )
    )
    if (answer.warning !== undefined) yield* Console.error(`warning: ${plain(answer.warning)}`)
  })
).pipe(
  Command.withDescription(
    about(
      "List groups, which people are in, the scopes they are mapped to, and where the policy and the identity provider differ.",
      "groups list"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const group = Args.text({ name: "GROUP" }).pipe(Args.withDescription("The group's name."))

const opens = (all: "*" | ReadonlyArray<string>): string => (all === "*" ? "all" : all.join(", "))

const get = Command.make("get", { group, ...globals }, ({ group, json }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const found = yield* api.groups.get({ path: { name: encodeURIComponent(group) } })
    yield* show(json, found, () =>
      [
        pairs([
          ["name", found.name],
          ["scopes", found.scopes],
          ["users", found.users],
          ["agents", found.agents]
        ]),
        found.servers.length === 0
          ? "It opens no server."
          : table(
              ["SERVER", "SCOPE", "TOOLS", "METHODS"],
              found.servers.map((one) => [one.server, one.scope, opens(one.tools), opens(one.methods)])
            )
      ].join("\n\n")
    )
  })
).pipe(
  Command.withDescription(about("Show what a group opens, and who is in it.", "groups get mcp-registry-user")),
  Command.provide((args) => Session.layer(args))
)

const description = Args.text({ name: "DESCRIPTION" }).pipe(Args.optional, Args.withDescription("What it is for."))
const suffix = Options.choice("scope-suffix", ["read", "execute"]).pipe(
  Options.optional,
  Options.withDescription("Make the scope GROUP/read or GROUP/execute.")
)
const policyOnly = Options.boolean("policy-only").pipe(Options.withDescription("Leave the identity provider alone."))

const create = Command.make("create", { group, description, suffix, policyOnly, ...globals }, (args) =>
  args.group.trim() === ""
    ? badField("GROUP", args.group, "a group's name")
    : told(
        "create-group",
        {
          group_name: args.group,
          description: Option.getOrElse(args.description, () => ""),
          create_in_keycloak: String(!args.policyOnly),
          ...(Option.isSome(args.suffix) ? { scope_suffix: args.suffix.value } : {})
        },
        args.json
      )
).pipe(
  Command.withDescription(about("Make a group.", "groups create mcp-servers-finance 'Finance' --scope-suffix read")),
  Command.provide((args) => Session.layer(args))
)

const force = Options.boolean("force").pipe(
  Options.withDescription("Taken as the replaced system's command has it; changes nothing.")
)

const remove = Command.make("remove", { group, force, policyOnly, ...globals }, (args) =>
  told(
    "delete-group",
    { group_name: args.group, delete_from_keycloak: String(!args.policyOnly), force: String(args.force) },
    args.json
  )
).pipe(
  Command.withDescription(
    about(
      "Remove a group; the identity provider's of that name too, when it was made from here.",
      "groups remove mcp-servers-finance"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const server = Args.text({ name: "SERVER" }).pipe(Args.withDescription("A server's path or name."))
const names = Args.text({ name: "GROUPS" }).pipe(Args.withDescription("Names of groups, with commas."))

const assigned = (
  route: string,
  { groups, json, server }: { readonly groups: string; readonly json: boolean; readonly server: string }
) =>
  Effect.gen(function* () {
    const path = yield* resolve(server)
    yield* told(route, { server_name: path.replace(/^\//, ""), group_names: groups }, json)
  })

const addServer = Command.make("add-server", { server, groups: names, ...globals }, (args) =>
  assigned("add-to-groups", args)
).pipe(
  Command.withDescription(about("Open a server to groups.", "groups add-server fininfo mcp-servers-finance")),
  Command.provide((args) => Session.layer(args))
)

const removeServer = Command.make("remove-server", { server, groups: names, ...globals }, (args) =>
  assigned("remove-from-groups", args)
).pipe(
  Command.withDescription(about("Close a server to groups.", "groups remove-server fininfo mcp-servers-finance")),
  Command.provide((args) => Session.layer(args))
)

export const groups = Command.make("groups").pipe(
  Command.withDescription("Groups of people and agents, and what they open."),
  Command.withSubcommands([list, get, create, remove, addServer, removeServer])
)
