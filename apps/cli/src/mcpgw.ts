/** The command `mcpgw` and its groups of commands. */
import * as Command from "@effect/cli/Command"
import { keycloak } from "./keycloak/commands.ts"

const mcpgw = Command.make("mcpgw").pipe(
  Command.withDescription("Tools around the MCP gateway."),
  Command.withSubcommands([keycloak])
)

/** Runs what a command line asks for; the first two words are the runtime and the script. */
export const run = Command.run(mcpgw, { name: "mcpgw", version: "0.1.0" })
