/**
 * From a verified JWT payload to what a `Claims` says about a person. Pure; one function per kind of issuer.
 * Never invents authority: an unreadable claim refuses the token, an absent one grants nothing.
 */
import type { AuthMethod } from "@mcpgw/domain/Principal"
import type { JWTPayload } from "jose"

/** The part of `Claims` that differs between issuers. */
export interface MappedClaims {
  readonly username: string
  readonly clientId: string
  readonly groups: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  /** Where one issuer hands out tokens of several kinds. */
  readonly method?: AuthMethod
}

/** OAuth scope "use this as me": the token carries the person's groups, and the policy decides by them. */
export const MCP_SCOPE = "mcp"

/** `undefined`: the payload is not an access token, or a claim in it is unreadable. `payload.sub` is known to be a non-empty string. */
export type ClaimsMapping = (payload: JWTPayload, subject: string) => MappedClaims | undefined

/**
 * Tokens of an OIDC provider (contracts.md §2.5: Keycloak, Cognito and alike).
 *
 * Scopes count only when the token has no groups claim. With groups, the policy's `group_mappings` decide what the person may do; adding
 * the OAuth scopes would let a client that can ask the provider for a scope widen what an administrator granted. Least authority: one
 * source, never the union. An empty groups claim is a groups claim.
 */
export const oidcClaims: ClaimsMapping = (payload, subject) => {
  if (!isAccessToken(payload)) return undefined
  // Not `??`: a null claim is unreadable, not absent.
  const groupsClaim = payload["groups"] === undefined ? payload["cognito:groups"] : payload["groups"]
  const groups = groupsClaim === undefined ? [] : strings(groupsClaim)
  const scopes = groupsClaim === undefined ? scopesOf(payload["scope"]) : []
  if (groups === undefined || scopes === undefined) return undefined
  return {
    username: firstText(payload, ["preferred_username", "username", "email"]) ?? subject,
    clientId: firstText(payload, ["azp", "client_id"]) ?? "",
    groups,
    scopes
  }
}

/**
 * Tokens the gateway minted itself. Those a person made carry scopes and never groups, whatever the payload says (contracts.md §2.5); those
 * of the authorization server carry groups with the scope `mcp`, and with any other names just these: one source, never the union.
 */
export const gatewayClaims: ClaimsMapping = (payload, subject) => {
  if (payload["token_use"] !== "access") return undefined
  const scopes = scopesOf(payload["scope"])
  const clientId = firstText(payload, ["client_id"])
  if (scopes === undefined || clientId === undefined) return undefined
  const username = firstText(payload, ["preferred_username"]) ?? subject
  if (payload["token_type"] !== "oauth") return { username, clientId, groups: [], scopes }
  if (!scopes.includes(MCP_SCOPE)) return { username, clientId, groups: [], scopes, method: "oauth" }
  const groups = payload["groups"] === undefined ? [] : strings(payload["groups"])
  return groups === undefined ? undefined : { username, clientId, groups, scopes: [], method: "oauth" }
}

/**
 * ID, refresh and logout tokens are signed with the same keys as access tokens. Cognito tells them apart by `token_use`, Keycloak by a
 * `typ` claim, OIDC Core §3.3 by the hashes only an ID token carries.
 */
const isAccessToken = (payload: JWTPayload): boolean =>
  (payload["token_use"] === undefined || payload["token_use"] === "access") &&
  (payload["typ"] === undefined || payload["typ"] === "Bearer") &&
  payload["at_hash"] === undefined &&
  payload["c_hash"] === undefined &&
  payload["events"] === undefined

const scopesOf = (claim: unknown): ReadonlyArray<string> | undefined => {
  if (claim === undefined) return []
  if (typeof claim === "string") return claim.split(" ").filter((scope) => scope !== "")
  return strings(claim)
}

const strings = (claim: unknown): ReadonlyArray<string> | undefined => {
  if (typeof claim === "string") return [claim]
  return Array.isArray(claim) && claim.every((entry): entry is string => typeof entry === "string") ? claim : undefined
}

const firstText = (payload: JWTPayload, names: ReadonlyArray<string>): string | undefined => {
  for (const name of names) {
    const value = payload[name]
    if (typeof value === "string" && value !== "") return value
  }
  return undefined
}
