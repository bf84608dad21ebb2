/** Maps what jose throws to our closed lists. Never copies a message of jose: some of them quote the token. */
import { JOSEError, JWTClaimValidationFailed } from "jose/errors"
import { refusal } from "../Admission.ts"
import { AuthUnavailable, type Unauthenticated, type UnauthenticatedReason } from "../AuthError.ts"
import { KeysUnavailable } from "../KeySource.ts"

const REASONS: Readonly<Record<string, UnauthenticatedReason>> = {
  ERR_JWT_EXPIRED: "token_expired",
  ERR_JWKS_NO_MATCHING_KEY: "unknown_key",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "unknown_key",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "bad_signature",
  ERR_JOSE_ALG_NOT_ALLOWED: "bad_algorithm",
  ERR_JOSE_NOT_SUPPORTED: "bad_algorithm"
}

/** A missing key is the issuer's matter (503); everything else is the token's (401). */
export const joseFailure = (issuer: string, cause: unknown): Unauthenticated | AuthUnavailable => {
  if (cause instanceof KeysUnavailable) return new AuthUnavailable({ issuer, problem: cause.message })
  if (cause instanceof JWTClaimValidationFailed) return refusal(claimReason(cause))
  return refusal(cause instanceof JOSEError ? (REASONS[cause.code] ?? "malformed") : "malformed")
}

const claimReason = (failure: JWTClaimValidationFailed): UnauthenticatedReason => {
  if (failure.claim === "iss") return "unknown_issuer"
  if (failure.claim === "nbf" && failure.reason === "check_failed") return "token_not_yet_valid"
  return "bad_claims"
}
