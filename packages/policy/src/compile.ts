/**
 * Document → `Policy`: everything a decision needs is laid out here, once; deciding is then a few look-ups.
 * Pure and synchronous. Without any scope it grants nothing (design.md §6, deny by default).
 */
import type { Access, Decision } from "@mcpgw/domain/Decision"
import { decideByRules, NO_SCOPES, OUTSIDE_LIMITS } from "./internal/compiledRule.ts"
import { doubtsOf } from "./internal/doubts.ts"
import { explainDecision } from "./internal/explain.ts"
import { filterByRules, judgeByRules } from "./internal/listFilter.ts"
import { serverKey } from "./internal/serverKey.ts"
import { makeSubjectTables, type SubjectTable, type SubjectTables } from "./internal/subjectTables.ts"
import type { Permission, Policy, Subject } from "./Policy.ts"
import type { PolicyDocument } from "./PolicyDocument.ts"

/** Makes an administrator (contracts.md §2.1). */
export const ADMIN_SCOPE = "mcp-registry-admin"
/** Lets its holder change servers (contracts.md §2.6). */
export const MODIFY_SCOPE = "mcp-servers-unrestricted/execute"
/** Lets a service have tokens made for people, of scopes it holds itself (contracts.md §2.7). */
export const VENDING_SCOPE = "mcp-token-vending"
/** The lowest group and scope: its holder never changes servers unless one of the two above says so. */
export const USER_SCOPE = "mcp-registry-user"

const MEANT: ReadonlySet<string> = new Set([ADMIN_SCOPE, MODIFY_SCOPE, VENDING_SCOPE, USER_SCOPE])

/** Names the document gives a meaning: only those may make anyone an administrator. */
const knownScopes = (document: PolicyDocument): ReadonlySet<string> =>
  new Set([...document.scopes.keys(), ...document.uiScopes.keys(), ...[...document.groupMappings.values()].flat()])

/** What is done to servers takes a credential that is not limited to some of them; only being shown one of those is left. */
const withinLimits = ({ limits }: SubjectTable, permission: Permission, key: string | undefined): boolean =>
  limits === undefined || (permission === "list_service" && key !== undefined && limits.servers.has(key))

const compilePermits = (document: PolicyDocument, tables: SubjectTables): Policy["permits"] => {
  const held = new Map(
    [...document.uiScopes].map(([scope, permissions]) => [
      scope,
      new Map([...permissions].map(([name, { all, names }]) => [name, { all, names, keys: names.map(serverKey) }]))
    ])
  )
  return (subject, permission, displayName, path) => {
    const key = path === undefined ? undefined : serverKey(path)
    const table = tables.of(subject)
    if (!withinLimits(table, permission, key)) return false
    return table.scopes.some((scope) => {
      const grant = held.get(scope)?.get(permission)
      if (grant === undefined) return false
      return grant.all || grant.names.includes(displayName) || (key !== undefined && grant.keys.includes(key))
    })
  }
}

const judge = (table: SubjectTable, access: Access): Decision =>
  table.scopes.length === 0 ? NO_SCOPES : decideByRules(table.rulesOn(access.server), access.method, access.tool)

/** Compiles a validated document. The result never changes; a new document makes a new policy. */
export const compile = (document: PolicyDocument): Policy => {
  const tables = makeSubjectTables(document)
  const known = knownScopes(document)

  const decide = (subject: Subject, access: Access): Decision => {
    const table = tables.of(subject)
    const decision = judge(table, access)
    if (decision.allowed || table.unlimited === undefined) return decision
    return judge(table.unlimited, access).allowed ? OUTSIDE_LIMITS : decision
  }
  const scopesOf = (subject: Subject): ReadonlyArray<string> => tables.of(subject).scopes
  const holds = ({ scopes }: SubjectTable, scope: string): boolean => known.has(scope) && scopes.includes(scope)
  const modifies = ({ groups }: Subject, table: SubjectTable): boolean => {
    if (holds(table, ADMIN_SCOPE) || holds(table, MODIFY_SCOPE)) return true
    if (groups.includes(USER_SCOPE) || table.scopes.includes(USER_SCOPE)) return false
    return table.scopes.some((scope) => known.has(scope) && scope.includes("/execute"))
  }

  const isAdmin = (subject: Subject): boolean => {
    const table = tables.of(subject)
    return table.limits === undefined && holds(table, ADMIN_SCOPE)
  }

  return Object.freeze({
    scopesOf,
    decide,
    isAdmin,
    canVendTokens: (subject: Subject) => {
      const table = tables.of(subject)
      return isAdmin(subject) || (table.limits === undefined && holds(table, VENDING_SCOPE))
    },
    groupMappings: document.groupMappings.size,
    mapsGroup: (group: string) => document.groupMappings.has(group),
    doubts: (isServer: (path: string) => boolean) => doubtsOf(document, MEANT, isServer),
    hasGrant: (subject: Subject, server: string) => tables.of(subject).rulesOn(server).length > 0,
    grantingScopes: (server: string) =>
      [...known].filter((scope) => tables.of({ groups: [], scopes: [scope] }).rulesOn(server).length > 0),
    filterList: (subject: Subject, server: string, message: unknown) =>
      filterByRules(tables.of(subject).rulesOn(server), message),
    judgeList: (subject: Subject, server: string, message: unknown) =>
      judgeByRules(tables.of(subject).rulesOn(server), message),
    explain: (subject: Subject, access: Access) => explainDecision(tables.of(subject), access, decide(subject, access)),
    permits: compilePermits(document, tables),
    canModifyServers: (subject: Subject) => {
      const table = tables.of(subject)
      if (table.limits !== undefined) return false
      // A limit may take away the very scope that forbids it.
      return modifies(subject, table) && (table.unlimited === undefined || modifies(subject, table.unlimited))
    }
  })
}
