/** The command `mcpgw` and its groups of commands. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as Effect from "effect/Effect"
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
import { search } from "./search.ts"
import { servers } from "./servers/commands.ts"

const commands = [
  ...connectCommands,
  ...mcpCommands,
  health,
  search,
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
] as const

export const mcpgw = Command.make("mcpgw").pipe(
  Command.withDescription(
    "The command line of the MCP gateway. Whatever asks one also takes --url, --token, --token-file, --json and --verbose. Exit codes: 0 done, 1 did not work, 2 the command line is wrong or a file it names, 3 not signed in or not allowed, 4 no such thing, 5 nobody answers. Shell completion: --completions bash, zsh or fish."
  ),
  Command.withSubcommands(commands)
)

/** Name of a command, and the names of what it holds; the parser has one that holds nothing hold itself. */
const named = (command: Descriptor.Command<unknown>): readonly [string, ReadonlyArray<string>] => {
  const [name = ""] = Descriptor.getNames(command)
  const inside = [...HashMap.keys(Descriptor.getSubcommands(command))].toSorted()
  return [name, inside.filter((word) => word !== name)]
}

const all = commands.map(({ descriptor }) => named(descriptor))

/** Names of commands by the name of what holds them; those of `mcpgw` itself under its own. */
export const commandNames: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["mcpgw", all.map(([name]) => name).toSorted()],
  ...all.filter(([, inside]) => inside.length > 0)
])

/** Without the parser's own options, such as --wizard, in the help. */
export const builtIns = CliConfig.layer({ showBuiltIns: false })

/** Runs what a command line asks for; the first two words are the runtime and the script. `begins`: once it is understood. */
export const run = (words: ReadonlyArray<string>, begins: Effect.Effect<void>) =>
  Command.run(
    Command.transformHandler(mcpgw, (handler) => Effect.zipRight(begins, handler)),
    { name: "mcpgw", version: "0.1.0" }
  )(words)

/** The words of a command line that name its command, such as `servers add`. */
export const commandOf = ([first = "", second = ""]: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (!(commandNames.get("mcpgw") ?? []).includes(first)) return []
  return (commandNames.get(first) ?? []).includes(second) ? [first, second] : [first]
}
