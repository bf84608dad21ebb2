/**
 * Composition of the gateway, tier by tier: infrastructure, stores, services, edge. The one place where layers are provided; any
 * identity provider or store is swapped here, or in a test, without touching a service.
 */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { IssuerFetch } from "@mcpgw/auth/IssuerFetch"
import { handlers } from "@mcpgw/demo-servers/Demo"
import { DiscoveryIndex } from "@mcpgw/discovery/DiscoveryIndex"
import * as IndexSync from "@mcpgw/discovery/IndexSync"
import { Resolver } from "@mcpgw/egress/Resolver"
import { layerHttp } from "@mcpgw/egress/UpstreamHttp"
import { layerInProcess } from "@mcpgw/egress/UpstreamLayers"
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import { HealthStore } from "@mcpgw/health/HealthStore"
import { Probe } from "@mcpgw/health/Probe"
import { AccountPages } from "@mcpgw/identity/AccountPages"
import { Accounts } from "@mcpgw/identity/Accounts"
import { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import { IdentityProviders } from "@mcpgw/identity/IdentityProviders"
import * as ProviderVerifiers from "@mcpgw/identity/ProviderVerifiers"
import { AgentClients } from "@mcpgw/identity/AgentClients"
import { Agents } from "@mcpgw/identity/Agents"
import { ApiKeys } from "@mcpgw/identity/ApiKeys"
import { AuthorizationServer } from "@mcpgw/identity/AuthorizationServer"
import { ClientSource } from "@mcpgw/identity/ClientSource"
import * as DurableRevocations from "@mcpgw/identity/DurableRevocations"
import * as IdentityVerifiers from "@mcpgw/identity/IdentityVerifiers"
import { MachineClients } from "@mcpgw/identity/MachineClients"
import { MachineTokens } from "@mcpgw/identity/MachineTokens"
import { OAuthClients } from "@mcpgw/identity/OAuthClients"
import { ProviderLogout } from "@mcpgw/identity/ProviderLogout"
import { Sessions } from "@mcpgw/identity/Sessions"
import { SignInLinks } from "@mcpgw/identity/SignInLinks"
import { Tokens } from "@mcpgw/identity/Tokens"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Credentials } from "@mcpgw/proxy/Credentials"
import { ProxyRouter } from "@mcpgw/proxy/ProxyRouter"
import * as CredentialSync from "@mcpgw/control/credentialSync"
import * as OAuthGrants from "@mcpgw/control/oauthGrants"
import { Ratings } from "@mcpgw/registry/Ratings"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import * as SourceFetch from "@mcpgw/control/sourceFetch"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import { Imports } from "@mcpgw/registry/import/Imports"
import { Catalogue } from "@mcpgw/registry/v01/Catalogue"
import { Versions } from "@mcpgw/registry/v01/Versions"
import * as Store from "@mcpgw/store/Store"
import * as AuditSqlite from "@mcpgw/telemetry/AuditSqlite"
import { Vault } from "@mcpgw/vault/Vault"
import { Metrics } from "@mcpgw/telemetry/Metrics"
import * as ProcessGauges from "@mcpgw/telemetry/ProcessGauges"
import * as Prometheus from "@mcpgw/telemetry/Prometheus"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { GatewayConfig, type GatewayConfigApi } from "./config.ts"
import { Edge } from "./edge.ts"
import { layerEdgeServices } from "./edgeServices.ts"
import { layerFirstStart } from "./firstStart.ts"
import { layerDataDir, providersPath } from "./dataDir.ts"
import { groupDirectory } from "./groupDirectory.ts"
import * as Keys from "./keys.ts"
import { layerPolicyDoubts } from "./policyDoubts.ts"
import * as OnePolicy from "./onePolicy.ts"
import * as PolicyPlace from "./policyPlace.ts"
import * as OutboundFetch from "./outboundFetch.ts"

/** A layer that needs to know the configuration. */
const withConfig = <A, E, R>(make: (config: GatewayConfigApi) => Layer.Layer<A, E, R>) =>
  Layer.unwrapEffect(Effect.map(GatewayConfig, make))

