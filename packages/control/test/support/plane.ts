/** The control plane over real layers with memory stores, and a client that speaks to it through `handle` alone. */
import { Revocations } from "@mcpgw/auth/Revocations"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { type FetchFunction, IssuerFetch } from "@mcpgw/auth/IssuerFetch"
import { DiscoveryIndex } from "@mcpgw/discovery/DiscoveryIndex"
import * as IndexSync from "@mcpgw/discovery/IndexSync"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { PolicySource } from "@mcpgw/domain/PolicySource"
import type { Registration } from "@mcpgw/domain/Server"
import { parseDescription, type Tool } from "@mcpgw/domain/Tool"
import { parseAllowed } from "@mcpgw/egress/AddressPolicy"
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import { HealthStore } from "@mcpgw/health/HealthStore"
import { Probe, type ProbeResult } from "@mcpgw/health/Probe"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import { OutboundFetch } from "@mcpgw/auth/OutboundFetch"
import { AccountPages } from "@mcpgw/identity/AccountPages"
import { AccountDirectory } from "@mcpgw/identity/AccountDirectory"
import { Accounts } from "@mcpgw/identity/Accounts"
import { GroupDirectory } from "@mcpgw/identity/GroupDirectory"
import { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import type { IdentityProvider } from "@mcpgw/identity/IdentityProvider"
import { IdentityProviders } from "@mcpgw/identity/IdentityProviders"
import { Agents } from "@mcpgw/identity/Agents"
import { ApiKeys } from "@mcpgw/identity/ApiKeys"
import { AuthorizationServer } from "@mcpgw/identity/AuthorizationServer"
import { ClientSource } from "@mcpgw/identity/ClientSource"
import * as IdentityVerifiers from "@mcpgw/identity/IdentityVerifiers"
import { MachineClients } from "@mcpgw/identity/MachineClients"
import { MachineTokens } from "@mcpgw/identity/MachineTokens"
import { OAuthClients } from "@mcpgw/identity/OAuthClients"
import { PasswordCost } from "@mcpgw/identity/PasswordCost"
import { ProviderLogout } from "@mcpgw/identity/ProviderLogout"
import { cookieName } from "@mcpgw/identity/SessionCookie"
import { Sessions } from "@mcpgw/identity/Sessions"
import { type TokenBounds, Tokens } from "@mcpgw/identity/Tokens"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import type { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { layerStore } from "@mcpgw/policy/ScopePolicyStore"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import { Ratings } from "@mcpgw/registry/Ratings"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import { Imports } from "@mcpgw/registry/import/Imports"
import { SourceFetch } from "@mcpgw/registry/import/SourceFetch"
import { Catalogue } from "@mcpgw/registry/v01/Catalogue"
import { Versions } from "@mcpgw/registry/v01/Versions"
import * as Store from "@mcpgw/store/Store"
import { Vault } from "@mcpgw/vault/Vault"
import { layerMemory as auditMemory } from "@mcpgw/telemetry/AuditMemory"
import { layerRecording } from "@mcpgw/telemetry/Metrics"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ControlPlane } from "../../src/ControlPlane.ts"
import { ControlPlaneConfig } from "../../src/ControlPlaneConfig.ts"
import * as OAuthGrants from "../../src/oauthGrants.ts"

export const PUBLIC_URL = "https://mcp.example.com"
const options = { issuer: PUBLIC_URL, audience: PUBLIC_URL }

export interface LayerOptions {
  readonly publicUrl?: string
  /** Entries of `MCPGW_ALLOWED_UPSTREAMS`. */
  readonly allowed?: ReadonlyArray<string>
  readonly scopes?: string
  /** Where the policy is kept; in memory, with `scopes`, unless given. */
  readonly policy?: Layer.Layer<PolicyWriter | ScopePolicy>
  readonly wellKnownDiscovery?: boolean
  readonly tokens?: Partial<TokenBounds>
  /** Logout pages by name of the provider. */
  readonly logoutPages?: Readonly<Record<string, string>>
  readonly probe?: () => ProbeResult | Effect.Effect<ProbeResult>
  readonly identityProviders?: ReadonlyArray<IdentityProvider>
  /** Proves callers by an identity provider's tokens; none unless given. */
  readonly verifiers?: ReadonlyArray<Verifier>
  /** How they are reached. */
  readonly fetch?: FetchFunction
  /** The provider whose groups are kept in step; none unless given. */
  readonly directory?: Layer.Layer<GroupDirectory>
  /** The provider whose accounts are; none unless given. */
  readonly accountDirectory?: Layer.Layer<AccountDirectory>
  /** How other registries are reached. */
  readonly registryFetch?: Parameters<typeof SourceFetch.layerOf>[0]
}

/** A policy that can be changed. */
export const policyOver = (scopes: string) =>
  PolicyWriter.layerStore().pipe(
    Layer.provideMerge(layerStore()),
    Layer.provide(PolicySource.layerMemory(scopes)),
    Layer.orDie
  )

/** A healthy server without tools. */
const HEALTHY: ProbeResult = { status: "healthy", tools: undefined }

export const layer = ({
  accountDirectory = AccountDirectory.layerNone,
  allowed = [],
  directory = GroupDirectory.layerNone,
  fetch = () => Promise.reject(new Error("no provider is there")),
  identityProviders = [],
  logoutPages = {},
  policy,
  registryFetch = () => Promise.reject(new Error("no registry is there")),
  tokens = {},
  verifiers,
  probe = () => HEALTHY,
  publicUrl = PUBLIC_URL,
  scopes = DEFAULT_SCOPES,
  wellKnownDiscovery = true
}: LayerOptions = {}) => {
  const base = Layer.mergeAll(
    Layer.provideMerge(Vault.layerMemory(), KeyRing.layerEphemeral),
    Revocations.layerMemory,
    Layer.provide(Accounts.layerMemory, PasswordCost.layerLow),
    Imports.layerSql({ pauseMs: 1, retries: 1 }).pipe(
      Layer.provide(SourceFetch.layerOf(registryFetch)),
      Layer.provide(Store.layerMemory),
      Layer.provideMerge(Catalogue.layer),
      Layer.provideMerge(Versions.layerSql.pipe(Layer.provide(Store.layerMemory))),
      Layer.provideMerge(Registry.layer.pipe(Layer.provide(RegistryStore.layerMemory)))
    ),
    DiscoveryIndex.layerLexical.pipe(Layer.provide(Store.layerMemory)),
    policy ?? policyOver(scopes),
    directory,
    accountDirectory,
    Collaborators.layerMemory,
    layerRecording,
    Ratings.layerMemory,
    auditMemory(),
    ControlPlaneConfig.layerOf({
      publicUrl,
      wellKnownDiscovery,
      allowedUpstreams: allowed.map(parseAllowed).filter((entry) => entry !== undefined)
    })
  )
  const identity = Layer.mergeAll(
    Sessions.layerMemory(options),
    MachineTokens.layerGateway.pipe(Layer.provideMerge(Tokens.layer({ ...options, ...tokens }))),
    ProviderLogout.layerOf(logoutPages),
    ApiKeys.layerMemory(options),
    Agents.layerMemory,
    MachineClients.layerMemory,
    OAuthClients.layer.pipe(Layer.provide(Store.layerMemory))
  )
  const outside = Layer.mergeAll(OAuthGrants.layer, ClientSource.layerNone, OutboundFetch.layerNone, Store.layerMemory)
  return Layer.merge(
    AuthLayer.layer.pipe(Layer.provide(IdentityVerifiers.layer(options, verifiers))),
    AccountPages.layer({ publicUrl }).pipe(
      Layer.provideMerge(AuthorizationServer.layer({ publicUrl }).pipe(Layer.provide(outside)))
    )
  ).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        identity,
        HealthMonitor.layer({ intervalSeconds: 300 }).pipe(
          Layer.provide(Layer.merge(Probe.layerOf(probe), HealthStore.layerMemory))
        ),
        IndexSync.layer,
        FederatedLogin.layer({ publicUrl }).pipe(
          Layer.provide(Layer.merge(IdentityProviders.layerOf(identityProviders), IssuerFetch.layerOf(fetch))),
          Layer.provide(identity)
        )
      )
    ),
    Layer.provideMerge(base)
  )
}

