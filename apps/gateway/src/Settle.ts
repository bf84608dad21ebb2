/**
 * **settle** — metrics and audit around everything, for refusals and aborts too. Synchronous and cheap: counters are plain
 * numbers, audit rows go into a bounded buffer. Records who, what, decision, rule, outcome and time; never arguments or results.
 */
import type { AuditRow, Outcome } from "@mcpgw/domain/Audit"
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims, Principal } from "@mcpgw/domain/Principal"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { isObject, type JsonObject } from "@mcpgw/mcp/JsonRpc"
import type { Message } from "@mcpgw/mcp/Envelope"
import type { AuthorizedCall } from "@mcpgw/policy/AuthorizedCall"
import type { Ending } from "@mcpgw/proxy/Outcome"
import type { AuditSinkApi } from "@mcpgw/telemetry/AuditSink"
import type { MetricsApi } from "@mcpgw/telemetry/Metrics"
import { StrangerRows } from "@mcpgw/telemetry/StrangerRows"
import { createHash } from "node:crypto"
import { FlowTimes } from "./FlowTimes.ts"
import { methodLabel } from "./methodLabel.ts"
import type { Refusal } from "./refusals.ts"
import type { RequestContext } from "./RequestContext.ts"

/** What is known of a request so far; filled in as it goes down the pipeline. */
export interface Trail {
  readonly ctx: RequestContext
  principal: Principal | undefined
  /** `performance.now()` when the caller was known. */
  authenticated: number
  server: RegisteredServer | undefined
  /** Path asked for; what the row says as long as no server is known. */
  path: string
  messages: ReadonlyArray<Message>
}

export const trailOf = (ctx: RequestContext): Trail => ({
  ctx,
  principal: undefined,
  authenticated: 0,
  server: undefined,
  path: ctx.pathname,
  messages: []
})

interface Row {
  readonly access: { readonly method: string | null; readonly tool: string | null }
  readonly decision: AuditRow["decision"]
  readonly rule: string
  readonly outcome: Outcome
  readonly status: number
  readonly code: number | null
}

/** `_meta` key in which 2026-07-28 clients say who they are. */
const CLIENT_INFO = "io.modelcontextprotocol/clientInfo"

/** Rule of a batch's messages that were not carried because another of them was refused. */
const SIBLING = "batch:sibling_refused"

/** Rule of what was allowed, and ended by us when the caller's access was taken back. */
const REVOKED = "auth:revoked"

export class Settle {
  private readonly audit: AuditSinkApi
  private readonly metrics: MetricsApi
  private readonly hashes = new Memo<Claims, string>()
  private readonly flows = new FlowTimes()
  private readonly strangers = new StrangerRows()

  constructor(audit: AuditSinkApi, metrics: MetricsApi) {
    this.audit = audit
    this.metrics = metrics
  }

  /** A request that ended before, or instead of, an answer from the server. */
  refused(trail: Trail, refusal: Refusal): void {
    const { index, outcome, status, code } = refusal
    const now = performance.now()
    this.authSample(trail, refusal, now)
    if (trail.principal === undefined && !this.strangers.admit(trail.ctx.at)) return
    // Refused as a whole it is one event, however many messages it holds; a row each is for those that were judged.
    const count = index === undefined ? 1 : trail.messages.length
    for (let i = 0; i < count; i++) {
      const message = trail.messages[i]
      const meant = index === undefined || index === i
      this.row(trail, now, count === 1 ? trail.ctx.id : `${trail.ctx.id}.${i}`, {
        access: { method: methodOf(trail, message), tool: message?.tool ?? null },
        decision: meant ? refusal.decision : "none",
        rule: meant ? refusal.rule : SIBLING,
        outcome,
        status,
        code
      })
    }
    if (refusal.decision === "allow") this.executionSamples(trail, false, now)
  }

  /** False: the record is full, and a call now would leave no trace. */
  readonly canRecord = (): boolean => this.audit.hasRoom()

  /** Refusals of callers nobody knows that were counted and not written, since start. */
  readonly unwritten = (): number => this.strangers.turnedAway

