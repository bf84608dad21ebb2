/** `mcpgw keycloak init | add-agent | credentials`. Progress goes to standard error, what one may want to keep to standard output. */
import * as Command from "@effect/cli/Command"
import { clientCredentials } from "@mcpgw/identity/keycloak/ClientCredentials"
import * as Provision from "@mcpgw/identity/keycloak/Provision"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { about } from "../help.ts"
import { layerKeycloak } from "./layers.ts"
import * as options from "./options.ts"
import { secretOf } from "./password.ts"
import { saveCredentials } from "./save.ts"
import { agentSettings, settingsOf, stepLine, summary, userLines, type Where } from "./show.ts"

const connection = {
  url: options.url,
  realm: options.realm,
  adminUser: options.adminUser,
  adminRealm: options.adminRealm,
  passwordStdin: options.passwordStdin
}

/** Prints steps and keeps count. */
const reporter = (dryRun: boolean) => {
  const steps: Array<Provision.Step> = []
  return {
    onStep: (step: Provision.Step) => {
      steps.push(step)
      return Console.error(stepLine(step, dryRun))
    },
    sum: Effect.suspend(() => Console.error(summary(steps, dryRun)))
  }
}

/** Prints the credentials of all clients, or of the one just made; or saves all. */
const hand = (where: Where, folder: Option.Option<string>, made?: string) =>
  Effect.gen(function* () {
    const all = yield* clientCredentials(where.realm)
    if (Option.isNone(folder)) {
      const agent = all.find(({ clientId }) => clientId === made)
      return yield* Console.log(agent === undefined ? settingsOf(where, all).trimEnd() : agentSettings(where, agent))
    }
    for (const file of yield* saveCredentials(folder.value, where, all)) yield* Console.error(`saved     ${file}`)
  })

/** The passwords of the replaced system's variables, where they are set. */
const givenPasswords = Effect.gen(function* () {
  const given = new Map<string, Redacted.Redacted>()
  for (const [username, name] of [
    ["admin", "INITIAL_ADMIN_PASSWORD"],
    ["testuser", "INITIAL_USER_PASSWORD"]
  ] as const) {
    const secret = yield* secretOf(name)
    if (Option.isSome(secret)) given.set(username, secret.value)
  }
  return given
})

const init = Command.make(
  "init",
  {
    ...connection,
    publicUrl: options.publicUrl,
    testUsers: options.testUsers,
    m2mGroups: options.m2mGroups,
    dryRun: options.dryRun,
    save: options.save
  },
  (args) =>
    Effect.gen(function* () {
      const { onStep, sum } = reporter(args.dryRun)
      const testUsers = args.testUsers ? Option.some(yield* givenPasswords) : Option.none()
      const { users } = yield* Provision.init({ ...args, testUsers, onStep })
      for (const line of userLines(users)) yield* Console.log(line)
      yield* sum
      if (!args.dryRun) yield* hand(args, args.save)
    })
).pipe(
  Command.withDescription(
    about(
      "Make realm, groups, scopes and clients in a Keycloak, as far as they are not there.",
      "keycloak init --public-url https://gateway.example.org --save data/keycloak",
      "keycloak init --dry-run"
    )
  ),
  Command.provide((args) => layerKeycloak(args))
)

const addAgent = Command.make(
  "add-agent",
  { ...connection, agent: options.agent, groups: options.groups, dryRun: options.dryRun, save: options.save },
  (args) =>
    Effect.gen(function* () {
      const { onStep, sum } = reporter(args.dryRun)
      const { alsoIn, clientId } = yield* Provision.addAgent({ ...args, onStep })
      yield* sum
      if (alsoIn.length > 0) yield* Console.error(`${clientId} is also in: ${alsoIn.join(", ")}`)
      if (!args.dryRun) yield* hand(args, args.save, clientId)
    })
).pipe(
  Command.withDescription(
    about(
      "Make a service account for an agent, in groups that are there.",
      "keycloak add-agent --agent reader --group mcp-registry-user --save data/keycloak"
    )
  ),
  Command.provide((args) => layerKeycloak(args))
)

const credentials = Command.make("credentials", { ...connection, save: options.save }, (args) =>
  hand(args, args.save)
).pipe(
  Command.withDescription(
    about("Print or save the credentials of all clients of the gateway.", "keycloak credentials --save data/keycloak")
  ),
  Command.provide((args) => layerKeycloak(args))
)

export const keycloak = Command.make("keycloak").pipe(
  Command.withDescription("Set a Keycloak up as the gateway's identity provider."),
  Command.withSubcommands([init, addAgent, credentials])
)
