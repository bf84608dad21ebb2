/** The command `mcpgw` and its groups of commands. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import { connectCommands } from "./connect/commands.ts"
import { health } from "./health.ts"
import { importing } from "./import/files.ts"
import { keycloak } from "./keycloak/commands.ts"
import { mcpCommands } from "./mcp/commands.ts"
import { agents } from "./people/agents.ts"
import { groups } from "./people/groups.ts"
import { keys } from "./people/keys.ts"
import { tokens } from "./people/tokens.ts"
import { users } from "./people/users.ts"
import { published } from "./published.ts"
import { policy } from "./policy/commands.ts"
import { replaced } from "./old/commands.ts"
import { servers } from "./servers/commands.ts"

/** Also for whoever wants to know what commands there are. */
export const mcpgw = Command.make("mcpgw").pipe(
  Command.withDescription(
    "The command line of the MCP gateway. Exit codes: 0 done, 1 did not work, 2 the command line is wrong, 3 not signed in or not allowed, 4 no such thing, 5 nobody answers."
  ),
  Command.withSubcommands([
    ...connectCommands,
    servers,
    health,
    ...mcpCommands,
    groups,
    users,
    agents,
    keys,
    tokens,
    policy,
    published,
    importing,
    // `ide` and `creds` are mounted here.
    keycloak,
    replaced
  ])
)

/** Without the parser's own options, such as --wizard, in the help. */
export const builtIns = CliConfig.layer({ showBuiltIns: false })

/** Runs what a command line asks for; the first two words are the runtime and the script. */
export const run = Command.run(mcpgw, { name: "mcpgw", version: "0.1.0" })