/** SQLite in the data folder unless another place or PostgreSQL is configured. */
const database = withConfig((config) => {
  const { databaseUrl, dataDir } = config
  if (databaseUrl?._tag === "postgres") return Store.layerPostgres({ url: databaseUrl.url })
  const filename = databaseUrl?.path ?? join(dataDir, "mcpgw.db")
  return OnePolicy.layer(config, filename).pipe(Layer.provideMerge(Store.layerSqlite({ filename })))
})

/** Tier 1 — what touches the machine. */
const infrastructure = Layer.mergeAll(
  Layer.merge(PolicyPlace.layer, Keys.layer).pipe(Layer.provideMerge(database)),
  withConfig(({ dataDir, auditRetention }) =>
    AuditSqlite.layerSqlite({ path: join(dataDir, "audit.db"), retentionDays: auditRetention })
  ),
  withConfig((config) =>
    layerInProcess(handlers()).pipe(
      Layer.provideMerge(
        layerHttp({
          allowed: config.allowedUpstreams,
          connectTimeoutMs: Math.min(config.connectTimeout, config.totalTimeout) * 1000,
          firstByteTimeoutMs: Math.min(config.firstByteTimeout, config.totalTimeout) * 1000
        })
      ),
      Layer.provide(Resolver.layer)
    )
  ),
  Prometheus.layer()
)

/** What servers are sent: sealed in the database, with the keys of the data folder. */
const credentials = Credentials.layerVault.pipe(
  Layer.provideMerge(withConfig(({ variable }) => Vault.layerSql({ variable })))
)

/** Who else may say who somebody is: described here, asked when they are needed. */
const providers = Layer.merge(
  withConfig((config) =>
    IdentityProviders.layer({
      file: providersPath(config),
      settings: config.providerSettings,
      variable: config.variable
    })
  ),
  IssuerFetch.layer
)

/**
 * What can be made again from the registry's snapshot stays on the node: a search waits for no database server, finds while that one is
 * away, and several nodes do not write the same words.
 */
const discovery = withConfig(({ databaseUrl, dataDir }) =>
  databaseUrl?._tag === "postgres"
    ? Layer.provide(DiscoveryIndex.layerLexical, Store.layerSqlite({ filename: join(dataDir, "discovery.db") }))
    : DiscoveryIndex.layerLexical
)

/** Whose groups are kept in step with the policy's. */
const layerGroupDirectory = Layer.unwrapEffect(
  Effect.map(Effect.all([GatewayConfig, IssuerFetch, ScopePolicy]), ([{ providerSettings }, fetch, policy]) =>
    groupDirectory(providerSettings, fetch, (group) => policy.current().mapsGroup(group))
  )
)

/** Tier 2 — stores over the database. */
const stores = Layer.mergeAll(
  DurableRevocations.layerSql,
  Accounts.layerSql,
  Agents.layerSql,
  MachineClients.layerSql,
  discovery,
  Ratings.layerSql,
  Collaborators.layerSql,
  layerGroupDirectory,
  withConfig(({ publicUrl, tokenDefaultHours, tokenMaxHours, tokensPerHour }) =>
    MachineTokens.layerGateway.pipe(
      Layer.provideMerge(
        Tokens.layer({
          issuer: publicUrl,
          audience: publicUrl,
          maxHours: tokenMaxHours,
          defaultHours: tokenDefaultHours,
          perHour: tokensPerHour
        })
      )
    )
  )
)

/** Tier 3 — who calls, and what there is. */
const people = Layer.mergeAll(
  Imports.layerSql().pipe(
    Layer.provide(withConfig(({ allowedUpstreams }) => SourceFetch.layer(allowedUpstreams))),
    Layer.provideMerge(Catalogue.layer),
    Layer.provideMerge(Layer.merge(Registry.layer, Versions.layerSql)),
    Layer.provideMerge(credentials)
  ),
  AgentClients.layer,
  OAuthClients.layer,
  withConfig(({ publicUrl, sessionHours }) =>
    Sessions.layerSql({ issuer: publicUrl, audience: publicUrl, seconds: sessionHours * 3_600 })
  ),
  withConfig(({ publicUrl }) => ApiKeys.layerSql({ issuer: publicUrl, audience: publicUrl }))
)

