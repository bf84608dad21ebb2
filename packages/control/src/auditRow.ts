/** From a finished request to its audit row, or to none: reads that were allowed leave no row. Pure. */
import type { AuditRow, Outcome } from "@mcpgw/domain/Audit"
import type { Trail } from "./RequestTrail.ts"

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

/** Reads by method that change something. */
const CHANGING_READS: ReadonlySet<string> = new Set(["api:logout", "api:admin_token", "api:oauth2_callback"])

const isRefusal = (status: number): boolean => status === 401 || status === 403 || status === 429

/** Nobody was known, so nothing was decided about them, as on the data plane. */
const isUnknown = ({ rule }: Trail): boolean => rule?.startsWith("auth:") === true

/** What the platform answers to a client that left. */
const CLIENT_GONE = 499

/** `refused`: nothing was done because of who asked or what was asked; `error`: we failed. */
const outcomeOf = (status: number): Outcome => {
  if (status < 400) return "ok"
  if (status === CLIENT_GONE) return "aborted"
  return status < 500 ? "refused" : "error"
}

/** The row of a request that changed something, tried to, or was turned away. `durationMs` is fractional. */
export const auditRow = (trail: Trail, method: string, status: number, durationMs: number): AuditRow | undefined => {
  const changes = !trail.readOnly && (!SAFE.has(method) || CHANGING_READS.has(trail.rule ?? ""))
  // Reads that went well leave no row; whatever was turned away or failed does.
  if (!changes && status < 400) return undefined
  const { claims } = trail
  return {
    id: trail.id,
    at: trail.at,
    issuer: claims?.issuer ?? null,
    subject: claims?.subject ?? null,
    username: claims?.username ?? trail.username,
    client_id: claims?.clientId ?? trail.clientId,
    auth_method: claims?.method ?? null,
    remote: trail.remote,
    http_method: method,
    server: trail.server,
    method: null,
    tool: null,
    decision: isRefusal(status) && !isUnknown(trail) ? "deny" : trail.decision,
    rule: trail.rule,
    outcome: outcomeOf(status),
    status,
    rpc_code: null,
    duration_ms: durationMs
  }
}
