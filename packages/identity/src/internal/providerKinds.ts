/**
 * What the kinds of identity providers have of their own: how an issuer follows from its URLs, which claims and scopes are usual, which
 * audiences its access tokens have. Facts of their public documentation; pure.
 */
import { type ClaimNames, OIDC_NAMES } from "@mcpgw/auth/ClaimsMapping"
import type { IdentityProvider, ProviderKind } from "../IdentityProvider.ts"

/** What follows from a kind and the URLs given. */
export interface Derived {
  readonly issuer: string | undefined
  readonly aliases: ReadonlyArray<string>
  readonly discoveryUrl?: string
  readonly jwks?: string
}

interface Urls {
  readonly authorization: string | undefined
  readonly token: string | undefined
}

export interface KindDefaults {
  readonly displayName: string
  readonly scopes: ReadonlyArray<string>
  readonly username: string
  readonly groups: ReadonlyArray<string>
  /** `sub` unless there is no ID token. */
  readonly subject: string
  readonly endpoints?: Readonly<Record<"authorization" | "token" | "userInfo", string>>
  readonly derive: (urls: Urls) => Derived | undefined
  /** Audiences of its access tokens that mean this client; none: its access tokens are not for us to read. */
  readonly audiences: (clientId: string, issuer: string) => ReadonlyArray<string>
}

const OPENID = ["openid", "email", "profile"]
const NONE: ReadonlyArray<string> = []

