/**
 * What is done to groups, as changes of a policy document (contracts.md §2.1 auto-maintenance, §2.8). A group is a name that an identity
 * provider's groups are mapped by; what it opens are scopes, its own by default. Pure: knows no file, no HTTP, and nobody's rights.
 */
import { serverKey } from "./internal/serverKey.ts"
import { TOOLS_CALL } from "./Methods.ts"
import type { Names, PolicyDocument, Rule } from "./PolicyDocument.ts"
import { parsePolicyText } from "./PolicyText.ts"
import { DEFAULT_SCOPES } from "./DefaultScopes.ts"
import { VENDING_SCOPE } from "./compile.ts"

/** What may name a group: it goes into paths of URLs, into files, logs and tokens. */
export const GROUP_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/

/** What may follow the group's name and a slash in the name of its scope. */
export const SCOPE_SUFFIX = /^[a-z][a-z0-9-]{0,31}$/

/** Suffix of scopes whose holders see a server and call nothing. */
const READ = "/read"

/** Methods a new rule opens, as the shipped policy has them. */
const READING: ReadonlyArray<string> = [
  "initialize",
  "notifications/initialized",
  "ping",
  "tools/list",
  "resources/list",
  "resources/templates/list"
]

/** Words that mean something else where a group's name may stand. */
const NO_GROUPS: ReadonlySet<string> = new Set(["all", "UI-Scopes", "group_mappings", VENDING_SCOPE])

let shipped: ReadonlySet<string> | undefined

/** A group of the shipped policy: the product itself gives it a meaning, so it is not deleted. */
export const isSystemGroup = (name: string): boolean => {
  shipped ??= new Set([
    ...parsePolicyText(DEFAULT_SCOPES).groupMappings.keys(),
    ...parsePolicyText(DEFAULT_SCOPES).scopes.keys(),
    ...NO_GROUPS
  ])
  return shipped.has(name)
}

/** What stands against a new group's name; undefined: nothing. */
export const problemOfGroup = (name: string): string | undefined => {
  if (!GROUP_NAME.test(name))
    return "it must be 1 to 128 letters, digits or . _ - that begin and end with a letter or digit"
  return NO_GROUPS.has(name) ? "that word means something else in a policy" : undefined
}

/** A group as a policy has it. */
export interface GroupView {
  readonly name: string
  /** Does `group_mappings` name it? Otherwise it is a scope alone. */
  readonly mapped: boolean
  readonly scopes: ReadonlyArray<string>
  /** Rules of those scopes. */
  readonly rules: ReadonlyArray<Rule & { readonly scope: string }>
  /** Groups that a scope of this name is mapped by. */
  readonly inMappings: ReadonlyArray<string>
}

/** Groups that are mapped, and server scopes that stand alone. In the order of the text. */
export const groupNames = ({ groupMappings, scopes }: PolicyDocument): ReadonlyArray<string> => [
  ...new Set([...groupMappings.keys(), ...scopes.keys()])
]

/** Undefined: the policy has no such group or scope. */
export const groupView = (document: PolicyDocument, name: string): GroupView | undefined => {
  const { groupMappings, scopes } = document
  const mapped = groupMappings.get(name)
  if (mapped === undefined && !scopes.has(name)) return undefined
  const held = mapped ?? [name]
  return {
    name,
    mapped: mapped !== undefined,
    scopes: held,
    rules: held.flatMap((scope) => (scopes.get(scope) ?? []).map((rule) => ({ ...rule, scope }))),
    inMappings: [...groupMappings].filter(([, names]) => names.includes(name)).map(([group]) => group)
  }
}

const NOTHING: Names = { all: false, names: [] }

const withEntry = <A>(map: ReadonlyMap<string, A>, key: string, value: A): ReadonlyMap<string, A> =>
  new Map(map).set(key, value)

const without = <A>(map: ReadonlyMap<string, A>, keys: ReadonlyArray<string>): ReadonlyMap<string, A> =>
  new Map([...map].filter(([key]) => !keys.includes(key)))

/** The scope a group's servers are named in. */
export const scopeOf = (group: string, suffix: string | undefined): string =>
  suffix === undefined ? group : `${group}/${suffix}`

