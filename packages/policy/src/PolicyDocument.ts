/**
 * A scopes document as data, validated: what `scopes.yml` says (contracts.md §2.1, §1.3), before it is compiled.
 * Every problem is an `InvalidPolicy` that names the source, the field and what is wrong. Never guesses: a value of the
 * wrong shape is refused, not dropped.
 */
import { InvalidPolicy } from "./InvalidPolicy.ts"

/** A list of names, or all of them: `"all"`, `"*"`, or a list that contains either. */
export interface Names {
  readonly all: boolean
  /** The names written out, without the wildcard words. */
  readonly names: ReadonlyArray<string>
}

export interface Rule {
  /** Technical name or path of a server, or `*` for any. Slashes around it do not count. */
  readonly server: string
  readonly methods: Names
  readonly tools: Names
}

export interface PolicyDocument {
  /** Identity-provider group → scope names. */
  readonly groupMappings: ReadonlyMap<string, ReadonlyArray<string>>
  /** `UI-Scopes`: scope name → permission → display names or technical paths. */
  readonly uiScopes: ReadonlyMap<string, ReadonlyMap<string, Names>>
  /** Server scopes: scope name → rules, in the order written. */
  readonly scopes: ReadonlyMap<string, ReadonlyArray<Rule>>
}

/** The same document written in TypeScript. */
export interface PolicyRules {
  readonly groups?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly permissions?: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<string> | "all" | "*">>>>
  readonly scopes: Readonly<
    Record<
      string,
      ReadonlyArray<{
        readonly server: string
        readonly methods?: ReadonlyArray<string> | "all" | "*"
        readonly tools?: ReadonlyArray<string> | "all" | "*"
      }>
    >
  >
}

/** The server wildcard; unlike methods and tools, `all` is an ordinary server name (contracts.md §1.3). */
export const ANY_SERVER = "*"

const GROUP_MAPPINGS = "group_mappings"
const UI_SCOPES = "UI-Scopes"
const RULE_KEYS: ReadonlySet<unknown> = new Set(["server", "methods", "tools"])

/** Names a document may hold once its aliases are followed: far above any real one, far below what stalls a process. */
const MAX_NAMES = 500_000

const isWildcard = (name: string): boolean => name === "all" || name === "*"

const describe = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing"
  if (Array.isArray(value)) return "a list"
  if (value instanceof Map) return "a map"
  return typeof value === "string" ? `'${value.slice(0, 60)}'` : `${typeof value} ${String(value).slice(0, 60)}`
}

/** Reads one document; holds its name for the errors and counts names against the limit. */
class Reader {
  private names = 0
  private readonly source: string
  constructor(source: string) {
    this.source = source
  }

  refuse(field: string, problem: string): never {
    throw new InvalidPolicy(this.source, field, problem)
  }

  name(value: unknown, field: string): string {
    if (++this.names > MAX_NAMES) this.refuse("", `holds more than ${MAX_NAMES} names once its aliases are followed`)
    if (typeof value !== "string") this.refuse(field, `must be text, not ${describe(value)}; put it in quotes`)
    if (value === "") this.refuse(field, "must not be empty")
    return value
  }

  map(value: unknown, field: string): ReadonlyMap<unknown, unknown> {
    if (value === null || value === undefined) return new Map()
    if (!(value instanceof Map)) this.refuse(field, `must be a map, not ${describe(value)}`)
    return value
  }

  list(value: unknown, field: string, of: string): ReadonlyArray<unknown> {
    if (value === null || value === undefined) return []
    if (!Array.isArray(value)) this.refuse(field, `must be a list of ${of}, not ${describe(value)}`)
    return value
  }

  entries<A>(value: unknown, field: string, read: (value: unknown, field: string) => A): ReadonlyMap<string, A> {
    const out = new Map<string, A>()
    for (const [key, item] of this.map(value, field)) {
      const name = this.name(key, field)
      out.set(name, read(item, `${field}.${name}`))
    }
    return out
  }

