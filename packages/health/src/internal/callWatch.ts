/**
 * What real calls say of a server between two checks: three transport failures in a row and it is unhealthy at once, one answer and it is
 * well again. Synchronous and without a word while nothing fails. Like the breaker, it does not let one caller speak for the others:
 * what a request may bring about itself counts when several callers had it (S-16).
 */
import type { HealthStatus } from "@mcpgw/domain/Server"
import type { ExchangeCaller, UpstreamFailureReason } from "@mcpgw/egress/Upstream"
import { statusOf } from "./failure.ts"

/** Failures in a row that mark a server. */
const FAILURES = 3

/** The server is not there, whoever asks. */
const OF_SERVER: ReadonlySet<UpstreamFailureReason> = new Set(["refused", "unreachable", "connect_timeout"])
/** What a request may bring about itself. */
const OF_REQUEST: ReadonlySet<UpstreamFailureReason> = new Set(["first_byte_timeout", "broken"])

interface Run {
  count: number
  readonly first: ExchangeCaller
  several: boolean
  /** One of them was the server's own. */
  certain: boolean
}

/** A server's health as calls have it. */
export interface Verdict {
  readonly path: string
  /** Undefined: it answered, after it was marked. */
  readonly status: HealthStatus | undefined
}

export class CallWatch {
  private readonly tell: (verdict: Verdict) => void
  private readonly runs = new Map<string, Run>()
  private readonly marked = new Set<string>()
  /** When each server last answered, `performance.now()`. */
  private readonly answers = new Map<string, { at: number }>()

  constructor(tell: (verdict: Verdict) => void) {
    this.tell = tell
  }

  /** Hot. An answer came, of whatever status. */
  answered(path: string): void {
    const last = this.answers.get(path)
    if (last === undefined) this.answers.set(path, { at: performance.now() })
    else last.at = performance.now()
    if (this.runs.size > 0) this.runs.delete(path)
    if (this.marked.size > 0 && this.marked.delete(path)) this.tell({ path, status: undefined })
  }

  /** No answer came to a call of that moment, `performance.now()`: if others were answered since, it says nothing of the server. */
  failed(path: string, reason: UpstreamFailureReason, caller: ExchangeCaller, since: number): void {
    const certain = OF_SERVER.has(reason)
    if (since < (this.answers.get(path)?.at ?? 0)) return
    if ((!certain && !OF_REQUEST.has(reason)) || this.marked.has(path)) return
    const run = this.runs.get(path) ?? { count: 0, first: caller, several: false, certain: false }
    run.count++
    if (caller.subject !== run.first.subject || caller.issuer !== run.first.issuer) run.several = true
    if (certain) run.certain = true
    this.runs.set(path, run)
    if (run.count < FAILURES || !(run.several || run.certain)) return
    this.runs.delete(path)
    this.marked.add(path)
    this.tell({ path, status: statusOf({ kind: "exchange", reason }) })
  }

  /** Calls of another process marked it: an answer here heals it just so. */
  mark(path: string): void {
    this.runs.delete(path)
    this.marked.add(path)
  }

  /** The server is gone. */
  forget(path: string): void {
    this.settled(path)
    this.answers.delete(path)
  }

  /** A check had the last word. */
  settled(path: string): void {
    this.runs.delete(path)
    this.marked.delete(path)
  }
}
