/**
 * What went wrong at a provider, as a reason for the person and words for the log. Pure. Words are the library's or ours: a provider's own
 * text, which a stranger may have chosen, is in neither, and no token or code is.
 */
import * as client from "openid-client"
import type { LoginRefusal } from "../LoginRefused.ts"
import { NotProven } from "./codeExchange.ts"
import { DiscoveryFailed } from "./discovery.ts"

export interface LoginFailure {
  readonly reason: LoginRefusal
  readonly problem: string
}

export const loginFailure = (cause: unknown): LoginFailure => {
  if (cause instanceof client.AuthorizationResponseError) {
    const denied = cause.error === "access_denied"
    return { reason: denied ? "denied" : "provider_error", problem: `it answered ${code(cause.error)}` }
  }
  if (cause instanceof client.ResponseBodyError) {
    return { reason: "provider_error", problem: `its token endpoint answered ${code(cause.error)}` }
  }
  if (cause instanceof NotProven) return { reason: "not_proven", problem: cause.message }
  if (cause instanceof DiscoveryFailed) return { reason: "provider_unavailable", problem: cause.message }
  if (cause instanceof client.ClientError) {
    return { reason: isNetwork(cause) ? "provider_unavailable" : "not_proven", problem: cause.message }
  }
  return { reason: "provider_unavailable", problem: "it can not be reached, or its answer can not be read" }
}

/** Error codes are tokens (RFC 6749 §4.1.2.1); anything else is not repeated. */
const code = (error: string): string => (/^[a-z_]{1,40}$/.test(error) ? error : "an error")

/** Without a code it is what the transport threw. */
const NETWORK: ReadonlySet<string> = new Set([
  "OAUTH_TIMEOUT",
  "OAUTH_ABORT",
  "OAUTH_RESPONSE_IS_NOT_CONFORM",
  "OAUTH_RESPONSE_IS_NOT_JSON",
  "OAUTH_PARSE_ERROR"
])

const isNetwork = ({ code: name }: client.ClientError): boolean => name === undefined || NETWORK.has(name)
