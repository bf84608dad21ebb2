/**
 * Every setting there is but those of identity providers (`providerSettings.ts`): its name, what it may hold, its default and what it is for. `config.ts` reads them, `.env.example` lists
 * them (a test compares), and an error names the variable, what it held and what it may hold.
 */
import { type AllowedUpstream, parseAllowed } from "@mcpgw/egress/AddressPolicy"
import { AddressSet } from "./AddressSet.ts"
import { databaseUrl, type DatabaseUrl, withoutPassword } from "./databaseUrl.ts"

export interface Setting<A> {
  readonly name: string
  /** What it is for, one sentence. */
  readonly about: string
  /** What it may hold, in words. */
  readonly holds: string
  /** Shown in `.env.example`; empty when it has none. */
  readonly shown: string
  /** Secrets are never echoed. */
  readonly secret: boolean
  /** What of a wrong value may be echoed, when a part of it is secret; undefined: nothing. */
  readonly echo: (text: string) => string | undefined
  /** Used when the variable is unset or empty. */
  readonly fallback: A
  /** Undefined: not one of the things it may hold. */
  readonly parse: (text: string) => A | undefined
}

/** One setting; `kind`: what it may hold. */
export const setting = <A>(
  name: string,
  fallback: NoInfer<A>,
  about: string,
  kind: { readonly holds: string; readonly parse: (text: string) => A | undefined },
  options: {
    readonly shown?: string
    readonly secret?: boolean
    readonly echo?: (text: string) => string | undefined
  } = {}
): Setting<A> => ({
  name,
  about,
  holds: kind.holds,
  parse: kind.parse,
  fallback,
  shown: options.shown ?? (fallback === undefined ? "" : String(fallback)),
  secret: options.secret ?? false,
  echo: options.echo ?? ((text) => (options.secret === true ? undefined : text))
})

const integer = (least: number, most: number) => ({
  holds: `an integer from ${least} to ${most}`,
  parse: (text: string) => {
    const value = Number(text)
    return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined
  }
})

const boolean = {
  holds: "true or false",
  parse: (text: string) => (text === "true" ? true : text === "false" ? false : undefined)
}

export const text = {
  holds: "a text",
  parse: (value: string): string | undefined => value
}

/** Whether the file is there is checked when all settings are read, because its folder may be another setting. */
const path = {
  holds: "a path, relative to the workspace root or absolute",
  parse: (value: string): string | undefined => value
}

const httpUrl = {
  holds: "an http:// or https:// URL without user, query or fragment, such as https://mcp.example.com",
  parse: (value: string): string | undefined => {
    const url = URL.parse(value)
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined
    if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return undefined
    return url.href.replace(/\/+$/, "")
  }
}

/** A path of plain segments only: it stands in front of every route, cookie and link. */
const publicUrl = {
  holds:
    "an http:// or https:// URL without user, query or fragment, such as https://mcp.example.com or https://example.org/mcp-gw",
  parse: (value: string): string | undefined => {
    const url = httpUrl.parse(value)
    return url !== undefined && /^(?:\/|(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$/.test(new URL(url).pathname)
      ? url
      : undefined
  }
}

/** As browsers write it in `Origin`; extensions' pages have schemes of their own. */
const exactOrigin = (text: string): string | undefined => {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*\\]+\/?$/i.test(text)) return undefined
  if (!/^https?:/i.test(text)) return text.toLowerCase().replace(/\/$/, "")
  return URL.parse(text)?.origin
}

const origins = {
  holds: "exact origins, separated by commas, such as https://app.example.com,http://localhost:6274; never *",
  parse: (value: string): ReadonlyArray<string> | undefined => {
    const entries = value.split(",").map((entry) => exactOrigin(entry.trim()))
    const known = entries.filter((entry) => entry !== undefined)
    return known.length === entries.length ? known : undefined
  }
}

