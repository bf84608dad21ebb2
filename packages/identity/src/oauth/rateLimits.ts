/** Requests of an address to a path within a minute. Bounded memory: what is longest unheard of is forgotten first. Pure: callers pass the time. */
import { networkOf } from "../internal/throttle.ts"

const WINDOW_MILLIS = 60_000
const REMEMBERED = 20_000

interface Count {
  readonly since: number
  taken: number
}

export class RateLimits {
  private readonly perMinute: Readonly<Record<string, number>>
  private readonly counts = new Map<string, Count>()

  constructor(perMinute: Readonly<Record<string, number>>) {
    this.perMinute = perMinute
  }

  /** Seconds to wait; undefined: go on. */
  take(path: string, remote: string, now: number): number | undefined {
    const limit = this.perMinute[path]
    if (limit === undefined) return undefined
    const key = `${path} ${networkOf(remote)}`
    const known = this.counts.get(key)
    const current = known !== undefined && known.since + WINDOW_MILLIS > now ? known : { since: now, taken: 0 }
    if (current.taken >= limit) return Math.max(1, Math.ceil((current.since + WINDOW_MILLIS - now) / 1000))
    current.taken += 1
    this.counts.delete(key)
    this.counts.set(key, current)
    for (const oldest of this.counts.keys()) {
      if (this.counts.size <= REMEMBERED) break
      this.counts.delete(oldest)
    }
    return undefined
  }
}
