/** The server a person means: by path with or without slashes, or by its display name when only one has it. */
import * as Effect from "effect/Effect"
import { pathInUrl, Session } from "../connect/Session.ts"
import { badField, type Failure, missing } from "../Failure.ts"

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** Answers its path. */
export const resolve = (named: string) =>
  Effect.gen(function* () {
    if (pathInUrl(named) === "") return yield* badField("SERVER", named, "a server's path or name, such as currenttime")
    const { api } = yield* Session
    const { servers } = yield* api.servers.list({ urlParams: {} })
    const byPath = servers.find(({ path }) => pathInUrl(path) === pathInUrl(named))
    if (byPath !== undefined) return byPath.path
    const byName = servers.filter(({ display_name: name }) => same(name, named))
    const [only, another] = byName
    if (only === undefined)
      return yield* unknown(
        named,
        servers.map(({ path }) => path)
      )
    if (another === undefined) return only.path
    return yield* badField(
      "SERVER",
      named,
      `a path, because several have that name: ${byName.map(({ path }) => path).join(", ")}`
    )
  })

/** The same for calls: a server one may use need not be one that one may list, and the gateway decides. */
export const reachable = (named: string) =>
  Effect.catchTag(resolve(named), "CliFailure", (failure) =>
    failure.kind === "missing" ? Effect.succeed(`/${pathInUrl(named)}`) : failure
  )

const MOST = 8

const unknown = (named: string, paths: ReadonlyArray<string>): Failure =>
  missing(
    `There is no server ${JSON.stringify(named)} that you may see`,
    paths.length === 0
      ? "you may see none; `mcpgw whoami` shows your scopes"
      : `there is ${paths.slice(0, MOST).join(", ")}${paths.length > MOST ? `, … (${paths.length}; \`mcpgw servers list\`)` : ""}`
  )
