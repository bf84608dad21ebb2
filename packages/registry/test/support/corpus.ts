/**
 * A registry's worth of entries, as a public one has them, made from a seed: names, titles and descriptions of real servers under many owners; most
 * are packages, many remotes, with headers and variables, in all sorts of writing; some are deprecated, deleted, older, come twice, stand in one
 * another's way, and some are wrong in ways that were seen. Each knows what an import is to make of it. The same seed makes the same corpus.
 */
import { malformed } from "./malformed.ts"
import { REAL_SERVERS } from "./realServers.ts"

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

const OWNERS = [
  "io.github.upstash",
  "io.github.Long-Owner-Name",
  "io.github.user-42",
  "ai.smithery",
  "ai.exa",
  "app.linear",
  "com.atlassian",
  "com.cloudflare.mcp",
  "com.example",
  "com.notion",
  "com.stripe",
  "dev.tools",
  "cn.12306"
]

export interface Entry {
  readonly server: Readonly<Record<string, unknown>>
  readonly _meta: Readonly<Record<string, unknown>>
}

export interface Made {
  readonly name: string
  readonly entry: unknown
  /** What an import makes of it, in its place among the others. */
  readonly outcome: "created" | "unchanged" | "skipped" | "refused"
  /** How the field begins that it is refused for. */
  readonly field?: string
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

type Next = () => number

const pick = <A>(from: ReadonlyArray<A>, next: Next): A => {
  const found = from[Math.floor(next() * from.length)]
  if (found === undefined) throw new Error("nothing to pick from")
  return found
}

const HEADERS = [
  null,
  [],
  [{ name: "Authorization", value: "Bearer {smithery_api_key}", isRequired: true, isSecret: true }],
  [{ name: "X-API-Key", description: "Your key", isSecret: true, isRequired: true }],
  [{ name: "X-Region", default: "eu", choices: ["eu", "us"] }, { name: "X-Optional" }]
]

const URLS = [
  (host: string) => `https://${host}.example.com/mcp`,
  (host: string) => `https://mcp.${host}.dev/sse`,
  (host: string) => `https://server.example.ai/@owner/${host}/mcp`,
  (host: string) => `https://${host}.example.com:8443/api/v1?transport=http`,
  (host: string) => `http://localhost:8080/${host}/mcp`
]

const hostOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, "-")

const remote = (name: string, next: Next) => {
  const headers = pick(HEADERS, next)
  return {
    type: next() < 0.8 ? "streamable-http" : "sse",
    url: pick(URLS, next)(hostOf(name)),
    ...(headers === null ? {} : { headers })
  }
}

const templated = (variables: object | undefined) => ({
  type: "streamable-http",
  url: "https://{tenant}.example.com/mcp",
  ...(variables === undefined ? {} : { variables })
})

const PACKAGES = [
  (name: string) => ({ registryType: "npm", identifier: `@${name}`, version: "1.0.2", runtimeHint: "npx" }),
  (name: string) => ({ registryType: "pypi", identifier: hostOf(name), version: "0.3.1", runtimeHint: "uvx" }),
  (name: string) => ({ registryType: "oci", identifier: `docker.io/${name}:1.0.2` }),
  (name: string) => ({
    registryType: "mcpb",
    identifier: `https://github.com/${name}/releases/download/v1/server.mcpb`,
    fileSha256: "a".repeat(64)
  })
]

const packages = (name: string, next: Next) => [
  {
    ...pick(PACKAGES, next)(name),
    transport: { type: "stdio" },
    environmentVariables: [{ name: "API_KEY", description: "Your key", isSecret: true, isRequired: true }]
  }
]

/** What every document holds, of a real server under some owner; `i` keeps names apart. */
const base = (i: number, next: Next) => {
  const [slug, title, description] = pick(REAL_SERVERS, next)
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name: `${pick(OWNERS, next)}/${slug.replace(/[^A-Za-z0-9._-]+/g, "-")}-${i.toString(36)}`,
    description,
    version: pick(["1.0.0", "0.1.0-beta.2", "2.3.4+build.7", "2025.11.3", "v1"], next),
    ...(next() < 0.4 ? { title } : {}),
    ...(next() < 0.6 ? { repository: { url: `https://github.com/x/${i}`, source: "github", id: String(i) } } : {}),
    ...(next() < 0.2 ? { websiteUrl: "https://example.com/docs" } : {}),
    ...(next() < 0.1 ? { icons: [{ src: "https://example.com/a.png", mimeType: "image/png" }] } : {})
  }
}

const made = (entry: Entry, outcome: Made["outcome"], field?: string): Made => ({
  name: String(entry.server["name"]),
  entry,
  outcome,
  ...(field === undefined ? {} : { field })
})

/** One entry; `before` are those an import would have taken. */
const make = (i: number, next: Next, before: ReadonlyArray<Made>): Made => {
  const server = base(i, next)
  const meta = official(momentOf(i))
  const withRemote = { ...server, remotes: [remote(server.name, next)] }
  const earlier = before.length === 0 ? undefined : pick(before, next)
  const chance = next()
  if (chance < 0.05) {
    const [field, broken] = malformed(i)
    return { name: server.name, entry: { server: broken(withRemote), _meta: meta }, outcome: "refused", field }
  }
  if (chance < 0.07) {
    return made(
      { server: { ...server, remotes: [templated(undefined)] }, _meta: meta },
      "refused",
      "server.remotes.0.url"
    )
  }
  if (chance < 0.08) {
    const filled = templated({ tenant: { default: hostOf(server.name) } })
    return made({ server: { ...server, remotes: [filled] }, _meta: meta }, "created")
  }
  if (chance < 0.1) return made({ server: withRemote, _meta: official(momentOf(i), { status: "deleted" }) }, "skipped")
  if (chance < 0.12) return made({ server: withRemote, _meta: official(momentOf(i), { isLatest: false }) }, "skipped")
  if (chance < 0.15) {
    const deprecated = official(momentOf(i), { status: "deprecated", statusMessage: "use another" })
    return made({ server: withRemote, _meta: deprecated }, "created")
  }
  // What changed between two pages comes twice.
  if (chance < 0.17 && earlier !== undefined) return { ...earlier, outcome: "unchanged" }
  // Another name that falls on the same path.
  if (chance < 0.18 && earlier !== undefined) {
    const twin = earlier.name.replace(/^(.*)\/([^-]+)-(.+)$/, "$1-$2/$3")
    if (twin !== earlier.name)
      return made({ server: { ...withRemote, name: twin }, _meta: meta }, "refused", "server.name")
  }
  if (chance < 0.5) return made({ server: withRemote, _meta: next() < 0.05 ? {} : meta }, "created")
  if (chance < 0.55) {
    return made({ server: { ...withRemote, packages: packages(server.name, next) }, _meta: meta }, "created")
  }
  if (chance < 0.57) return made({ server, _meta: meta }, "refused", "server.remotes")
  return made(
    { server: { ...server, packages: packages(server.name, next) }, _meta: meta },
    "refused",
    "server.remotes"
  )
}

/** `count` entries, in the order a registry lists them. */
export const corpus = (count: number, seed: number): ReadonlyArray<Made> => {
  const next = random(seed)
  const all: Array<Made> = []
  const created: Array<Made> = []
  for (let i = 0; i < count; i++) {
    const one = make(i, next, created)
    all.push(one)
    if (one.outcome === "created") created.push(one)
  }
  return all
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