const KEYCLOAK_PATH = /^(https?:\/\/.+\/realms\/[^/?#]+)\/protocol\/openid-connect\/(?:auth|token)$/

/** The browser's host says who the issuer is; the host the gateway reaches is where the keys are (contracts.md §2.5). */
const keycloak = ({ authorization, token }: Urls): Derived | undefined => {
  const front = KEYCLOAK_PATH.exec(authorization ?? "")?.[1]
  const back = KEYCLOAK_PATH.exec(token ?? "")?.[1]
  if (front === undefined) return undefined
  const realm = front.slice(front.lastIndexOf("/"))
  const aliases = [back, `http://localhost:8080/realms${realm}`].filter(
    (alias) => alias !== undefined && alias !== front
  )
  return {
    issuer: front,
    aliases: aliases.filter((alias) => alias !== undefined),
    ...(back === undefined ? {} : { jwks: `${back}/protocol/openid-connect/certs` })
  }
}

const ENTRA_HOST = "https://login.microsoftonline.com"
const ENTRA_PATH = /^https:\/\/login\.microsoftonline\.com\/([^/?#]+)\/oauth2\/v2\.0\/authorize$/
export const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const SHARED_TENANTS: ReadonlyArray<string> = ["common", "organizations", "consumers"]

/** `iss` of both versions of a tenant's tokens. */
export const entraIssuers = (tenant: string): readonly [v2: string, v1: string] => [
  `${ENTRA_HOST}/${tenant}/v2.0`,
  `https://sts.windows.net/${tenant}/`
]

/** With several tenants the document's issuer is this text, to the letter; the tokens' holds the tenant instead. */
export const ENTRA_TEMPLATE = `${ENTRA_HOST}/{tenantid}/v2.0`

const entra = ({ authorization }: Urls): Derived | undefined => {
  const tenant = ENTRA_PATH.exec(authorization ?? "")?.[1]
  if (tenant === undefined) return undefined
  if (SHARED_TENANTS.includes(tenant)) {
    const discoveryUrl = `${ENTRA_HOST}/${tenant}/v2.0/.well-known/openid-configuration`
    return { issuer: ENTRA_TEMPLATE, aliases: [], discoveryUrl }
  }
  const [v2, v1] = entraIssuers(tenant)
  return TENANT.test(tenant) ? { issuer: v2, aliases: [v1] } : undefined
}

const okta = ({ authorization }: Urls): Derived | undefined => {
  const issuer = /^(https:\/\/[^/]+(?:\/oauth2\/[^/]+)?)(?:\/oauth2)?\/v1\/authorize$/.exec(authorization ?? "")?.[1]
  return issuer === undefined ? undefined : { issuer: issuer.replace(/\/oauth2$/, ""), aliases: [] }
}

const auth0 = ({ authorization }: Urls): Derived | undefined => {
  const host = /^(https:\/\/[^/]+)\/authorize$/.exec(authorization ?? "")?.[1]
  return host === undefined ? undefined : { issuer: `${host}/`, aliases: [] }
}

const nothing = (): Derived | undefined => undefined

export const KINDS: Readonly<Record<ProviderKind, KindDefaults>> = {
  keycloak: {
    displayName: "Keycloak",
    scopes: OPENID,
    username: "preferred_username",
    groups: ["groups"],
    subject: "sub",
    derive: keycloak,
    audiences: (clientId) => ["account", clientId]
  },
  cognito: {
    displayName: "Amazon Cognito",
    scopes: OPENID,
    username: "email",
    groups: ["cognito:groups"],
    subject: "sub",
    derive: nothing,
    audiences: (clientId) => [clientId]
  },
  entra: {
    displayName: "Microsoft Entra ID",
    scopes: OPENID,
    username: "preferred_username",
    groups: ["groups", "roles"],
    subject: "sub",
    derive: entra,
    audiences: (clientId) => [clientId, `api://${clientId}`]
  },
  okta: {
    displayName: "Okta",
    scopes: [...OPENID, "groups"],
    username: "preferred_username",
    groups: ["groups"],
    subject: "sub",
    derive: okta,
    // Tokens of the organisation's own server are opaque to everybody else; those of a custom one have this audience by default.
    audiences: (_, issuer) => (issuer.includes("/oauth2/") ? ["api://default"] : NONE)
  },
  auth0: {
    displayName: "Auth0",
    scopes: OPENID,
    username: "nickname",
    groups: ["groups"],
    subject: "sub",
    derive: auth0,
    audiences: () => NONE
  },
  google: {
    displayName: "Google",
    scopes: OPENID,
    username: "email",
    groups: [],
    subject: "sub",
    derive: () => ({ issuer: "https://accounts.google.com", aliases: [] }),
    audiences: () => NONE
  },
  github: {
    displayName: "GitHub",
    scopes: ["read:user", "user:email"],
    username: "login",
    // Organisations and teams, when the scopes let us see them.
    groups: ["groups"],
    subject: "id",
    endpoints: {
      authorization: "https://github.com/login/oauth/authorize",
      token: "https://github.com/login/oauth/access_token",
      userInfo: "https://api.github.com/user"
    },
    derive: () => ({ issuer: undefined, aliases: [] }),
    audiences: () => NONE
  },
  oidc: {
    displayName: "Single sign-on",
    scopes: OPENID,
    username: "preferred_username",
    groups: ["groups", "cognito:groups"],
    subject: "sub",
    derive: nothing,
    audiences: () => NONE
  }
}

/** How the access tokens of a provider spell what the data plane wants to know. */
export const accessTokenNames = ({ api, claims, kind, login }: IdentityProvider): ClaimNames => {
  const groups = claims.groups
  const [own] = claims.username.length === 1 ? claims.username : []
  const named = own === undefined ? OIDC_NAMES.username : [own, ...OIDC_NAMES.username]
  switch (kind) {
    case "cognito": {
      // Scopes of resource servers are `{server}/{scope}`; the others are Cognito's own.
      const isScope = (scope: string): boolean => scope.includes("/")
      return { username: ["username", "cognito:username"], clientId: ["client_id"], groups, scopes: ["scope"], isScope }
    }
    case "entra":
      return {
        username: [...named, "upn", "unique_name"],
        clientId: ["azp", "appid"],
        groups,
        // More groups than a token holds: it says so instead of naming them.
        groupsElsewhere: [["_claim_names", "groups"], ["hasgroups"]],
        scopes: ["scp"],
        accessTokenOnly: ["azp", "appid"]
      }
    case "okta":
      return { username: named, clientId: ["cid"], groups, scopes: ["scp"], accessTokenOnly: ["cid"] }
    case "auth0":
      // With role-based access control on, `permissions` is what was granted, and `scope` what was asked for.
      return { username: named, clientId: ["azp", "client_id"], groups, scopes: ["permissions", "scope"] }
    case "oidc":
      // Where our client is an audience, an ID token has it too; ours always have the nonce we asked with.
      return login !== undefined && api?.audiences.includes(login.id) === true
        ? { ...OIDC_NAMES, username: named, groups, idTokenOnly: ["nonce"] }
        : { ...OIDC_NAMES, username: named, groups }
    default:
      return { ...OIDC_NAMES, username: named, groups }
  }
}
