/** A registered MCP server: the stored record (contracts.md §2.9), its health (§2.11) and what callers are shown. */
import * as Schema from "effect/Schema"
import { ServerPath } from "./Ids.ts"
import { Tool } from "./Tool.ts"

export const Transport = Schema.Literal("streamable-http", "sse", "stdio")
export type Transport = typeof Transport.Type

const count = Schema.Int.pipe(Schema.nonNegative())

/** Where a server is reached: `http(s)` for real ones, `in-process://{name}` for those bundled with the gateway. */
export const UpstreamUrl = Schema.String.pipe(
  Schema.filter((text) => {
    const url = URL.parse(text)
    if (url === null) return "must be an absolute URL such as http://127.0.0.1:8000/"
    if (url.protocol !== "http:" && url.protocol !== "https:" && url.protocol !== "in-process:") {
      return "must begin with http:// or https://"
    }
    if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
    if (url.hash !== "") return "must not hold a fragment"
    return true
  })
)

/**
 * How a server is told who calls: `none`, nothing of anybody; `bearer` and `api_key`, one stored credential for every caller; `client`, each
 * caller's own `Authorization`.
 */
export const AuthScheme = Schema.Literal("none", "bearer", "api_key", "client")
export type AuthScheme = typeof AuthScheme.Type

/** Bounds of `health_interval_seconds`. */
export const HealthInterval = Schema.Int.pipe(Schema.between(5, 86_400))

const exactOptional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** A resource as the replaced system's files describe it. */
export const ListedResource = Schema.Struct({
  name: Schema.String,
  uri: Schema.String,
  parsed_description: exactOptional(Schema.Unknown)
})
export type ListedResource = typeof ListedResource.Type

/** Who is told of a server without being known: everybody, or nobody. */
export const Visibility = Schema.Literal("public", "private")
export type Visibility = typeof Visibility.Type

const HEADER_NAME = /^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/

/** What is wrong with headers of a record; undefined when nothing is. Repeats none of them. */
export const headerProblem = (headers: ReadonlyArray<Readonly<Record<string, string>>>): string | undefined => {
  for (const [name, value] of headers.flatMap((header) => Object.entries(header))) {
    if (!HEADER_NAME.test(name)) return "a header name may hold letters, digits and !#$%&'*+.^_`|~- only"
    if (/[\r\n\0]/.test(value)) return "a header value must not hold line breaks or NUL"
  }
  return undefined
}

/** The stored record. Field names are the replaced system's. */
export const ServerRecord = Schema.Struct({
  server_name: Schema.Trim.pipe(Schema.nonEmptyString(), Schema.maxLength(200)),
  description: Schema.String,
  path: ServerPath,
  proxy_pass_url: UpstreamUrl,
  tags: Schema.Array(Schema.String),
  num_tools: count,
  num_stars: Schema.Number,
  is_python: Schema.Boolean,
  license: Schema.String,
  supported_transports: Schema.Array(Transport),
  auth_provider: exactOptional(Schema.String),
  auth_type: exactOptional(Schema.String),
  /** Absent: `client`, as before there were schemes, but what is stored for `Authorization` is sent before a caller's own. */
  auth_scheme: exactOptional(AuthScheme),
  /** Header of an `api_key`; absent: `X-API-Key`. */
  auth_header_name: exactOptional(Schema.String),
  /** Row of the vault that holds the secrets of this record. Worth nothing to whoever reads it, and shown to nobody. */
  credential_ref: exactOptional(Schema.String),
  /** ISO 8601; present when there is a stored credential. */
  credential_set_at: exactOptional(Schema.String),
  /** Seconds between two checks of this server; absent: as configured. */
  health_interval_seconds: exactOptional(HealthInterval),
  /** Headers the server is sent, contracts.md §2.9: names, with the values that are no secrets. The others are in the vault. */
  headers: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.String })),
  tool_list: Schema.Array(Tool),
  /** Resources an imported file lists. */
  resource_list: exactOptional(Schema.Array(ListedResource)),
  /** Absent: private. */
  visibility: exactOptional(Visibility),
  /** Fields of an imported file that have no meaning here, as they were. May hold secrets. */
  other_fields: exactOptional(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  /** Endpoint when it is neither `{proxy_pass_url}` ending in /mcp nor `{proxy_pass_url}/mcp`. */
  mcp_endpoint: exactOptional(UpstreamUrl),
  sse_endpoint: exactOptional(UpstreamUrl),
  is_enabled: Schema.Boolean,
  /** An administrator vouched for this URL, so it may lead to a private or loopback address (design.md §6, SSRF). */
  trusted_address: Schema.Boolean,
  registered_by: Schema.String,
  /** ISO 8601. */
  registered_at: Schema.String,
  updated_at: Schema.String
})
export type ServerRecord = typeof ServerRecord.Type

/** What a registration gives; everything else has a default. */
export interface Registration {
  readonly server_name: string
  readonly path: string
  readonly proxy_pass_url: string
  readonly description?: string
  readonly tags?: ReadonlyArray<string>
  readonly num_tools?: number
  readonly num_stars?: number
  readonly is_python?: boolean
  readonly license?: string
  readonly supported_transports?: ReadonlyArray<Transport>
  readonly auth_provider?: string
  readonly auth_type?: string
  readonly headers?: ReadonlyArray<Readonly<Record<string, string>>>
  readonly auth_scheme?: AuthScheme | ""
  readonly auth_header_name?: string
  readonly credential_ref?: string
  readonly credential_set_at?: string
  /** 0: as configured. */
  readonly health_interval_seconds?: number
  readonly tool_list?: ReadonlyArray<Tool>
  readonly resource_list?: ReadonlyArray<ListedResource>
  readonly visibility?: Visibility
  readonly other_fields?: Readonly<Record<string, unknown>>
  readonly mcp_endpoint?: string
  readonly sse_endpoint?: string
  readonly is_enabled?: boolean
  readonly trusted_address?: boolean
}

/** Statuses of contracts.md §2.11; the first two are routable. */
export type HealthStatus =
  | "healthy"
  | "healthy-auth-expired"
  | "checking"
  | "unknown"
  | "disabled"
  | `unhealthy: ${string}`
  | `error: ${string}`

export interface Health {
  readonly status: HealthStatus
  /** ISO 8601 of the last finished check, null before the first. */
  readonly last_checked_iso: string | null
}

/** Never checked yet: routed, so that a registration is effective for the next request. */
export const NEVER_CHECKED: Health = { status: "unknown", last_checked_iso: null }

/** Its first check is on its way: routed, as one that was never checked. */
export const BEING_CHECKED: Health = { status: "checking", last_checked_iso: null }

/** A server as the snapshot holds it. */
export interface RegisteredServer {
  readonly record: ServerRecord
  readonly health: Health
}

/** May calls be routed to it? `unknown` and `checking` are routed: nothing has failed yet. */
export const isRoutable = (health: Health): boolean =>
  health.status === "healthy" ||
  health.status === "healthy-auth-expired" ||
  health.status === "unknown" ||
  health.status === "checking"