/** A group that opens nothing yet. With a suffix its scope is `{group}/{suffix}`; a group that is there gets that scope besides. */
export const createGroup = (document: PolicyDocument, group: string, suffix?: string): PolicyDocument => {
  const scope = scopeOf(group, suffix)
  const held = document.groupMappings.get(group) ?? []
  const uiScope = document.uiScopes.get(scope) ?? new Map([["list_service", NOTHING]])
  return {
    groupMappings: held.includes(scope)
      ? document.groupMappings
      : withEntry(document.groupMappings, group, [...held, scope]),
    uiScopes: withEntry(document.uiScopes, scope, uiScope),
    scopes: withEntry(document.scopes, scope, document.scopes.get(scope) ?? [])
  }
}

const isOwn = (group: string, scope: string): boolean => scope === group || scope.startsWith(`${group}/`)

/**
 * Without the group, and without the scopes of its own that no other group is mapped to. `kept`: those that another one is.
 */
export const deleteGroup = (
  { groupMappings, scopes, uiScopes }: PolicyDocument,
  group: string
): { readonly document: PolicyDocument; readonly kept: ReadonlyArray<string> } => {
  const rest = without(groupMappings, [group])
  const elsewhere = new Set([...rest.values()].flat())
  const own = [...new Set([...(groupMappings.get(group) ?? []), ...scopes.keys(), ...uiScopes.keys()])].filter(
    (scope) => isOwn(group, scope)
  )
  // Named `team/read` and group of its own: somebody else's.
  const removed = own.filter((scope) => !elsewhere.has(scope) && (scope === group || !rest.has(scope)))
  return {
    document: { groupMappings: rest, uiScopes: without(uiScopes, removed), scopes: without(scopes, removed) },
    kept: own.filter((scope) => elsewhere.has(scope))
  }
}

/** Scopes that a server is named in when it is added to `name`: that scope, or those of a group that are its own. */
export const targetsOf = ({ groupMappings, scopes }: PolicyDocument, name: string): ReadonlyArray<string> => {
  if (scopes.has(name)) return [name]
  return (groupMappings.get(name) ?? []).filter((scope) => isOwn(name, scope))
}

/** What a rule is to open. */
export interface Opened {
  /** Absent: what reading takes, and, where tools may be called, calling. */
  readonly methods?: Names | undefined
  readonly tools: Names
  /** Which of the methods that nobody named; absent: all of them. */
  readonly offers?: ((method: string) => boolean) | undefined
}

const ruleFor = (scope: string, path: string, { methods, offers = () => true, tools }: Opened): Rule => {
  const reads = scope.endsWith(READ)
  const listed = { all: false, names: (reads ? READING : [...READING, TOOLS_CALL]).filter(offers) }
  return { server: serverKey(path).slice(1), methods: methods ?? listed, tools: reads ? NOTHING : tools }
}

const isOf = (path: string) => (rule: Rule) => serverKey(rule.server) === serverKey(path)

const listing = (
  document: PolicyDocument,
  scope: string,
  change: (names: Names) => Names
): PolicyDocument["uiScopes"] => {
  const permissions = document.uiScopes.get(scope)
  const held = permissions?.get("list_service") ?? NOTHING
  const next = change(held)
  return next === held
    ? document.uiScopes
    : withEntry(document.uiScopes, scope, withEntry(permissions ?? new Map(), "list_service", next))
}

/** The scope names the server, once, and its holders see it in lists. Whatever it said of that server before is replaced. */
export const addServer = (document: PolicyDocument, scope: string, path: string, opened: Opened): PolicyDocument => {
  const key = serverKey(path)
  const others = (document.scopes.get(scope) ?? []).filter((rule) => !isOf(path)(rule))
  return {
    groupMappings: document.groupMappings,
    // By its path: a display name may become another server's.
    uiScopes: listing(document, scope, (names) =>
      names.all || names.names.some((name) => serverKey(name) === key)
        ? names
        : { all: false, names: [...names.names, key] }
    ),
    scopes: withEntry(document.scopes, scope, [...others, ruleFor(scope, path, opened)])
  }
}

/** The scope names the server no more; rules for any server (`*`) stay. The same document when it did not name it. */
export const removeServer = (document: PolicyDocument, scope: string, path: string): PolicyDocument => {
  const key = serverKey(path)
  const rules = document.scopes.get(scope) ?? []
  const left = rules.filter((rule) => rule.server === "*" || !isOf(path)(rule))
  const uiScopes = listing(document, scope, (names) => {
    const rest = names.names.filter((name) => serverKey(name) !== key)
    return rest.length === names.names.length ? names : { ...names, names: rest }
  })
  if (left.length === rules.length && uiScopes === document.uiScopes) return document
  return { groupMappings: document.groupMappings, uiScopes, scopes: withEntry(document.scopes, scope, left) }
}
