/**
 * Claims of keys in use, and until when they need no second look: a change of any account in this process ends that at once, one made
 * elsewhere is noticed within `FRESH_MILLIS`, and what was known last holds while the store can not be asked. Bounded; a key that is forgotten here is looked up again, nothing more.
 */
import type { Claims } from "@mcpgw/domain/Principal"

/** How long claims hold without a look at the store. */
export const FRESH_MILLIS = 3_000
const MOST = 10_000

interface Active {
  readonly claims: Claims
  readonly revision: number
  readonly until: number
}

export class ActiveKeys {
  private readonly entries = new Map<string, Active>()
  private readonly revision: () => number
  private readonly storeIsOut: () => boolean

  constructor(revision: () => number, storeIsOut: () => boolean) {
    this.revision = revision
    this.storeIsOut = storeIsOut
  }

  /** Hot. */
  holds(id: string, claims: Claims, now: number): boolean {
    const entry = this.entries.get(id)
    if (entry === undefined || entry.claims !== claims || entry.revision !== this.revision()) return false
    return entry.until > now || this.storeIsOut()
  }

  /** Remembers what was just found out. Gives the claims that were known when they say the same: tables are kept by identity. */
  put(id: string, found: Claims, revision: number, now: number): Claims {
    const known = this.entries.get(id)?.claims
    const claims = known !== undefined && JSON.stringify(known) === JSON.stringify(found) ? known : found
    this.entries.delete(id)
    if (this.entries.size >= MOST) {
      const oldest = this.entries.keys().next()
      if (!oldest.done) this.entries.delete(oldest.value)
    }
    this.entries.set(id, { claims, revision, until: now + FRESH_MILLIS })
    return claims
  }

  forget(id: string): void {
    this.entries.delete(id)
  }
}
