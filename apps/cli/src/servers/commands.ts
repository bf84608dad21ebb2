/** `mcpgw servers …`: what is registered, and changes of it. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { failed, Failure, missing, toldByFlags, usage } from "../Failure.ts"
import { globals } from "../connect/options.ts"
import { pathInUrl, Session } from "../connect/Session.ts"
import { WELL } from "../health.ts"
import { about } from "../help.ts"
import { plain, show } from "../show/table.ts"
import { credential } from "./credential.ts"
import { edit, readFields, registration } from "./file.ts"
import { fields, FLAGS, given, server } from "./options.ts"
import { resolve } from "./resolve.ts"
import { healthLine, serverPairs, serverTable, toolTable } from "./show.ts"
import { wholeNumber } from "../wholeNumber.ts"

const query = Options.text("query").pipe(
  Options.withAlias("q"),
  Options.optional,
  Options.withPseudoName("WORDS"),
  Options.withDescription("Only those with this in their name, description or tags.")
)

const list = Command.make("list", { query, ...globals }, ({ json, query }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.servers.list({ urlParams: Option.isSome(query) ? { query: query.value } : {} })
    yield* show(json, answer, () => serverTable(answer.servers, Option.getOrUndefined(query)))
  })
).pipe(
  Command.withDescription(about("List the servers you may see.", "servers list", "servers list --query time --json")),
  Command.provide((args) => Session.layer(args))
)

const get = Command.make("get", { server, ...globals }, ({ json, server }) =>
  Effect.gen(function* () {
    const { at } = yield* Session
    const path = yield* resolve(server)
    const answer = yield* (yield* at(path)).servers.details({ path: { "*": path } })
    if (!isRecord(answer)) return yield* missing(`There is no server ${JSON.stringify(server)}`)
    yield* show(json, answer, () => serverPairs(answer))
  })
).pipe(
  Command.withDescription(about("Show one server as it is registered.", "servers get currenttime")),
  Command.provide((args) => Session.layer(args))
)

/** One record, and not the answer for `all`. */
const isRecord = <A extends object>(answer: A): answer is Extract<A, { readonly server_name: string }> =>
  typeof Reflect.get(answer, "server_name") === "string"

const file = Args.file({ name: "FILE", exists: "yes" }).pipe(
  Args.optional,
  Args.withDescription("A JSON file with the server's fields, as the replaced system's; options win over it.")
)
const overwrite = Options.boolean("overwrite").pipe(
  Options.withDescription("Change the server when there is one at that path already.")
)
const disabled = Options.boolean("disabled").pipe(Options.withDescription("Register it switched off."))

const fromFile = (file: Option.Option<string>) => (Option.isSome(file) ? readFields(file.value) : Effect.succeed({}))

/** A path that is taken is the commonest slip: what to do about it. */
const orChange =
  (path: string) =>
  <E>(error: E): E | Failure =>
    error instanceof Failure && error.problem.includes("already exists")
      ? failed(error.problem, `add --overwrite to change that one, or use \`mcpgw servers update ${path}\``)
      : error

