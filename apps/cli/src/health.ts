/** `mcpgw health`: how the servers are, once or for as long as one looks. Each look asks the gateway; it changes nothing there. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { ServerItem } from "@mcpgw/api/ServerShapes"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { globals } from "./connect/options.ts"
import { Session } from "./connect/Session.ts"
import { failed } from "./Failure.ts"
import { about } from "./help.ts"
import { server } from "./servers/options.ts"
import { resolve } from "./servers/resolve.ts"
import { plain, show, table } from "./show/table.ts"
import { wholeNumber } from "./wholeNumber.ts"

const watch = Options.boolean("watch").pipe(
  Options.withAlias("w"),
  Options.withDescription("Go on, and print each change as a line, until Ctrl-C.")
)
const interval = Options.text("interval").pipe(
  Options.mapEffect(wholeNumber("--interval", 1, 3_600, "whole seconds from 1 to 3600")),
  Options.withDefault(2),
  Options.withPseudoName("SECONDS"),
  Options.withDescription("Seconds between two looks, with --watch: 1 to 3600; else 2.")
)

/** contracts §2.11: these two are routable; what is off or not checked yet is not ill. */
export const WELL = new Set(["healthy", "healthy-auth-expired", "disabled", "checking", "unknown"])

const seen = (path: string | undefined) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const { servers } = yield* api.servers.list({ urlParams: {} })
    return path === undefined ? servers : servers.filter((one) => one.path === path)
  })

const viewOf = (one: ServerItem) => ({
  path: one.path,
  status: one.health_status,
  last_checked_iso: one.last_checked_iso,
  num_tools: one.num_tools
})

const watching = (path: string | undefined, seconds: number, json: boolean) =>
  Effect.suspend(() => {
    let before = new Map<string, string>()
    const tell = (path: string, status: string) =>
      Effect.gen(function* () {
        const at = new Date().toISOString()
        yield* Console.log(json ? JSON.stringify({ at, path, status }) : `${at}  ${plain(path)}  ${plain(status)}`)
      })
    const look = Effect.gen(function* () {
      const servers = yield* seen(path)
      const now = new Map(servers.map((one) => [one.path, one.health_status]))
      for (const [path, status] of now) if (before.get(path) !== status) yield* tell(path, status)
      for (const path of before.keys()) if (!now.has(path)) yield* tell(path, "removed")
      before = now
    })
    return Effect.asVoid(Effect.repeat(look, Schedule.spaced(`${seconds} seconds`)))
  })

export const health = Command.make("health", { server: Args.optional(server), watch, interval, ...globals }, (args) =>
  Effect.gen(function* () {
    const path = Option.isSome(args.server) ? yield* resolve(args.server.value) : undefined
    if (args.watch) return yield* watching(path, args.interval, args.json)
    const servers = yield* seen(path)
    yield* show(args.json, { servers: servers.map(viewOf) }, () =>
      table(
        ["SERVER", "HEALTH", "LAST CHECKED", "TOOLS"],
        servers.map((one) => [one.path, one.health_status, one.last_checked_iso, one.num_tools])
      )
    )
    const ill = servers.filter(({ health_status: status }) => !WELL.has(status))
    if (ill.length > 0) return yield* failed(`Not well: ${ill.map(({ path }) => path).join(", ")}`)
  })
).pipe(
  Command.withDescription(
    about(
      "Say how the servers are; ends with 1 when one is not well.",
      "health",
      "health currenttime --json",
      "health --watch"
    )
  ),
  Command.provide((args) => Session.layer(args))
)
