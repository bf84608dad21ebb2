/** The command `mcpgw` and its groups of commands. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as HashMap from "effect/HashMap"
import { connectCommands } from "./connect/commands.ts"
import { creds } from "./creds/commands.ts"
import { health } from "./health.ts"
import { ide } from "./ide/commands.ts"
import { importing } from "./import/files.ts"
import { keycloak } from "./keycloak/commands.ts"
import { mcpCommands } from "./mcp/commands.ts"
import { agents } from "./people/agents.ts"
import { collaborators } from "./people/collaborators.ts"
import { groups } from "./people/groups.ts"
import { keys } from "./people/keys.ts"
import { tokens } from "./people/tokens.ts"
import { users } from "./people/users.ts"
import { published } from "./published.ts"
import { policy } from "./policy/commands.ts"
import { replaced } from "./old/commands.ts"
import { servers } from "./servers/commands.ts"

export const mcpgw = Command.make("mcpgw").pipe(
  Command.withDescription(
    "The command line of the MCP gateway. Whatever asks one also takes --url, --token, --token-file, --json and --verbose. Exit codes: 0 done, 1 did not work, 2 the command line is wrong, 3 not signed in or not allowed, 4 no such thing, 5 nobody answers. Shell completion: --completions bash, zsh or fish."
  ),
  Command.withSubcommands([
    ...connectCommands,
    ...mcpCommands,
    health,
    servers,
    collaborators,
    groups,
    users,
    agents,
    keys,
    tokens,
    policy,
    published,
    importing,
    ide,
    creds,
    keycloak,
    replaced
  ])
)

const namesOf = (commands: HashMap.HashMap<string, unknown>): ReadonlyArray<string> =>
  [...HashMap.keys(commands)].toSorted()

/** Names of commands by the name of what holds them; those of `mcpgw` itself under its own. */
export const commandNames: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["mcpgw", namesOf(Command.getSubcommands(mcpgw))],
  ["servers", namesOf(Command.getSubcommands(servers))],
  ["collaborators", namesOf(Command.getSubcommands(collaborators))],
  ["groups", namesOf(Command.getSubcommands(groups))],
  ["users", namesOf(Command.getSubcommands(users))],
  ["agents", namesOf(Command.getSubcommands(agents))],
  ["keys", namesOf(Command.getSubcommands(keys))],
  ["tokens", namesOf(Command.getSubcommands(tokens))],
  ["policy", namesOf(Command.getSubcommands(policy))],
  ["published", namesOf(Command.getSubcommands(published))],
  ["creds", namesOf(Command.getSubcommands(creds))],
  ["import", namesOf(Command.getSubcommands(importing))],
  ["keycloak", namesOf(Command.getSubcommands(keycloak))]
])

/** Without the parser's own options, such as --wizard, in the help. */
export const builtIns = CliConfig.layer({ showBuiltIns: false })

/** Runs what a command line asks for; the first two words are the runtime and the script. */
export const run = Command.run(mcpgw, { name: "mcpgw", version: "0.1.0" })
