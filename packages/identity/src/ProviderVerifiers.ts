/**
 * The access tokens of identity providers as credentials of the data plane: one `Verifier` for each provider whose tokens are JWTs meant
 * for us. Google's and GitHub's are opaque, and those of a provider without an audience are for somebody else: they prove nothing here.
 */
import { claimsWith } from "@mcpgw/auth/ClaimsMapping"
import { IssuerFetch } from "@mcpgw/auth/IssuerFetch"
import { type IssuerMisconfigured, oidc } from "@mcpgw/auth/JwtVerifier"
import type { KeySource } from "@mcpgw/auth/KeySource"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import * as Effect from "effect/Effect"
import type { Accounts } from "./Accounts.ts"
import type { IdentityProvider } from "./IdentityProvider.ts"
import { IdentityProviders } from "./IdentityProviders.ts"
import { makeDiscovery } from "./internal/discovery.ts"
import { ofPeople } from "./PeopleVerifiers.ts"
import { accessTokenNames, ENTRA_TEMPLATE } from "./internal/providerKinds.ts"

/** `resource`: the gateway's public URL. Fetches nothing: keys are asked for by the first token. */
export const make = (
  resource: string
): Effect.Effect<ReadonlyArray<Verifier>, IssuerMisconfigured, Accounts | IdentityProviders | IssuerFetch> =>
  Effect.gen(function* () {
    const providers = yield* IdentityProviders
    const fetch = yield* IssuerFetch
    const made = yield* Effect.forEach(providers, (provider) => verifierOf(provider, resource, fetch))
    return made.flat()
  })

const verifierOf = (
  provider: IdentityProvider,
  resource: string,
  fetch: IssuerFetch["Type"]
): Effect.Effect<ReadonlyArray<Verifier>, IssuerMisconfigured, Accounts> => {
  const { api, kind, name } = provider
  const [issuer, ...aliases] = issuersOf(provider)
  if (api === undefined || issuer === undefined) return Effect.succeed([])
  return Effect.flatMap(
    oidc({
      name,
      issuer,
      aliases,
      audiences: api.audiences,
      resource,
      keys: keysOf(provider, fetch),
      claims: claimsWith(accessTokenNames(provider)),
      ...(kind === "cognito" ? { audienceFallback: "client_id" as const } : {})
    }),
    (verifier) => Effect.map(ofPeople(name, verifier), (one) => [one])
  )
}

/** Of several tenants each has an issuer of its own; the template they share is none. */
const issuersOf = ({ issuer, issuerAliases }: IdentityProvider): ReadonlyArray<string> =>
  issuer === undefined || issuer === ENTRA_TEMPLATE ? issuerAliases : [issuer, ...issuerAliases]

const keysOf = (provider: IdentityProvider, fetch: IssuerFetch["Type"]): KeySource => {
  const { jwks } = provider.endpoints
  if (jwks !== undefined) return { kind: "remote", url: jwks, fetch }
  const discover = makeDiscovery(provider, fetch)
  return {
    kind: "discovered",
    fetch,
    url: async () => {
      const { jwks_uri } = await discover()
      if (jwks_uri === undefined) throw new Error("the discovery document names no key set")
      return jwks_uri
    }
  }
}