  /** A relayed answer that ended. `session`: the id the client knows, for the flow's steps. */
  ended(
    trail: Trail,
    calls: ReadonlyArray<AuthorizedCall>,
    status: number,
    ending: Ending,
    session: string | undefined
  ): void {
    const now = performance.now()
    this.authSample(trail, undefined, now)
    const failed =
      ending.kind === "broken" || (ending.kind === "finished" && ending.failure !== undefined) || status >= 400
    const revoked = ending.kind === "revoked"
    const outcome: Outcome = revoked || ending.kind === "aborted" ? "aborted" : failed ? "error" : "ok"
    const code =
      ending.kind === "finished" && ending.failure !== undefined && ending.failure !== 0 ? ending.failure : null
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i]
      if (call === undefined) continue
      const { access, decision } = call
      this.row(trail, now, calls.length === 1 ? trail.ctx.id : `${trail.ctx.id}.${i}`, {
        access: { method: methodOf(trail, trail.messages[i]), tool: access.tool ?? null },
        decision: revoked ? "deny" : "allow",
        rule: revoked ? REVOKED : decision.rule,
        outcome,
        status,
        code
      })
    }
    this.executionSamples(trail, outcome === "ok", now)
    const method = trail.messages[0]?.method
    const step = session === undefined || method === undefined ? undefined : this.flows.step(session, method)
    if (step !== undefined) for (const sample of step) this.metrics.record(sample)
  }

  private row(trail: Trail, now: number, id: string, row: Row): void {
    const claims = trail.principal?.claims
    const { ctx } = trail
    this.audit.append({
      id,
      at: ctx.at,
      issuer: claims?.issuer ?? null,
      subject: claims?.subject ?? null,
      username: claims?.username ?? null,
      client_id: claims?.clientId ?? null,
      auth_method: claims?.method ?? null,
      remote: ctx.remote,
      http_method: ctx.method,
      server: trail.server?.record.path ?? serverOf(trail.path),
      method: row.access.method === null ? null : bounded(row.access.method),
      tool: row.access.tool === null ? null : bounded(row.access.tool),
      decision: row.decision,
      rule: row.rule,
      outcome: row.outcome,
      status: row.status,
      rpc_code: row.code,
      duration_ms: now - ctx.started
    })
  }

  private authSample(trail: Trail, refusal: Refusal | undefined, now: number): void {
    const known = trail.principal !== undefined
    // What never reached the question of who is calling says nothing about sign-in.
    if (!known && refusal?.rule.startsWith("auth:") !== true) return
    const until = known ? trail.authenticated : now
    this.metrics.record({
      type: "auth_request",
      success: known && refusal?.decision !== "deny",
      method: methodLabel(trail.messages[0]?.method ?? ""),
      server: trail.server?.record.path ?? "",
      userHash: this.userHash(trail),
      seconds: (until - trail.ctx.started) / 1000
    })
  }

  private executionSamples(trail: Trail, success: boolean, now: number): void {
    const { server } = trail
    if (server === undefined) return
    const seconds = (now - trail.authenticated) / 1000
    for (const message of trail.messages) {
      if (message.kind === "response") continue
      const client = clientOf(message.params)
      this.metrics.record({
        type: "tool_execution",
        toolName: message.tool ?? methodLabel(message.method),
        serverPath: server.record.path,
        serverName: server.record.server_name,
        success,
        method: methodLabel(message.method),
        userHash: this.userHash(trail),
        clientName: client.name,
        clientVersion: client.version,
        seconds
      })
    }
  }

  private userHash(trail: Trail): string {
    const claims = trail.principal?.claims
    if (claims === undefined) return ""
    let hash = this.hashes.get(claims)
    if (hash === undefined) {
      hash = createHash("sha256").update(claims.username).digest("hex").slice(0, 12)
      this.hashes.set(claims, hash)
    }
    return hash
  }
}

const MAX_TEXT = 256
const bounded = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text)

/** A route as it is registered, without its last segment, so that a server's rows are found by one name; any other path as it was asked for. */
const ROUTE = /^((?:\/[A-Za-z0-9._~-]+)+)\/(?:mcp|sse|messages)\/?$/
const serverOf = (path: string): string => bounded(ROUTE.exec(path)?.[1] ?? path)

/** What the row calls a message: its method, or what a bodiless request or a response is. */
const methodOf = (trail: Trail, message: Message | undefined): string | null => {
  if (message === undefined) return trail.ctx.method === "POST" ? null : `http:${trail.ctx.method}`
  return message.kind === "response" ? "response" : message.method
}

const UNKNOWN_CLIENT = { name: "unknown", version: "unknown" } as const

/** Who the client says it is: display only, never policy (W-67). */
const clientOf = (params: JsonObject | undefined): { readonly name: string; readonly version: string } => {
  if (params === undefined) return UNKNOWN_CLIENT
  const meta = params["_meta"]
  const info = params["clientInfo"] ?? (isObject(meta) ? meta[CLIENT_INFO] : undefined)
  if (!isObject(info)) return UNKNOWN_CLIENT
  const { name, version } = info
  return {
    name: typeof name === "string" ? name.slice(0, 64) : "unknown",
    version: typeof version === "string" ? version.slice(0, 32) : "unknown"
  }
}
