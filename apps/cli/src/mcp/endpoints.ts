/** Which MCP servers a command means: one by name, or all that the caller may see and that are on. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Options from "@effect/cli/Options"
import { pathInUrl, Session, type SessionApi } from "../connect/Session.ts"
import { badField, missing } from "../Failure.ts"
import { reachable } from "../servers/resolve.ts"
import type { Endpoint } from "./client.ts"

export const server = Options.text("server").pipe(
  Options.withAlias("s"),
  Options.optional,
  Options.withPseudoName("SERVER"),
  Options.withDescription("One server, by path or name; else all that you may see and that are on.")
)

export interface Which {
  readonly server: Option.Option<string>
}

const at = ({ url }: SessionApi, path: string): Endpoint => ({ name: path, url: `${url}/${pathInUrl(path)}/mcp` })

export const endpoints = ({ server }: Which) =>
  Effect.gen(function* () {
    const session = yield* Session
    if (Option.isSome(server)) return [at(session, yield* reachable(server.value))]
    const { servers } = yield* session.api.servers.list({ urlParams: {} })
    const on = servers.filter(({ is_enabled: enabled }) => enabled)
    if (on.length === 0)
      return yield* missing("There is no server that you may see and that is on", "`mcpgw servers list`")
    return on.map(({ path }) => at(session, path))
  })

/** The one server that has that tool. */
export const endpointOf = (tool: string, which: Which) =>
  Effect.gen(function* () {
    if (Option.isSome(which.server)) return yield* endpoints(which)
    const session = yield* Session
    const answer = yield* (yield* session.at("all")).servers.tools({ path: { "*": "all" } })
    const paths =
      answer.service_path === "all" && "servers" in answer
        ? answer.tools.filter(({ name }) => name === tool).map(({ server_path: path }) => path)
        : []
    const [only, another] = paths
    if (only === undefined)
      return yield* missing(
        `There is no tool ${JSON.stringify(tool)} that you may call`,
        "`mcpgw list` shows those there are"
      )
    if (another !== undefined)
      return yield* badField("TOOL", tool, `the same with --server, because several have it: ${paths.join(", ")}`)
    return [at(session, only)]
  })
