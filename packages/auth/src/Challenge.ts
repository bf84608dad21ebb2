/**
 * `WWW-Authenticate` values for 401 and 403 (RFC 6750 §3, RFC 9728 §5.1; protocol.md ).
 * Never repeats anything of the credential: descriptions come from the closed list in `AuthError`.
 */
import { describe, type Unauthenticated } from "./AuthError.ts"

/** Parameters a challenge may carry besides the error. */
export interface ChallengeOptions {
  /** URL of the RFC 9728 document of the resource that was asked for. */
  readonly resourceMetadata?: string | undefined
  /** Every scope the operation needs; order is kept, so that a challenge is stable across calls. */
  readonly scope?: ReadonlyArray<string> | undefined
}

/** For a 401. Names an error only when a credential was sent (RFC 6750 §3.1: none for a request without one). */
export const unauthorized = (failure: Unauthenticated, options: ChallengeOptions = {}): string => {
  const sent = failure.reason !== "missing"
  return render([
    ...(sent ? ([["error", "invalid_token"]] as const) : []),
    ...(sent ? ([["error_description", text(describe[failure.reason])]] as const) : []),
    ...shared(options)
  ])
}

/** For a 403: the caller is known, and too few scopes are granted. `description` is shown to the caller. */
export const insufficientScope = (description: string, options: ChallengeOptions = {}): string =>
  render([["error", "insufficient_scope"], ["error_description", text(description)], ...shared(options)])

type Parameter = readonly [name: string, value: string]

const shared = (options: ChallengeOptions): ReadonlyArray<Parameter> => {
  const scope = (options.scope ?? []).filter(isScopeToken)
  return [
    ...(scope.length === 0 ? [] : [["scope", scope.join(" ")] as const]),
    ...(options.resourceMetadata === undefined ? [] : [["resource_metadata", uri(options.resourceMetadata)] as const])
  ]
}

const render = (parameters: ReadonlyArray<Parameter>): string =>
  ['Bearer realm="mcpgw"', ...parameters.map(([name, value]) => `${name}="${value}"`)].join(", ")

/** RFC 6750 §3: a description holds printable ASCII without `"` and `\`, so nothing needs escaping. */
const text = (value: string): string => value.replaceAll('"', "'").replaceAll(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "?")

/** Percent-encodes what may not stand in a quoted string; a URL from `URL.href` passes unchanged. */
const uri = (value: string): string =>
  value.toWellFormed().replaceAll(/[^\x21\x23-\x5B\x5D-\x7E]/gu, (character) => encodeURIComponent(character))

const isScopeToken = (scope: string): boolean => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope)
