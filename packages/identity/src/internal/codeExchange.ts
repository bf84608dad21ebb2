/**
 * From the code a browser brought to what the provider says of the person: `openid-client` exchanges it (PKCE, state, `iss`, nonce, `aud`,
 * `azp`, times, signature), `at_hash` is checked here, user info is asked where the ID token leaves something open.
 */
import { isRecord } from "@mcpgw/auth/UnverifiedJwt"
import { createHash } from "node:crypto"
import * as client from "openid-client"
import { githubClaims, readWithToken } from "./github.ts"
import type { Transaction } from "./loginTransaction.ts"
import { isIncomplete, type SaidClaims } from "./profile.ts"
import type { RelyingParty } from "./relyingParty.ts"

export interface Exchanged {
  readonly claims: SaidClaims
  readonly idToken: string | undefined
}

/** `callback`: our redirect URI with the query the browser came with. Rejects with whatever went wrong. */
export const exchange = async (
  party: RelyingParty,
  callback: URL,
  { nonce, state, verifier }: Transaction
): Promise<Exchanged> => {
  const configuration = await party.configuration()
  const openid = party.provider.issuer !== undefined
  const tokens = await client.authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    ...(openid ? { expectedNonce: nonce, idTokenExpected: true } : {})
  })
  if (!openid) return { claims: await plainClaims(party, tokens), idToken: undefined }
  const claims = tokens.claims()
  const { id_token: idToken } = tokens
  if (claims === undefined || idToken === undefined) throw new NotProven("there is no ID token")
  if (!accessTokenMatches(idToken, claims["at_hash"], tokens.access_token))
    throw new NotProven("at_hash does not match")
  const { tenants } = party.provider
  if (tenants.length > 0 && !tenants.some((tenant) => tenant === claims["tid"])) throw new NotProven("another tenant")
  const said: SaidClaims = { ...claims }
  const more = isIncomplete(party.provider, said) ? await userInfo(configuration, tokens.access_token, claims.sub) : {}
  // What is signed comes first.
  return { claims: { ...more, ...said }, idToken }
}

export class NotProven extends Error {
  override readonly name = "NotProven"
}

const userInfo = async (
  configuration: client.Configuration,
  accessToken: string,
  subject: string
): Promise<SaidClaims> =>
  configuration.serverMetadata().userinfo_endpoint === undefined
    ? {}
    : { ...(await client.fetchUserInfo(configuration, accessToken, subject)) }

/** Without ID tokens: the access token came from the token endpoint for our code, so what it opens is this person's. */
const plainClaims = async (
  { fetch, provider }: RelyingParty,
  { access_token: token, scope }: client.TokenEndpointResponse
): Promise<SaidClaims> => {
  const { userInfo } = provider.endpoints
  if (userInfo === undefined) throw new NotProven("there is no user info endpoint")
  if (provider.kind === "github") return githubClaims(fetch, userInfo, token, scope)
  const said = await readWithToken(fetch, userInfo, token)
  if (!isRecord(said)) throw new NotProven("user info is no object")
  return said
}

/** OIDC Core §3.1.3.8: half of the access token's digest by the ID token's algorithm; may be absent in this flow. */
const accessTokenMatches = (idToken: string, claim: unknown, accessToken: string): boolean => {
  if (claim === undefined) return true
  const [head = ""] = idToken.split(".")
  const header: unknown = JSON.parse(Buffer.from(head, "base64url").toString("utf8"))
  const algorithm = isRecord(header) && typeof header["alg"] === "string" ? header["alg"] : ""
  const size = /(256|384|512)$/.exec(algorithm)?.[1] ?? "512"
  const digest = createHash(`sha${size}`).update(accessToken, "ascii").digest()
  return claim === digest.subarray(0, digest.length / 2).toString("base64url")
}
