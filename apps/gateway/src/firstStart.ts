/**
 * What the first start does and every start checks: the administrator's account, the demo servers, and the words that tell a
 * newcomer how to make a first call. A generated password is shown once and kept nowhere but as a hash.
 */
import { registrations } from "@mcpgw/demo-servers/Demo"
import { type AdminOutcome, ensureAdmin } from "@mcpgw/identity/AdminAccount"
import { Accounts } from "@mcpgw/identity/Accounts"
import { endEverything } from "@mcpgw/identity/accountChanges"
import type { Sessions } from "@mcpgw/identity/Sessions"
import { Registry } from "@mcpgw/registry/Registry"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { GatewayConfig, type GatewayConfigApi, type Serves } from "./config.ts"

/** A failure of `ensureAdmin`. */
type AdminFailure = Effect.Effect.Error<ReturnType<typeof ensureAdmin>>

/** How this start found things. */
export class FirstStart extends Context.Tag("@mcpgw/gateway/FirstStart")<
  FirstStart,
  {
    /**
     * To run once the port is open: when there is no account yet and no password is configured, makes a password, shows it and then
     * makes the account, so that a start that fails, or is killed, never keeps the only password to itself. Yields the password.
     */
    readonly showPassword: Effect.Effect<Option.Option<Redacted.Redacted>, AdminFailure>
  }
>() {}

export const layerFirstStart = Layer.effect(
  FirstStart,
  Effect.gen(function* () {
    const { adminPassword, adminUser, demoServers, deploymentMode, publicUrl, serves } = yield* GatewayConfig
    // The registry makes them.
    if (!serves.api) return { showPassword: Effect.succeedNone }
    const people = yield* Effect.context<Accounts | Sessions>()
    const registry = yield* Registry
    const accounts = yield* Accounts
    const fresh = yield* accounts.isEmpty
    // The demo servers run in a gateway; a registry without one has nowhere to send anybody.
    const wanted = demoServers && deploymentMode === "with-gateway"
    if (fresh && wanted && registry.snapshot().servers.size === 0) {
      for (const registration of Object.values(registrations)) {
        // Another process that starts over the same empty store may have been first.
        yield* Effect.catchTag(registry.register(registration, "mcpgw"), "ServerExists", () => Effect.void)
      }
    }
    const account = (password: Option.Option<Redacted.Redacted>): Effect.Effect<AdminOutcome, AdminFailure> =>
      Effect.mapInputContext(ensureAdmin({ username: adminUser, password }), () => people)
    // A configured password that can not be taken stops the start before the port opens.
    if (!fresh || Option.isSome(adminPassword)) {
      const { kind } = yield* account(adminPassword)
      // Whoever had the old password may have let clients in with it, and made tokens and keys.
      if (kind === "password-changed") yield* endAllOf(publicUrl, adminUser)
      return { showPassword: Effect.succeedNone }
    }
    return {
      showPassword: Effect.gen(function* () {
        const generated = Redacted.make(Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url"))
        yield* Console.log(passwordLines(adminUser, Redacted.value(generated)))
        yield* account(Option.some(generated))
        return Option.some(generated)
      })
    }
  })
)

/** A start that could not end what the old password gave goes no further: it would be said to have ended. */
const endAllOf = (publicUrl: string, adminUser: string) =>
  Effect.gen(function* () {
    const username = (yield* (yield* Accounts).get(adminUser))?.username ?? adminUser
    yield* endEverything(publicUrl, username)
    yield* Effect.logWarning(
      `The password of ${username} was replaced by ADMIN_PASSWORD: their sessions, tokens and API keys have ended, and no client is allowed anything as them any more`
    )
  })

const passwordLines = (user: string, password: string): string =>
  ["", `  Administrator: ${user}`, `  Password:      ${password}   (shown once; only its hash is kept)`].join("\n")

/** What a start prints once the port is open. `password`: the one just made; `paths`: the registered servers'. */
export const banner = (
  password: Option.Option<Redacted.Redacted>,
  config: Pick<GatewayConfigApi, "publicUrl" | "dataDir" | "adminUser" | "serves" | "host" | "port">,
  paths: ReadonlyArray<string>
): string => {
  const lines = [
    "",
    `  mcpgw is ready at ${config.publicUrl}${serving(config.serves)}`,
    ...behind(config),
    `  ${paths.length} servers registered · data in ${config.dataDir}`,
    ""
  ]
  if (!paths.includes("/currenttime") || !config.serves.api || !config.serves.mcp) return lines.join("\n")
  const known = Option.map(password, Redacted.value)
  const call = firstCall(
    config.publicUrl,
    config.adminUser,
    Option.getOrElse(known, () => "<password>")
  )
  const hint = Option.isSome(known) ? [] : [PASSWORD_HINT, ""]
  return [...lines, "  A first governed call — paste this:", "", ...call, "", ...hint].join("\n")
}

/** Where to look for this process when what clients are told leads to something in front of it. */
const behind = ({ host, port, publicUrl }: Pick<GatewayConfigApi, "publicUrl" | "host" | "port">) => {
  const { port: told, protocol } = new URL(publicUrl)
  const shown = told === "" ? (protocol === "https:" ? 443 : 80) : Number(told)
  return shown === port ? [] : [`  listening on ${host}, port ${port}`]
}

const serving = ({ api, mcp }: Serves): string =>
  api && mcp ? "" : api ? " · the registry alone: no MCP is served here" : " · MCP alone: the registry is elsewhere"

const PASSWORD_HINT =
  "  <password>: what the first start showed, or ADMIN_PASSWORD. If it is lost, start once with ADMIN_PASSWORD=<a new one>."

const NO_TOKEN =
  "no token: wrong password (if it is lost, start once with ADMIN_PASSWORD=<a new one>), or too many tries: wait 15 minutes"

/** Sign in, make a token, call a tool. */
const firstCall = (url: string, user: string, password: string): ReadonlyArray<string> => [
  `    TOKEN=$(curl -fsS -c - -o /dev/null ${url}/api/auth/login -d username=${user} --data-urlencode 'password=${password}' |`,
  `      curl -fsS -b - ${url}/api/tokens/generate -H 'Content-Type: application/json' -d '{}' |`,
  `      sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p')`,
  `    [ -n "$TOKEN" ] || echo '${NO_TOKEN}'`,
  `    curl -sS ${url}/currenttime/mcp -H "Authorization: Bearer $TOKEN" \\`,
  `      -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\`,
  `      -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"current_time_by_timezone","arguments":{"tz_name":"Europe/Berlin"}}}'`
]