  nameList(value: unknown, field: string): ReadonlyArray<string> {
    return this.list(value, field, "names").map((item, i) => this.name(item, `${field}[${i}]`))
  }

  /** A list of names, or one of the words `all` and `*`. */
  someNames(value: unknown, field: string): Names {
    if (typeof value === "string") {
      if (!isWildcard(value)) this.refuse(field, `must be a list of names, 'all' or '*', not ${describe(value)}`)
      return { all: true, names: [] }
    }
    const listed = this.nameList(value, field)
    return { all: listed.some(isWildcard), names: listed.filter((name) => !isWildcard(name)) }
  }

  server(value: unknown, field: string): string {
    const server = this.name(value, field)
    if (server === ANY_SERVER) return server
    if (server.includes("*")) this.refuse(field, `'*' stands for any server only alone, not in ${describe(server)}`)
    if (/^\/*$/.test(server)) this.refuse(field, "must name a server")
    return server
  }

  rule(value: unknown, field: string): Rule {
    if (!(value instanceof Map)) this.refuse(field, `must be a rule {server, methods, tools}, not ${describe(value)}`)
    for (const key of value.keys()) {
      if (!RULE_KEYS.has(key)) this.refuse(field, `has no key ${describe(key)}; a rule has server, methods and tools`)
    }
    const methods = this.someNames(value.get("methods"), `${field}.methods`)
    methods.names.forEach((name) => {
      if (name.includes("*")) {
        this.refuse(`${field}.methods`, `'*' stands for any method only alone, not in ${describe(name)}`)
      }
    })
    return {
      server: this.server(value.get("server"), `${field}.server`),
      methods,
      tools: this.someNames(value.get("tools"), `${field}.tools`)
    }
  }

  document(value: unknown): PolicyDocument {
    if (!(value instanceof Map)) this.refuse("", `must be a map of scopes, not ${describe(value)}`)
    const scopes = new Map<string, ReadonlyArray<Rule>>()
    for (const [key, item] of value) {
      const scope = this.name(key, "")
      if (scope === GROUP_MAPPINGS || scope === UI_SCOPES) continue
      if (scope === "<<") this.refuse(scope, "merge keys are not understood; write the rules out or use an alias")
      const rules = this.list(item, scope, "rules {server, methods, tools}")
      scopes.set(
        scope,
        rules.map((rule, i) => this.rule(rule, `${scope}[${i}]`))
      )
    }
    return {
      groupMappings: this.entries(value.get(GROUP_MAPPINGS), GROUP_MAPPINGS, (names, at) => this.nameList(names, at)),
      uiScopes: this.entries(value.get(UI_SCOPES), UI_SCOPES, (permissions, at) =>
        this.entries(permissions, at, (names, where) => this.someNames(names, where))
      ),
      scopes
    }
  }
}

/**
 * Validates a document already read from its text: maps as `Map`, lists as arrays, nothing else assumed.
 * @throws InvalidPolicy naming `source`
 */
export const fromValue = (value: unknown, source: string): PolicyDocument => new Reader(source).document(value)

const mapOf = (record: Readonly<Record<string, unknown>>): Map<string, unknown> => new Map(Object.entries(record))

/**
 * Validates rules written in TypeScript, under the same conditions as a file.
 * @throws InvalidPolicy
 */
export const fromRules = (rules: PolicyRules, source = "rules"): PolicyDocument => {
  const scopes = Object.entries(rules.scopes).map(([scope, list]) => [scope, list.map(mapOf)] as const)
  const permissions = Object.entries(rules.permissions ?? {}).map(([scope, held]) => [scope, mapOf(held)] as const)
  return fromValue(
    new Map<string, unknown>([
      ...scopes,
      [GROUP_MAPPINGS, mapOf(rules.groups ?? {})],
      [UI_SCOPES, new Map(permissions)]
    ]),
    source
  )
}
