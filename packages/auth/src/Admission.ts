/**
 * May verified claims be used here and now? Asked on every request, because verification is cached and admission is not (design.md §6).
 * The one place that makes principals. Does no I/O and allocates only on the first admission of a credential.
 */
import { Memo } from "@mcpgw/domain/Memo"
import { type Claims, Principal } from "@mcpgw/domain/Principal"
import { Unauthenticated, UnauthenticatedReason } from "./AuthError.ts"
import type { RevocationsApi } from "./Revocations.ts"

/** See `AuthLayerApi.admit`. */
export type Admit = (claims: Claims, resources: ReadonlyArray<string>, now: number) => Principal | Unauthenticated

/**
 * Checks expiry (strict: no leeway, the clock skew of 30 s is granted to `nbf` and `iat` alone, at verification), then revocation, of the
 * credential and of all its subject had, then audience by exact match. Gives one `Principal` per claims object, so that tables may be cached by identity.
 */
export const makeAdmit = (revocations: RevocationsApi): Admit => {
  const principals = new Memo<Claims, Principal>()
  return (claims, resources, now) => {
    const session = claims.method === "session_cookie"
    // Written so that a NaN expiry is refused.
    if (!(claims.expiresAt * 1000 > now)) return refusal(session ? "session_expired" : "token_expired")
    if (isRevoked(revocations, claims)) return refusal(session ? "session_expired" : "token_revoked")
    if (!claims.audience.some((audience) => resources.includes(audience))) return refusal("wrong_audience")
    const known = principals.get(claims)
    if (known !== undefined) return known
    const principal = Principal.unsafeMake(claims)
    principals.set(claims, principal)
    return principal
  }
}

/** Was the credential taken back, alone or with all its subject had? */
export const isRevoked = (revocations: RevocationsApi, { issuedAt, issuer, subject, tokenId }: Claims): boolean =>
  (tokenId !== undefined && revocations.has(tokenId)) || revocations.hasSubject(issuer, subject, issuedAt)

const refusals: ReadonlyMap<UnauthenticatedReason, Unauthenticated> = new Map(
  UnauthenticatedReason.literals.map((reason) => [reason, new Unauthenticated({ reason })])
)

/** The shared instance for a reason: refusing is as hot as admitting, and a fresh error records a stack. */
export const refusal = (reason: UnauthenticatedReason): Unauthenticated =>
  refusals.get(reason) ?? new Unauthenticated({ reason })
