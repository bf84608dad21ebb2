/**
 * Settings that describe identity providers, by the names the replaced system had where it had some (contracts.md §2.14). Each is one text;
 * whether they make up a provider is judged in `@mcpgw/identity`, which is given them by name.
 */
import { type Setting, setting, text } from "./settings.ts"

type Text = Setting<string | undefined>

const isHttp = (value: string): boolean => /^https?:$/.test(URL.parse(value)?.protocol ?? "")

const url = {
  holds: "an http:// or https:// URL",
  parse: (value: string): string | undefined => (isHttp(value) ? value : undefined)
}

/** Compared with `iss` letter by letter, so it is kept as written. */
const issuer = {
  holds: "the issuer's https:// URL (or http://), exactly as its tokens spell it",
  parse: (value: string): string | undefined => {
    const parsed = URL.parse(value)
    const bare = parsed?.username === "" && parsed.password === "" && parsed.search === "" && parsed.hash === ""
    return bare && isHttp(value) ? value : undefined
  }
}

const host = {
  holds: "a host name, such as dev-1234567.okta.com",
  parse: (value: string): string | undefined => (/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(value) ? value : undefined)
}

const flag = {
  holds: "true or false",
  parse: (value: string): string | undefined => (value === "true" || value === "false" ? value : undefined)
}

const plain = (name: string, about: string, kind: typeof text = text): Text =>
  setting<string | undefined>(name, undefined, about, kind)

const secret = (name: string, about: string): Text =>
  setting<string | undefined>(name, undefined, about, text, { secret: true })

const idAndSecret = (prefix: string, who: string) => [
  plain(`${prefix}_CLIENT_ID`, `The gateway's client id at ${who}.`),
  secret(`${prefix}_CLIENT_SECRET`, `Its secret; unset: a public client.`)
]

/** In the order `.env.example` lists them. */
export const providerSettings: ReadonlyArray<Text> = [
  plain(
    "AUTH_PROVIDER",
    "Identity providers described by the settings below, separated by commas: keycloak, cognito, entra, okta, auth0, google, github, oidc. Local accounts are always there."
  ),
  plain("KEYCLOAK_URL", "Where the gateway reaches Keycloak.", url),
  plain(
    "KEYCLOAK_EXTERNAL_URL",
    "Where browsers reach it, and what its tokens call their issuer. Unset: KEYCLOAK_URL.",
    url
  ),
  plain("KEYCLOAK_REALM", "Its realm. Unset: mcp-gateway."),
  ...idAndSecret("KEYCLOAK", "Keycloak"),
  plain("KEYCLOAK_M2M_CLIENT_ID", "One more audience of its access tokens: the client of machines."),
  secret(
    "KEYCLOAK_M2M_CLIENT_SECRET",
    "Its secret, when that client's service account may manage people and groups (manage-users of realm-management) and, for agents, clients (manage-clients): groups, people and agents made, changed or deleted here are so there too."
  ),
  plain("KEYCLOAK_ADMIN_URL", "Where its admin API is. Unset: KEYCLOAK_URL.", url),
  plain(
    "KEYCLOAK_ADMIN",
    "An administrator of its realm master, in place of that client, with KEYCLOAK_ADMIN_PASSWORD. Unset: admin."
  ),
  secret("KEYCLOAK_ADMIN_PASSWORD", "The administrator's password; unset: none is used."),
  plain("AWS_REGION", "Region of the Cognito user pool. Unset: what the pool's id begins with."),
  plain("COGNITO_USER_POOL_ID", "The user pool's id."),
  plain("COGNITO_DOMAIN", "Its domain, a prefix or a host name. Unset or auto: as its discovery document says."),
  ...idAndSecret("COGNITO", "Cognito"),
  plain("COGNITO_M2M_CLIENT_ID", "One more client whose access tokens count: that of machines."),
  plain("ENTRA_TENANT_ID", "Id of the Microsoft Entra tenant; or organizations, with ENTRA_ALLOWED_TENANTS."),
  plain("ENTRA_ALLOWED_TENANTS", "Ids of the tenants whose people may come, separated by commas."),
  ...idAndSecret("ENTRA", "Entra ID"),
  plain("OKTA_DOMAIN", "Domain of the Okta organisation.", host),
  plain(
    "OKTA_AUTH_SERVER_ID",
    "Its custom authorization server, such as default. Unset: it signs people in, its tokens do not count."
  ),
  plain("OKTA_AUDIENCE", "Audience of the access tokens of that server. Unset: api://default."),
  ...idAndSecret("OKTA", "Okta"),
  plain("AUTH0_DOMAIN", "Domain of the Auth0 tenant.", host),
  plain("AUTH0_AUDIENCE", "Identifier of the API whose access tokens count. Unset: none do."),
  plain("AUTH0_GROUPS_CLAIM", "Claim that holds the groups, such as https://example.com/groups. Unset: groups."),
  ...idAndSecret("AUTH0", "Auth0"),
  ...idAndSecret("GOOGLE", "Google"),
  ...idAndSecret("GITHUB", "GitHub"),
  plain("GITHUB_ORG_GROUPS", "Ask GitHub for the person's organisations and teams, as groups org and org/team.", flag),
  plain(
    "MCPGW_OIDC_ISSUER",
    "Issuer (`iss`) of one more identity provider, of any kind; with MCPGW_OIDC_AUDIENCE, for its access tokens, or with a client, for people.",
    issuer
  ),
  plain("MCPGW_OIDC_AUDIENCE", "Audience (`aud`) its access tokens must name. Unset: they do not count."),
  plain("MCPGW_OIDC_JWKS_URL", "Where its key set (JWKS) is. Unset: as its discovery document says.", url),
  plain("MCPGW_OIDC_NAME", "What people see it called where they sign in. Unset: Single sign-on."),
  plain("MCPGW_OIDC_GROUPS_CLAIM", "Claim that holds the groups, such as realm_access.roles. Unset: groups."),
  ...idAndSecret("MCPGW_OIDC", "it")
]
