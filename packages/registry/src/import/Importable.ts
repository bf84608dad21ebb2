/**
 * From an entry of another registry to a server of ours, or to why it can not be one. Pure. An entry is what a stranger wrote: it chooses no
 * path but that of its name, no variable of our environment, and no private address is trusted for it.
 */
import {
  readServerJson,
  type KeyValueInput,
  PUBLISHER_META,
  publishable,
  type Remote,
  type ServerJson
} from "@mcpgw/domain/ServerJson"
import type { Registration } from "@mcpgw/domain/Server"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { pathOfName } from "../v01/Names.ts"
import type { Status } from "../v01/Versions.ts"

/** Why an entry is none of ours. */
export interface NotImportable {
  readonly name: string | undefined
  readonly version: string | undefined
  /** Dotted, such as `server.remotes.0.url`. */
  readonly field: string
  readonly reason: string
}

/** A readable entry. */
export interface SourceEntry {
  readonly document: ServerJson
  readonly status: Status
  readonly statusMessage: string | undefined
  /** Undefined: its registry does not say. */
  readonly isLatest: boolean | undefined
}

const OFFICIAL = "io.modelcontextprotocol.registry/official"

const Official = Schema.Struct({
  status: Schema.optional(Schema.Literal("active", "deprecated", "deleted")),
  statusMessage: Schema.optional(Schema.NullOr(Schema.String)),
  isLatest: Schema.optional(Schema.NullOr(Schema.Boolean))
})
const readOfficial = Schema.decodeUnknownEither(Official)

const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

const shortText = (value: unknown): string | undefined => (typeof value === "string" ? value.slice(0, 200) : undefined)

const momentOf = (text: string): string | undefined => {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** When the source changed an entry, readable or not; ISO 8601, UTC. */
export const changedAt = (entry: unknown): string | undefined => {
  const official = member(member(entry, "_meta"), OFFICIAL)
  const at = member(official, "updatedAt") ?? member(official, "publishedAt")
  return typeof at === "string" ? momentOf(at) : undefined
}

/** Reads an entry, or says what is wrong with it, the first of its fields. */
export const readEntry = (entry: unknown): Either.Either<SourceEntry, NotImportable> => {
  const server = member(entry, "server")
  const label = { name: shortText(member(server, "name")), version: shortText(member(server, "version")) }
  const official = readOfficial(member(member(entry, "_meta"), OFFICIAL) ?? {})
  if (Either.isLeft(official)) {
    return Either.left({ ...label, field: `_meta.${OFFICIAL}`, reason: "must be what a registry says of an entry" })
  }
  return Either.mapBoth(readServerJson(server), {
    onLeft: ([issue]) => {
      const path = issue?.path ?? ""
      return { ...label, field: path === "" ? "server" : `server.${path}`, reason: issue?.message ?? "can not be read" }
    },
    onRight: (document) => ({
      document: publishable(document),
      status: official.right.status ?? "active",
      statusMessage: official.right.statusMessage?.slice(0, 500),
      isLatest: official.right.isLatest ?? undefined
    })
  })
}

/** How header variables are kept: those an administrator names stay as they are, all others are the server's own. */
export interface Variables {
  readonly plain: ReadonlySet<string>
}

const upper = (text: string): string =>
  text
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")

/**
 * `{var}` as a reference `${VAR}`. With the server's own prefix, since its author could else name any variable of our environment and be sent
 * what it holds.
 */
const reference = (name: string, variable: string, { plain }: Variables): string => {
  const own = upper(variable)
  return plain.has(own) ? `\${${own}}` : `\${MCP_${upper(name)}_${own}}`
}

const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_.-]*)\}/g

/** Headers of the connection and of the gateway itself are nobody's to set. */
const NOT_SET =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|cookie|x-authorization|proxy-.*|mcp-.*)$/i
const HEADER_NAME = /^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/

type Header = Readonly<Record<string, string>>

