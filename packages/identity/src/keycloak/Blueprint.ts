/** What a Keycloak realm holds for this gateway (contracts.md §2.14, `keycloak/setup`): names, flags and mappers. Data only; no secrets. */

export const DEFAULT_REALM = "mcp-gateway"

/** Signs people in. Its id is the audience of every token meant for the gateway. */
export const WEB_CLIENT = "mcp-gateway-web"

/** The gateway's own machine account. */
export const M2M_CLIENT = "mcp-gateway-m2m"

/** The groups that the default policy maps to scopes (contracts.md §2.1). */
export const GROUPS = [
  "mcp-registry-admin",
  "mcp-registry-developer",
  "mcp-registry-operator",
  "mcp-registry-user",
  "mcp-servers-unrestricted",
  "mcp-servers-restricted"
] as const

/** Scopes that a client may ask for by name; each is a server scope of the default policy. */
export const CLIENT_SCOPES = [
  "mcp-servers-unrestricted/read",
  "mcp-servers-unrestricted/execute",
  "mcp-servers-restricted/read",
  "mcp-servers-restricted/execute"
] as const

/** For trying things out: one who administers, one who may do the least. */
export const TEST_USERS = [
  { username: "admin", groups: ["mcp-registry-admin"] },
  { username: "testuser", groups: ["mcp-registry-user"] }
] as const

/** The client of an agent, as the replaced system called it. */
export const agentClient = (agent: string): string => `agent-${agent}-m2m`

/** Undefined for a client that is no agent's. Wider than `AGENT_NAME`, for those of the replaced system; never a path. */
export const agentOf = (clientId: string): string | undefined =>
  /^agent-([A-Za-z0-9][A-Za-z0-9._-]*)-m2m$/.exec(clientId)?.[1]

/** Attribute of the clients that were made from here for agents; a client of such a name without it is somebody else's. */
export const AGENT_ATTRIBUTE = "mcpgw.agent"

/** Attribute of the groups that were made from here, with the name they were made by; any other group is somebody else's. */
export const GROUP_ATTRIBUTE = "mcpgw.group"

/** What may name an agent. */
export const AGENT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

export interface WantedMapper {
  readonly name: string
  readonly protocol: "openid-connect"
  readonly protocolMapper: string
  readonly config: Readonly<Record<string, string>>
}

export interface WantedClient {
  readonly clientId: string
  readonly name: string
  readonly enabled: true
  readonly publicClient: false
  readonly standardFlowEnabled: boolean
  readonly serviceAccountsEnabled: boolean
  /** The password grant and the implicit flow are never on (RFC 9700 §2.1.2, §2.4). */
  readonly directAccessGrantsEnabled: false
  readonly implicitFlowEnabled: false
  /** Else every role of the person would be in every token. */
  readonly fullScopeAllowed: false
  readonly redirectUris: ReadonlyArray<string>
  readonly webOrigins: ReadonlyArray<string>
  readonly attributes: Readonly<Record<string, string>>
}

const confidential = {
  enabled: true,
  publicClient: false,
  directAccessGrantsEnabled: false,
  implicitFlowEnabled: false,
  fullScopeAllowed: false
} as const

/** `publicUrl`: the gateway's. One exact redirect, and PKCE required. */
export const webClient = (publicUrl: string): WantedClient => ({
  ...confidential,
  clientId: WEB_CLIENT,
  name: "MCP Gateway, people",
  standardFlowEnabled: true,
  serviceAccountsEnabled: false,
  redirectUris: [`${publicUrl}/oauth2/callback/keycloak`],
  webOrigins: [new URL(publicUrl).origin],
  attributes: { "pkce.code.challenge.method": "S256", "post.logout.redirect.uris": `${publicUrl}/` }
})

/** A client that has a service account and no way for people. */
export const machineClient = (clientId: string, name: string): WantedClient => ({
  ...confidential,
  clientId,
  name,
  standardFlowEnabled: false,
  serviceAccountsEnabled: true,
  redirectUris: [],
  webOrigins: [],
  attributes: {}
})

/** A machine's client, marked as an agent's. */
export const agentMachine = (agent: string): WantedClient => ({
  ...machineClient(agentClient(agent), `Agent ${agent}`),
  attributes: { [AGENT_ATTRIBUTE]: agent }
})

/** In every token of a client: the person's groups by their bare names, and that the token is meant for the gateway. */
export const MAPPERS: ReadonlyArray<WantedMapper> = [
  {
    name: "groups",
    protocol: "openid-connect",
    protocolMapper: "oidc-group-membership-mapper",
    config: {
      "claim.name": "groups",
      "full.path": "false",
      "access.token.claim": "true",
      "id.token.claim": "true",
      "userinfo.token.claim": "true",
      "introspection.token.claim": "true"
    }
  },
  {
    name: "mcp-gateway-audience",
    protocol: "openid-connect",
    protocolMapper: "oidc-audience-mapper",
    config: {
      "included.client.audience": WEB_CLIENT,
      "access.token.claim": "true",
      "id.token.claim": "false",
      "introspection.token.claim": "true"
    }
  }
]

/** Of a new realm; one that is there keeps what its administrators chose. */
export const newRealm = (realm: string) => ({
  realm,
  enabled: true,
  displayName: "MCP Gateway",
  sslRequired: "external",
  registrationAllowed: false,
  rememberMe: false,
  bruteForceProtected: true
})