const add = Command.make("add", { file, ...fields, overwrite, disabled, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api, at } = yield* Session
    const told = { ...(yield* fromFile(args.file)), ...given(args), ...(args.disabled ? { is_enabled: false } : {}) }
    if (Object.keys(told).length === 0)
      return yield* usage("Which server? Name a FILE, or --name, --path and --proxy-pass-url")
    const wanted = yield* registration(told)
    const known = args.overwrite ? (yield* api.servers.list({ urlParams: {} })).servers : []
    if (known.some(({ path }) => pathInUrl(path) === pathInUrl(wanted.path))) {
      const { is_enabled: _enabled, ...patch } = wanted
      const changed = yield* (yield* at(wanted.path)).servers.edit({ path: { "*": wanted.path }, payload: patch })
      return yield* show(args.json, changed, () => `Updated ${changed.service.path}.`)
    }
    const made = yield* Effect.mapError(api.servers.register({ payload: wanted }), orChange(wanted.path))
    yield* show(args.json, made, () => `Registered ${made.service.path}.\n${healthLine(made.health)}`)
  }).pipe(toldByFlags(FLAGS))
).pipe(
  Command.withDescription(
    about(
      "Register a server, from a JSON file or from options.",
      "servers add weather.json",
      "servers add --name Weather --path /weather --proxy-pass-url http://127.0.0.1:9000/"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

const update = Command.make("update", { server, file, ...fields, ...globals }, (args) =>
  Effect.gen(function* () {
    const { at } = yield* Session
    const told = { ...(yield* fromFile(args.file)), ...given(args) }
    if (Object.keys(told).length === 0)
      return yield* usage("What is to change? Name a FILE or a field, such as --description")
    const payload = yield* edit(told)
    const path = yield* resolve(args.server)
    const changed = yield* (yield* at(path)).servers.edit({ path: { "*": path }, payload })
    yield* show(args.json, changed, () => `Updated ${changed.service.path}.`)
  }).pipe(toldByFlags(FLAGS))
).pipe(
  Command.withDescription(
    about("Change fields of a server; the others stay.", "servers update weather --description 'Rain and sun'")
  ),
  Command.provide((args) => Session.layer(args))
)

const remove = Command.make("remove", { server, ...globals }, (args) =>
  Effect.gen(function* () {
    const { at } = yield* Session
    const path = yield* resolve(args.server)
    const answer = yield* (yield* at(path)).servers.delete({ path: { "*": path }, headers: {} })
    yield* show(args.json, answer, () => `Removed ${answer.service_path}.`)
  })
).pipe(
  Command.withDescription(about("Take a server out of the registry.", "servers remove weather")),
  Command.provide((args) => Session.layer(args))
)

/** What was to be checked, and is not well: as `mcpgw health` ends. */
const wellOrFail = ({ service_path: path, status }: { readonly service_path: string; readonly status: string }) =>
  WELL.has(status)
    ? Effect.void
    : failed(plain(`${path} is not well: ${status}`), "`mcpgw servers get` shows its address")

const toggled = (server: string, enabled: boolean, json: boolean) =>
  Effect.gen(function* () {
    const { at } = yield* Session
    const path = yield* resolve(server)
    const client = yield* at(path)
    const answer = yield* client.servers.toggle({ path: { "*": path }, payload: { enabled: enabled ? "on" : "off" } })
    yield* show(json, answer, () => `${answer.service_path} is ${enabled ? "on" : "off"}: ${plain(answer.status)}`)
    if (enabled) yield* wellOrFail(answer)
  })

const enable = Command.make("enable", { server, ...globals }, ({ json, server }) => toggled(server, true, json)).pipe(
  Command.withDescription(about("Switch a server on, and check it.", "servers enable weather")),
  Command.provide((args) => Session.layer(args))
)

const disable = Command.make("disable", { server, ...globals }, ({ json, server }) =>
  toggled(server, false, json)
).pipe(
  Command.withDescription(about("Switch a server off.", "servers disable weather")),
  Command.provide((args) => Session.layer(args))
)

const toggle = Command.make("toggle", { server, ...globals }, ({ json, server }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const path = yield* resolve(server)
    const { servers } = yield* api.servers.list({ urlParams: {} })
    yield* toggled(path, servers.find((one) => one.path === path)?.is_enabled !== true, json)
  })
).pipe(
  Command.withDescription(about("Switch a server on when it is off, and off when it is on.", "servers toggle weather")),
  Command.provide((args) => Session.layer(args))
)

const refresh = Command.make("refresh", { server, ...globals }, (args) =>
  Effect.gen(function* () {
    const { at } = yield* Session
    const path = yield* resolve(args.server)
    const answer = yield* (yield* at(path)).servers.refresh({ path: { "*": path } })
    yield* show(args.json, answer, () => `${plain(answer.message)}\nTools: ${answer.num_tools}`)
    yield* wellOrFail(answer)
  })
).pipe(
  Command.withDescription(about("Check a server now, and read its tools anew.", "servers refresh weather")),
  Command.provide((args) => Session.layer(args))
)

const anyServer = Args.optional(server)

const tools = Command.make("tools", { server: anyServer, ...globals }, (args) =>
  Effect.gen(function* () {
    const { at } = yield* Session
    const path = Option.isSome(args.server) ? yield* resolve(args.server.value) : "all"
    const answer = yield* (yield* at(path)).servers.tools({ path: { "*": path } })
    yield* show(args.json, answer, () => toolTable(answer))
  })
).pipe(
  Command.withDescription(
    about("List the tools of a server, or of all, as far as you may call them.", "servers tools currenttime")
  ),
  Command.provide((args) => Session.layer(args))
)

const Rated = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const stars = Args.text({ name: "STARS" }).pipe(
  Args.mapEffect((text) =>
    Effect.mapError(wholeNumber("STARS", 1, 5, "a whole number from 1 to 5")(text), ({ error }) => error)
  ),
  Args.withDescription("1 to 5.")
)

const rate = Command.make("rate", { server, stars, ...globals }, (args) =>
  Effect.gen(function* () {
    const { ask } = yield* Session
    const path = yield* resolve(args.server)
    const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`/api/servers/${pathInUrl(path)}/rate`), {
      rating: args.stars
    })
    const answer = yield* ask(request, Rated)
    yield* show(args.json, answer, () => `You gave ${path} ${args.stars} of 5.`)
  })
).pipe(
  Command.withDescription(
    about("Give a server 1 to 5 stars; once more replaces what you gave.", "servers rate weather 5")
  ),
  Command.provide((args) => Session.layer(args))
)

export const servers = Command.make("servers").pipe(
  Command.withDescription("List, register, change and remove servers."),
  Command.withSubcommands([list, get, add, update, remove, enable, disable, toggle, refresh, tools, rate, credential])
)
