/**
 * Us as a client of one provider, for `openid-client`: what is known of the provider without asking, completed by its discovery document.
 * ID tokens are verified by signature, always, with asymmetric algorithms alone.
 */
import type { FetchFunction } from "@mcpgw/auth/IssuerFetch"
import { ALGORITHMS } from "@mcpgw/auth/JwtVerifier"
import * as Redacted from "effect/Redacted"
import * as client from "openid-client"
import type { IdentityProvider, LoginClient } from "../IdentityProvider.ts"
import { DiscoveryFailed, type IssuerMetadata, makeDiscovery } from "./discovery.ts"
import { isForBrowsers } from "./completeProvider.ts"
import { ENTRA_TEMPLATE } from "./providerKinds.ts"

export interface RelyingParty {
  readonly provider: IdentityProvider
  readonly login: LoginClient
  /** Rejects with `DiscoveryFailed`. */
  readonly configuration: () => Promise<client.Configuration>
  readonly fetch: FetchFunction
}

export const makeRelyingParty = (
  provider: IdentityProvider,
  login: LoginClient,
  fetch: FetchFunction
): RelyingParty => {
  const discover = needsDiscovery(provider) ? makeDiscovery(provider, fetch) : undefined
  let current: { readonly of: IssuerMetadata | undefined; readonly made: Promise<client.Configuration> } | undefined
  const configuration = async (): Promise<client.Configuration> => {
    const metadata = await discover?.()
    if (current === undefined || current.of !== metadata) {
      const made = configure(provider, login, metadata, fetch)
      current = { of: metadata, made }
      made.catch(() => (current = undefined))
    }
    return current.made
  }
  return { provider, login, configuration, fetch }
}

const needsDiscovery = ({ endpoints, issuer }: IdentityProvider): boolean =>
  issuer !== undefined &&
  (endpoints.authorization === undefined || endpoints.token === undefined || endpoints.jwks === undefined)

const configure = async (
  provider: IdentityProvider,
  login: LoginClient,
  metadata: IssuerMetadata | undefined,
  fetch: FetchFunction
): Promise<client.Configuration> => {
  const secret = login.secret === undefined ? undefined : Redacted.value(login.secret)
  const authentication = authenticationOf(login, metadata, secret)
  const server = serverOf(provider, metadata)
  if (server.authorization_endpoint === undefined || !isForBrowsers(server.authorization_endpoint)) {
    throw new DiscoveryFailed("has no authorization endpoint that a browser may be sent to")
  }
  const made =
    provider.issuer === ENTRA_TEMPLATE && provider.discoveryUrl !== undefined
      ? await shared(provider.discoveryUrl, login, authentication, fetch)
      : new client.Configuration(server, login.id, {}, authentication)
  made[client.customFetch] = (url, options) => fetch(url, options)
  if (provider.issuer !== undefined) client.enableNonRepudiationChecks(made)
  if (isPlain(server)) client.allowInsecureRequests(made)
  return made
}

/** Tenants share a document whose issuer is a template: the library knows it and holds each token's `iss` against its `tid`. */
const shared = (
  discoveryUrl: string,
  login: LoginClient,
  authentication: client.ClientAuth,
  fetch: FetchFunction
): Promise<client.Configuration> => {
  const server = new URL(discoveryUrl.replace(/\/\.well-known\/.*$/, ""))
  return client.discovery(server, login.id, {}, authentication, {
    [client.customFetch]: (url, options) => fetch(url, options)
  })
}

/** What is configured comes before what is discovered: it may be the way from inside. */
const serverOf = (provider: IdentityProvider, metadata: IssuerMetadata | undefined): client.ServerMetadata => {
  const { authorization, endSession, jwks, token, userInfo } = provider.endpoints
  const signing = (metadata?.id_token_signing_alg_values_supported ?? ALGORITHMS).filter((name) =>
    ALGORITHMS.some((algorithm) => algorithm === name)
  )
  return {
    // Without ID tokens nothing is compared with it; the library wants one.
    issuer: provider.issuer ?? new URL(token ?? "https://invalid.invalid").origin,
    ...defined("authorization_endpoint", authorization ?? metadata?.authorization_endpoint),
    ...defined("token_endpoint", token ?? metadata?.token_endpoint),
    ...defined("userinfo_endpoint", userInfo ?? metadata?.userinfo_endpoint),
    ...defined("jwks_uri", jwks ?? metadata?.jwks_uri),
    ...defined("end_session_endpoint", endSession ?? metadata?.end_session_endpoint),
    id_token_signing_alg_values_supported: signing,
    ...(metadata?.authorization_response_iss_parameter_supported === true
      ? { authorization_response_iss_parameter_supported: true }
      : {})
  }
}

const defined = <K extends string>(name: K, value: string | undefined): { readonly [key in K]?: string } | object =>
  value === undefined ? {} : { [name]: value }

/** An operator who configured an endpoint without TLS meant it; a discovered one is not believed when the issuer has TLS. */
const isPlain = (server: client.ServerMetadata): boolean =>
  [server.token_endpoint, server.userinfo_endpoint, server.jwks_uri, server.authorization_endpoint].some((url) =>
    url?.startsWith("http:")
  )

const authenticationOf = (
  login: LoginClient,
  metadata: IssuerMetadata | undefined,
  secret: string | undefined
): client.ClientAuth => {
  if (secret === undefined) return client.None()
  // A document that does not say means basic (RFC 8414 §2); without a document it is what the replaced system did.
  const methods = metadata?.token_endpoint_auth_methods_supported ?? ["client_secret_basic"]
  const basic = metadata !== undefined && methods.includes("client_secret_basic")
  const method = login.authentication ?? (basic ? "client_secret_basic" : "client_secret_post")
  return method === "client_secret_basic" ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret)
}
