/** Groups as they are shown: what the policy says, who is in them, and how that agrees with the identity provider. Changes nothing. */
import type { GroupDetails, GroupItem, GroupKind, GroupList } from "@mcpgw/api/Groups"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Agents } from "@mcpgw/identity/Agents"
import { type DirectoryGroup, GroupDirectory } from "@mcpgw/identity/GroupDirectory"
import { MachineClients } from "@mcpgw/identity/MachineClients"
import { groupNames, type GroupView, groupView, isSystemGroup } from "@mcpgw/policy/GroupEdits"
import type { Names, PolicyDocument } from "@mcpgw/policy/PolicyDocument"
import * as Effect from "effect/Effect"
import { unreachable } from "./accountFailures.ts"

const shown = ({ all, names }: Names): "*" | ReadonlyArray<string> => (all ? "*" : names)

const kindOf = ({ mapped }: GroupView): GroupKind => (mapped ? "group" : "scope")

const item = (view: GroupView): GroupItem => ({
  name: view.name,
  kind: kindOf(view),
  scopes: view.scopes,
  server_count: view.rules.length,
  system: isSystemGroup(view.name)
})

/** A group with everybody in it; undefined when the policy has none of that name. */
export const details = (document: PolicyDocument, name: string) =>
  Effect.gen(function* () {
    const view = groupView(document, name)
    if (view === undefined) return undefined
    const failures = { AccountsUnavailable: unreachable }
    const accounts = yield* Effect.catchTags((yield* Accounts).list, failures)
    const agents = yield* Effect.catchTags((yield* Agents).list, failures)
    const machines = yield* Effect.catchTags((yield* MachineClients).list, failures)
    const isIn = ({ groups }: { readonly groups: ReadonlyArray<string> }): boolean => groups.includes(name)
    const found: GroupDetails = {
      ...item(view),
      servers: view.rules.map(({ methods, scope, server, tools }) => ({
        server,
        scope,
        methods: shown(methods),
        tools: shown(tools)
      })),
      users: accounts.filter(isIn).map(({ username }) => username),
      agents: [
        ...agents.filter(isIn).map((agent) => agent.name),
        ...machines.filter(isIn).map(({ clientId, issuer }) => `${clientId} (${issuer})`)
      ]
    }
    return found
  })

/** How the policy's groups and the provider's agree. */
export interface Comparison {
  readonly directory: { readonly name: string | null; readonly problem: string | null }
  readonly groups: ReadonlyArray<DirectoryGroup>
  readonly synchronized: ReadonlyArray<string>
  readonly directoryOnly: ReadonlyArray<string>
  readonly policyOnly: ReadonlyArray<string>
}

/** While the provider's groups are not known nothing is said to be missing anywhere. */
export const compare = (document: PolicyDocument) =>
  Effect.gen(function* () {
    const directory = yield* GroupDirectory
    const name = directory.name ?? null
    const nothing = { groups: [], synchronized: [], directoryOnly: [], policyOnly: [] }
    if (name === null) return { directory: { name, problem: null }, ...nothing }
    const found = yield* Effect.either(directory.list)
    if (found._tag === "Left") return { directory: { name, problem: found.left.message }, ...nothing }
    const there = new Set(found.right.map((group) => group.name))
    const here = [...document.groupMappings.keys()].sort()
    const comparison: Comparison = {
      directory: { name, problem: null },
      groups: found.right,
      synchronized: here.filter((group) => there.has(group)),
      directoryOnly: [...there].filter((group) => !document.groupMappings.has(group)).sort(),
      policyOnly: here.filter((group) => !there.has(group))
    }
    return comparison
  })

/** Those that `isShown`; what is said of the provider is for whoever is shown all of them. */
export const list = (
  document: PolicyDocument,
  isShown: (name: string) => boolean,
  comparison: Comparison
): GroupList => ({
  groups: groupNames(document)
    .filter(isShown)
    .flatMap((name) => groupView(document, name) ?? [])
    .map(item),
  directory: comparison.directory,
  synchronized: comparison.synchronized,
  directory_only: comparison.directoryOnly,
  policy_only: comparison.policyOnly
})

/** As the replaced system listed them (contracts.md §2.8). */
export const compared = (document: PolicyDocument, comparison: Comparison) => ({
  keycloak_groups: comparison.groups.map(({ id, name, path }) => ({ name, id, path })),
  scopes_groups: Object.fromEntries(
    groupNames(document)
      .flatMap((name) => groupView(document, name) ?? [])
      .map((view) => [
        view.name,
        {
          name: view.name,
          server_count: view.rules.length,
          servers: [...new Set(view.rules.map(({ server }) => server))],
          in_mappings: view.inMappings,
          kind: kindOf(view)
        }
      ])
  ),
  synchronized: comparison.synchronized,
  keycloak_only: comparison.directoryOnly,
  scopes_only: comparison.policyOnly,
  ...(comparison.directory.problem === null ? {} : { warning: comparison.directory.problem })
})
