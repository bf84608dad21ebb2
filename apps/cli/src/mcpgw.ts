/** The command `mcpgw` and its groups of commands. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import { creds } from "./creds/commands.ts"
import { ide } from "./ide/commands.ts"
import { keycloak } from "./keycloak/commands.ts"

const mcpgw = Command.make("mcpgw").pipe(
  Command.withDescription("Tools around the MCP gateway."),
  Command.withSubcommands([creds, ide, keycloak])
)

const KEYCLOAK = ["init", "add-agent", "credentials"]

/** What is wrong with the command's name; the parser would tell of its group alone. */
export const unknownCommand = ([group, command]: ReadonlyArray<string>): string | undefined => {
  if (group !== "keycloak" || command === undefined || command.startsWith("-") || KEYCLOAK.includes(command))
    return undefined
  return `keycloak has no command ${JSON.stringify(command)}; it has ${KEYCLOAK.join(", ")}`
}

/** Without the parser's own options, such as --wizard, in the help. */
export const builtIns = CliConfig.layer({ showBuiltIns: false })

/** Runs what a command line asks for; the first two words are the runtime and the script. */
export const run = Command.run(mcpgw, { name: "mcpgw", version: "0.1.0" })
