/**
 * Discovery documents of configured issuers (OIDC Discovery 1.0 §4, RFC 8414 §3; protocol.md ): asked for when first needed, once
 * at a time, kept for an hour and through outages, and believed only when they name exactly the issuer that was asked.
 */
import type { FetchFunction } from "@mcpgw/auth/IssuerFetch"
import * as Schema from "effect/Schema"
import type { IdentityProvider } from "../IdentityProvider.ts"

const text = Schema.optional(Schema.String)
const texts = Schema.optional(Schema.Array(Schema.String))

export const IssuerMetadata = Schema.Struct({
  issuer: Schema.String,
  authorization_endpoint: text,
  token_endpoint: text,
  userinfo_endpoint: text,
  jwks_uri: text,
  end_session_endpoint: text,
  id_token_signing_alg_values_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  authorization_response_iss_parameter_supported: Schema.optional(Schema.Boolean)
})
export type IssuerMetadata = typeof IssuerMetadata.Type

const decode = Schema.decodeUnknownSync(IssuerMetadata)

/** The document can not be had, or can not be believed. `problem` is safe to log and to show to an operator. */
export class DiscoveryFailed extends Error {
  override readonly name = "DiscoveryFailed"
}

const KEPT_MILLIS = 3_600_000
/** After a failure the issuer is not asked again before this has passed. */
export const RETRY_MILLIS = 5_000

/** Rejects with `DiscoveryFailed`. Time is the runtime's, as of the key sets. */
export const makeDiscovery = (provider: IdentityProvider, fetch: FetchFunction): (() => Promise<IssuerMetadata>) => {
  let known: { readonly metadata: IssuerMetadata; readonly until: number } | undefined
  let failure: { readonly cause: DiscoveryFailed; readonly at: number } | undefined
  let running: Promise<IssuerMetadata> | undefined
  const refresh = async (): Promise<IssuerMetadata> => {
    try {
      const metadata = await ask(provider, fetch)
      known = { metadata, until: Date.now() + KEPT_MILLIS }
      failure = undefined
      return metadata
    } catch (cause) {
      const failed = cause instanceof DiscoveryFailed ? cause : new DiscoveryFailed("can not be reached")
      failure = { cause: failed, at: Date.now() }
      throw failed
    } finally {
      running = undefined
    }
  }
  return async () => {
    if (known !== undefined && known.until > Date.now()) return known.metadata
    const resting = failure !== undefined && Date.now() - failure.at < RETRY_MILLIS
    if (known === undefined) {
      if (failure !== undefined && resting) throw failure.cause
      return (running ??= refresh())
    }
    // Asked for anew beside the request that noticed: nobody waits for what is known.
    if (!resting && running === undefined) {
      running = refresh()
      running.catch(() => undefined)
    }
    return known.metadata
  }
}

const ask = async (provider: IdentityProvider, fetch: FetchFunction): Promise<IssuerMetadata> => {
  const { issuer } = provider
  if (issuer === undefined) throw new DiscoveryFailed("has no issuer")
  let status = 0
  for (const url of placesOf(provider, issuer)) {
    const response = await fetch(url, { headers: { accept: "application/json" } })
    status = response.status
    if (status === 200) return believed(issuer, await response.json().catch(() => undefined))
  }
  throw new DiscoveryFailed(`its discovery document was answered with status ${status}`)
}

/** The first that answers 200. */
const placesOf = ({ discoveryUrl }: IdentityProvider, issuer: string): ReadonlyArray<string> => {
  if (discoveryUrl !== undefined) return [discoveryUrl]
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return [
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`
  ]
}

const believed = (issuer: string, document: unknown): IssuerMetadata => {
  let metadata: IssuerMetadata
  try {
    metadata = decode(document)
  } catch {
    throw new DiscoveryFailed("its discovery document can not be read")
  }
  if (metadata.issuer !== issuer) throw new DiscoveryFailed("its discovery document names another issuer")
  const secure = issuer.startsWith("https:")
  for (const endpoint of ENDPOINTS) {
    const url = metadata[endpoint]
    if (url === undefined) continue
    const protocol = URL.parse(url)?.protocol
    if (protocol !== "https:" && (secure || protocol !== "http:")) {
      throw new DiscoveryFailed(`its discovery document has a ${endpoint} that is not encrypted`)
    }
  }
  return metadata
}

const ENDPOINTS = [
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "jwks_uri",
  "end_session_endpoint"
] as const
