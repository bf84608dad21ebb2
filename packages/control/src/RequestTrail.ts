/**
 * What one request leaves behind for the audit record, filled in by whoever learns it. One per request, given by the control plane.
 * Holds no credential, password or body.
 */
import type { AuditRow } from "@mcpgw/domain/Audit"
import type { Claims } from "@mcpgw/domain/Principal"
import type { OAuthNote } from "@mcpgw/identity/AuthorizationServer"
import * as Context from "effect/Context"

export interface Trail {
  readonly id: string
  /** Address of the caller. */
  readonly remote: string
  /** Epoch milliseconds. */
  readonly at: number
  claims: Claims | undefined
  /** Name given at a sign-in that failed. */
  username: string | null
  /** OAuth client a consent or a token was for. */
  clientId: string | null
  server: string | null
  /** Check that decided, such as `api:toggle_service` or `auth:token_expired`. */
  rule: string | null
  decision: AuditRow["decision"]
  /** The call changes nothing, although its method could: not worth a row unless it is refused. */
  readOnly: boolean
}

export const makeTrail = (id: string, remote: string, at: number): Trail => ({
  id,
  remote,
  at,
  claims: undefined,
  username: null,
  clientId: null,
  server: null,
  rule: null,
  decision: "none",
  readOnly: false
})

/** What the authorization server learned of a request. */
export const noteTrail = (trail: Trail, { rule, decision, username, server, clientId }: OAuthNote): void => {
  trail.rule = rule
  trail.decision = decision
  trail.username = username ?? null
  trail.server = server ?? null
  trail.clientId = clientId ?? null
  trail.readOnly = rule === "oauth:introspect"
}

/** The trail of the current request. Outside of one: a trail nobody reads. */
export class RequestTrail extends Context.Reference<RequestTrail>()("@mcpgw/control/RequestTrail", {
  defaultValue: (): Trail => makeTrail("", "", 0)
}) {}
