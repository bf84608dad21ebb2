/**
 * **Config** — read once at start, validated before anything opens (design.md §8). The only module that reads the environment,
 * through Effect's `ConfigProvider`.
 */
import { adminPasswordProblem } from "@mcpgw/identity/AdminAccount"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { accessSync, constants } from "node:fs"
import { join, resolve } from "node:path"
import { providerSettings } from "./providerSettings.ts"
import { type Setting, settings } from "./settings.ts"

type Values = { readonly [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer A> ? A : never }

export interface GatewayConfigApi extends Omit<
  Values,
  "publicUrl" | "dataDir" | "keysDir" | "policy" | "scopesFile" | "adminPassword" | "tokenDefaultHours"
> {
  readonly tokenDefaultHours: number
  readonly publicUrl: string
  readonly dataDir: string
  readonly keysDir: string
  /** What this process answers beside `/health`, `/ready` and `/metrics`. */
  readonly serves: Serves
  /** Where the policy is kept. */
  readonly policy: "file" | "store"
  /** Undefined: scopes.yml in the data folder. */
  readonly scopesFile: string | undefined
  readonly adminPassword: Option.Option<Redacted.Redacted>
  /** What is set of the settings that describe identity providers, by name. */
  readonly providerSettings: ReadonlyMap<string, string>
  /** Any variable of the environment, for files that refer to some; undefined when it is unset or empty. */
  readonly variable: (name: string) => Effect.Effect<string | undefined>
}

/** `mcp`: the servers' routes. `api`: the API, OAuth and the pages. */
export interface Serves {
  readonly mcp: boolean
  readonly api: boolean
}

/** `bun run apps/gateway`, or `bun run apps/registry`: the control plane alone. */
export type Program = "gateway" | "registry"

/** The start stops; `message` holds a line per wrong setting. */
export class BadConfig extends Schema.TaggedError<BadConfig>()("BadConfig", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

export class GatewayConfig extends Context.Tag("@mcpgw/gateway/GatewayConfig")<GatewayConfig, GatewayConfigApi>() {
  /** From the environment. `root`: the workspace's folder. */
  static layer(root: string, program: Program = "gateway"): Layer.Layer<GatewayConfig, BadConfig> {
    return Layer.effect(GatewayConfig, read(root, program))
  }
}

/** One setting as an Effect `Config`; a wrong value's error says what it held and what it may hold. */
const configOf = <A>(setting: Setting<A>): Config.Config<A> =>
  Config.option(Config.string(setting.name)).pipe(
    Config.mapOrFail((held) => parse(setting, Option.getOrElse(held, () => "").trim()))
  )

const parse = <A>(setting: Setting<A>, text: string): Either.Either<A, ConfigError.ConfigError> => {
  if (text === "") return Either.right(setting.fallback)
  const value = setting.parse(text)
  if (value !== undefined) return Either.right(value)
  const shown = setting.echo(text)
  const held = shown === undefined ? `a value of ${text.length} characters` : JSON.stringify(shown.slice(0, 200))
  return Either.left(ConfigError.InvalidData([setting.name], `held ${held}; it may hold ${setting.holds}`))
}

/** Reads all, so that every wrong setting is named at once. */
const values: Config.Config<Values> = Config.all({
  host: configOf(settings.host),
  port: configOf(settings.port),
  publicUrl: configOf(settings.publicUrl),
  dataDir: configOf(settings.dataDir),
  registry: configOf(settings.registry),
  keysDir: configOf(settings.keysDir),
  keysLost: configOf(settings.keysLost),
  deploymentMode: configOf(settings.deploymentMode),
  policy: configOf(settings.policy),
  scopesFile: configOf(settings.scopesFile),
  demoServers: configOf(settings.demoServers),
  allowedUpstreams: configOf(settings.allowedUpstreams),
  trustedProxies: configOf(settings.trustedProxies),
  allowedClients: configOf(settings.allowedClients),
  corsOrigins: configOf(settings.corsOrigins),
  clientHosts: configOf(settings.clientHosts),
  wellKnownDiscovery: configOf(settings.wellKnownDiscovery),
  tlsCert: configOf(settings.tlsCert),
  tlsKey: configOf(settings.tlsKey),
  redirectPort: configOf(settings.redirectPort),
  adminUser: configOf(settings.adminUser),
  adminPassword: configOf(settings.adminPassword),
  providersFile: configOf(settings.providersFile),
  sessionHours: configOf(settings.sessionHours),
  tokenMaxHours: configOf(settings.tokenMaxHours),
  tokenDefaultHours: configOf(settings.tokenDefaultHours),
  tokensPerHour: configOf(settings.tokensPerHour),
  healthInterval: configOf(settings.healthInterval),
  connectTimeout: configOf(settings.connectTimeout),
  firstByteTimeout: configOf(settings.firstByteTimeout),
  idleTimeout: configOf(settings.idleTimeout),
  totalTimeout: configOf(settings.totalTimeout),
  heartbeat: configOf(settings.heartbeat),
  maxStreams: configOf(settings.maxStreams),
  maxBody: configOf(settings.maxBody),
  drain: configOf(settings.drain),
  auditRetention: configOf(settings.auditRetention),
  databaseUrl: configOf(settings.databaseUrl),
  metricsPort: configOf(settings.metricsPort),
  logLevel: configOf(settings.logLevel)
})

/** Those that are set. */
const providers: Config.Config<ReadonlyMap<string, string>> = Config.map(
  Config.all(
    providerSettings.map((setting) => Config.map(configOf(setting), (value) => [setting.name, value] as const))
  ),
  (entries) => new Map(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
)

const variables: Effect.Effect<GatewayConfigApi["variable"]> = Effect.configProviderWith((provider) =>
  Effect.succeed((name) =>
    provider.load(Config.option(Config.string(name))).pipe(
      Effect.orElseSucceed(() => Option.none<string>()),
      Effect.map((held) => Option.getOrElse(held, () => "").trim() || undefined)
    )
  )
)

const servesOf = (program: Program, { deploymentMode, registry }: Values): Serves =>
  program === "registry"
    ? { mcp: false, api: true }
    : { mcp: deploymentMode === "with-gateway", api: registry === "embedded" }

const read = (root: string, program: Program): Effect.Effect<GatewayConfigApi, BadConfig> =>
  Effect.gen(function* () {
    const [read, provided] = yield* Effect.mapError(
      Config.all([values, providers]),
      (error) => new BadConfig({ problems: problemsOf(error) })
    )
    const serves = servesOf(program, read)
    const problems = [...together(root, read), ...nothingServed(serves)]
    if (problems.length > 0) return yield* new BadConfig({ problems })
    const scheme = read.tlsCert === undefined ? "http" : "https"
    const host = read.host === "0.0.0.0" || read.host === "::" ? "localhost" : bracketed(read.host)
    return {
      ...read,
      publicUrl: read.publicUrl ?? `${scheme}://${host}:${read.port}`,
      dataDir: resolve(root, read.dataDir ?? "data"),
      keysDir: resolve(root, read.keysDir ?? join(read.dataDir ?? "data", "keys")),
      serves,
      policy: read.policy ?? usualPolicy(read),
      scopesFile: read.scopesFile === undefined ? undefined : resolve(root, read.scopesFile),
      providersFile: read.providersFile === undefined ? undefined : resolve(root, read.providersFile),
      providerSettings: provided,
      variable: yield* variables,
      databaseUrl:
        read.databaseUrl?._tag === "sqlite"
          ? { _tag: "sqlite", path: resolve(root, read.databaseUrl.path) }
          : read.databaseUrl,
      tlsCert: read.tlsCert === undefined ? undefined : resolve(root, read.tlsCert),
      tlsKey: read.tlsKey === undefined ? undefined : resolve(root, read.tlsKey),
      tokenDefaultHours: read.tokenDefaultHours ?? Math.min(8, read.tokenMaxHours),
      adminPassword: Option.map(Option.fromNullable(read.adminPassword), Redacted.make)
    }
  })

/** A database that several processes share keeps what they must agree on, unless a file is named for it. */
const usualPolicy = ({ databaseUrl, scopesFile }: Values): GatewayConfigApi["policy"] =>
  databaseUrl?._tag === "postgres" && scopesFile === undefined ? "store" : "file"

const nothingServed = ({ api, mcp }: Serves): ReadonlyArray<string> =>
  api || mcp
    ? []
    : [
        `${settings.registry.name}: held "store"; it may hold "embedded" where ${settings.deploymentMode.name} is "registry-only": nothing would be served`
      ]

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

/** Settings that only make sense together. */
const together = (root: string, read: Values): ReadonlyArray<string> => {
  return [
    ...unreadable(root, read.scopesFile, settings.scopesFile),
    ...unreadable(root, read.providersFile, settings.providersFile),
    ...unreadable(root, read.tlsCert, settings.tlsCert),
    ...unreadable(root, read.tlsKey, settings.tlsKey),
    ...taken([settings.metricsPort, read.metricsPort], [settings.port, read.port]),
    ...taken([settings.redirectPort, read.redirectPort], [settings.port, read.port]),
    ...taken([settings.redirectPort, read.redirectPort], [settings.metricsPort, read.metricsPort]),
    ...weakPassword(read),
    ...nowhereToLead(read),
    ...nothingShared(read),
    ...longerThanLongest(read),
    ...missing([settings.tlsCert, read.tlsCert], [settings.tlsKey, read.tlsKey])
  ]
}

type Port = readonly [Setting<number | undefined> | Setting<number>, number | undefined]

/** Two listeners can not share a port. */
const taken = ([{ name }, port]: Port, [other, its]: Port): ReadonlyArray<string> =>
  port === undefined || port !== its ? [] : [`${name}: held "${port}"; it may hold another port than ${other.name}`]

/** Asked before there is a data folder: a start that is refused leaves nothing behind. */
const weakPassword = ({ adminPassword, adminUser }: Values): ReadonlyArray<string> => {
  const weak = adminPassword === undefined ? undefined : adminPasswordProblem(adminUser, Redacted.make(adminPassword))
  return weak === undefined ? [] : [weak.message]
}

/** A redirect from plain HTTP needs something encrypted to lead to. */
const nowhereToLead = ({ redirectPort, tlsCert, publicUrl }: Values): ReadonlyArray<string> => {
  if (redirectPort === undefined || (tlsCert !== undefined && publicUrl?.startsWith("http:") !== true)) return []
  const needs = `${settings.tlsCert.name}, ${settings.tlsKey.name} and an https:// ${settings.publicUrl.name}`
  return [`${settings.redirectPort.name}: held "${redirectPort}"; it may hold a port only together with ${needs}`]
}

const nothingShared = ({ databaseUrl, registry }: Values): ReadonlyArray<string> =>
  registry === "store" && databaseUrl === undefined
    ? [`${settings.registry.name}: held "store"; it may hold that only together with ${settings.databaseUrl.name}`]
    : []

const longerThanLongest = ({ tokenDefaultHours, tokenMaxHours }: Values): ReadonlyArray<string> =>
  tokenDefaultHours === undefined || tokenDefaultHours <= tokenMaxHours
    ? []
    : [
        `${settings.tokenDefaultHours.name}: held "${tokenDefaultHours}"; it may hold at most what ${settings.tokenMaxHours.name} holds, ${tokenMaxHours}`
      ]

/** A file that is named has to be there; what is unset has a default. */
const unreadable = (
  root: string,
  path: string | undefined,
  { name }: Setting<string | undefined>
): ReadonlyArray<string> => {
  if (path === undefined) return []
  try {
    accessSync(resolve(root, path), constants.R_OK)
    return []
  } catch {
    return [`${name}: held ${JSON.stringify(path)}; it may hold the path of a file that can be read`]
  }
}

/** Of settings that go together: those without a value, when others have one. */
const missing = (
  ...given: ReadonlyArray<readonly [setting: Setting<string | undefined>, value: string | undefined]>
): ReadonlyArray<string> => {
  const unset = given.filter(([, value]) => value === undefined)
  if (unset.length === given.length) return []
  const names = given.map(([{ name }]) => name).join(", ")
  return unset.map(([{ name }]) => `${name}: held nothing; ${names} go together`)
}

const problemsOf = (error: ConfigError.ConfigError): ReadonlyArray<string> => {
  switch (error._op) {
    case "And":
    case "Or":
      return [...problemsOf(error.left), ...problemsOf(error.right)]
    default:
      return [`${error.path.join(".")}: ${error.message}`]
  }
}
