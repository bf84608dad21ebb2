/**
 * From a verified JWT payload to what a `Claims` says about a person. Pure; one function per kind of issuer.
 * Never invents authority: an unreadable claim refuses the token, an absent one grants nothing.
 */
import type { AuthMethod } from "@mcpgw/domain/Principal"
import type { JWTPayload } from "jose"
import { type ClaimPath, readClaim } from "./ClaimPath.ts"

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

/** How an issuer spells what we want to know; of each list the first claim that is there counts, of `groups` all together. */
export interface ClaimNames {
  readonly username: ReadonlyArray<string>
  readonly clientId: ReadonlyArray<string>
  readonly groups: ReadonlyArray<ClaimPath>
  /** Claims whose presence says that there are groups, and that the token could not hold them (Entra ID). */
  readonly groupsElsewhere?: ReadonlyArray<ClaimPath>
  readonly scopes: ReadonlyArray<string>
  /** An access token has one of these; an ID token of that issuer, signed with the same keys, has none. */
  readonly accessTokenOnly?: ReadonlyArray<string>
  /** An ID token has one of these, and an access token none. */
  readonly idTokenOnly?: ReadonlyArray<string>
  /** Which of its scopes can be scopes of ours; all unless given. */
  readonly isScope?: (scope: string) => boolean
}

/**
 * Tokens of an OIDC provider (contracts.md §2.5).
 *
 * Scopes count only when the token has no groups claim. With groups, the policy's `group_mappings` decide what the person may do; adding
 * the OAuth scopes would let a client that can ask the provider for a scope widen what an administrator granted. Least authority: one
 * source, never the union. An empty groups claim is a groups claim.
 */
export const claimsWith =
  (names: ClaimNames): ClaimsMapping =>
  (payload, subject) => {
    if (!isAccessToken(payload, names.accessTokenOnly)) return undefined
    if (names.idTokenOnly?.some((name) => payload[name] !== undefined) === true) return undefined
    // Undefined is absent; null is unreadable.
    const found = names.groups.map((path) => readClaim(payload, path)).filter((claim) => claim !== undefined)
    const groups = unionOf(found)
    const grouped = found.length > 0 || isAnywhere(payload, names.groupsElsewhere ?? [])
    const scopes = grouped
      ? []
      : scopesOf(names.scopes.map((name) => payload[name]).find((claim) => claim !== undefined))
    if (groups === undefined || scopes === undefined) return undefined
    return {
      username: firstText(payload, names.username) ?? subject,
      clientId: firstText(payload, names.clientId) ?? "",
      groups,
      scopes: names.isScope === undefined ? scopes : scopes.filter(names.isScope)
    }
  }

/** The usual names: Keycloak's, Cognito's and alike. */
export const OIDC_NAMES: ClaimNames = {
  username: ["preferred_username", "username", "email"],
  clientId: ["azp", "client_id"],
  groups: [["groups"], ["cognito:groups"]],
  scopes: ["scope"]
}

/** Access tokens with the usual names. */
export const oidcClaims: ClaimsMapping = claimsWith(OIDC_NAMES)

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
const isAccessToken = (payload: JWTPayload, oneOf: ReadonlyArray<string> = []): boolean =>
  (oneOf.length === 0 || oneOf.some((name) => payload[name] !== undefined)) &&
  (payload["token_use"] === undefined || payload["token_use"] === "access") &&
  (payload["typ"] === undefined || payload["typ"] === "Bearer") &&
  payload["at_hash"] === undefined &&
  payload["c_hash"] === undefined &&
  payload["events"] === undefined

const isAnywhere = (payload: JWTPayload, paths: ReadonlyArray<ClaimPath>): boolean =>
  paths.map((path) => readClaim(payload, path)).some((value) => value !== undefined && value !== false)

/** All the names in several claims; undefined when one of them is unreadable. */
const unionOf = (claims: ReadonlyArray<unknown>): ReadonlyArray<string> | undefined => {
  if (claims.length === 1) return strings(claims[0])
  const lists = claims.map(strings)
  return lists.includes(undefined) ? undefined : [...new Set(lists.flatMap((list) => list ?? []))]
}

const scopesOf = (claim: unknown): ReadonlyArray<string> | undefined => {
  if (claim === undefined) return []
  if (typeof claim === "string") return claim.split(" ").filter((scope) => scope !== "")
  return strings(claim)
}

/** One name, or a list of them; undefined for anything else. */
export const strings = (claim: unknown): ReadonlyArray<string> | undefined => {
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
