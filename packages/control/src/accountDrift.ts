/** How people and agents here agree with those of an identity provider that is administered from here. Changes nothing. */
import type { DirectoryComparison } from "@mcpgw/api/DirectoryComparison"
import { AccountDirectory, type AccountDirectoryApi } from "@mcpgw/identity/AccountDirectory"
import type { AccountDetails } from "@mcpgw/identity/Accounts"
import type { Agent } from "@mcpgw/identity/Agents"
import type { DirectoryFailure } from "@mcpgw/identity/DirectoryError"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import * as Effect from "effect/Effect"

interface Member {
  /** The same on both sides. */
  readonly key: string
  readonly name: string
  readonly groups: ReadonlyArray<string>
}

const nothing = { directory_only: [], here_only: [], differing: [] }

const sameGroups = (here: ReadonlyArray<string>, there: ReadonlyArray<string>): boolean =>
  new Set(here).size === new Set(there).size && here.every((group) => there.includes(group))

/** Pure. */
const differences = (here: ReadonlyArray<Member>, there: ReadonlyArray<Member>) => {
  const known = new Map(here.map((member) => [member.key, member]))
  const found = new Map(there.map((member) => [member.key, member]))
  return {
    directory_only: there.filter(({ key }) => !known.has(key)).map(({ name }) => name),
    here_only: here.filter(({ key }) => !found.has(key)).map(({ name }) => name),
    differing: here.flatMap(({ groups, key, name }) => {
      const other = found.get(key)
      return other === undefined || sameGroups(groups, other.groups)
        ? []
        : [{ name, here: groups, there: other.groups }]
    })
  }
}

/**
 * By the groups that the policy maps: the provider's others are not ours to give or to take, and open nothing. While the provider's accounts are not
 * known nobody is said to be missing anywhere.
 */
const compared = (
  here: (provider: string) => ReadonlyArray<Member>,
  there: (directory: AccountDirectoryApi) => Effect.Effect<ReadonlyArray<Member>, DirectoryFailure>
): Effect.Effect<DirectoryComparison, never, AccountDirectory | ScopePolicy> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const { name } = directory
    if (name === undefined) return { name: null, problem: null, ...nothing }
    const policy = (yield* ScopePolicy).current()
    const mapped = (member: Member): Member => ({ ...member, groups: member.groups.filter(policy.mapsGroup) })
    return yield* Effect.match(there(directory), {
      onFailure: ({ message }): DirectoryComparison => ({ name, problem: message, ...nothing }),
      onSuccess: (found) => ({ name, problem: null, ...differences(here(name).map(mapped), found.map(mapped)) })
    })
  })

/** Of the accounts here, those of the provider's people. */
export const comparePeople = (accounts: ReadonlyArray<AccountDetails>) =>
  compared(
    (name) =>
      accounts
        .filter(({ provider }) => provider === name)
        .map(({ groups, subject = "", username }) => ({ key: subject, name: username, groups })),
    ({ people }) =>
      Effect.map(people, (found) => found.map(({ groups, id, username }) => ({ key: id, name: username, groups })))
  )

export const compareAgents = (agents: ReadonlyArray<Agent>) =>
  compared(
    () => agents.map(({ groups, name }) => ({ key: name, name, groups })),
    ({ agents: there }) => Effect.map(there, (found) => found.map(({ groups, name }) => ({ key: name, name, groups })))
  )