const upstreams = {
  holds: "hosts, host:port pairs, addresses and CIDRs, separated by commas, such as mcp.internal:8000,10.1.0.0/16",
  parse: (value: string): ReadonlyArray<AllowedUpstream> | undefined => {
    const entries = value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map(parseAllowed)
    const known = entries.filter((entry) => entry !== undefined)
    return known.length === entries.length ? known : undefined
  }
}

const hosts = {
  holds: "host names, with a port where it is not 443, separated by commas, such as vscode.dev,claude.ai",
  parse: (value: string): ReadonlyArray<string> | undefined => {
    const entries = value.split(",").map((entry) => entry.trim().toLowerCase())
    return entries.every((entry) => /^[a-z0-9.-]+(?::\d{1,5})?$/.test(entry)) ? entries : undefined
  }
}

const networks = {
  holds: "IP addresses and CIDRs, separated by commas, such as 10.0.0.0/8,2001:db8::7",
  parse: (value: string): AddressSet | undefined => AddressSet.parse(value)
}

/** A net of everybody would let everybody say where they come from. */
const proxies = {
  holds: `${networks.holds}, none of them /0`,
  parse: (value: string): AddressSet | undefined => {
    const set = AddressSet.parse(value)
    return set?.isEverywhere === true ? undefined : set
  }
}

export const LOG_LEVELS = ["debug", "info", "warning", "error", "none"] as const
export type LogLevelName = (typeof LOG_LEVELS)[number]

const logLevel = {
  holds: LOG_LEVELS.join(", "),
  parse: (value: string): LogLevelName | undefined => LOG_LEVELS.find((level) => level === value.toLowerCase())
}

const username = {
  holds: "1 to 128 letters, digits, '.', '_', '@' or '-'",
  parse: (value: string): string | undefined => (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(value) ? value : undefined)
}

const oneOf = <A extends string>(values: ReadonlyArray<A>) => ({
  holds: values.join(" or "),
  parse: (value: string): A | undefined => values.find((known) => known === value)
})

const REGISTRIES = ["embedded", "store"] as const
const POLICIES = ["file", "store"] as const
const DEPLOYMENT_MODES = ["with-gateway", "registry-only"] as const

const unset = undefined

