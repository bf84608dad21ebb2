/**
 * Why a federated sign-in came to nothing: a closed list, each with the sentence a person is shown. Nothing of what the provider answered
 * is in it, so that nobody can put words on our pages by a link.
 */
import * as Schema from "effect/Schema"

export const LoginRefusal = Schema.Literal(
  "unknown_provider",
  "bad_return_path",
  "missing_parameters",
  "bad_transaction",
  "bad_state",
  "provider_mismatch",
  "denied",
  "provider_error",
  "provider_unavailable",
  "not_proven",
  "bad_claims",
  "account_disabled",
  "busy",
  "unavailable"
)
export type LoginRefusal = typeof LoginRefusal.Type

export class LoginRefused extends Schema.TaggedError<LoginRefused>()("LoginRefused", {
  reason: LoginRefusal,
  /** Where the person wanted to go; undefined when that is not known for sure. */
  returnTo: Schema.optionalWith(Schema.String, { exact: true })
}) {}

/** The contract's words where it has some (contracts.md §2.6). */
export const loginSentences: Readonly<Record<LoginRefusal, string>> = {
  unknown_provider: "There is no such identity provider",
  bad_return_path: "return_to may hold a path of this gateway, such as /",
  missing_parameters: "Missing required OAuth2 parameters",
  bad_transaction: "Invalid or expired OAuth2 session",
  bad_state: "Invalid state parameter",
  provider_mismatch: "Provider mismatch",
  denied: "The identity provider did not let you in, or you declined",
  provider_error: "The identity provider answered with an error",
  provider_unavailable: "The identity provider can not be reached now: try again in a moment",
  not_proven: "What the identity provider answered does not prove who you are",
  bad_claims: "The identity provider did not say who you are in a way that can be read",
  account_disabled: "This account is disabled",
  busy: "Too many people sign in at the moment: try again in a moment",
  unavailable: "Accounts can not be reached now: try again in a moment"
}

/** `error` of the page a failed sign-in leads to (contracts.md §2.6). */
export type LoginErrorCode = "oauth2_error" | "oauth2_init_failed" | "oauth2_callback_failed"
