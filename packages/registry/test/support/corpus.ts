/**
 * A registry's worth of entries, as a public one has them, made from a seed: most are packages, many remotes, with headers and variables, in all
 * sorts of writing, and some are wrong in ways that were seen. The same seed makes the same corpus.
 */

const OFFICIAL = "io.modelcontextprotocol.registry/official"

/** Mulberry32. */
export const random = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const OWNERS = ["io.github.user", "ai.smithery", "com.example", "io.github.Long-Owner-Name", "dev.tools", "app.linear"]
const WORDS = ["weather", "files", "search", "tickets", "calendar", "maps", "postgres", "notes", "browser", "mail"]
const TEXTS = [
  "Search and read documents",
  "使用必应搜索指定的关键词，并返回搜索结果列表",
  "Accès aux billets — “naïve” façade 🚀",
  "MCP server providing weather data and forecasts",
  "أداة للبحث"
]

export interface Entry {
  readonly server: Readonly<Record<string, unknown>>
  readonly _meta: Readonly<Record<string, unknown>>
}

export type Kind = "remote" | "package" | "malformed" | "templated"

export interface Made {
  readonly kind: Kind
  readonly name: string
  readonly entry: unknown
}

/** When an entry was changed: minute by minute. */
export const momentOf = (i: number): string => new Date(Date.UTC(2025, 8, 8) + i * 60_000).toISOString()

export const official = (updatedAt: string, more: object = {}): Entry["_meta"] => ({
  [OFFICIAL]: {
    status: "active",
    publishedAt: updatedAt,
    updatedAt,
    statusChangedAt: updatedAt,
    isLatest: true,
    ...more
  }
})

const pick = <A>(from: ReadonlyArray<A>, next: () => number): A => {
  const found = from[Math.floor(next() * from.length)]
  if (found === undefined) throw new Error("nothing to pick from")
  return found
}

const HEADERS = [
  [],
  [{ name: "Authorization", value: "Bearer {smithery_api_key}", isRequired: true, isSecret: true }],
  [{ name: "X-API-Key", description: "Your key", isSecret: true }],
  [{ name: "X-Optional" }]
]

const remotes = (name: string, next: () => number) => [
  {
    type: next() < 0.8 ? "streamable-http" : "sse",
    url: `https://${name.replace(/[^A-Za-z0-9]+/g, "-")}.example.com/${next() < 0.7 ? "mcp" : "api/v1"}`,
    headers: pick(HEADERS, next)
  }
]

const packages = (name: string) => [
  {
    registryType: "npm",
    identifier: `@${name}`,
    version: "1.0.2",
    transport: { type: "stdio" },
    environmentVariables: [{ name: "API_KEY", isSecret: true }]
  }
]

/** Wrong in one way each, with the field an import is to name. */
export const MALFORMED: ReadonlyArray<readonly [field: string, broken: (server: Entry["server"]) => unknown]> = [
  ["server.name", (server) => ({ ...server, name: `${String(server["name"])}/again` })],
  ["server.name", (server) => ({ ...server, name: 7 })],
  ["server.description", (server) => ({ ...server, description: "x".repeat(101) })],
  ["server.description", ({ description: _gone, ...server }) => server],
  ["server.version", (server) => ({ ...server, version: "^1.0.0" })],
  ["server.remotes.0.url", (server) => ({ ...server, remotes: [{ type: "sse", url: "javascript:alert(1)" }] })],
  ["server", (server) => ({ ...server, _extra: "x".repeat(70_000) })],
  ["server", () => null],
  ["server", () => ["not", "a", "server"]]
]

const make = (i: number, next: () => number): Made => {
  const name = `${pick(OWNERS, next)}/${pick(WORDS, next)}-${i.toString(36)}`
  const base = {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name,
    description: pick(TEXTS, next),
    version: pick(["1.0.0", "0.1.0-beta.2", "2.3.4+build.7", "2025.11.3", "v1"], next),
    ...(next() < 0.3 ? { title: `${pick(WORDS, next)} №${i}` } : {}),
    ...(next() < 0.6 ? { repository: { url: `https://github.com/x/${i}`, source: "github" } } : {})
  }
  const _meta = official(momentOf(i))
  const chance = next()
  if (chance < 0.03) {
    const broken = MALFORMED[i % MALFORMED.length]?.[1]
    return { kind: "malformed", name, entry: { server: broken?.({ ...base, remotes: [] }), _meta } }
  }
  if (chance < 0.06) {
    const url = "https://{tenant}.example.com/mcp"
    return {
      kind: "templated",
      name,
      entry: { server: { ...base, remotes: [{ type: "streamable-http", url }] }, _meta }
    }
  }
  return chance < 0.5
    ? { kind: "remote", name, entry: { server: { ...base, remotes: remotes(name, next) }, _meta } }
    : { kind: "package", name, entry: { server: { ...base, packages: packages(name) }, _meta } }
}

/** `count` entries. */
export const corpus = (count: number, seed: number): ReadonlyArray<Made> => {
  const next = random(seed)
  return Array.from({ length: count }, (_, i) => make(i, next))
}

/** One remote server, as it is in a registry. */
export const remoteEntry = (name: string, more: { readonly server?: object; readonly meta?: object } = {}): Entry => ({
  server: {
    name,
    description: `What ${name} does`,
    version: "1.0.0",
    remotes: [{ type: "streamable-http", url: "https://a.example.com/mcp" }],
    ...more.server
  },
  _meta: official(momentOf(0), more.meta)
})
