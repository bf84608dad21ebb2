/** One row of the truthful record: who, what, decision, rule, outcome, time. Holds no arguments, results or credentials. */

/** How the exchange ended. `refused`: by us before anything was sent; `aborted`: the client left, or we ended it: shutting down, or (`auth:revoked`) because its access was taken back. */
export type Outcome = "ok" | "error" | "refused" | "aborted"

export interface AuditRow {
  /** Request id, unique per exchange. */
  readonly id: string
  /** Epoch milliseconds at which the exchange began. */
  readonly at: number
  readonly issuer: string | null
  readonly subject: string | null
  readonly username: string | null
  readonly client_id: string | null
  readonly auth_method: string | null
  readonly remote: string | null
  /** `POST`, `GET`, `DELETE`. */
  readonly http_method: string
  readonly server: string | null
  /** JSON-RPC method; null where there was none to read. */
  readonly method: string | null
  readonly tool: string | null
  readonly decision: "allow" | "deny" | "none"
  /** Rule or check that decided, such as `mcp-servers-restricted/execute[2].tools` or `auth:token_expired`. */
  readonly rule: string | null
  readonly outcome: Outcome
  /** HTTP status we answered. */
  readonly status: number
  /** JSON-RPC error code in the answer, when known. */
  readonly rpc_code: number | null
  /** Milliseconds from the first byte in to the last byte out, fractional. */
  readonly duration_ms: number
}