const verifiers = withConfig((config) =>
  Layer.unwrapEffect(
    Effect.map(ProviderVerifiers.make(config.publicUrl), (others) =>
      IdentityVerifiers.layer({ issuer: config.publicUrl, audience: config.publicUrl }, others)
    )
  )
)

/** People come in by their identity providers. */
const federation = ProviderLogout.layer.pipe(
  Layer.provideMerge(withConfig(({ publicUrl }) => FederatedLogin.layer({ publicUrl })))
)

/** Clients come in by it. What it runs on is loaded when the first one comes. */
const authorization = withConfig(({ publicUrl, corsOrigins, clientHosts }) =>
  AuthorizationServer.layer({ publicUrl, corsOrigins, documentHosts: clientHosts })
).pipe(
  Layer.provide(Layer.mergeAll(OAuthGrants.layer, ClientSource.layer, OutboundFetch.layer, SignInLinks.layerProviders)),
  Layer.provideMerge(federation)
)

/** What people see of it in a browser. */
const pages = withConfig(({ publicUrl }) => AccountPages.layer({ publicUrl })).pipe(
  Layer.provide(SignInLinks.layerProviders),
  Layer.provideMerge(authorization)
)

/** A database that is named may have several processes over it, which share what they find; who is alone writes nothing down. */
const healthStore = withConfig(({ databaseUrl }): typeof HealthStore.layerSql =>
  databaseUrl === undefined ? HealthStore.layerMemory : HealthStore.layerSql
)

/** Whether servers are well; checks send what calls send. */
const health = Layer.unwrapEffect(
  Effect.map(Effect.all([GatewayConfig, Metrics]), ([config, metrics]) =>
    HealthMonitor.layer({
      intervalSeconds: config.healthInterval,
      // What a check needs takes a while to load: the calls that wait for the port to open come first.
      startDelayMs: 500,
      onChecked: (server, status, seconds) => {
        const success = status === "healthy" || status === "healthy-auth-expired"
        metrics.record({ type: "health_check", server, success, status: success ? status : "unhealthy", seconds })
      }
    })
  )
).pipe(
  Layer.provide(Layer.unwrapEffect(Effect.map(Vault, ({ storedFor }) => Probe.layer({ sentTo: storedFor })))),
  Layer.provide(healthStore)
)

/** The way of calls; what they come to is what is known of the servers next. */
const router = Layer.unwrapEffect(
  Effect.map(Effect.all([GatewayConfig, HealthMonitor]), ([config, { calls }]) =>
    ProxyRouter.layer({
      idleTimeoutMs: config.idleTimeout * 1000,
      totalTimeoutMs: config.totalTimeout * 1000,
      heartbeatMs: config.heartbeat * 1000,
      calls
    })
  )
)

/** Tier 4 — the services of the request's way. */
const services = Layer.mergeAll(
  router.pipe(Layer.provideMerge(health)),
  IndexSync.layer,
  CredentialSync.layer,
  ProcessGauges.layerAudit,
  pages
)

/** Callers proved by our own tokens, keys and cookies, and by the identity providers' tokens. */
export const layerAuth = AuthLayer.layer.pipe(Layer.provide(verifiers))

/**
 * Everything below the edge, over another identity provider or another store of servers. Both may use what the tiers below them
 * hold: the database, keys, sessions, revocations.
 */
export const layerServicesOver = <E1, R1, E2, R2>(
  auth: Layer.Layer<AuthLayer, E1, R1>,
  registryStore: Layer.Layer<RegistryStore, E2, R2>
) =>
  Layer.merge(services, auth).pipe(
    Layer.provideMerge(people),
    Layer.provideMerge(Layer.merge(stores, registryStore)),
    Layer.provideMerge(Layer.merge(infrastructure, providers)),
    Layer.provideMerge(layerDataDir)
  )

/** Everything below the edge, as shipped. */
export const layerServices = layerServicesOver(layerAuth, RegistryStore.layerSql)

/** The edge over whatever services there are; the port opens last. */
export const layerEdge = Layer.merge(Edge.layer.pipe(Layer.provide(layerEdgeServices)), layerPolicyDoubts).pipe(
  Layer.provideMerge(layerFirstStart)
)

/** The gateway. Needs only its configuration. */
export const layer = layerEdge.pipe(Layer.provideMerge(layerServices))
