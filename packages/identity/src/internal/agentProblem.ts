/** What stands against an agent as it is asked for. Pure. */
import type { Agent } from "../Agents.ts"

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/
const MAX_GROUPS = 64

const problem = (field: string, held: unknown, expected: string) => ({
  field,
  held: (JSON.stringify(held) ?? "nothing").slice(0, 120),
  expected
})

export const problemOfAgent = ({ description, groups, name }: Pick<Agent, "name" | "description" | "groups">) => {
  if (!NAME.test(name)) return problem("name", name, "it must have 1 to 63 lower-case letters, digits or . _ -")
  if (description.length > 256) return problem("description", description, "it must have at most 256 characters")
  if (groups.length > MAX_GROUPS) return problem("groups", groups.length, `it must have at most ${MAX_GROUPS} entries`)
  const index = groups.findIndex((group) => group === "" || group.length > 256)
  return index < 0 ? undefined : problem(`groups.${index}`, groups[index], "it must have 1 to 256 characters")
}
