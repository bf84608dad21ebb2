/** What can go wrong with a probe, and the status each becomes (contracts.md §2.11). Pure; statuses name no host and no secret. */
import type { HealthStatus } from "@mcpgw/domain/Server"
import type { UpstreamFailureReason } from "@mcpgw/egress/Upstream"

export type Failure =
  /** Nothing was heard: the exchange itself failed. */
  | { readonly kind: "exchange"; readonly reason: UpstreamFailureReason }
  /** An HTTP status other than 2xx; `retryAfterSeconds` when the answer carried `Retry-After`. */
  | { readonly kind: "http"; readonly status: number; readonly retryAfterSeconds: number | undefined }
  /** A JSON-RPC error. */
  | { readonly kind: "rpc"; readonly code: number }
  | { readonly kind: "timeout" }
  /** An answer that is no MCP: a page, broken JSON, nothing at all, an unknown protocol version. */
  | { readonly kind: "unusable" }

export const SESSION_FAILED: HealthStatus = "unhealthy: session initialization failed and ping without auth failed"

/** The status a failed handshake gives. */
export const statusOf = (failure: Failure): HealthStatus => {
  switch (failure.kind) {
    case "exchange":
      return exchangeStatus(failure.reason)
    case "http":
      return isAuthStatus(failure.status) ? "healthy-auth-expired" : `unhealthy: status ${failure.status}`
    case "rpc":
      return SESSION_FAILED
    case "timeout":
      return "unhealthy: timeout"
    case "unusable":
      return "unhealthy: endpoint check failed"
  }
}

const exchangeStatus = (reason: UpstreamFailureReason): HealthStatus => {
  switch (reason) {
    case "connect_timeout":
    case "first_byte_timeout":
    case "aborted":
      return "unhealthy: timeout"
    case "blocked_address":
      return "error: address not allowed by the egress policy"
    case "refused":
    case "unreachable":
    case "unknown_host":
    case "broken":
    case "circuit_open":
      return "unhealthy: connection error"
  }
}

/** The server is there and wants other credentials. */
export const isAuthStatus = (status: number): boolean => status === 401 || status === 403

/** Seconds to wait when the answer means "later" rather than "down": 429, or 503 that says when (field.md 24). */
export const throttleSeconds = (failure: Failure): number | undefined => {
  if (failure.kind !== "http") return undefined
  if (failure.status === 429) return failure.retryAfterSeconds ?? 0
  return failure.status === 503 ? failure.retryAfterSeconds : undefined
}

/**
 * After a handshake that succeeded, does this failure of a later request take the server down? Errors the server itself
 * formulates and requests to come back later do not.
 */
export const isDown = (failure: Failure): boolean => failure.kind !== "rpc" && throttleSeconds(failure) === undefined

/** Would the other protocol era fare no better? Then there is no second attempt. */
export const isFinal = (failure: Failure): boolean =>
  (failure.kind === "exchange" && exchangeStatus(failure.reason) !== "unhealthy: timeout") ||
  (failure.kind === "http" && (isAuthStatus(failure.status) || throttleSeconds(failure) !== undefined))

/** A server can not put its next check off for longer. */
export const MAX_RETRY_AFTER_SECONDS = 600

/** `Retry-After` as seconds: a count or an HTTP date (RFC 9110 §10.2.3); undefined when it is neither. Never negative. */
export const retryAfterSeconds = (header: string | null, nowMs: number): number | undefined => {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - nowMs) / 1000))
}
