/**
 * A map with a ceiling, for values that are only good for a while. Evicts the oldest entry nobody asked for since it was last considered:
 * a flood of values that are asked for once does not push out those in use. Knows no clock: callers pass the time.
 */
interface Entry<A> {
  readonly value: A
  readonly until: number
  /** Asked for since it came, or since it was last passed over. */
  used: boolean
}

/** Entries passed over for being in use before one goes all the same: no single `set` walks the whole map. */
const MOST_PASSED_OVER = 64

export class BoundedCache<A> {
  private readonly entries = new Map<string, Entry<A>>()
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.entries.size
  }

  /** The value, be it past its time or not. */
  peek(key: string): A | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    entry.used = true
    return entry.value
  }

  /** The value if it is good at `now`; forgets it otherwise. */
  get(key: string, now: number): A | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    if (entry.until > now) {
      entry.used = true
      return entry.value
    }
    this.entries.delete(key)
    return undefined
  }

  /** Keeps a value until `until`, in the unit of `now`. */
  set(key: string, value: A, until: number): void {
    this.entries.delete(key)
    if (this.entries.size >= this.capacity) this.evict()
    this.entries.set(key, { value, until, used: false })
  }

  /** Forgets all that is past its time; answers those that were in use. */
  sweep(now: number): ReadonlyArray<string> {
    const inUse: Array<string> = []
    for (const [key, entry] of this.entries) {
      if (entry.until > now) continue
      this.entries.delete(key)
      if (entry.used) inUse.push(key)
    }
    return inUse
  }

  private evict(): void {
    let passedOver = 0
    // What is passed over goes to the end; the walk comes there, too, when there are few.
    for (const [key, entry] of this.entries) {
      this.entries.delete(key)
      if (!entry.used || passedOver++ === MOST_PASSED_OVER) return
      entry.used = false
      this.entries.set(key, entry)
    }
  }
}
