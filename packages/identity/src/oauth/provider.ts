/**
 * The configuration of oidc-provider: which parts of it are used, how long things live, and which of our rooms answers each of its
 * questions. What it does itself (codes, PKCE, rotation, issuer parameter) is not repeated here.
 */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import OidcProvider, { errors, type Client, type Configuration, type KoaContextWithOIDC } from "oidc-provider"
import { digestOf, sameText } from "../internal/digest.ts"
import { type AccessTokenParts, accessTokenHooks } from "./accessTokens.ts"
import { type AdapterParts, makeAdapter, SECRET_DIGEST } from "./adapter.ts"
import { shownName } from "./clientName.ts"
import type { ConsentMemory } from "./consentMemory.ts"
import { makePolicy } from "./interactionPolicy.ts"
import { SECRET_ELSEWHERE } from "./knownClients.ts"
import { confirmPage, donePage, errorPage, userCodePage } from "./pages.ts"
import type { RateLimits } from "./rateLimits.ts"
import { clientIdFor } from "./registration.ts"
import { redirectProblem } from "./redirects.ts"
import { audienceOf, parseResource } from "./resources.ts"
import { ROUTES } from "./routes.ts"
import { MCP, OIDC_SCOPES, resourceScopes, scopeList } from "./scopes.ts"
import type { Sealing } from "./sealing.ts"

export interface ProviderParts extends AdapterParts, AccessTokenParts {
  readonly keys: KeyRingApi
  readonly sealing: Sealing
  readonly consents: ConsentMemory
  /** Origins besides redirect URIs' own whose pages may call the token endpoint. */
  readonly corsOrigins: ReadonlyArray<string>
  /** How many documents an address may have fetched. */
  readonly fetches: RateLimits
  readonly fetch: NonNullable<Configuration["fetch"]>
  /** Hosts whose client metadata documents are fetched; empty: any. */
  readonly documentHosts: ReadonlyArray<string>
}

const MINUTE = 60
const DAY = 86_400

/** Seconds. A refresh token lives 30 days from its last use, a grant a year whatever is done with it. */
const LIVES = {
  AccessToken: 15 * MINUTE,
  AuthorizationCode: MINUTE,
  ClientCredentials: 15 * MINUTE,
  DeviceCode: 10 * MINUTE,
  Grant: 365 * DAY,
  IdToken: 15 * MINUTE,
  Interaction: 20 * MINUTE,
  RefreshToken: 30 * DAY,
  Session: 8 * 60 * MINUTE
} as const

export const makeProvider = (parts: ProviderParts): OidcProvider => {
  const provider = new OidcProvider(parts.publicUrl, configurationOf(parts))
  provider.proxy = true
  holdSecretsByDigest(provider, parts)
  return provider
}

const configurationOf = (parts: ProviderParts): Configuration => ({
  adapter: makeAdapter(parts),
  clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
  clientBasedCORS: (_ctx, origin, client) =>
    parts.corsOrigins.includes(origin) ||
    // Has no page that could be held to an origin, and proves itself: answered as one that does not exist is.
    isMachine(client) ||
    // A private-use URI has the origin "null", as a sandboxed page has.
    (origin !== "null" && (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin)),
  clientDefaults: { id_token_signed_response_alg: "EdDSA" },
  cookies: cookiesOf(parts),
  expiresWithSession: () => false,
  features: featuresOf(parts),
  fetch: parts.fetch,
  findAccount: async (_ctx, id, source) => {
    const account = await parts.people.account(id)
    // All that was issued to the person before may have been revoked at once: nothing is made of it any more.
    if (account === undefined || isRevoked(parts, id, source)) return undefined
    const { username } = account
    return { accountId: username, claims: async () => ({ sub: username, preferred_username: username }) }
  },
  interactions: { policy: makePolicy(parts.people), url: (_ctx, { uid }) => `/oauth/interaction/${uid}` },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  jwks: { keys: parts.keys.signing.map(({ privateJwk }) => ({ ...privateJwk, kty: "OKP" })) },
  loadExistingGrant: (ctx) => parts.consents.grantFor(ctx),
  pkce: { required: () => true },
  renderError: (ctx, out) => {
    ctx.type = "html"
    ctx.body = errorPage(out.error, out.error_description)
  },
  responseTypes: ["code"],
  rotateRefreshToken: true,
  routes: ROUTES,
  scopes: [...OIDC_SCOPES],
  ttl: LIVES,
  ...accessTokenHooks(parts)
})

const isMachine = ({ clientAuthMethod, redirectUris = [] }: Client): boolean =>
  redirectUris.length === 0 && clientAuthMethod !== "none"

/** `source`: the code or refresh token a token is to be made from; undefined: the person is here. */
const isRevoked = ({ publicUrl, revocations }: ProviderParts, subject: string, source: unknown): boolean => {
  if (typeof source !== "object" || source === null || !("iat" in source)) return false
  return revocations.hasSubject(publicUrl, subject, typeof source.iat === "number" ? source.iat : undefined)
}

