/** `mcpgw published …`: what the gateway publishes by the official registry's protocol, v0.1 (contracts §2.15). Reads only. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { globals } from "./connect/options.ts"
import { Session } from "./connect/Session.ts"
import { about } from "./help.ts"
import { asJson, show, table } from "./show/table.ts"
import { wholeNumber } from "./wholeNumber.ts"

const rest = { key: Schema.String, value: Schema.Unknown }

const Entry = Schema.Struct(
  {
    server: Schema.Struct(
      {
        name: Schema.String,
        version: Schema.String,
        description: Schema.optionalWith(Schema.String, { exact: true }),
        title: Schema.optionalWith(Schema.NullOr(Schema.String), { exact: true })
      },
      rest
    )
  },
  rest
)

const Page = Schema.Struct(
  {
    servers: Schema.Array(Entry),
    metadata: Schema.Struct({ nextCursor: Schema.optionalWith(Schema.NullOr(Schema.String), { exact: true }) }, rest)
  },
  rest
)

const rows = ({ metadata, servers }: typeof Page.Type): string =>
  [
    table(
      ["NAME", "VERSION", "WHAT IT IS"],
      servers.map(({ server }) => [server.name, server.version, server.title ?? server.description])
    ),
    ...(typeof metadata.nextCursor === "string" ? [`more: --cursor ${JSON.stringify(metadata.nextCursor)}`] : [])
  ].join("\n")

const text = (name: string, words: string) => Options.text(name).pipe(Options.optional, Options.withDescription(words))
const limit = Options.text("limit").pipe(
  Options.mapEffect(wholeNumber("--limit", 1, 100, "a whole number from 1 to 100")),
  Options.optional,
  Options.withDescription("How many at most: 1 to 100.")
)

const list = Command.make(
  "list",
  {
    limit,
    cursor: text("cursor", "Where to go on, as the page before said."),
    search: text("search", "Only those with this in their name."),
    ...globals
  },
  (args) =>
    Effect.gen(function* () {
      const { ask } = yield* Session
      const params = {
        ...(Option.isSome(args.limit) ? { limit: String(args.limit.value) } : {}),
        ...(Option.isSome(args.cursor) ? { cursor: args.cursor.value } : {}),
        ...(Option.isSome(args.search) ? { search: args.search.value } : {})
      }
      const page = yield* ask(HttpClientRequest.setUrlParams(HttpClientRequest.get("/v0.1/servers"), params), Page)
      yield* show(args.json, page, () => rows(page))
    })
).pipe(
  Command.withDescription(about("List what is published.", "published list --limit 10")),
  Command.provide((args) => Session.layer(args))
)

const name = Args.text({ name: "NAME" }).pipe(Args.withDescription("Such as io.mcpgateway/currenttime."))

const at = (name: string): string => `/v0.1/servers/${encodeURIComponent(name)}/versions`

const versions = Command.make("versions", { name, ...globals }, (args) =>
  Effect.gen(function* () {
    const { ask } = yield* Session
    const page = yield* ask(HttpClientRequest.get(at(args.name)), Page)
    yield* show(args.json, page, () => rows(page))
  })
).pipe(
  Command.withDescription(about("List the versions of one server.", "published versions io.mcpgateway/currenttime")),
  Command.provide((args) => Session.layer(args))
)

/** No option: `--version` is the command line's own. */
const version = Args.text({ name: "VERSION" }).pipe(
  Args.withDefault("latest"),
  Args.withDescription("Which version; else latest.")
)

const get = Command.make("get", { name, version, ...globals }, (args) =>
  Effect.gen(function* () {
    const { ask } = yield* Session
    const entry = yield* ask(HttpClientRequest.get(`${at(args.name)}/${encodeURIComponent(args.version)}`), Entry)
    yield* show(args.json, entry, () => asJson(entry))
  })
).pipe(
  Command.withDescription(about("Show one published document.", "published get io.mcpgateway/currenttime 1.0.0")),
  Command.provide((args) => Session.layer(args))
)

export const published = Command.make("published").pipe(
  Command.withDescription("What the gateway publishes by the official registry's protocol."),
  Command.withSubcommands([list, versions, get])
)
