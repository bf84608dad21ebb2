/** People and agents at the identity provider: the options that say whether it is meant, and how what it knows differs is shown. */
import * as Options from "@effect/cli/Options"
import type { DirectoryComparison } from "@mcpgw/api/DirectoryComparison"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { usage } from "../Failure.ts"
import { plain, table } from "../show/table.ts"

/** Of a command that makes or removes something. */
export const localOnly = Options.boolean("local").pipe(
  Options.withDescription("Here alone; leave the identity provider as it is.")
)

/** Of a command that makes something. */
export const where = {
  keycloak: Options.boolean("keycloak").pipe(
    Options.withDescription(
      "In Keycloak, and not at all when it can not be administered from here; else where it can be."
    )
  ),
  local: localOnly
}

/** As the API asks: absent, it is made where it can be. */
export const wished = ({ keycloak, local }: { readonly keycloak: boolean; readonly local: boolean }) => {
  if (keycloak && local) return usage("--keycloak and --local can not both hold")
  return Effect.succeed(keycloak || local ? { create_in_keycloak: keycloak } : {})
}

export const compare = Options.boolean("compare").pipe(
  Options.withDescription("Tell how the identity provider's differ, too.")
)

const names = (list: ReadonlyArray<string>): string => (list.length === 0 ? "none" : list.join(", "))

/** Lines below a list; `what` is its plural, such as `people`. */
export const differences = (found: DirectoryComparison | undefined, what: string): string => {
  if (found === undefined) return ""
  if (found.name === null) return "\n\nNo identity provider is administered from here."
  const provider = found.name
  if (found.problem !== null) return ""
  const rows = [
    ...found.directory_only.map((name) => [name, `only in ${provider}`, ""]),
    ...found.here_only.map((name) => [name, "only here", ""]),
    ...found.differing.map(({ here, name, there }) => [
      name,
      "in other groups",
      `here ${names(here)}; ${provider} ${names(there)}`
    ])
  ]
  return rows.length === 0
    ? `\n\nThe same ${what} are in ${provider}.`
    : `\n\n${table(["NAME", "DIFFERS", "GROUPS"], rows)}`
}

/** That the provider does not say what it knows stands beside the list. */
export const warned = (found: DirectoryComparison | undefined): Effect.Effect<void> =>
  found === undefined || found.problem === null ? Effect.void : Console.error(`warning: ${plain(found.problem)}`)