/** Signed; with https only our own host can set the session's. */
const cookiesOf = ({ publicUrl, sealing }: ProviderParts): NonNullable<Configuration["cookies"]> => {
  const secure = publicUrl.startsWith("https:")
  const own = { httpOnly: true, sameSite: "lax", secure, signed: true } as const
  const [host, scoped] = secure ? ["__Host-", "__Secure-"] : ["", ""]
  return {
    keys: [...sealing.cookieKeys],
    long: own,
    names: {
      session: `${host}mcpgw_oauth`,
      interaction: `${scoped}mcpgw_interaction`,
      resume: `${scoped}mcpgw_resume`
    },
    short: own
  }
}

const featuresOf = (parts: ProviderParts): NonNullable<Configuration["features"]> => ({
  clientCredentials: { enabled: true },
  clientIdMetadataDocument: {
    ack: "draft-02",
    enabled: true,
    allowFetch: (ctx, id) =>
      mayFetch(id, parts.documentHosts) && parts.fetches.take("document", ctx.ip, Date.now()) === undefined,
    allowClient: (_ctx, client) => (client.redirectUris ?? []).every((uri) => redirectProblem(uri) === undefined),
    cacheDuration: { min: 60, max: DAY }
  },
  devInteractions: { enabled: false },
  deviceFlow: {
    enabled: true,
    charset: "base-20",
    mask: "****-****",
    userCodeInputSource: (ctx, _form, out) => {
      ctx.body = userCodePage(
        secretOf(ctx),
        prefilled(ctx),
        out === undefined ? undefined : "This code is not known, or no longer valid."
      )
    },
    userCodeConfirmSource: (ctx, _form, client, info, userCode) => {
      const where = typeof info["ip"] === "string" ? info["ip"] : "an unknown address"
      ctx.body = confirmPage(secretOf(ctx), shownName(client), where, userCode)
    },
    successSource: (ctx) => {
      ctx.body = donePage()
    }
  },
  dPoP: { enabled: false },
  introspection: {
    enabled: true,
    // For who can prove who they are; a public client can not.
    allowedPolicy: (ctx) => ctx.oidc.client?.clientAuthMethod !== "none"
  },
  pushedAuthorizationRequests: { enabled: false },
  registration: {
    enabled: true,
    idFactory: (ctx) => clientIdFor(bodyOf(ctx)),
    issueRegistrationAccessToken: false
  },
  resourceIndicators: {
    enabled: true,
    defaultResource: (_ctx, _client, oneOf) => oneOf?.[0] ?? parts.publicUrl,
    getResourceServerInfo: (ctx, resource) => {
      if (parseResource(parts.publicUrl, resource) === undefined) {
        throw new errors.InvalidTarget("resource: no server of this gateway has that URL")
      }
      return {
        scope: [MCP, ...namedScopes(ctx)].join(" "),
        audience: audienceOf(parts.publicUrl, resource),
        accessTokenFormat: "jwt",
        accessTokenTTL: LIVES.AccessToken,
        jwt: { sign: { alg: "EdDSA", kid: parts.keys.signing[0]?.id } }
      }
    },
    useGrantedResource: () => true
  },
  revocation: { enabled: true },
  rpInitiatedLogout: { enabled: false },
  userinfo: { enabled: false }
})

/** A document is at a path of a host that may vouch for clients. */
const mayFetch = (id: string, hosts: ReadonlyArray<string>): boolean => {
  const url = URL.parse(id)
  if (url === null || url.pathname === "/" || url.search !== "") return false
  return hosts.length === 0 || hosts.includes(url.host)
}

const bodyOf = (ctx: KoaContextWithOIDC): Record<string, unknown> => {
  const { body } = ctx.oidc
  return typeof body === "object" && body !== null ? { ...body } : {}
}

/** Names a request asks for, or what its code or refresh token was granted: which of them are held is decided when the token is made. */
const namedScopes = (ctx: KoaContextWithOIDC): ReadonlyArray<string> => {
  const { params, entities } = ctx.oidc
  const { AuthorizationCode, DeviceCode, RefreshToken } = entities
  const asked = typeof params?.["scope"] === "string" ? params["scope"] : undefined
  const held = [AuthorizationCode, DeviceCode, RefreshToken].map((entity) => entity?.scope)
  return resourceScopes([asked, ...held].flatMap(scopeList)).filter((scope) => scope !== MCP)
}

const secretOf = (ctx: KoaContextWithOIDC): string => {
  const secret: unknown = ctx.oidc.session?.state?.["secret"]
  return typeof secret === "string" ? secret : ""
}

const prefilled = (ctx: KoaContextWithOIDC): string => {
  const code: unknown = ctx.state["userCode"]
  return typeof code === "string" ? code : ""
}

/** Stored is a digest, or that the `ClientSource` knows; the provider's own comparison would want the secret itself. */
const holdSecretsByDigest = (provider: OidcProvider, { known }: ProviderParts): void => {
  provider.Client.prototype.compareClientSecret = function (actual: string) {
    const { clientId, clientSecret = "" } = this
    if (clientSecret === SECRET_ELSEWHERE) return known.verifySecret(clientId, actual)
    return sameText(clientSecret, SECRET_DIGEST + digestOf(actual))
  }
}
