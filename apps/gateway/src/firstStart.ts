/**
 * What the first start does and every start checks: the administrator's account, the demo servers, and the words that tell a
 * newcomer how to make a first call. A generated password is shown once and kept nowhere but as a hash.
 */
import { registrations } from "@mcpgw/demo-servers/Demo"
import { type AdminOutcome, ensureAdmin } from "@mcpgw/identity/AdminAccount"
import { Registry } from "@mcpgw/registry/Registry"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { GatewayConfig } from "./config.ts"

/** How this start found things. */
export class FirstStart extends Context.Tag("@mcpgw/gateway/FirstStart")<
  FirstStart,
  {
    readonly admin: AdminOutcome
  }
>() {}

export const layerFirstStart = Layer.effect(
  FirstStart,
  Effect.gen(function* () {
    const config = yield* GatewayConfig
    const registry = yield* Registry
    const admin = yield* ensureAdmin({ username: config.adminUser, password: config.adminPassword })
    // At once, while it is all there is: a start that fails later must not have kept it to itself.
    if (admin.kind === "created" && Option.isSome(admin.generated)) {
      yield* Console.log(passwordLines(config.adminUser, Redacted.value(admin.generated.value)))
    }
    const fresh = admin.kind === "created" && registry.snapshot().servers.size === 0
    const demoServers = fresh && config.demoServers ? Object.values(registrations) : []
    for (const registration of demoServers) yield* registry.register(registration, "mcpgw")
    return { admin }
  })
)

const passwordLines = (user: string, password: string): string =>
  ["", `  Administrator: ${user}`, `  Password:      ${password}   (shown once; only its hash is kept)`].join("\n")

/** What a start prints once the port is open. `paths`: the registered servers'. */
export const banner = (
  { admin }: { readonly admin: AdminOutcome },
  config: { readonly publicUrl: string; readonly dataDir: string; readonly adminUser: string },
  paths: ReadonlyArray<string>
): string => {
  const lines = [
    "",
    `  mcpgw is ready at ${config.publicUrl}`,
    `  ${paths.length} servers registered · data in ${config.dataDir}`,
    ""
  ]
  if (!paths.includes("/currenttime")) return lines.join("\n")
  const generated = admin.kind === "created" ? Option.map(admin.generated, Redacted.value) : Option.none<string>()
  const password = Option.getOrElse(generated, () => "<password>")
  const call = firstCall(config.publicUrl, config.adminUser, password)
  return [...lines, "  A first governed call — paste this:", "", ...call, ""].join("\n")
}

/** Sign in, make a token, call a tool. */
const firstCall = (url: string, user: string, password: string): ReadonlyArray<string> => [
  `    TOKEN=$(curl -s -c - -o /dev/null ${url}/api/auth/login -d username=${user} --data-urlencode 'password=${password}' |`,
  `      curl -s -b - ${url}/api/tokens/generate -H 'Content-Type: application/json' -d '{}' |`,
  `      sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
  `    curl -s ${url}/currenttime/mcp -H "Authorization: Bearer $TOKEN" \\`,
  `      -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\`,
  `      -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"current_time_by_timezone","arguments":{"tz_name":"Europe/Berlin"}}}'`
]
