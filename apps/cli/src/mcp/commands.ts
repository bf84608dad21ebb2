/** `mcpgw ping | list | call | init`: the official MCP client, through the gateway, as the caller. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { badField, failed, type Failure, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { asJson, show, table } from "../show/table.ts"
import { connect, type Connection, type Endpoint } from "./client.ts"
import { endpointOf, endpoints, server, type Which } from "./endpoints.ts"
import { resultText } from "./resultText.ts"

const which = { server }

/** How many servers are asked at once. */
const AT_ONCE = 6

/** Asks each server; one that fails does not keep the others from answering. */
const each = <A>(wanted: Which, ask: (connection: Connection) => Effect.Effect<A, Failure>) =>
  Effect.gen(function* () {
    const { headers } = yield* Session
    const all = yield* endpoints(wanted)
    const answers = yield* Effect.forEach(
      all,
      (endpoint) =>
        Effect.map(
          Effect.either(Effect.scoped(Effect.flatMap(connect(endpoint, headers), ask))),
          (answer) => [endpoint, answer] as const
        ),
      { concurrency: AT_ONCE }
    )
    const right = answers.flatMap(([endpoint, answer]) =>
      Either.isRight(answer) ? [[endpoint, answer.right] as const] : []
    )
    const left = answers.flatMap(([, answer]) => (Either.isLeft(answer) ? [answer.left] : []))
    return { right, left }
  })

/** What did not answer is told after what did; the command ends with the first of them. */
const settle = (left: ReadonlyArray<Failure>) =>
  Effect.gen(function* () {
    const [first, ...others] = left
    if (first === undefined) return
    for (const other of others) yield* Console.error(`mcpgw: ${other.message}`)
    return yield* first
  })

const timed = ({ client, run }: Connection) =>
  Effect.gen(function* () {
    const begun = performance.now()
    // 2026-07-28 has no ping: there the handshake was the question.
    const version = client.getNegotiatedProtocolVersion() ?? "unknown"
    if (version < "2026") yield* run((one) => one.ping())
    else yield* run((one) => one.listTools({}))
    return { version, milliseconds: Math.round(performance.now() - begun) }
  })

const ping = Command.make("ping", { ...which, ...globals }, (args) =>
  Effect.gen(function* () {
    const { left, right } = yield* each(args, timed)
    const rows = right.map(([{ name }, answer]) => ({ server: name, ...answer }))
    if (rows.length > 0)
      yield* show(args.json, rows, () =>
        table(
          ["SERVER", "ANSWERED IN", "MCP"],
          rows.map((row) => [row.server, `${row.milliseconds} ms`, row.version])
        )
      )
    yield* settle(left)
  })
).pipe(
  Command.withDescription(
    about("Ask servers for a sign of life, through the gateway.", "ping", "ping --server currenttime")
  ),
  Command.provide((args) => Session.layer(args))
)

const list = Command.make("list", { ...which, ...globals }, (args) =>
  Effect.gen(function* () {
    const { left, right } = yield* each(args, ({ run }) => run((client) => client.listTools()))
    const rows = right.flatMap(([{ name }, { tools }]) => tools.map((tool) => ({ server: name, ...tool })))
    if (right.length > 0)
      yield* show(args.json, rows, () =>
        rows.length === 0
          ? "No tools that you may call."
          : table(
              ["SERVER", "TOOL", "WHAT IT DOES"],
              rows.map((row) => [row.server, row.name, firstLine(row.description)])
            )
      )
    yield* settle(left)
  })
).pipe(
  Command.withDescription(
    about("List the tools you may call, as the servers tell them.", "list", "list --server currenttime --json")
  ),
  Command.provide((args) => Session.layer(args))
)

const firstLine = (text: string | undefined): string => (text ?? "").trim().split("\n", 1)[0] ?? ""

const init = Command.make("init", { ...which, ...globals }, (args) =>
  Effect.gen(function* () {
    const { left, right } = yield* each(args, ({ client }) =>
      Effect.sync(() => ({
        name: client.getServerVersion()?.name ?? null,
        version: client.getServerVersion()?.version ?? null,
        protocol: client.getNegotiatedProtocolVersion() ?? null,
        capabilities: client.getServerCapabilities() ?? {},
        instructions: client.getInstructions() ?? null
      }))
    )
    const rows = right.map(([{ name: path }, answer]) => ({ server: path, ...answer }))
    if (rows.length > 0)
      yield* show(args.json, rows, () =>
        table(
          ["SERVER", "NAME", "VERSION", "MCP", "OFFERS"],
          rows.map((row) => [row.server, row.name, row.version, row.protocol, Object.keys(row.capabilities)])
        )
      )
    yield* settle(left)
  })
).pipe(
  Command.withDescription(
    about("Shake hands with servers, and show what they say of themselves.", "init --server currenttime")
  ),
  Command.provide((args) => Session.layer(args))
)

const tool = Args.text({ name: "TOOL" }).pipe(Args.withDescription("The tool's name."))
const argument = Options.text("args").pipe(
  Options.withAlias("a"),
  Options.withPseudoName("JSON"),
  Options.withDefault("{}"),
  Options.withDescription("Its arguments: a JSON object; else none.")
)

const Arguments = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

const argumentsOf = (text: string) =>
  Effect.mapError(Schema.decode(Arguments)(text), () =>
    badField("--args", text, `a JSON object, such as '{"tz_name":"Europe/Berlin"}'`)
  )

/** The tool's own failure is the command's, after its text has been shown. */
const called = (endpoint: Endpoint, name: string, given: Readonly<Record<string, unknown>>, json: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { headers } = yield* Session
      const { run } = yield* connect(endpoint, headers)
      const result = yield* run((client) => client.callTool({ name, arguments: { ...given } }))
      yield* Console.log(json ? asJson(result) : resultText(result))
      if (result.isError === true)
        return yield* failed(`${endpoint.name}: the tool ${JSON.stringify(name)} says that it failed`)
    })
  )

const call = Command.make("call", { tool, argument, ...which, ...globals }, (args) =>
  Effect.gen(function* () {
    const given = yield* argumentsOf(args.argument)
    const [endpoint] = yield* endpointOf(args.tool, args)
    if (endpoint === undefined) return yield* usage("Which server? Give --server")
    yield* called(endpoint, args.tool, given, args.json)
  })
).pipe(
  Command.withDescription(
    about(
      "Call a tool through the gateway. --server is needed where several have it.",
      `call current_time_by_timezone --args '{"tz_name":"Europe/Berlin"}'`
    )
  ),
  Command.provide((args) => Session.layer(args))
)

export const mcpCommands = [ping, list, call, init] as const