const headerOf = (
  name: string,
  given: KeyValueInput,
  variables: Variables
): Either.Either<ReadonlyArray<Header>, string> => {
  if (!HEADER_NAME.test(given.name) || NOT_SET.test(given.name)) return Either.left("this header can not be set")
  const literal = given.value ?? given.default
  if (literal === undefined) {
    // What nobody has to give is left out.
    if (given.isRequired !== true && given.isSecret !== true) return Either.right([])
    return Either.right([{ [given.name]: reference(name, given.name, variables) }])
  }
  if (/[$\r\n\0]/.test(literal)) return Either.left("a value must not hold $, line breaks or NUL")
  return Either.right([
    { [given.name]: literal.replace(PLACEHOLDER, (_, variable: string) => reference(name, variable, variables)) }
  ])
}

const urlOf = ({ url, variables = {} }: Remote): Either.Either<string, string> => {
  const missing: Array<string> = []
  const filled = url.replace(PLACEHOLDER, (_, variable: string) => {
    const { default: usual, value } = variables[variable] ?? {}
    if (value === undefined && usual === undefined) missing.push(variable)
    return encodeURI(value ?? usual ?? "")
  })
  if (missing.length > 0) return Either.left(`has variables without a value: ${missing.join(", ")}`)
  const parsed = URL.parse(filled)
  if (parsed === null) return Either.left("is no address")
  if (parsed.username !== "" || parsed.password !== "") return Either.left("must not hold a user name or password")
  parsed.hash = ""
  return Either.right(parsed.href)
}

const OFFICIAL_HOST = "registry.modelcontextprotocol.io"

/** The parts of the name, and where it is from. */
const tagsOf = (name: string, source: string): ReadonlyArray<string> => [
  ...new Set([
    ...name
      .toLowerCase()
      .split(/[./]/)
      .filter((part) => part !== ""),
    new URL(source).hostname === OFFICIAL_HOST ? "anthropic-registry" : "imported"
  ])
]

const licenseOf = (document: ServerJson): string => {
  const license = document._meta?.[PUBLISHER_META]?.["license"]
  return typeof license === "string" && license.length <= 100 ? license : "N/A"
}

/** What the address of a remote means for a record: an endpoint that is none by its ending is named. */
const addressOf = (type: Remote["type"], url: string) =>
  type === "sse"
    ? { proxy_pass_url: url, sse_endpoint: url }
    : /\/mcp\/?$/.test(new URL(url).pathname)
      ? { proxy_pass_url: url }
      : { proxy_pass_url: url, mcp_endpoint: url }

/** What an import makes of a document; never enabled, never trusted with a private address. `source`: the registry's address. */
export const registrationOf = (
  document: ServerJson,
  source: string,
  variables: Variables
): Either.Either<Registration, Omit<NotImportable, "name" | "version">> => {
  const [remote] = document.remotes ?? []
  if (remote === undefined) {
    const kinds = (document.packages ?? []).map(({ registryType }) => registryType)
    const what =
      kinds.length === 0 ? "it names no remote" : `it is a package to be run (${kinds.join(", ")}), not a remote server`
    return Either.left({ field: "server.remotes", reason: what })
  }
  const url = urlOf(remote)
  if (Either.isLeft(url)) return Either.left({ field: "server.remotes.0.url", reason: url.left })
  const headers: Array<Header> = []
  for (const [i, given] of (remote.headers ?? []).entries()) {
    const header = headerOf(document.name, given, variables)
    if (Either.isLeft(header)) return Either.left({ field: `server.remotes.0.headers.${i}`, reason: header.left })
    headers.push(...header.right)
  }
  return Either.right({
    server_name: document.title ?? document.name,
    path: pathOfName(document.name),
    description: document.description,
    ...addressOf(remote.type, url.right),
    supported_transports: [remote.type],
    headers,
    tags: tagsOf(document.name, source),
    license: licenseOf(document),
    is_enabled: false
  })
}
