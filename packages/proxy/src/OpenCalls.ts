/**
 * How many calls and streams each caller has open, and no more than a caller may. Any call may turn out to be answered with a stream, so
 * all count.
 */
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims } from "@mcpgw/domain/Principal"

/** What one caller has open. */
export interface OpenOf {
  open: number
  /** Forgotten because nothing was open; not to be used. */
  retired: boolean
}

/** Callers remembered, beyond those who have something open. */
const MAX_CALLERS = 10_000

/** Whoever presents several tokens is one caller; several clients of a user are several, as for sessions. */
const keyOf = ({ issuer, subject, clientId }: Claims): string => JSON.stringify([issuer, subject, clientId])

export class OpenCalls {
  /** Most that one caller may have open. */
  readonly limit: number
  private readonly callers = new Map<string, OpenOf>()
  /** By the claims of a token, which are the same object for as long as they are cached. */
  private readonly known = new Memo<Claims, OpenOf>()
  private sweepAt = MAX_CALLERS

  constructor(limit: number) {
    this.limit = limit
  }

  /** Callers remembered. */
  get size(): number {
    return this.callers.size
  }

  /**
   * Counts one more, to be given back with `leave`; undefined when the caller has as many as they may. `exempt`: counted, and never
   * refused.
   */
  enter(claims: Claims, exempt: boolean): OpenOf | undefined {
    let caller = this.known.get(claims)
    if (caller === undefined || caller.retired) {
      caller = this.find(keyOf(claims))
      this.known.set(claims, caller)
    }
    if (caller.open >= this.limit && !exempt) return undefined
    caller.open++
    return caller
  }

  leave(caller: OpenOf): void {
    caller.open--
  }

  private find(key: string): OpenOf {
    let caller = this.callers.get(key)
    if (caller === undefined) {
      if (this.callers.size >= this.sweepAt) this.sweep()
      caller = { open: 0, retired: false }
      this.callers.set(key, caller)
    }
    return caller
  }

  private sweep(): void {
    for (const [key, caller] of this.callers) {
      if (caller.open > 0) continue
      caller.retired = true
      this.callers.delete(key)
    }
    this.sweepAt = Math.max(MAX_CALLERS, 2 * this.callers.size)
  }
}