/** In the order `.env.example` lists them. */
export const settings = {
  host: setting("MCPGW_HOST", "127.0.0.1", "Address to listen on; 0.0.0.0 for every interface.", {
    holds: "an IP address or a host name",
    parse: (value: string) => (/^[A-Za-z0-9.:_-]+$/.test(value) ? value : undefined)
  }),
  port: setting("MCPGW_PORT", 7860, "Port to listen on.", integer(1, 65_535)),
  publicUrl: setting<string | undefined>(
    "MCPGW_PUBLIC_URL",
    unset,
    "URL that clients use; issuer and audience of the gateway's tokens. With a path, everything but /health and /ready is served below it alone; a trusted proxy that takes it off says so in X-Forwarded-Prefix. Unset: http(s)://{host}:{port}, localhost for 0.0.0.0.",
    publicUrl
  ),
  dataDir: setting<string | undefined>(
    "MCPGW_DATA_DIR",
    unset,
    "Folder of the database, the keys and the audit log. Unset: data under the workspace root.",
    path
  ),
  databaseUrl: setting<DatabaseUrl | undefined>(
    "MCPGW_DATABASE_URL",
    unset,
    "Where everything is kept but keys, audit and, unless MCPGW_POLICY says so, policy. Unset: SQLite, mcpgw.db in the data folder.",
    databaseUrl,
    { secret: true, echo: withoutPassword }
  ),
  registry: setting<(typeof REGISTRIES)[number]>(
    "MCPGW_REGISTRY",
    "embedded",
    "store: this gateway serves MCP alone, over the database and keys it shares with bun run apps/registry, which serves the API.",
    oneOf(REGISTRIES)
  ),
  keysDir: setting<string | undefined>(
    "MCPGW_KEYS_DIR",
    unset,
    "Folder of keys.json, which all processes of one deployment share: of other keys each refuses the other's tokens. Unset: keys in the data folder.",
    path
  ),
  keysLost: setting(
    "MCPGW_KEYS_LOST",
    false,
    "true, for one start: the keys that the database was written with are lost, and what they sealed (credentials of servers, grants of OAuth clients) is given up; refused while another process still has them. Otherwise a start with other keys is refused while such things lie there.",
    boolean
  ),
  deploymentMode: setting<(typeof DEPLOYMENT_MODES)[number]>(
    "DEPLOYMENT_MODE",
    "with-gateway",
    "registry-only: no calls go through here, and clients are told the servers' own URLs.",
    oneOf(DEPLOYMENT_MODES)
  ),
  policy: setting<(typeof POLICIES)[number] | undefined>(
    "MCPGW_POLICY",
    unset,
    "Where the policy is kept: in the file scopes.yml, or in the database (store), where every process over it follows a change within a second. Unset: store with PostgreSQL when MCPGW_SCOPES_FILE is unset too, else file.",
    oneOf(POLICIES)
  ),
  scopesFile: setting<string | undefined>(
    "MCPGW_SCOPES_FILE",
    unset,
    "The policy, scopes.yml; a change takes effect within a second. Unset: scopes.yml in the data folder, written at first start. With MCPGW_POLICY=store: what an empty database begins with.",
    path
  ),
  wellKnownDiscovery: setting(
    "ENABLE_WELLKNOWN_DISCOVERY",
    true,
    "Tell anyone of the servers an administrator made public, at /.well-known/mcp-servers.",
    boolean
  ),
  demoServers: setting("MCPGW_DEMO_SERVERS", true, "Register the bundled demo servers at first start.", boolean),
  allowedUpstreams: setting<ReadonlyArray<AllowedUpstream>>(
    "MCPGW_ALLOWED_UPSTREAMS",
    [],
    "Private addresses that any registration may lead to; an administrator's own registrations need no entry.",
    upstreams
  ),
  trustedProxies: setting<AddressSet | undefined>(
    "MCPGW_TRUSTED_PROXIES",
    unset,
    "Proxies in front of the gateway: the X-Forwarded-For, -Proto and -Host of these are believed, and of nobody else.",
    proxies
  ),
  allowedClients: setting<AddressSet | undefined>(
    "MCPGW_ALLOWED_CIDRS",
    unset,
    "Client addresses that may connect at all; loopback may always ask /health and /ready. Unset: whoever reaches the port.",
    networks
  ),
  corsOrigins: setting<ReadonlyArray<string>>(
    "MCPGW_CORS_ORIGINS",
    [],
    "Web pages, besides the gateway's own, whose scripts may call MCP routes: with a token, never with the session cookie.",
    origins
  ),
  clientHosts: setting<ReadonlyArray<string>>(
    "MCPGW_CLIENT_METADATA_HOSTS",
    [],
    "Hosts whose documents may describe OAuth clients (client_id is then a URL there). Unset: any host that may be called.",
    hosts
  ),
  tlsCert: setting<string | undefined>(
    "MCPGW_TLS_CERT",
    unset,
    "PEM file of the certificate chain; with MCPGW_TLS_KEY. New files are taken within seconds, without a restart.",
    path
  ),
  tlsKey: setting<string | undefined>(
    "MCPGW_TLS_KEY",
    unset,
    "PEM file of the private key; with MCPGW_TLS_CERT.",
    path
  ),
  redirectPort: setting<number | undefined>(
    "MCPGW_REDIRECT_PORT",
    unset,
    "One more port on MCPGW_HOST, without TLS, that leads browsers to MCPGW_PUBLIC_URL and refuses MCP; loopback may ask it /health and /ready.",
    integer(1, 65_535)
  ),
  adminUser: setting("ADMIN_USER", "admin", "Name of the administrator's local account.", username),
  adminPassword: setting<string | undefined>(
    "ADMIN_PASSWORD",
    unset,
    "Its password, 12 characters or more; only a hash is stored. Unset: one is made at first start and printed once; if that one is lost, one start with this set gives a new one.",
    text,
    { secret: true }
  ),
  sessionHours: setting(
    "MCPGW_SESSION_HOURS",
    8,
    "Hours a browser session lives; using it does not make it longer.",
    integer(1, 720)
  ),
  tokenMaxHours: setting(
    "MCPGW_TOKEN_MAX_HOURS",
    24,
    "Longest life of a token made at /api/tokens/generate or for someone by a service.",
    integer(1, 720)
  ),
  tokenDefaultHours: setting<number | undefined>(
    "MCPGW_TOKEN_DEFAULT_HOURS",
    unset,
    "Life of such a token when none is asked for. Unset: 8, or MCPGW_TOKEN_MAX_HOURS if that is less.",
    integer(1, 720)
  ),
  tokensPerHour: setting(
    "MCPGW_TOKENS_PER_HOUR",
    100,
    "Such tokens one person can get within a clock hour; then 429.",
    integer(1, 1_000_000)
  ),
  providersFile: setting<string | undefined>(
    "MCPGW_OAUTH2_PROVIDERS_FILE",
    unset,
    "Identity providers, oauth2_providers.yml of the replaced system as it is. Unset: the file of that name in the data folder, if there is one.",
    path
  ),
  healthInterval: setting(
    "HEALTH_CHECK_INTERVAL_SECONDS",
    30,
    "Seconds between two checks of a server.",
    integer(1, 86_400)
  ),
  connectTimeout: setting("MCPGW_CONNECT_TIMEOUT_SECONDS", 5, "Seconds to reach a server; then 504.", integer(1, 600)),
  firstByteTimeout: setting(
    "MCPGW_FIRST_BYTE_TIMEOUT_SECONDS",
    60,
    "Seconds until a server begins to answer; then 504.",
    integer(1, 3_600)
  ),
  idleTimeout: setting(
    "MCPGW_IDLE_TIMEOUT_SECONDS",
    120,
    "Seconds a server may be silent within an answer, and bytes may wait for a client that takes none; then the answer ends.",
    integer(1, 86_400)
  ),
  totalTimeout: setting(
    "MCPGW_TOTAL_TIMEOUT_SECONDS",
    3_600,
    "Seconds a call may take in all, however busy its answer is; GET streams and subscriptions/listen have no such end.",
    integer(1, 604_800)
  ),
  heartbeat: setting(
    "MCPGW_HEARTBEAT_SECONDS",
    15,
    "Seconds of silence after which a comment keeps an event stream alive through proxies; 0 for none.",
    integer(0, 3_600)
  ),
  maxStreams: setting(
    "MCPGW_MAX_STREAMS_PER_CALLER",
    1_000,
    "Streams and calls one caller (a user's client) may have open at once; then 429.",
    integer(1, 1_000_000)
  ),
  maxBody: setting(
    "MCPGW_MAX_BODY_BYTES",
    4 * 1024 * 1024,
    "Largest request body on the data plane.",
    integer(1_024, 1_073_741_824)
  ),
  drain: setting(
    "MCPGW_DRAIN_SECONDS",
    20,
    "Seconds that calls in flight have to finish after SIGTERM.",
    integer(0, 3_600)
  ),
  metricsPort: setting<number | undefined>(
    "OTEL_PROMETHEUS_PORT",
    unset,
    "One more port on MCPGW_HOST that serves /metrics, without TLS, and nothing else; the replaced system's was 9465.",
    integer(1, 65_535)
  ),
  auditRetention: setting<number | undefined>(
    "MCPGW_AUDIT_RETENTION_DAYS",
    unset,
    "Days an audit row is kept; what is removed leaves a chained row that says so. Unset: for ever.",
    integer(1, 36_500)
  ),
  logLevel: setting<LogLevelName>("MCPGW_LOG_LEVEL", "info", "Least severity that is logged.", logLevel)
}
