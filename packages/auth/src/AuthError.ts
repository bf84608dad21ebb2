/** Why a caller is not known. Unauthenticated is not Anonymous: there is no anonymous principal. */
import * as Schema from "effect/Schema"

/** Closed list; each has one public sentence. */
export const UnauthenticatedReason = Schema.Literal(
  "missing",
  "malformed",
  "token_expired",
  "token_not_yet_valid",
  "token_revoked",
  "unknown_issuer",
  "replaced_system",
  "unknown_key",
  "bad_signature",
  "bad_algorithm",
  "wrong_audience",
  "bad_claims",
  "session_expired",
  "bad_api_key",
  "unknown_api_key",
  "agent_secret",
  "account_disabled"
)
export type UnauthenticatedReason = typeof UnauthenticatedReason.Type

export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()("Unauthenticated", {
  reason: UnauthenticatedReason
}) {}

/** The credential could not be checked, because its keys can not be had; answered 503, never 401 and never a pass. */
export class AuthUnavailable extends Schema.TaggedError<AuthUnavailable>()("AuthUnavailable", {
  issuer: Schema.String,
  problem: Schema.String
}) {}

/** Too many credentials that nobody has seen before wait to be checked; answered 429. Those already verified are not concerned. */
export class AuthBusy extends Schema.TaggedError<AuthBusy>()("AuthBusy", {
  retryAfterSeconds: Schema.Number
}) {}

/** The sentence a caller is shown. */
export const describe: Record<UnauthenticatedReason, string> = {
  missing: "Authentication required: send Authorization: Bearer <token>",
  malformed: "The credential is not readable: expected Bearer <token>",
  token_expired: "Token expired: sign in again or generate a new token",
  token_not_yet_valid: "Token not yet valid: check the clock of the machine that issued it",
  token_revoked: "Token revoked",
  unknown_issuer:
    "Token issuer not trusted here: generate a new token at this gateway (its MCPGW_PUBLIC_URL, by default made of host and port, is the issuer of its tokens)",
  replaced_system:
    "Token of the replaced system (HS256, signed with SECRET_KEY): none of those is accepted here; generate a new token at this gateway",
  unknown_key: "Token signed with an unknown key",
  bad_signature: "Token signature does not verify",
  bad_algorithm: "Token algorithm not accepted",
  wrong_audience: "Token was issued for another audience",
  bad_claims: "Token lacks a required claim",
  session_expired: "Session has expired: sign in again",
  bad_api_key: "API key is not whole: copy it again, from mcpgw_ to its last character",
  unknown_api_key: "API key not known here: it was revoked, or another gateway made it",
  agent_secret: "An agent's secret is no token: get one with it at /oauth/token",
  account_disabled: "The account this credential belongs to is disabled or gone"
}
