/**
 * Document → `Policy`: everything a decision needs is laid out here, once; deciding is then a few look-ups.
 * Pure and synchronous. Without any scope it grants nothing (design.md §6, deny by default).
 */
import type { Access, Decision } from "@mcpgw/domain/Decision"
import { decideByRules, NO_SCOPES } from "./internal/compiledRule.ts"
import { explainDecision } from "./internal/explain.ts"
import { filterByRules, judgeByRules } from "./internal/listFilter.ts"
import { serverKey } from "./internal/serverKey.ts"
import { makeSubjectTables } from "./internal/subjectTables.ts"
import type { Policy, Subject } from "./Policy.ts"
import type { PolicyDocument } from "./PolicyDocument.ts"

/** Makes an administrator (contracts.md §2.1). */
export const ADMIN_SCOPE = "mcp-registry-admin"
/** Lets its holder change servers (contracts.md §2.6). */
export const MODIFY_SCOPE = "mcp-servers-unrestricted/execute"
/** Lets a service have tokens made for people, of scopes it holds itself (contracts.md §2.7). */
export const VENDING_SCOPE = "mcp-token-vending"
/** The lowest group and scope: its holder never changes servers unless one of the two above says so. */
export const USER_SCOPE = "mcp-registry-user"

/** Names the document gives a meaning: only those may make anyone an administrator. */
const knownScopes = (document: PolicyDocument): ReadonlySet<string> =>
  new Set([...document.scopes.keys(), ...document.uiScopes.keys(), ...[...document.groupMappings.values()].flat()])

const compilePermits = (document: PolicyDocument, scopesOf: Policy["scopesOf"]): Policy["permits"] => {
  const held = new Map(
    [...document.uiScopes].map(([scope, permissions]) => [
      scope,
      new Map([...permissions].map(([name, { all, names }]) => [name, { all, names, keys: names.map(serverKey) }]))
    ])
  )
  return (subject, permission, displayName, path) => {
    const key = path === undefined ? undefined : serverKey(path)
    return scopesOf(subject).some((scope) => {
      const grant = held.get(scope)?.get(permission)
      if (grant === undefined) return false
      return grant.all || grant.names.includes(displayName) || (key !== undefined && grant.keys.includes(key))
    })
  }
}

/** Compiles a validated document. The result never changes; a new document makes a new policy. */
export const compile = (document: PolicyDocument): Policy => {
  const tables = makeSubjectTables(document)
  const known = knownScopes(document)

  const decide = (subject: Subject, access: Access): Decision => {
    const table = tables.of(subject)
    if (table.scopes.length === 0) return NO_SCOPES
    return decideByRules(table.rulesOn(access.server), access.method, access.tool)
  }
  const scopesOf = (subject: Subject): ReadonlyArray<string> => tables.of(subject).scopes
  const holds = (subject: Subject, scope: string): boolean => known.has(scope) && scopesOf(subject).includes(scope)
  const isAdmin = (subject: Subject): boolean => holds(subject, ADMIN_SCOPE)

  return Object.freeze({
    scopesOf,
    decide,
    isAdmin,
    canVendTokens: (subject: Subject) => isAdmin(subject) || holds(subject, VENDING_SCOPE),
    groupMappings: document.groupMappings.size,
    hasGrant: (subject: Subject, server: string) => tables.of(subject).rulesOn(server).length > 0,
    grantingScopes: (server: string) =>
      [...known].filter((scope) => tables.of({ groups: [], scopes: [scope] }).rulesOn(server).length > 0),
    filterList: (subject: Subject, server: string, message: unknown) =>
      filterByRules(tables.of(subject).rulesOn(server), message),
    judgeList: (subject: Subject, server: string, message: unknown) =>
      judgeByRules(tables.of(subject).rulesOn(server), message),
    explain: (subject: Subject, access: Access) => explainDecision(tables.of(subject), access, decide(subject, access)),
    permits: compilePermits(document, scopesOf),
    canModifyServers: (subject: Subject) => {
      if (isAdmin(subject) || holds(subject, MODIFY_SCOPE)) return true
      if (subject.groups.includes(USER_SCOPE) || scopesOf(subject).includes(USER_SCOPE)) return false
      return scopesOf(subject).some((scope) => known.has(scope) && scope.includes("/execute"))
    }
  })
}