export interface Sent {
  readonly cookie?: string
  readonly bearer?: string
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
  /** A body as it is. */
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly remote?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; undefined when it is no JSON. */
  readonly body: unknown
}

const bodyOf = ({ body, form, json }: Sent): { readonly body?: string; readonly type?: string } => {
  if (json !== undefined) return { body: JSON.stringify(json), type: "application/json" }
  if (form !== undefined)
    return { body: new URLSearchParams(form).toString(), type: "application/x-www-form-urlencoded" }
  return body === undefined ? {} : { body, type: "application/json" }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One request to the plane. */
export const call = (plane: ControlPlane, method: string, path: string, sent: Sent = {}): Effect.Effect<Answer> =>
  Effect.promise(async () => {
    const { body, type } = bodyOf(sent)
    const headers = new Headers({ accept: "application/json", ...sent.headers })
    if (type !== undefined && !headers.has("content-type")) headers.set("content-type", type)
    if (sent.cookie !== undefined) headers.set("cookie", `${cookieName(PUBLIC_URL)}=${sent.cookie}`)
    if (sent.bearer !== undefined) headers.set("authorization", `Bearer ${sent.bearer}`)
    const request = new Request(`${PUBLIC_URL}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    const response = await plane.handle(request, { remote: sent.remote ?? "192.0.2.1" })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parsed(text) }
  })

/** Roles of the default policy, and someone with no group at all. */
export const ROLES = {
  admin: ["mcp-registry-admin"],
  developer: ["mcp-registry-developer"],
  operator: ["mcp-registry-operator"],
  user: ["mcp-registry-user"],
  none: []
} as const
export type Role = keyof typeof ROLES

/** A living session of someone in that role. */
export const signedIn = (role: Role): Effect.Effect<string, unknown, Sessions> =>
  Effect.flatMap(Sessions, (sessions) => sessions.create({ username: role, groups: ROLES[role] }))

export const tool = (name: string, description = `Does ${name}`): Tool => ({
  name,
  parsed_description: parseDescription(description),
  schema: { type: "object" },
  definition: { name, description, annotations: { readOnlyHint: true } }
})

/** Whole: every optional field is set, so that what an edit wipes is seen. */
export const CURRENTTIME: Registration = {
  server_name: "currenttime",
  path: "/currenttime",
  proxy_pass_url: "http://127.0.0.1:8000/",
  description: "Tells the time anywhere",
  tags: ["time", "clock"],
  num_stars: 4.5,
  is_python: true,
  license: "MIT",
  supported_transports: ["streamable-http", "sse"],
  auth_provider: "none",
  auth_type: "api_key",
  headers: [{ "X-Key": "s3cret-value" }],
  tool_list: [tool("current_time_by_timezone"), tool("set_clock")],
  mcp_endpoint: "http://127.0.0.1:8000/custom",
  sse_endpoint: "http://127.0.0.1:8000/events",
  trusted_address: true
}

/** Nobody below the administrator has a grant on it. */
export const SECRET: Registration = {
  server_name: "Payroll",
  path: "/finance/payroll",
  proxy_pass_url: "https://payroll.example.com/",
  description: "Salaries by time and clock",
  tags: ["money"],
  tool_list: [tool("read_salaries")]
}

/** Registers without the API. */
export const registered = (...registrations: ReadonlyArray<Registration>) =>
  Effect.flatMap(Registry, (registry) =>
    Effect.forEach(registrations, (registration) => registry.register(registration, "seed"))
  )
