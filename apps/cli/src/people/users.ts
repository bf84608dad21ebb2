/** `mcpgw users …`: people's accounts, for administrators. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { AccountView } from "@mcpgw/api/Accounts"
import { CreatedUser } from "@mcpgw/api/Users"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { globals } from "../connect/options.ts"
import { passwordOf } from "../connect/password.ts"
import { Session } from "../connect/Session.ts"
import { missing, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { list as texts, text } from "../servers/options.ts"
import { compare, differences, localOnly, warned, where, wished } from "./directory.ts"
import { pairs, plain, show, table } from "../show/table.ts"

const username = Args.text({ name: "NAME" }).pipe(Args.withDescription("The person's user name."))
const groups = texts("group", "GROUP", "A group they are in; may be given more than once, or with commas.")

const given = (name: string, value: Option.Option<string>): Readonly<Record<string, string>> =>
  Option.isSome(value) ? { [name]: value.value } : {}

const details = (one: AccountView): string =>
  pairs([
    ["name", one.username],
    ["display name", one.display_name],
    ["e-mail", one.email],
    ["provider", one.provider],
    ["groups", one.groups],
    ["disabled", one.disabled]
  ])

const inGroup = text("group", "GROUP", "Only those in it.")

const list = Command.make("list", { compare, inGroup, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const urlParams = {
      ...(Option.isSome(args.inGroup) ? { group: args.inGroup.value } : {}),
      ...(args.compare ? { compare: true } : {})
    }
    const { directory, users: accounts } = yield* api.users.list({ urlParams })
    const answer = { accounts, ...(directory === undefined ? {} : { directory }) }
    yield* show(args.json, answer, () =>
      table(
        ["NAME", "PROVIDER", "GROUPS", "E-MAIL", "DISABLED"],
        accounts.map((one) => [one.username, one.provider, one.groups, one.email, one.disabled])
      ).concat(differences(directory, "people"))
    )
    yield* warned(directory)
  })
).pipe(
  Command.withDescription(
    about("List everybody with an account.", "users list --group analysts", "users list --compare")
  ),
  Command.provide((args) => Session.layer(args))
)

const get = Command.make("get", { username, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const { accounts } = yield* api.accounts.list()
    const one = accounts.find(({ username }) => username === args.username)
    if (one === undefined) return yield* missing(`There is no account ${JSON.stringify(args.username)}`)
    yield* show(args.json, one, () => details(one))
  })
).pipe(
  Command.withDescription(about("Show one account.", "users get ada")),
  Command.provide((args) => Session.layer(args))
)

const create = Command.make(
  "create",
  {
    username,
    groups,
    email: text("email", "ADDRESS", "Their e-mail address."),
    firstName: text("first-name", "NAME", "Their first name."),
    lastName: text("last-name", "NAME", "Their last name."),
    ...where,
    passwordStdin: Options.boolean("password-stdin").pipe(
      Options.withDescription(
        "Read their password from standard input; else the gateway makes one, which is shown once."
      )
    ),
    ...globals
  },
  (args) =>
    Effect.gen(function* () {
      const { ask } = yield* Session
      const password = args.passwordStdin ? yield* passwordOf(args.username, true) : undefined
      const made = yield* ask(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post("/api/users"), {
          username: args.username,
          groups: args.groups,
          ...(yield* wished(args)),
          ...given("email", args.email),
          ...given("first_name", args.firstName),
          ...given("last_name", args.lastName),
          ...(password === undefined ? {} : { password: Redacted.value(password) })
        }),
        CreatedUser
      )
      yield* show(args.json, made, () =>
        pairs([
          ["name", made.username],
          ["provider", made.provider],
          ["groups", made.groups],
          ...(made.password === undefined ? [] : [["password (shown once)", made.password] as const]),
          ...(made.warnings ?? []).map((warning) => ["warning", warning] as const)
        ])
      )
    })
).pipe(
  Command.withDescription(
    about(
      "Make an account for a person: in Keycloak, where it is administered from here, or a local one.",
      "users create ada --group analysts --email ada@example.com --first-name Ada --last-name Lovelace"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const changed = (
  name: string,
  payload: { readonly groups?: ReadonlyArray<string>; readonly disabled?: boolean },
  json: boolean
) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.accounts.change({ path: { username: encodeURIComponent(name) }, payload })
    yield* show(json, answer, () => details(answer))
  })

const update = Command.make("update", { username, groups, ...globals }, (args) =>
  Effect.gen(function* () {
    if (args.groups.length === 0) return yield* usage("What is to change? Give --group")
    yield* changed(args.username, { groups: args.groups }, args.json)
  })
).pipe(
  Command.withDescription(
    about(
      "Give a person these groups and no others; a group less ends all they have.",
      "users update ada --group staff"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const enable = Command.make("enable", { username, ...globals }, (args) =>
  changed(args.username, { disabled: false }, args.json)
).pipe(
  Command.withDescription(about("Let a person in again.", "users enable ada")),
  Command.provide((args) => Session.layer(args))
)

const disable = Command.make("disable", { username, ...globals }, (args) =>
  changed(args.username, { disabled: true }, args.json)
).pipe(
  Command.withDescription(about("Shut a person out: sessions, tokens and keys end.", "users disable ada")),
  Command.provide((args) => Session.layer(args))
)

const Removed = Schema.Struct({ success: Schema.Literal(true), deleted_from_keycloak: Schema.Boolean })

const remove = Command.make("remove", { username, local: localOnly, ...globals }, (args) =>
  Effect.gen(function* () {
    const { ask } = yield* Session
    const path = `/api/users/${encodeURIComponent(args.username)}?delete_from_keycloak=${!args.local}`
    const answer = yield* ask(HttpClientRequest.del(path), Removed)
    const there = answer.deleted_from_keycloak ? " The person is deleted in Keycloak, too." : ""
    yield* show(args.json, answer, () => `Removed ${plain(args.username)}; all they had has ended.${there}`)
  })
).pipe(
  Command.withDescription(
    about(
      "Remove an account; all that it has ends. A person of Keycloak is deleted there, too, for every application, unless --local is given.",
      "users remove ada"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

export const users = Command.make("users").pipe(
  Command.withDescription("People's accounts, for administrators."),
  Command.withSubcommands([list, get, create, update, enable, disable, remove])
)
