/** `mcpgw collaborators …`: who works on a server, people and groups. Opens a server to nobody. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { CollaboratorList, CollaboratorView } from "@mcpgw/api/Collaborators"
import * as Effect from "effect/Effect"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { about } from "../help.ts"
import { resolve } from "../servers/resolve.ts"
import { show, table } from "../show/table.ts"

const server = Args.text({ name: "SERVER" }).pipe(Args.withDescription("A server's path or name."))
const name = Args.text({ name: "NAME" }).pipe(Args.withDescription("The name of an account, or of a group."))
const isGroup = Options.boolean("group").pipe(Options.withDescription("NAME is a group; else it is a person."))
const role = Options.choice("role", ["manager", "user"]).pipe(
  Options.withDescription("manager: edits and deletes the server and manages collaborators; user: sees it listed.")
)

const kindOf = (isGroup: boolean) => (isGroup ? "group" : "person")

const printed = (json: boolean, answer: typeof CollaboratorList.Type) =>
  show(json, answer, () =>
    answer.collaborators.length === 0
      ? `Nobody works on ${answer.server_path} but administrators.`
      : table(
          ["NAME", "KIND", "ROLE"],
          answer.collaborators.map((one) => [one.name, one.kind, one.role])
        )
  )

/** The client for the server's own routes, and its path in them. */
const clientOf = (named: string) =>
  Effect.gen(function* () {
    const path = yield* resolve(named)
    const { at } = yield* Session
    return { client: yield* at(path), path: { "*": path } }
  })

const list = Command.make("list", { server, ...globals }, (args) =>
  Effect.gen(function* () {
    const { client, path } = yield* clientOf(args.server)
    yield* printed(args.json, yield* client.collaborators.list({ path }))
  })
).pipe(
  Command.withDescription(about("List who works on a server.", "collaborators list clock")),
  Command.provide((args) => Session.layer(args))
)

const add = Command.make("add", { server, name, isGroup, role, ...globals }, (args) =>
  Effect.gen(function* () {
    const { client, path } = yield* clientOf(args.server)
    const { collaborators } = yield* client.collaborators.list({ path })
    const kind = kindOf(args.isGroup)
    const others = collaborators.filter((one) => one.kind !== kind || one.name !== args.name)
    const added: typeof CollaboratorView.Type = { kind, name: args.name, role: args.role }
    const payload = { collaborators: [...others, added] }
    yield* printed(args.json, yield* client.collaborators.set({ path, payload }))
  })
).pipe(
  Command.withDescription(
    about("Give somebody a role on a server, or another one.", "collaborators add clock ada --role manager")
  ),
  Command.provide((args) => Session.layer(args))
)

const remove = Command.make("remove", { server, name, isGroup, ...globals }, (args) =>
  Effect.gen(function* () {
    const { client, path } = yield* clientOf(args.server)
    const urlParams = { kind: kindOf(args.isGroup), name: args.name } as const
    yield* printed(args.json, yield* client.collaborators.remove({ path, urlParams }))
  })
).pipe(
  Command.withDescription(about("Take somebody's role on a server away.", "collaborators remove clock ada")),
  Command.provide((args) => Session.layer(args))
)

export const collaborators = Command.make("collaborators").pipe(
  Command.withDescription("Who works on a server with its administrators."),
  Command.withSubcommands([list, add, remove])
)
