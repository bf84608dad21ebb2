/**
 * From a subject to the rules that hold for it, per server: built once per set of scopes and limits, found by the subject's identity.
 * Bounded: tables are kept for at most `MAX_TABLES` of those, and servers nobody names share one list.
 */
import { Memo } from "@mcpgw/domain/Memo"
import type { Limits } from "@mcpgw/domain/Principal"
import type { PolicyDocument } from "../PolicyDocument.ts"
import type { Subject } from "../Policy.ts"
import { type CompiledRule, compileRule } from "./compiledRule.ts"
import { type CompiledLimits, compileLimits } from "./limits.ts"
import { serverKey } from "./serverKey.ts"

export interface SubjectTable {
  /** Effective scope names, in order. */
  readonly scopes: ReadonlyArray<string>
  /** All their rules in order, those without effect too. */
  readonly rules: ReadonlyArray<CompiledRule>
  /** Effective rules that hold on the server, in order; empty when there is no grant. */
  readonly rulesOn: (server: string) => ReadonlyArray<CompiledRule>
  /** Limits to servers and tools, already applied in `rulesOn`. */
  readonly limits: CompiledLimits | undefined
  /** What the subject would have without limits; undefined when it has none. */
  readonly unlimited: SubjectTable | undefined
}

export interface SubjectTables {
  readonly of: (subject: Subject) => SubjectTable
}

const MAX_TABLES = 1_024

/** The one document a subject was last asked about. */
interface Seen {
  readonly document: PolicyDocument
  readonly groups: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  readonly limits: Limits | undefined
  readonly groupCount: number
  readonly scopeCount: number
  readonly table: SubjectTable
}

const bySubject = new Memo<Subject, Seen>()

const makeTable = (
  scopes: ReadonlyArray<string>,
  compiled: ReadonlyMap<string, ReadonlyArray<CompiledRule>>
): SubjectTable => {
  const rules = scopes.flatMap((scope) => compiled.get(scope) ?? [])
  const anywhere: Array<CompiledRule> = []
  const named = new Map<string, Array<CompiledRule>>()
  for (const rule of rules) {
    if (!rule.effective) continue
    if (rule.server === undefined) {
      anywhere.push(rule)
      for (const list of named.values()) list.push(rule)
    } else {
      const list = named.get(rule.server)
      // A server named for the first time starts with what was granted everywhere before it.
      if (list === undefined) named.set(rule.server, [...anywhere, rule])
      else list.push(rule)
    }
  }
  return {
    scopes,
    rules,
    // Paths arrive in the key's own form; only another spelling costs a second look.
    rulesOn: (server) => named.get(server) ?? named.get(serverKey(server)) ?? anywhere,
    limits: undefined,
    unlimited: undefined
  }
}

const NOTHING: ReadonlyArray<CompiledRule> = []

/** `held`: the table of the scopes the limits leave; `unlimited`: that of all of them. */
const limitTable = (held: SubjectTable, unlimited: SubjectTable, limits: CompiledLimits | undefined): SubjectTable => {
  if (limits === undefined) return { ...held, unlimited }
  const left = new Map<string, ReadonlyArray<CompiledRule>>()
  for (const server of limits.servers) {
    left.set(
      server,
      held.rulesOn(server).flatMap((rule) => limits.narrow(rule, server) ?? [])
    )
  }
  return {
    ...held,
    rulesOn: (server) => left.get(server) ?? left.get(serverKey(server)) ?? NOTHING,
    limits,
    unlimited
  }
}

/** Mapped groups in order, then own scopes, first occurrence kept; unknown groups are ignored (contracts.md §2.1). */
const effectiveScopes = (document: PolicyDocument, subject: Subject): ReadonlyArray<string> => {
  const out = new Set<string>()
  for (const group of subject.groups) {
    for (const scope of document.groupMappings.get(group) ?? []) out.add(scope)
  }
  for (const scope of subject.scopes) out.add(scope)
  return Object.freeze([...out])
}

const stillHolds = (seen: Seen, document: PolicyDocument, subject: Subject): boolean =>
  seen.document === document &&
  seen.groups === subject.groups &&
  seen.scopes === subject.scopes &&
  seen.limits === subject.limits &&
  seen.groupCount === subject.groups.length &&
  seen.scopeCount === subject.scopes.length

export const makeSubjectTables = (document: PolicyDocument): SubjectTables => {
  const compiled = new Map<string, ReadonlyArray<CompiledRule>>()
  for (const [scope, rules] of document.scopes) {
    compiled.set(
      scope,
      rules.map((rule, i) => compileRule(scope, i, rule))
    )
  }
  const byScopes = new Map<string, SubjectTable>()

  // JSON keeps apart what any separator could join: a scope name is a caller's word.
  const keep = (key: string, make: () => SubjectTable): SubjectTable => {
    const known = byScopes.get(key)
    if (known !== undefined) return known
    const table = make()
    if (byScopes.size >= MAX_TABLES) {
      for (const oldest of byScopes.keys()) {
        byScopes.delete(oldest)
        break
      }
    }
    byScopes.set(key, table)
    return table
  }
  const tableFor = (scopes: ReadonlyArray<string>): SubjectTable =>
    keep(JSON.stringify(scopes), () => makeTable(scopes, compiled))
  const limitedTable = (all: ReadonlyArray<string>, limits: Limits): SubjectTable =>
    keep(JSON.stringify([all, limits]), () => {
      const only = limits.scopes
      const scopes = only === undefined ? all : Object.freeze(all.filter((scope) => only.includes(scope)))
      return limitTable(tableFor(scopes), tableFor(all), compileLimits(limits))
    })

  return {
    of: (subject) => {
      const seen = bySubject.get(subject)
      if (seen !== undefined && stillHolds(seen, document, subject)) return seen.table
      const { groups, limits, scopes } = subject
      const all = effectiveScopes(document, subject)
      const table = limits === undefined ? tableFor(all) : limitedTable(all, limits)
      const [groupCount, scopeCount] = [groups.length, scopes.length]
      bySubject.set(subject, { document, groups, scopes, limits, groupCount, scopeCount, table })
      return table
    }
  }
}
