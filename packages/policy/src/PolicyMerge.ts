/** Two policies put together, and what tells one from another. Pure: reads no text and writes none. */
import { isDeepStrictEqual } from "node:util"
import type { PolicyDocument } from "./PolicyDocument.ts"

/** Names, each once, in the order they are written. */
export interface Changes {
  readonly added: ReadonlyArray<string>
  readonly changed: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
}

export interface PolicyChanges {
  /** Of `group_mappings`. */
  readonly groups: Changes
  /** Of `UI-Scopes`, by scope. */
  readonly permissions: Changes
  /** Of server scopes. */
  readonly scopes: Changes
}

const merged = <A>(base: ReadonlyMap<string, A>, over: ReadonlyMap<string, A>): ReadonlyMap<string, A> =>
  new Map([...base, ...over])

/**
 * Every entry of both: a group's mapping, a scope's permissions, a scope's rules. Of an entry that both have `over`'s holds, whole: a rule of the
 * other that it does not repeat is gone, so that what it names opens what it says and no more. Nothing that it does not name is touched.
 */
export const mergePolicies = (base: PolicyDocument, over: PolicyDocument): PolicyDocument => ({
  groupMappings: merged(base.groupMappings, over.groupMappings),
  uiScopes: merged(base.uiScopes, over.uiScopes),
  scopes: merged(base.scopes, over.scopes)
})

const differences = <A>(before: ReadonlyMap<string, A>, after: ReadonlyMap<string, A>): Changes => ({
  added: [...after.keys()].filter((key) => !before.has(key)),
  changed: [...after]
    .filter(([key, value]) => before.has(key) && !isDeepStrictEqual(before.get(key), value))
    .map(([key]) => key),
  removed: [...before.keys()].filter((key) => !after.has(key))
})

export const policyChanges = (before: PolicyDocument, after: PolicyDocument): PolicyChanges => ({
  groups: differences(before.groupMappings, after.groupMappings),
  permissions: differences(before.uiScopes, after.uiScopes),
  scopes: differences(before.scopes, after.scopes)
})
